// Does what time and others' pushes bring without anybody asking: builds of pull requests end that may not go on, their
// checks say of conflicts how they are now, sandboxes of closed ones go, projects whose last day has come.
import { randomUUID } from 'node:crypto';
import type { Queue } from '@coppice/builder-runner/queue';
import type { Log, ProjectsPort } from '@coppice/builder-runner/runner';
import { findProject, type Settings } from '@coppice/config';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { ConfigRepoMirror } from '../config-repo/mirror.ts';
import type { Committer } from '../edits/commit-edit.ts';
import { expireProjects } from '../edits/expire-projects.ts';
import type { People } from '../people/people.ts';
import type { BotOperation, BotState } from '../vocabulary/bot-state.ts';
import { foundPullKey, type Job } from '../vocabulary/job.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { countingLeaving } from '../vocabulary/leaving.ts';
import { findMovedConflicts } from './find-moved-conflicts.ts';
import { revokedBuilds } from './handle-pull.ts';
import { type SweepContext, sweepSandboxes } from './sweep-sandboxes.ts';
import { tellSandboxes } from './tell-sandboxes.ts';
import { voidedPulls } from './voided-pulls.ts';

export interface TendContext {
  readonly queue: Queue;
  readonly settings: Settings;
  readonly state: () => BotState;
  readonly commit: (operations: readonly BotOperation[]) => Promise<unknown>;
  /** Notes work under its name; resolves to false when that is known already. */
  readonly accept: (key: string, job: Job) => Promise<boolean>;
  /** The config in force, as it counts for people. */
  readonly config: () => ConfigAtCommit | undefined;
  /** The same as it is written. */
  readonly written: () => ConfigAtCommit | undefined;
  readonly people: Pick<People, 'refresh' | 'counted'>;
  readonly commitEdit: Committer;
  readonly mirror: Pick<ConfigRepoMirror, 'conflicts'>;
  readonly projects: ProjectsPort;
  readonly publishedFolder: string;
  /** Where the results of frozen projects are. */
  readonly withheldFolder: string;
  /** To be called when what is published has changed otherwise than by a build. */
  readonly published: () => unknown;
  readonly now: () => Date;
  readonly log: Log;
}

export interface Tending {
  /** The config in force is that of the last run: what is put into force from now on is a change. */
  restored(): void;
  /** Looks now, and every hour from now on. */
  start(): void;
  /** Looks now: something has ended that may have consequences. Faults are logged; the next look tries again. */
  look(): void;
  /** Resolves when no look is under way. */
  settled(): Promise<void>;
  /** Ends after the look that is under way. */
  stop(): Promise<void>;
}

/** How often it is looked whether something is due; each end of a delivery is another occasion. */
const lookMilliseconds = 3_600_000;

export function createTending(context: TendContext): Tending {
  let looking: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let comparedWith: string | null = null;
  let restored: ConfigAtCommit | undefined;
  let before: ConfigAtCommit | undefined;
  const tend = async () => {
    // Nobody loses rights because GitHub could not be asked yet who is in a team.
    if (await context.people.refresh()) {
      const base = context.config();
      before ??= restored && context.people.counted(restored);
      if (base !== undefined) await revoke(before ?? base, base, context);
      before = base;
    }
    await sweep(context);
    await tell(context);
    await expire(context);
    // A merge is one into the tip of the branch, also while that is refused.
    const { handledCommit } = context.state();
    if (handledCommit === comparedWith || handledCommit === null) return;
    await lookAtConflicts(handledCommit, context);
    comparedWith = handledCommit;
  };
  const look = () => {
    looking = looking.then(() =>
      tend().catch((error: unknown) => context.log('error', 'What time has ended could not be taken away', { error })),
    );
  };
  return {
    restored() {
      restored = context.written();
    },
    start() {
      timer = setInterval(look, lookMilliseconds);
      look();
    },
    look,
    settled: () => looking,
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

/** Those whose conflicts came or went with this commit are judged again, each once. */
async function lookAtConflicts(base: string, { state, mirror, accept }: TendContext): Promise<void> {
  for (const pull of await findMovedConflicts(state().pulls, base, mirror.conflicts)) await judgeAgain(pull, accept);
}

/** Each time is work of its own: the branch, and who has rights, may come back to what they were. */
async function judgeAgain({ number, head, author }: KnownPull, accept: TendContext['accept']): Promise<void> {
  await accept(`${foundPullKey(number, head)}/${randomUUID()}`, { kind: 'pull', number, again: true, author });
}

/**
 * Builds of pull requests end when these are closed or move, and when nobody who allowed them may do so any more; then
 * their checks say so. `before`: the config that the last look saw.
 */
async function revoke(
  before: ConfigAtCommit,
  base: ConfigAtCommit,
  { queue, state, accept }: TendContext,
): Promise<void> {
  const revoked = revokedBuilds(queue.builds(), state(), base);
  for (const { id, because } of revoked) await queue.cancel(id, 'coppice', because);
  const voided = new Set(revoked.flatMap(({ judgeAgain }) => judgeAgain ?? []));
  const lost = voidedPulls(state().pulls, countingLeaving(before), countingLeaving(base));
  for (const number of lost) voided.add(number);
  for (const pull of state().pulls.filter(({ number }) => voided.has(number))) await judgeAgain(pull, accept);
}

async function sweep(context: TendContext): Promise<void> {
  const gone = await sweepSandboxes(sandboxesOf(context));
  if (gone.length === 0) return;
  context.log('info', `The sandboxes of closed pull requests were deleted: ${gone.join(', ')}`);
  await context.published();
}

/** The sandboxes of all pull requests that are known. */
export function sandboxesOf(
  context: Pick<
    TendContext,
    'queue' | 'state' | 'commit' | 'config' | 'projects' | 'publishedFolder' | 'withheldFolder' | 'now'
  >,
): SweepContext {
  const { queue, state, commit, config, projects, publishedFolder, withheldFolder, now } = context;
  return {
    ...{ pulls: () => state().pulls, live: () => queue.builds(), publishedFolder, withheldFolder, now },
    isFrozen: (owner, name) => isFrozen(config(), owner, name),
    retentionSeconds: () => config()?.config.policy.retention.pullRequestsSeconds,
    remove: (owner, name) => projects.remove({ owner, name }),
    forget: (pull) => commit([{ kind: 'forgotten', pull }]),
  };
}

function isFrozen(at: ConfigAtCommit | undefined, owner: string, name: string): boolean {
  const stated = at === undefined ? undefined : findProject(countingLeaving(at).projects, owner, name);
  return (stated?.frozen ?? null) !== null;
}

/** Their pages say how long they stay. */
async function tell({ config, state, publishedFolder, published }: TendContext): Promise<void> {
  const kept = config()?.config.policy.retention.pullRequestsSeconds;
  if (kept !== undefined && (await tellSandboxes(publishedFolder, state().pulls, kept))) await published();
}

async function expire({ config, settings, commitEdit, now, log }: TendContext): Promise<void> {
  const at = config();
  if (at === undefined) return;
  const { webUrl, repository } = settings.github;
  await expireProjects(at, { now: now(), commit: commitEdit, repositoryUrl: `${webUrl}/${repository}`, log });
}
