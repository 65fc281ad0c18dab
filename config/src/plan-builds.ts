// The plan: the difference between what a commit states and what has been built. Pure: same input, same plan.
import type { ChrootName } from './chroot.ts';
import type { ConfigRepo } from './project.ts';
import type { PinnedSource } from './source.ts';

/** What is known of the last build of a package for a chroot, from its `result.json` or from the queue. */
export interface BuiltChroot {
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  readonly chroot: ChrootName;
  readonly inputDigest: string;
  /** Final state, or pending/starting/running while it is in the queue. */
  readonly state: 'pending' | 'starting' | 'running' | 'succeeded' | 'failed' | 'canceled' | 'skipped';
  readonly id: number;
}

/** Which packages a person named; empty lists mean all. */
export interface PlanSelection {
  /** `owner/project`, or undefined for all projects. */
  readonly project?: string;
  readonly packages: readonly string[];
  readonly chroots: readonly string[];
}

export interface PlanInput {
  readonly config: ConfigRepo;
  /** The pinned source by `owner/project/package`; a package without one is skipped with the text of `unpinned`. */
  readonly pinned: ReadonlyMap<string, PinnedSource>;
  readonly unpinned: ReadonlyMap<string, string>;
  /** The content hash of `chroots/<chroot>.cfg`, empty when the site has none of its own. */
  readonly chrootConfigDigests: ReadonlyMap<string, string>;
  readonly built: readonly BuiltChroot[];
  readonly selection: PlanSelection;
  /** Build what is selected although its inputs are unchanged. */
  readonly force: boolean;
}

export type BuildCause = 'new' | 'changed' | 'forced' | 'canceled before';

export interface PlannedBuild {
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  readonly source: PinnedSource;
  readonly chroots: readonly {
    readonly chroot: ChrootName;
    readonly inputDigest: string;
    readonly cause: BuildCause;
  }[];
  /** Indexes in `builds` of what must succeed first. */
  readonly after: readonly number[];
  /** Numbers of builds in the queue that must succeed first. */
  readonly afterBuilds: readonly number[];
  readonly timeoutSeconds: number;
}

export interface SkippedBuild {
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  readonly chroot: ChrootName | null;
  /** One sentence. */
  readonly why: string;
}

/** `builds` stand in the order in which they can run. */
export interface Plan {
  readonly builds: readonly PlannedBuild[];
  readonly skipped: readonly SkippedBuild[];
}

/** See PlanInput and Plan. A failed build with unchanged inputs is not built again unless forced. */
export declare function planBuilds(input: PlanInput): Plan;
