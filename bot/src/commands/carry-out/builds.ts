// Plans what a command asks for and puts it into the queue: /build, /rebuild, /plan.
import {
  type BuildId,
  type BuildRequest,
  type PinnedSource,
  type Plan,
  type PlanSelection,
  planBuilds,
  projectKey,
  type QueuedBuild,
} from '@coppice/config';
import { checksOf } from '../../answers/check-run.ts';
import type { ConfigAtCommit } from '../../config-repo/config-in-force.ts';
import { builtFromQueue, seenBuilds } from '../../planning/built.ts';
import { makePlan, requestsOf } from '../../planning/plan-requests.ts';
import { sourceOf } from '../../planning/source-of.ts';
import { withWishes } from '../../planning/wishes.ts';
import { nothingToDo, skippedNotes } from '../../reply/accepted.ts';
import { planBody } from '../../reply/plan.ts';
import * as refusal from '../../reply/refused.ts';
import type { Check, Section } from '../../vocabulary/answer.ts';
import { type BuildView, refOf } from '../../vocabulary/build-view.ts';
import type { Action } from '../decide/action.ts';
import type { CommandContext, CommentJob, Done } from './done.ts';

type Of<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>;

/** What the selections give now. */
export async function planNow(
  at: ConfigAtCommit,
  selections: readonly PlanSelection[],
  force: boolean,
  { queue, built, settings }: CommandContext,
): Promise<Plan> {
  return await makePlan({
    at,
    selections,
    force,
    rules: settings,
    built: built.lastOf,
    queued: () => builtFromQueue(queue.builds()),
    expectedSeconds: built.expectedSeconds,
  });
}

export async function carryOutPlan(action: Of<'plan'>, at: ConfigAtCommit, context: CommandContext): Promise<string> {
  const plan = await planNow(at, action.selections, action.force, context);
  return planBody(plan, []) || nothingToDo([]);
}

export async function carryOutBuild(
  action: Of<'build'>,
  at: ConfigAtCommit,
  job: CommentJob,
  batch: string,
  context: CommandContext,
): Promise<Done> {
  const before = queuedBefore(action.line, batch, context);
  if (before !== undefined) return before;
  const wished = withWishes(at, action.selections, action.wishes);
  const plan = await planNow(wished, action.selections, action.force, context);
  const running = alreadyRunning(plan, context.queue.builds());
  if (plan.builds.length === 0 && running.length === 0) {
    // Nothing to do is what was asked for, unless packages were named and none could be built.
    return done(text(action.line, !action.force, nothingToDo(plan.skipped)), []);
  }
  const requests = requestsOf(plan, wished, askerOf(job, batch));
  const builds = await enqueue(requests, action.wishes.after, context);
  return queued(action.line, builds, running, skippedNotes(plan.skipped));
}

/** The packages of these builds again, each from the source that its build was made of. */
export async function carryOutRebuild(
  action: Of<'rebuild'>,
  at: ConfigAtCommit,
  job: CommentJob,
  batch: string,
  context: CommandContext,
): Promise<Done> {
  const { line, builds, wishes } = action;
  const before = queuedBefore(line, batch, context);
  if (before !== undefined) return before;
  const sources = new Map<BuildView, PinnedSource>();
  for (const build of builds) {
    const source = await sourceOf(build, context);
    if (source === undefined) return done(text(line, false, refusal.noSource(build.id)), []);
    sources.set(build, source);
  }
  const requests: BuildRequest[] = [];
  const skipped: Plan['skipped'][number][] = [];
  const running: QueuedBuild[] = [];
  for (const [build, source] of sources) {
    const key = projectKey({ owner: build.owner, name: build.project });
    const chroots = action.chroots.length > 0 ? action.chroots : build.chroots.map(({ chroot }) => chroot);
    const selection: PlanSelection = { project: key, packages: [build.package], chroots };
    const { config, chrootConfigDigests } = withWishes(at, [selection], wishes);
    const built = await seenBuilds(context, build.owner, [build.project]);
    const pinned = new Map([[`${key}/${build.package}`, source]]);
    const known = { config, pinned, unpinned: new Map(), chrootConfigDigests, built, selection, force: true };
    const plan = planBuilds({ ...known, expectedSeconds: context.built.expectedSeconds });
    running.push(...alreadyRunning(plan, context.queue.builds()));
    skipped.push(...plan.skipped);
    requests.push(...requestsOf(plan, { ...at, config }, askerOf(job, batch)));
  }
  if (requests.length === 0 && running.length === 0) return done(text(line, false, nothingToDo(skipped)), []);
  return queued(line, await enqueue(requests, wishes.after, context), running, skippedNotes(skipped));
}

/** Worked off before, and killed before that was noted: these are its builds. */
function queuedBefore(line: string, batch: string, { queue }: CommandContext): Done | undefined {
  const before = queue.builds().filter((one) => one.batch === batch);
  return before.length > 0 ? queued(line, before, [], '') : undefined;
}

async function enqueue(
  requests: readonly BuildRequest[],
  after: readonly BuildId[],
  { queue }: CommandContext,
): Promise<readonly QueuedBuild[]> {
  // Those that have ended meanwhile have succeeded, or were refused when the command was decided.
  const live = after.filter((id) => queue.build(id) !== undefined);
  return await queue.enqueue(
    requests.map((one) => ({ ...one, afterBuilds: [...new Set([...one.afterBuilds, ...live])] })),
  );
}

const askerOf = (job: CommentJob, batch: string) => ({ login: job.actor, request: job.url, batch });

/** Live builds of what the plan left out because it is being built: their end is part of the answer. */
function alreadyRunning({ skipped }: Plan, live: readonly QueuedBuild[]): readonly QueuedBuild[] {
  return live.filter((one) =>
    skipped.some(
      ({ owner, project, package: name, chroot }) =>
        one.owner === owner &&
        one.project === project &&
        one.package === name &&
        one.chroots.some((each) => each.chroot === chroot),
    ),
  );
}

function queued(line: string, builds: readonly QueuedBuild[], running: readonly QueuedBuild[], notes: string): Done {
  const all = [...builds, ...running].map(refOf);
  return done({ kind: 'builds', line, builds: all, intro: '', notes, canceling: false }, checksOf(builds));
}

function done(section: Section, checks: readonly Check[]): Done {
  return { section, checks };
}

function text(line: string, good: boolean, markdown: string): Section {
  return { kind: 'text', line, good, markdown };
}
