// What the service reports to the site: the builds and repositories that changed, or that anything may have changed.

/** A build that changed; all its chroots are looked at. */
export interface BuildChange {
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  readonly id: number;
}

/** Users of a repository may get other builds than before. */
export interface RepositoryChange {
  readonly owner: string;
  readonly project: string;
  readonly chroot: string;
}

export type SiteChange = BuildChange | RepositoryChange;

/** The same for changes of the same build or repository. */
export function keyOfChange(change: SiteChange): string | number {
  return 'id' in change ? change.id : `${change.owner}/${change.project}/${change.chroot}`;
}

export type Changes = 'all' | readonly SiteChange[];

/** Both at once: `all` wins, each is named once. */
export function mergeChanges(a: Changes, b: Changes): Changes {
  if (a === 'all' || b === 'all') return 'all';
  return [...new Map([...a, ...b].map((change) => [keyOfChange(change), change])).values()];
}
