// Where a package comes from: as a person writes it (`Source`) and as a plan pins it (`PinnedSource`: commits and hashes, never names that move).

/** What `source:` of a package says. */
export type Source =
  /** Spec, patches and sources kept in the config repo, in `packages/<owner>/<project>/<package>/`. */
  | { readonly type: 'dir'; readonly spec?: string }
  /** A Git repository; `ref` is a branch, a tag or a commit. */
  | {
      readonly type: 'git';
      readonly url: string;
      readonly ref: string;
      readonly subdirectory?: string;
      readonly spec?: string;
    }
  /** A ready source package at an https address. */
  | { readonly type: 'srpm'; readonly url: string; readonly sha256: string };

/** A source that cannot move any more. Two equal values give the same SRPM input. */
export type PinnedSource =
  /** `commit` is a commit of the config repo, `path` the folder in it, `tree` the Git object id of that folder (its content). */
  | {
      readonly type: 'dir';
      readonly commit: string;
      readonly path: string;
      readonly tree: string;
      readonly spec?: string;
    }
  | {
      readonly type: 'git';
      readonly url: string;
      readonly ref: string;
      readonly commit: string;
      readonly subdirectory?: string;
      readonly spec?: string;
    }
  | { readonly type: 'srpm'; readonly url: string; readonly sha256: string };

/** A short name of the pinned state for people: a short commit or hash. */
export function describePinnedSource(source: PinnedSource): string {
  switch (source.type) {
    case 'dir':
      return `${source.path} at ${source.commit.slice(0, 12)}`;
    case 'git':
      return `${source.url} ${source.ref} at ${source.commit.slice(0, 12)}`;
    case 'srpm':
      return `${source.url} sha256 ${source.sha256.slice(0, 12)}`;
  }
}
