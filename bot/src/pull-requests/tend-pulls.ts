// Does what time and others' pushes bring without anybody asking: builds of pull requests end that may not go on, their
// checks say of conflicts how they are now, sandboxes of closed ones go, projects whose last day has come.
import type { Queue } from '@coppice/builder-runner/queue';
import type { Log, ProjectsPort } from '@coppice/builder-runner/runner';
import type { Settings } from '@coppice/config';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { ConfigRepoMirror } from '../config-repo/mirror.ts';
import type { Committer } from '../edits/commit-edit.ts';
import { expireProjects } from '../edits/expire-projects.ts';
import type { People } from '../people/people.ts';
import type { BotOperation, BotState } from '../vocabulary/bot-state.ts';
import { foundPullKey, type Job } from '../vocabulary/job.ts';
import { findMovedConflicts } from './find-moved-conflicts.ts';
import { revokedBuilds } from './handle-pull.ts';
import { sweepSandboxes } from './sweep-sandboxes.ts';
import { voidedPulls } from './voided-pulls.ts';

interface TendContext {
  readonly queue: Queue;
  readonly settings: Settings;
  readonly state: () => BotState;
  readonly commit: (operations: readonly BotOperation[]) => Promise<unknown>;
  /** Notes work under its name; resolves to false when that is known already. */
  readonly accept: (key: string, job: Job) => Promise<boolean>;
  /** The config in force. */
  readonly config: () => ConfigAtCommit | undefined;
  readonly people: Pick<People, 'refresh'>;
  readonly commitEdit: Committer;
  readonly mirror: Pick<ConfigRepoMirror, 'conflicts'>;
  readonly projects: ProjectsPort;
  readonly publishedFolder: string;
  /** To be called when what is published has changed otherwise than by a build. */
  readonly published: () => unknown;
  readonly now: () => Date;
  readonly log: Log;
}

export interface Tending {
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
  let before: ConfigAtCommit | undefined;
  const tend = async () => {
    before = await tendPulls(before, context);
    const { goodCommit } = context.state();
    if (goodCommit === comparedWith || goodCommit === null) return;
    await lookAtConflicts(goodCommit, context);
    comparedWith = goodCommit;
  };
  const look = () => {
    looking = looking.then(() =>
      tend().catch((error: unknown) => context.log('error', 'What time has ended could not be taken away', { error })),
    );
  };
  return {
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

/** `before`: the config that the last look saw. Gives the one that this look saw. */
async function tendPulls(
  before: ConfigAtCommit | undefined,
  context: TendContext,
): Promise<ConfigAtCommit | undefined> {
  // Nobody loses rights because GitHub could not be asked yet who is in a team.
  if (!(await context.people.refresh())) return before;
  const base = context.config();
  if (base !== undefined) await revoke(before ?? base, base, context);
  await sweep(context);
  await expire(context);
  return base;
}

/** Those whose conflicts came or went with this commit are judged again, each once. */
async function lookAtConflicts(base: string, { state, mirror, accept }: TendContext): Promise<void> {
  for (const { number, head } of await findMovedConflicts(state().pulls, base, mirror.conflicts))
    await accept(`${foundPullKey(number, head)}/on/${base}`, { kind: 'pull', number, again: true });
}

/**
 * Builds of pull requests end when these are closed or move, and when nobody who allowed them may do so any more; then
 * their checks say so.
 */
async function revoke(
  before: ConfigAtCommit,
  base: ConfigAtCommit,
  { queue, state, accept }: TendContext,
): Promise<void> {
  const revoked = revokedBuilds(queue.builds(), state(), base);
  for (const { id, because } of revoked) await queue.cancel(id, 'coppice', because);
  const voided = new Set(revoked.flatMap(({ judgeAgain }) => judgeAgain ?? []));
  for (const number of voidedPulls(state().pulls, before.config, base.config)) voided.add(number);
  for (const { number, head } of state().pulls.filter((pull) => voided.has(pull.number))) {
    await accept(`${foundPullKey(number, head)}/under/${base.commit}`, { kind: 'pull', number, again: true });
  }
}

async function sweep(context: TendContext): Promise<void> {
  const { queue, state, commit, config, projects, publishedFolder, now, log } = context;
  const gone = await sweepSandboxes({
    ...{ pulls: () => state().pulls, live: () => queue.builds(), publishedFolder, now },
    retentionSeconds: () => config()?.config.policy.retention.pullRequestsSeconds,
    remove: (owner, name) => projects.remove({ owner, name }),
    forget: (pull) => commit([{ kind: 'forgotten', pull }]),
  });
  if (gone.length === 0) return;
  log('info', `The sandboxes of closed pull requests were deleted: ${gone.join(', ')}`);
  await context.published();
}

async function expire({ config, settings, commitEdit, now, log }: TendContext): Promise<void> {
  const at = config();
  if (at === undefined) return;
  const { webUrl, repository } = settings.github;
  await expireProjects(at, { now: now(), commit: commitEdit, repositoryUrl: `${webUrl}/${repository}`, log });
}
