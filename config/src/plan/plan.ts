// The types of planning: what is known, what is requested, and the plan itself.
import type { BuildState, FailureReason, SandboxBuildRef } from '../words/build.ts';
import type { Buildroot } from '../words/buildroot.ts';
import type { ChrootName } from '../words/chroot.ts';
import type { ConfigRepo } from '../words/project.ts';
import type { PinnedByChroot, PinnedSource } from '../words/source.ts';

/** What is known of the last build of a package for a chroot, from its `result.json` or from the queue. */
export interface BuiltChroot {
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  readonly chroot: ChrootName;
  readonly inputDigest: string;
  /** Final state, or pending/starting/running while it is in the queue. */
  readonly state: BuildState;
  /** Why it failed or was skipped. One that failed by `infrastructure` was never built. */
  readonly reason: FailureReason | null;
  /** Who canceled it, when that was a person; null or absent: nobody did, or the service. */
  readonly canceledBy?: string | null;
  readonly id: number;
  /** When it ended, ISO 8601 UTC; absent while it is in the queue. */
  readonly endedAt?: string;
}

/** Which packages a person named; empty lists mean all. A package may be named `owner/project/package` too. */
export interface PlanSelection {
  /** `owner/project`, or undefined for all projects. */
  readonly project?: string;
  readonly packages: readonly string[];
  readonly chroots: readonly string[];
}

export interface PlanInput {
  readonly config: ConfigRepo;
  /**
   * The pinned source by `owner/project/package`; a package without one is skipped with the text of `unpinned`, and so
   * is a chroot without one, with that of `owner/project/package/chroot`.
   */
  readonly pinned: ReadonlyMap<string, PinnedByChroot>;
  readonly unpinned: ReadonlyMap<string, string>;
  /** The content hash of `chroots/<chroot>.cfg`, empty when the site has none of its own. */
  readonly chrootConfigDigests: ReadonlyMap<string, string>;
  /** In any order; of each package and chroot the entry with the highest number counts. */
  readonly built: readonly BuiltChroot[];
  readonly selection: PlanSelection;
  /** Build what is selected although its inputs are unchanged. */
  readonly force: boolean;
  /**
   * A push, with which nobody asks for a build by name: what a person canceled, and what was skipped for a need that is
   * not built now either, stays as it is while its inputs are the same. Default: false, both are built.
   */
  readonly leavesUnbuilt?: boolean;
  /**
   * What the specs say, by `owner/project/package`, where they are known: packages come after what provides their
   * BuildRequires.
   */
  readonly specRequires?: ReadonlyMap<string, SpecRequires>;
  /** How long a build of this package for this chroot took lately, in seconds; null: it never was built. */
  readonly expectedSeconds?: (owner: string, project: string, name: string, chroot: ChrootName) => number | null;
}

/** What matters of a spec to a plan. */
export interface SpecRequires {
  readonly buildRequires: readonly string[];
  readonly provides: readonly string[];
  /** `[epoch:]version`, where it is the same in all chroots and can be told. */
  readonly version?: string | null;
}

/**
 * Why a build is planned. `forced`: it would have been skipped. `promoted`: what was tested of a pull request is
 * published, and nothing is built.
 */
export type BuildCause = 'new' | 'changed' | 'forced' | 'canceled before' | 'promoted';

export interface PlannedChroot {
  readonly chroot: ChrootName;
  readonly inputDigest: string;
  readonly cause: BuildCause;
  readonly buildroot: Buildroot;
  /** From history, in seconds; null: none is known. */
  readonly expectedSeconds: number | null;
}

export interface PlannedBuild {
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  readonly source: PinnedSource;
  readonly chroots: readonly PlannedChroot[];
  /** Indexes in `builds` of what must succeed first; always smaller than its own. */
  readonly after: readonly number[];
  /** Numbers of builds in the queue that must succeed first. */
  readonly afterBuilds: readonly number[];
  readonly timeoutSeconds: number;
  readonly memoryBytes: number | null;
  readonly background: boolean;
  readonly builderLabels: readonly string[];
  /** See BuildRequest. */
  readonly promotes?: SandboxBuildRef;
}

export interface SkippedBuild {
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  /** Null when it concerns the whole package. */
  readonly chroot: ChrootName | null;
  /** One sentence. */
  readonly why: string;
}

/** A selected name that the config repo does not have. */
export interface UnknownName {
  readonly what: 'project' | 'package' | 'chroot';
  readonly name: string;
  /** What was probably meant. */
  readonly nearest: string | null;
}

/**
 * Packages of one project whose specs require each other, so that no order fits; it was cut at one place, always the
 * same.
 */
export interface PlanCycle {
  readonly owner: string;
  readonly project: string;
  /** Each requires the next, the last the first. */
  readonly packages: readonly string[];
}

/** `builds` stand in the order in which they can run. Unknown names select nothing. */
export interface Plan {
  readonly builds: readonly PlannedBuild[];
  readonly skipped: readonly SkippedBuild[];
  readonly unknown: readonly UnknownName[];
  readonly cycles: readonly PlanCycle[];
  /**
   * Seconds from the start of the first build to the end of the last with builders enough (the longest chain); null: no
   * history.
   */
  readonly expectedSeconds: number | null;
}
