// What fetching a source leaves on the control host: everything that a builder needs to make the source package, and
// nothing else.
import type { CommitRecord, SubmoduleRecord } from '@coppice/config';
import type { NamedSource } from './spec-sources.ts';

/** A file that was fetched over the network or taken from the cache, as the build's record names it. */
export interface FetchedFile {
  readonly url: string;
  /** Its name among the sources. */
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** The spec with its sources as one or several chroots of the build name them. */
export interface SpecSources {
  /** In these chroots; one at least. */
  readonly chroots: readonly string[];
  /** The spec and all sources and patches flat in it, regular files only, for `mock --buildsrpm`. Absolute. */
  readonly folder: string;
  /** What the control host read in the spec; empty where it names only files. */
  readonly sources: readonly NamedSource[];
}

interface Fetched {
  /** Absolute path; holds regular files and folders that this service wrote, and belongs to the caller. */
  readonly folder: string;
  readonly fetched: readonly FetchedFile[];
  /** Of a repository; absent of other sources. */
  readonly submodules?: readonly SubmoduleRecord[];
  /** Of a source in Git, the newest first: see recent-commits.ts. */
  readonly commits?: readonly CommitRecord[];
  /** What people should know, a sentence each, for `srpm.log`. Hostile text may be in them. */
  readonly notes: readonly string[];
}

export type FetchedSource =
  /** A ready source package: `file` in `folder`, its hash checked. Needs no builder. */
  | (Fetched & { readonly kind: 'srpm'; readonly file: string })
  /** Method `spec`. */
  | (Fetched &
      SpecSources & {
        readonly kind: 'tree';
        readonly method: 'spec';
        /** File name in `folder`. */
        readonly spec: string;
        /** Text of the spec; '' of one that is too large to be read here. */
        readonly specText: string;
        /** For chroots in which the spec names other sources; each needs a source package of its own. */
        readonly variants: readonly SpecSources[];
        readonly needsNetwork: false;
      })
  /**
   * Other methods: a work tree with `.git` (history and tags up to the pinned commit; the address of `origin`; no
   * hooks). It may hold symbolic links.
   */
  | (Fetched & {
      readonly kind: 'tree';
      readonly method: 'rpkg' | 'tito' | 'make_srpm';
      /** Path inside `subdirectory`, when the package says it; for make_srpm also the only one there. */
      readonly spec: string | undefined;
      /** Path inside `folder` where the method runs; undefined: at its top. */
      readonly subdirectory: string | undefined;
      /** True when the method may use the network and policy and package let it. */
      readonly needsNetwork: boolean;
    })
  /** `file` in `folder` is the sdist. */
  | (Fetched & {
      readonly kind: 'pypi';
      readonly file: string;
      readonly name: string;
      readonly version: string;
      readonly generator: 'pyp2rpm' | 'pyp2spec';
      /** Python versions, such as `3` or `3.12`; empty: the tool's default. */
      readonly python: readonly string[];
      /** pyp2rpm's `-t`. */
      readonly template: string | undefined;
      readonly needsNetwork: boolean;
    })
  /** `file` in `folder` is the gem. */
  | (Fetched & {
      readonly kind: 'rubygems';
      readonly file: string;
      readonly name: string;
      readonly version: string;
      readonly needsNetwork: false;
    })
  /** `script` is a file in `folder` (mode 0755, begins with `#!`), which holds the package's other files too. */
  | (Fetched & {
      readonly kind: 'script';
      readonly script: string;
      readonly buildDependencies: readonly string[];
      /** The chroot that it runs in; undefined: the build's first. */
      readonly chroot: string | undefined;
      /** Where the script leaves spec and sources, inside its working folder; undefined: the working folder itself. */
      readonly resultFolder: string | undefined;
      readonly needsNetwork: boolean;
    });
