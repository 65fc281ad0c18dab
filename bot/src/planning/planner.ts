// Plans what is asked for as things are now, and queues it once for each batch, however often the work is begun.
import type { Queue } from '@coppice/builder-runner/queue';
import type { BuiltChroot, Plan, PlanSelection, QueuedBuild, Settings, SkippedBuild } from '@coppice/config';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { ConfigRepoMirror } from '../config-repo/mirror.ts';
import { planSummary } from '../reply/plan.ts';
import type { CheckAnnotation } from '../vocabulary/answer.ts';
import { type BuiltIndex, builtFromQueue } from './built.ts';
import { sayLower, statedVersions, warnOfLower } from './lower-versions.ts';
import {
  type Asker,
  annotateSources,
  type FindSandboxes,
  makePlan,
  type PinnedPlan,
  requestsOf,
} from './plan-requests.ts';

/** What is asked when something is planned. */
export interface PlanContext {
  readonly queue: Queue;
  readonly built: BuiltIndex;
  readonly settings: Settings;
}

export interface PlanWish {
  readonly at: ConfigAtCommit;
  /** One a project; an empty list means all of all projects. */
  readonly selections: readonly PlanSelection[];
  readonly force: boolean;
  /** A push to the default branch, with which nobody asks for a build by name; see PlanInput. */
  readonly leavesUnbuilt?: boolean;
  /** Ask other servers what branches and tags are now. Default: true. */
  readonly lookUp?: boolean;
  /** What has been built and is being built of a project, where that is not simply the project's own. */
  readonly seen?: (owner: string, project: string) => Promise<readonly BuiltChroot[]>;
  /** Publish what the sandboxes of merged pull requests have of it instead of building it. Default: build all. */
  readonly sandboxes?: FindSandboxes;
}

/** What the wish gives now, after what has been built and what is in the queue. */
export async function planNow(
  { seen, ...wish }: PlanWish,
  { queue, built, settings }: PlanContext,
): Promise<PinnedPlan> {
  return await makePlan({
    ...wish,
    rules: settings,
    built: seen ?? built.lastOf,
    queued: seen === undefined ? () => builtFromQueue(queue.builds()) : () => [],
    expectedSeconds: built.expectedSeconds,
  });
}

/**
 * Builds of work that was worked off before, and cut off before that was noted: nothing is queued for it again.
 * Undefined when there are none. To be asked before planning: they may end meanwhile.
 */
export function queuedBefore(
  batch: string,
  { queue }: { readonly queue: Pick<Queue, 'builds'> },
): readonly QueuedBuild[] | undefined {
  const before = queue.builds().filter((one) => one.batch === batch);
  return before.length > 0 ? before : undefined;
}

/** What a batch came to, and how the check of its commit says so. */
export interface Planned {
  readonly builds: readonly QueuedBuild[];
  readonly skipped: readonly SkippedBuild[];
  readonly summary: ReturnType<typeof planSummary>;
  /** On the lines of sources that could not be looked up, and of packages whose version is lower than the published. */
  readonly annotations: readonly CheckAnnotation[];
}

/**
 * Plans the wish and queues it for who asked, unless that was done before. Workers take what is queued at once: what
 * they are to find is made by `beforeQueued`, which is waited for. Throws GitError and QueueError.
 */
export async function planOnce(
  wish: PlanWish,
  asker: Asker,
  context: PlanContext & { readonly mirror: Pick<ConfigRepoMirror, 'read'> },
  beforeQueued?: () => Promise<void>,
): Promise<Planned> {
  const before = queuedBefore(asker.batch, context);
  const plan = await planNow(wish, context);
  const annotations = await annotateSources(plan, wish.at.commit, context.mirror);
  const lower = await lowerVersionsIn(plan, wish.at, context);
  await beforeQueued?.();
  const builds = before ?? (await context.queue.enqueue(requestsOf(plan, wish.at, asker)));
  const said = planSummary(
    plan,
    builds.map(({ id }) => id),
  );
  const summary = { ...said, summary: [sayLower(lower), said.summary].filter((part) => part !== '').join('\n\n') };
  return { builds, skipped: plan.skipped, summary, annotations: [...annotations, ...lower] };
}

/** Warnings of what a plan of `at` would build with a lower version than the published one. Throws GitError. */
export async function lowerVersionsIn(
  plan: Plan,
  at: ConfigAtCommit,
  { built, mirror }: { readonly built: Pick<BuiltIndex, 'shown'>; readonly mirror: Pick<ConfigRepoMirror, 'read'> },
): Promise<readonly CheckAnnotation[]> {
  const isKnown = plan.builds.some((one) => at.specs?.get(`${one.owner}/${one.project}/${one.package}`)?.version);
  if (!isKnown) return [];
  return await warnOfLower(statedVersions(plan, at, (await mirror.read(at.commit)).tree.texts), built.shown);
}
