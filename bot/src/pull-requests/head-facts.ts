// What travels between the service and the thread that judges heads of pull requests, and what merge queues would
// merge: plain data, within bounds.

import type { FetchRules } from '@coppice/builder-runner/remote';
import type { BuildRequest, BuiltChroot, PlanSelection, Problem } from '@coppice/config';
import type { StatedVersion } from '../planning/lower-versions.ts';
import type { Asker, PinnedPlan } from '../planning/plan-requests.ts';
import type { CheckAnnotation } from '../vocabulary/answer.ts';
import type { DepartedPackage } from '../vocabulary/departed.ts';
import type { Fate } from '../vocabulary/fate.ts';
import type { LeavingProject } from '../vocabulary/leaving.ts';
import type { Changes, Demands } from './changes.ts';

/** The commits that a head is held against; all are in the mirror. */
export interface HeadPlace {
  readonly head: string;
  /** The branch that it goes into. */
  readonly tip: string;
  /** The commit whose config is in force; undefined while there is none. */
  readonly inForce: string | undefined;
  /** It is what the branch would become: its own policy is the one in force then. Default: that of `inForce` is. */
  readonly merged?: true;
}

/** What the service knows beside the commits, for what is said of a head. */
export interface HeadBackground {
  /** Projects that are no more in the config in force and whose results are still there, as they were written. */
  readonly leaving: readonly LeavingProject[];
  /** Packages that left projects of the config in force and have published something. Default: none. */
  readonly departed?: readonly DepartedPackage[];
  /** `owner/name` → how many builds there are of it, live ones included. */
  readonly builds: ReadonlyMap<string, number>;
  /** When a project is deleted that a merge now would take away, ISO 8601 UTC; null: at once. */
  readonly deleteAt: string | null;
  /** ISO 8601 UTC. */
  readonly now: string;
}

/** What follows from a head. */
export interface HeadFacts {
  readonly changes: Changes;
  /** What is wrong with the config as it would be after the merge. */
  readonly problems: readonly Problem[];
  /** What only the policy in force forbids: it cannot be built before it is merged. */
  readonly blocked: readonly Problem[];
  readonly demands: Demands;
  /** Teams that it names and the config in force does not, as `@organization/team`. */
  readonly teams: readonly string[];
  /** What becomes of projects once it is merged. */
  readonly fates: readonly Fate[];
  /** `owner/name` of each touched project that the head states → its packages; undefined: nothing can be built. */
  readonly packages: ReadonlyMap<string, TouchedPackages> | undefined;
}

/** The packages of a project as a head states it, in its order. */
export interface TouchedPackages {
  readonly all: readonly string[];
  /** Those whose builds may differ. */
  readonly changed: readonly string[];
}

/** What is to be planned of a head, and what is known of what was built. */
export interface HeadWish {
  /** One a project; an empty list means all of all projects. */
  readonly selections: readonly PlanSelection[];
  readonly force: boolean;
  /** See PlanInput. */
  readonly leavesUnbuilt?: boolean;
  readonly lookUp: boolean;
  readonly rules: FetchRules;
  /** `owner/name` → what has been built and is being built of it. */
  readonly built: ReadonlyMap<string, readonly BuiltChroot[]>;
  /** `owner/project/package/chroot` → how long its last good build took. */
  readonly expectedSeconds: ReadonlyMap<string, number>;
  /** Whose requests the builds become. */
  readonly asker: Asker;
}

export interface HeadPlan {
  readonly plan: PinnedPlan;
  /** The builds of the plan as the queue takes them, for the projects themselves. */
  readonly requests: readonly BuildRequest[];
  /** On the lines of sources that could not be looked up. */
  readonly annotations: readonly CheckAnnotation[];
  /** Versions that it would build, where they are known. */
  readonly versions: readonly StatedVersion[];
}

/** A head is too much to be judged; the message says so in a sentence for its author. */
export class Unjudgeable extends Error {
  override readonly name = 'Unjudgeable';
}
