// What the service reports to the site: the builds that changed, or that anything may have changed.

/** A build that changed; all its chroots are looked at. */
export interface SiteChange {
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  readonly id: number;
}

export type Changes = 'all' | readonly SiteChange[];

/** Both at once: `all` wins, a build is named once. */
export function mergeChanges(a: Changes, b: Changes): Changes {
  if (a === 'all' || b === 'all') return 'all';
  return [...new Map([...a, ...b].map((change) => [change.id, change])).values()];
}
