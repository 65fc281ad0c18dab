// Works off that a pull request was opened, moved or closed: fetch → examine → plan → queue its sandbox → checks.
import type { Log } from '@coppice/builder-runner/runner';
import { isFinal, type QueuedBuild, readSandbox } from '@coppice/config';
import { checksOf } from '../answers/check-run.ts';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { ConfigRepoMirror } from '../config-repo/mirror.ts';
import type { Github } from '../github/github.ts';
import type { Asker } from '../planning/plan-requests.ts';
import { type PlanContext, queuedBefore } from '../planning/planner.ts';
import type { Check } from '../vocabulary/answer.ts';
import type { BotState, Handled } from '../vocabulary/bot-state.ts';
import { pullCheckKey } from '../vocabulary/check-key.ts';
import type { Job } from '../vocabulary/job.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { standingOf } from './approval.ts';
import { type Examined, examinePull } from './examine-pull.ts';
import { Unjudgeable } from './head-facts.ts';
import type { HeadJudge } from './judge-head.ts';
import { enqueuePull, type PullSelection, planPull } from './plan-pull.ts';
import { planReport, problemsReport, type Start, unjudgedReport, untouchedReport } from './say.ts';

export interface PullContext extends PlanContext {
  readonly mirror: ConfigRepoMirror;
  readonly heads: HeadJudge;
  readonly github: Github;
  /** The config in force. */
  readonly config: () => ConfigAtCommit | undefined;
  readonly pulls: () => readonly KnownPull[];
  readonly now: () => Date;
  readonly log: Log;
}

type PullJob = Extract<Job, { kind: 'pull' }>;

/** All that a pull request changes. */
export const everything: PullSelection = { packages: [], chroots: [], force: false };

/**
 * `batch` is the same when it is worked off again. Rejects on faults of the machinery only: GitError, QueueError,
 * GitHub's.
 */
export async function handlePull(job: PullJob, batch: string, context: PullContext): Promise<Handled> {
  const { github, pulls, log } = context;
  const pull = await github.pull(job.number);
  const known = pulls().find(({ number }) => number === pull.number);
  if (!pull.open) return await close(known, pull.author, context);
  if (!pull.intoDefault) return { checks: [] };
  // Told of twice, or found before its webhook came.
  if (known?.head === pull.head && known.closedAt === null && !job.again) return { checks: [] };
  await cancelBuilds(pull.number, pull.author, context, (build) => build.configCommit !== pull.head);
  const examined = await examinePull(pull, context);
  const asker = { login: pull.author, request: pull.url, batch };
  const done = await judge(examined, everything, asker, { draftsToo: false }, context);
  log('info', `Pull request ${pull.number} at ${pull.head}: ${done.start?.kind ?? 'nothing to build'}`);
  return { checks: done.checks, pulls: [examined.known] };
}

/** What became of a head. */
export interface Judged {
  readonly builds: readonly QueuedBuild[];
  /** The check of the head when all of it was asked for, then those of its builds. */
  readonly checks: readonly Check[];
  /** Undefined when the head cannot be planned. */
  readonly start: Start | undefined;
}

/** Queues what may be built of a head, and says so in its check. `known` of `examined` holds the approvals. */
export async function judge(
  examined: Examined,
  selection: PullSelection,
  asker: Asker,
  { draftsToo }: { readonly draftsToo: boolean },
  context: PullContext,
): Promise<Judged> {
  const { changes, known, problems } = examined;
  const check = (report: ReturnType<typeof planReport>): Check => ({
    kind: 'config',
    key: pullCheckKey(known.number, known.head, asker.batch),
    commit: known.head,
    checkRunId: null,
    sentAnnotations: 0,
    ...report,
  });
  const given = (why: string): Judged => ({ builds: [], checks: [check(unjudgedReport(why))], start: undefined });
  if (examined.unjudged !== undefined) return given(examined.unjudged);
  if (!changes.ours) return { builds: [], checks: [check(untouchedReport())], start: undefined };
  const base = context.config();
  if (base === undefined || problems.length > 0) {
    return { builds: [], checks: [check(problemsReport(examined, base?.commit ?? null))], start: undefined };
  }
  const standing = standingOf(known, base.config);
  const before = queuedBefore(asker.batch, context);
  const planned = await planPull(examined, selection, standing.kind !== 'waiting', asker, context).catch(
    (error: unknown) => {
      if (error instanceof Unjudgeable) return error;
      throw error;
    },
  );
  if (planned instanceof Unjudgeable) return given(planned.message);
  const { plan, annotations, requests } = planned;
  const { start, builds } = await begin();
  const whole = selection.packages.length === 0 && selection.chroots.length === 0;
  const checks = whole ? [check({ ...planReport(examined, standing, plan, start), annotations })] : [];
  return { builds, checks: [...checks, ...checksOf(builds)], start };

  async function begin(): Promise<{ readonly start: Start; readonly builds: readonly QueuedBuild[] }> {
    if (before !== undefined)
      return { start: { kind: 'queued before', ids: before.map(({ id }) => id) }, builds: before };
    if (standing.kind === 'waiting' && mustWait(examined, plan.builds.length + plan.skipped.length)) {
      return { start: { kind: 'waiting', who: standing.who }, builds: [] };
    }
    if (examined.pull.draft && !draftsToo && plan.builds.length > 0) return { start: { kind: 'draft' }, builds: [] };
    const queued = await enqueuePull(known, requests, context);
    if (queued === 'moved') return { start: { kind: 'moved' }, builds: [] };
    if (queued === 'not allowed') return { start: { kind: 'waiting', who: [] }, builds: [] };
    return { start: { kind: 'queued', ids: queued.map(({ id }) => id) }, builds: queued };
  }
}

/** Nobody has to approve that nothing is built, unless it is the admins who have to look at it. */
function mustWait({ demands }: Examined, planned: number): boolean {
  return demands.adminReasons.length > 0 || planned > 0;
}

async function close(known: KnownPull | undefined, by: string, context: PullContext): Promise<Handled> {
  if (known === undefined || known.closedAt !== null) return { checks: [] };
  await cancelBuilds(known.number, by, context, () => true);
  const closed = { ...known, approvals: [], closedAt: context.now().toISOString() };
  return { checks: [], pulls: [closed] };
}

/** Cancels live builds of a pull request's sandboxes. */
async function cancelBuilds(
  number: number,
  by: string,
  { queue }: Pick<PullContext, 'queue'>,
  which: (build: QueuedBuild) => boolean,
): Promise<void> {
  for (const build of queue.builds()) {
    if (readSandbox(build.project)?.pull === number && which(build) && isCancelable(build))
      await queue.cancel(build.id, by);
  }
}

function isCancelable({ chroots }: QueuedBuild): boolean {
  return chroots.some(({ state, cancelRequestedBy }) => !isFinal(state) && cancelRequestedBy === null);
}

/**
 * Live builds of pull requests that may not go on: it was closed, it moved, or nobody allows it any more. Builds of
 * work that waits in the inbox, or is under way, are left out: who allowed them is noted when that work ends. Pure.
 */
export function revokedBuilds(
  live: readonly QueuedBuild[],
  { pulls, inbox }: Pick<BotState, 'pulls' | 'inbox'>,
  base: Pick<ConfigAtCommit, 'config'>,
): readonly QueuedBuild[] {
  const unnoted = ({ batch }: QueuedBuild) => inbox.some(({ id }) => batch === id || batch.startsWith(`${id}/`));
  return live.filter((build) => {
    const sandbox = readSandbox(build.project);
    if (sandbox === undefined || !isCancelable(build) || unnoted(build)) return false;
    const pull = pulls.find(({ number }) => number === sandbox.pull);
    if (pull === undefined || pull.closedAt !== null || pull.head !== build.configCommit) return true;
    return standingOf(pull, base.config).kind === 'waiting';
  });
}
