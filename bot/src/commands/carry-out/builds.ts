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
import { seenBuilds } from '../../planning/built.ts';
import { requestsOf } from '../../planning/plan-requests.ts';
import { planNow, queuedBefore } from '../../planning/planner.ts';
import { sourceOf } from '../../planning/source-of.ts';
import { withWishes } from '../../planning/wishes.ts';
import { nothingToDo, skippedNotes } from '../../reply/accepted.ts';
import { planBody } from '../../reply/plan.ts';
import * as refusal from '../../reply/refused.ts';
import { type BuildView, refOf } from '../../vocabulary/build-view.ts';
import type { Action } from '../decide/action.ts';
import { type CommandContext, type CommentJob, type Done, text } from './done.ts';

type Of<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>;

export async function carryOutPlan(action: Of<'plan'>, at: ConfigAtCommit, context: CommandContext): Promise<string> {
  const { selections, force } = action;
  const plan = await planNow({ at, selections, force }, context);
  return planBody(plan, []) || nothingToDo([]);
}

export async function carryOutBuild(
  action: Of<'build'>,
  at: ConfigAtCommit,
  job: CommentJob,
  batch: string,
  context: CommandContext,
): Promise<Done> {
  const { line, selections, force, wishes } = action;
  const before = queuedBefore(batch, context);
  if (before !== undefined) return queued(line, before, [], '');
  const wished = withWishes(at, selections, wishes);
  const plan = await planNow({ at: wished, selections, force }, context);
  const running = alreadyRunning(plan, context.queue.builds());
  // Nothing to do is what was asked for, unless packages were named and none could be built.
  if (plan.builds.length === 0 && running.length === 0) return text(line, !force, nothingToDo(plan.skipped));
  const builds = await enqueue(requestsOf(plan, wished, askerOf(job, batch)), wishes.after, context);
  return queued(line, builds, running, skippedNotes(plan.skipped, plan.builds));
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
  const before = queuedBefore(batch, context);
  if (before !== undefined) return queued(line, before, [], '');
  const sources = new Map<BuildView, PinnedSource>();
  for (const build of builds) {
    const source = await sourceOf(build, context);
    if (source === undefined) return text(line, false, refusal.noSource(build.id));
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
  if (requests.length === 0 && running.length === 0) return text(line, false, nothingToDo(skipped));
  return queued(line, await enqueue(requests, wishes.after, context), running, skippedNotes(skipped, requests));
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
  return {
    section: { kind: 'builds', line, builds: all, intro: '', notes, canceling: false },
    checks: checksOf(builds),
  };
}
