// Where a package comes from: as a person writes it (`Source`) and as a plan pins it (`PinnedSource`: commits and
// hashes, never names that move).
import type { ChrootName } from './chroot.ts';
/** How a source package is made of a Git repository, in Copr's words. */
export const gitMethods = ['spec', 'rpkg', 'tito', 'make_srpm'] as const;
export type GitMethod = (typeof gitMethods)[number];

/** The programs that write a spec for a package of PyPI. */
export const pypiGenerators = ['pyp2rpm', 'pyp2spec'] as const;
export type PypiGenerator = (typeof pypiGenerators)[number];

/** SHA-256 by the address or the file name of a source that is fetched. */
export type SourceHashes = Readonly<Record<string, string>>;

interface PypiOptions {
  /** Python versions that the packages are for; absent: the generator's default. */
  readonly python?: readonly string[];
  /** pyp2rpm's template. */
  readonly template?: string;
  /** Absent: pyp2rpm. */
  readonly generator?: PypiGenerator;
}

interface ScriptOptions {
  /** Installed in the chroot before the script runs. */
  readonly builddeps?: readonly string[];
  /** The chroot that the script runs in; absent: the build's first. */
  readonly chroot?: ChrootName;
  /** Where the script leaves spec and sources, inside its working folder; absent: there. */
  readonly resultdir?: string;
}

interface GitOptions {
  readonly url: string;
  /** A branch, a tag or a commit. */
  readonly ref: string;
  readonly subdirectory?: string;
  readonly spec?: string;
  /** Absent: `spec`. */
  readonly method?: GitMethod;
  readonly sources?: SourceHashes;
}

/** What `source:` of a package says. */
export type Source =
  /** Spec, patches and sources kept in the config repo, in `packages/<owner>/<project>/<package>/`. */
  | { readonly type: 'dir'; readonly spec?: string; readonly sources?: SourceHashes }
  /** A Git repository. */
  | ({ readonly type: 'git' } & GitOptions)
  /** A repository of a dist-git with a branch for each distribution release; its sources are in a lookaside cache. */
  | {
      readonly type: 'distgit';
      /** One of these two is there. */
      readonly instance?: DistgitInstance;
      readonly url?: string;
      /** The name in the dist-git; absent: the package's own, or the last part of `url`. */
      readonly package?: string;
      /** Chroot names, in which `*` stands for anything, → branch; the first that fits counts. */
      readonly branches?: Readonly<Record<string, string>>;
      /** For chroots that `branches` does not name. */
      readonly branch?: string;
      readonly lookaside?: string;
      readonly spec?: string;
      readonly sources?: SourceHashes;
    }
  /** A ready source package at an https address. */
  | { readonly type: 'srpm'; readonly url: string; readonly sha256: string }
  /** A release of a Python package, with a generated spec; without `version` the newest stable one. */
  | ({ readonly type: 'pypi'; readonly package: string; readonly version?: string } & PypiOptions)
  /** A release of a Ruby gem, with a generated spec; without `version` the newest stable one. */
  | { readonly type: 'rubygems'; readonly gem: string; readonly version?: string }
  /**
   * A script that writes spec and sources: its text (begins with `#!`), or the name of a file in the package's folder.
   */
  | ({ readonly type: 'script'; readonly script: string } & ScriptOptions);

/** A source that cannot move any more. Two equal values give the same SRPM input. */
export type PinnedSource =
  /**
   * `commit` is a commit of the config repo, `path` the folder in it, `tree` says its content: the Git object id of
   * that folder, or, where it holds symbolic links, a hash of that and of the files that they lead to.
   */
  | {
      readonly type: 'dir';
      readonly commit: string;
      readonly path: string;
      readonly tree: string;
      readonly spec?: string;
      readonly sources?: SourceHashes;
    }
  | ({ readonly type: 'git'; readonly commit: string } & GitOptions)
  | {
      readonly type: 'distgit';
      readonly url: string;
      readonly package: string;
      readonly branch: string;
      readonly commit: string;
      readonly lookaside?: string;
      readonly spec?: string;
      readonly sources?: SourceHashes;
    }
  | { readonly type: 'srpm'; readonly url: string; readonly sha256: string }
  | ({
      readonly type: 'pypi';
      readonly package: string;
      readonly version: string;
      /** The sdist. */
      readonly url: string;
      readonly sha256: string;
    } & PypiOptions)
  | {
      readonly type: 'rubygems';
      readonly gem: string;
      readonly version: string;
      readonly url: string;
      readonly sha256: string;
    }
  /** `commit`, `path` and `tree` as in `dir`, where the script is a file. */
  | ({
      readonly type: 'script';
      readonly script: string;
      readonly commit?: string;
      readonly path?: string;
      readonly tree?: string;
    } & ScriptOptions);

/** One pinned source for all chroots of a package, or one for each: a dist-git has a branch for each release. */
export type PinnedByChroot = PinnedSource | ReadonlyMap<ChrootName, PinnedSource>;

/** The source that a chroot is built from; undefined when it was not pinned. */
export function pinnedFor(pinned: PinnedByChroot | undefined, chroot: ChrootName): PinnedSource | undefined {
  return pinned instanceof Map ? pinned.get(chroot) : (pinned as PinnedSource | undefined);
}

/** Whether a script is a text of its own; else it is a file in the package's folder. */
export function isScriptText(script: string): boolean {
  return script.startsWith('#!');
}

/** A short name of the pinned state for people: a short commit or hash. */
export function describePinnedSource(source: PinnedSource): string {
  switch (source.type) {
    case 'dir':
      return `${source.path} at ${source.commit.slice(0, 12)}`;
    case 'git':
      return `${source.url} ${source.ref} at ${source.commit.slice(0, 12)}`;
    case 'distgit':
      return `${source.url} ${source.branch} at ${source.commit.slice(0, 12)}`;
    case 'srpm':
      return `${source.url} sha256 ${source.sha256.slice(0, 12)}`;
    case 'pypi':
      return `PyPI ${source.package} ${source.version} sha256 ${source.sha256.slice(0, 12)}`;
    case 'rubygems':
      return `RubyGems ${source.gem} ${source.version} sha256 ${source.sha256.slice(0, 12)}`;
    case 'script':
      return source.path === undefined
        ? 'a script in the project file'
        : `${source.path}/${source.script} at ${source.commit?.slice(0, 12)}`;
  }
}

/** What `source:` says in one line, for lists; `folder` is the package's own in the config repo. */
export function describeSource(source: Source, folder: string): string {
  switch (source.type) {
    case 'dir':
      return folder;
    case 'git':
      return `${source.url} ${source.ref}`;
    case 'distgit':
      return source.url ?? `${source.instance} dist-git`;
    case 'srpm':
      return source.url;
    case 'pypi':
      return `PyPI ${source.package} ${source.version ?? '(newest)'}`;
    case 'rubygems':
      return `RubyGems ${source.gem} ${source.version ?? '(newest)'}`;
    case 'script':
      return isScriptText(source.script) ? 'a script' : `${folder}/${source.script}`;
  }
}

export const distgitInstances = ['fedora', 'centos-stream', 'copr'] as const;

/** A dist-git whose addresses are known. */
export type DistgitInstance = (typeof distgitInstances)[number];
