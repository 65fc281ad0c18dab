// Works off that a pull request was opened, moved or closed: fetch → examine → plan → queue its sandbox → checks.
import type { Log } from '@coppice/builder-runner/runner';
import {
  type BuildId,
  isAdmin,
  isFinal,
  mayBuild,
  type Plan,
  type QueuedBuild,
  quietReason,
  readSandbox,
  type SkippedBuild,
} from '@coppice/config';
import { checksOf } from '../answers/check-run.ts';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { ConfigRepoMirror } from '../config-repo/mirror.ts';
import type { Github } from '../github/github.ts';
import type { PullRequest } from '../github/repository.ts';
import { sayLower, warnOfLower } from '../planning/lower-versions.ts';
import { lookedUpLater } from '../planning/pin-sources.ts';
import type { Asker } from '../planning/plan-requests.ts';
import { type PlanContext, queuedBefore } from '../planning/planner.ts';
import type { Check } from '../vocabulary/answer.ts';
import type { BotState, Handled } from '../vocabulary/bot-state.ts';
import { pullCheckKey } from '../vocabulary/check-key.ts';
import type { Job } from '../vocabulary/job.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { countingLeaving } from '../vocabulary/leaving.ts';
import { standingOf } from './approval.ts';
import { type Examined, examinePull } from './examine-pull.ts';
import { Unjudgeable } from './head-facts.ts';
import type { AsideJudge } from './judge-aside.ts';
import { enqueuePull, type PullSelection, planPull } from './plan-pull.ts';
import type { HeadReader } from './read-head.ts';
import { elsewhereReport, planReport, problemsReport, type Start, unjudgedReport, untouchedReport } from './say.ts';

export interface PullContext extends PlanContext {
  /** Public address of the service, without a slash at the end. */
  readonly url: string;
  readonly mirror: ConfigRepoMirror;
  readonly heads: HeadReader;
  /** Judges heads of people without rights, and what they ask of heads: others do not wait for that. */
  readonly aside: AsideJudge;
  readonly github: Github;
  /** The config in force, as it counts for those who were met. */
  readonly config: () => ConfigAtCommit | undefined;
  /** The same as it is written: that is what heads are compared with. */
  readonly written: () => ConfigAtCommit | undefined;
  /** To be waited for before somebody's rights are looked at. */
  readonly meet: (login: string, id: number) => Promise<void>;
  /** Why somebody may have fewer rights than the config states, in Markdown. */
  readonly why: (login: string) => string | undefined;
  /** What is wrong with teams, a sentence each. */
  readonly unread: (teams: readonly string[]) => Promise<readonly string[]>;
  readonly pulls: () => readonly KnownPull[];
  /** What of merge queues has been judged. */
  readonly groups: () => readonly string[];
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
  if (!pull.open) return await close(known, context);
  if (!pull.intoDefault) return await leave(known, pull, batch, context);
  // Told of twice, or found before its webhook came.
  if (known?.head === pull.head && known.closedAt === null && !job.again) return { checks: [] };
  await context.meet(pull.author, pull.authorId);
  await cancelBuilds(pull.number, whyMoved(pull.number), context, (build) => build.configCommit !== pull.head);
  const own = { ...context, heads: readerFor(pull.author, batch, context) };
  const examined = await examinePull(pull, own);
  const asker = { login: pull.author, request: pull.url, batch };
  const done = await judge(examined, everything, asker, { draftsToo: false }, own);
  log('info', `Pull request ${pull.number} at ${pull.head}: ${done.start?.kind ?? 'nothing to build'}`);
  // What moved meanwhile counts as not judged: it may be the head again before anything is heard of the other one.
  return { checks: done.checks, pulls: done.start?.kind === 'moved' ? [] : [examined.known] };
}

/** Who asks for this to be judged waits for others, or others for them. May throw NotYet when it is asked. */
export function readerFor(
  login: string,
  batch: string,
  { aside, heads, config }: Pick<PullContext, 'aside' | 'heads' | 'config'>,
): HeadReader {
  const base = config()?.config;
  const mayBuildSomething =
    base !== undefined &&
    (isAdmin(base.policy, login) || base.projects.some((project) => mayBuild(base.policy, project, login)));
  return mayBuildSomething ? heads : aside.readerFor(login, batch);
}

/** What became of a head. */
export interface Judged {
  readonly builds: readonly QueuedBuild[];
  /** The check of the head when all of it was asked for, then those of its builds. */
  readonly checks: readonly Check[];
  /** Undefined when the head cannot be planned. */
  readonly start: Start | undefined;
  /** What was left out, and why. */
  readonly skipped: readonly SkippedBuild[];
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
  const check = (report: ReturnType<typeof planReport>) => checkOf(known, asker.batch, report);
  const saying = (report: ReturnType<typeof planReport>): Judged => ({
    ...{ builds: [], start: undefined, skipped: [] },
    checks: [check(report)],
  });
  if (examined.unjudged !== undefined) return saying(unjudgedReport(examined, examined.unjudged));
  if (!changes.ours) return saying(untouchedReport());
  const base = context.config();
  if (base === undefined || problems.length > 0) {
    return saying(problemsReport(examined, base?.commit ?? null));
  }
  const standing = standingOf(known, countingLeaving(base));
  const before = queuedBefore(asker.batch, context);
  const planned = await planPull(examined, selection, standing.kind !== 'waiting', asker, context).catch(
    (error: unknown) => {
      if (error instanceof Unjudgeable) return error;
      throw error;
    },
  );
  if (planned instanceof Unjudgeable) return saying(unjudgedReport(examined, planned.message));
  const { plan, requests, versions } = planned;
  const lower = await warnOfLower(versions, context.built.shown);
  const annotations = [...planned.annotations, ...lower];
  const { start, builds } = await begin();
  const whole = selection.packages.length === 0 && selection.chroots.length === 0;
  const why = start.kind === 'waiting' ? context.why(known.author) : undefined;
  // To strangers it would tell which teams there are.
  const unread = standing.kind === 'waiting' ? [] : await context.unread(examined.teams);
  const checks = whole
    ? [check({ ...planReport(examined, standing, plan, start, { why, unread, lower: sayLower(lower) }), annotations })]
    : [];
  return { builds, checks: [...checks, ...checksOf(builds)], start, skipped: plan.skipped };

  async function begin(): Promise<{ readonly start: Start; readonly builds: readonly QueuedBuild[] }> {
    if (before !== undefined)
      return { start: { kind: 'queued before', ids: before.map(({ id }) => id) }, builds: before };
    if (standing.kind === 'waiting' && mustWait(examined, plan)) {
      return { start: { kind: 'waiting', who: standing.who }, builds: [] };
    }
    if (examined.pull.draft && !draftsToo && plan.builds.length > 0) return { start: { kind: 'draft' }, builds: [] };
    const queued = await enqueuePull(examined, requests, context);
    if (queued === 'moved') return { start: { kind: 'moved' }, builds: [] };
    if (queued === 'not allowed') return { start: { kind: 'waiting', who: [] }, builds: [] };
    return { start: { kind: 'queued', ids: queued.map(({ id }) => id) }, builds: queued };
  }
}

/**
 * Nobody has to approve that nothing is built, unless it is the admins who have to look at it. What is looked up only
 * when it may be built may be something, and what is building ends when nobody lets it be built any more.
 */
function mustWait({ demands }: Examined, { builds, skipped }: Plan): boolean {
  const maybeBuilt = ({ why }: SkippedBuild) => why === lookedUpLater || quietReason(why) === 'building';
  return demands.adminReasons.length > 0 || builds.length > 0 || skipped.some(maybeBuilt);
}

async function close(known: KnownPull | undefined, context: PullContext): Promise<Handled> {
  if (known === undefined || known.closedAt !== null) return { checks: [] };
  await cancelBuilds(known.number, whyClosed(known.number), context, () => true);
  const closed = { ...known, approvals: [], closedAt: context.now().toISOString() };
  return { checks: [], pulls: [closed] };
}

const whyClosed = (number: number) => `Pull request ${number} was closed.`;
const whyMoved = (number: number) => `Pull request ${number} has a newer head.`;
const whyVoid = (number: number) => `Nobody who lets pull request ${number} be built may do so any more.`;

/** It goes into another branch now: nothing of it is built, and its head says so. */
async function leave(
  known: KnownPull | undefined,
  { head }: PullRequest,
  batch: string,
  context: PullContext,
): Promise<Handled> {
  const left = await close(known, context);
  if (left.pulls === undefined || known === undefined) return left;
  return { ...left, checks: [checkOf({ ...known, head }, batch, elsewhereReport())] };
}

function checkOf({ number, head }: KnownPull, batch: string, report: ReturnType<typeof planReport>): Check {
  return {
    kind: 'config',
    key: pullCheckKey(number, head, batch),
    commit: head,
    checkRunId: null,
    sentAnnotations: 0,
    ...report,
  };
}

/** Cancels live builds of a pull request's sandboxes. */
async function cancelBuilds(
  number: number,
  because: string,
  { queue }: Pick<PullContext, 'queue'>,
  which: (build: QueuedBuild) => boolean,
): Promise<void> {
  for (const build of queue.builds()) {
    if (readSandbox(build.project)?.pull === number && which(build) && isCancelable(build))
      await queue.cancel(build.id, 'coppice', because);
  }
}

function isCancelable({ chroots }: QueuedBuild): boolean {
  return chroots.some(({ state, cancelRequestedBy }) => !isFinal(state) && cancelRequestedBy === null);
}

/** A live build that may not go on, and a sentence why. */
interface RevokedBuild {
  readonly id: BuildId;
  readonly because: string;
  /** The pull request whose check has to say that nobody lets it be built any more. */
  readonly judgeAgain?: number;
}

/**
 * Live builds of pull requests that may not go on: it was closed, it moved, or nobody allows it any more. Builds of
 * work that waits in the inbox, or is under way, are left out: who allowed them is noted when that work ends. Pure.
 */
export function revokedBuilds(
  live: readonly QueuedBuild[],
  { pulls, inbox }: Pick<BotState, 'pulls' | 'inbox'>,
  base: Pick<ConfigAtCommit, 'config' | 'leaving'>,
): readonly RevokedBuild[] {
  const unnoted = ({ batch }: QueuedBuild) => inbox.some(({ id }) => batch === id || batch.startsWith(`${id}/`));
  return live.flatMap((build): readonly RevokedBuild[] => {
    const sandbox = readSandbox(build.project);
    if (sandbox === undefined || !isCancelable(build) || unnoted(build)) return [];
    const pull = pulls.find(({ number }) => number === sandbox.pull);
    const { id } = build;
    if (pull === undefined || pull.closedAt !== null) return [{ id, because: whyClosed(sandbox.pull) }];
    if (pull.head !== build.configCommit) return [{ id, because: whyMoved(sandbox.pull) }];
    const isVoid = standingOf(pull, countingLeaving(base)).kind === 'waiting';
    return isVoid ? [{ id, because: whyVoid(sandbox.pull), judgeAgain: sandbox.pull }] : [];
  });
}
