// Works a push to the default branch off: fetch → parse → plan → queue → checks.
import type { Log } from '@coppice/builder-runner/runner';
import { type ConfigRepo, formatProblem, type Problem, projectKey } from '@coppice/config';
import { checksOf } from '../answers/check-run.ts';
import { type ConfigAtCommit, readConfigAt } from '../config-repo/config-in-force.ts';
import type { ConfigRepoMirror } from '../config-repo/mirror.ts';
import { askerOf } from '../edits/commit-message.ts';
import { countBuilds, findUnstated } from '../planning/built.ts';
import type { Asker, FindSandboxes } from '../planning/plan-requests.ts';
import { type PlanContext, planOnce, queuedBefore } from '../planning/planner.ts';
import { reportProblems } from '../reply/config-problems.ts';
import { fateNotes, waitingNote, withFates } from '../reply/fates.ts';
import type { Check } from '../vocabulary/answer.ts';
import type { BotState, Handled, InForceNote } from '../vocabulary/bot-state.ts';
import { configCheckKey } from '../vocabulary/check-key.ts';
import { type DepartedPackage, departedPackages } from '../vocabulary/departed.ts';
import { type Job, workKey } from '../vocabulary/job.ts';
import { deleteAtFrom, type Leaving, type RefusedCommit } from '../vocabulary/leaving.ts';
import { type ConfigChange, type ProjectStep, planConfigChange } from './plan-config-change.ts';

export interface PushContext extends PlanContext {
  /** Public address of the service, without a slash at the end. */
  readonly url: string;
  readonly mirror: ConfigRepoMirror;
  readonly state: () => Pick<BotState, 'handledCommit' | 'goodCommit' | 'leaving' | 'departed' | 'askedDeletions'>;
  /** The config in force. */
  readonly config: () => ConfigAtCommit | undefined;
  /** Lets what is published follow the projects of a config that is about to come into force. */
  readonly applyChange: (steps: readonly ProjectStep[]) => Promise<void>;
  /** Cancels builds of packages that nobody works on yet. */
  readonly cancelWaiting: (packages: readonly DepartedPackage[]) => Promise<void>;
  /** Remembers which config is in force, also when the service is killed. */
  readonly noteInForce: (note: InForceNote) => Promise<void>;
  /** Puts a config into force. */
  readonly adopt: (config: ConfigAtCommit) => void;
  /** What is wrong with the teams of a config, a sentence each. */
  readonly unread: (config: ConfigRepo) => Promise<readonly string[]>;
  readonly sandboxes: FindSandboxes;
  readonly now: () => Date;
  readonly log: Log;
}

type PushJob = Extract<Job, { kind: 'push' }>;

const nothing: Handled = { checks: [] };

/** Rejects on faults of the machinery only: GitError, QueueError. */
export async function handlePush(job: PushJob, batch: string, context: PushContext): Promise<Handled> {
  const { mirror, log } = context;
  const { commit } = job;
  if (commit === context.state().handledCommit) return nothing;
  const head = await mirror.fetch(job.branch);
  if (job.again && commit !== head) return nothing;
  if (commit !== head && !(await mirror.isContained(commit, head))) {
    log('info', `Commit ${commit} is not on ${job.branch} any more`);
    return nothing;
  }
  const parsed = await readConfigAt(mirror, commit);
  const isHead = commit === head;
  if (!parsed.ok) {
    const report = reportProblems(parsed.problems, context.state().goodCommit);
    log('warn', `Config commit ${commit} has ${parsed.problems.length} problems and changes nothing`);
    // What a later push is to delete goes with that.
    const waiting = isHead ? waitingNote(context.state().leaving) : '';
    const summary = [report.summary, waiting].filter((part) => part !== '').join('\n\n');
    return {
      checks: [{ ...configCheck(job, batch), good: false, ...report, summary }],
      ...(isHead ? { handledCommit: commit, refused: refusedCommit(commit, parsed.problems) } : {}),
    };
  }
  // A later push is under way: it plans everything that this one would.
  if (!isHead) return { checks: [{ ...configCheck(job, batch), good: true, ...superseded(head) }] };
  const asker = { login: await whoAsked(job, mirror), request: addressOf(commit, context), batch };
  return await putIntoForce(parsed.value, job, asker, context);
}

/** What was published follows, what differs from it is planned, the commit counts, and the builds are queued. */
async function putIntoForce(
  stated: ConfigAtCommit,
  job: PushJob,
  asker: Asker,
  context: PushContext,
): Promise<Handled> {
  const { commit } = stated;
  const deleted = await deletionsIn(commit, context);
  const change = await changeTo(stated, asker.login, deleted, context);
  const at = (departed: readonly DepartedPackage[]) => ({ ...stated, leaving: change.leaving, departed });
  const inForce = {
    ...{ handledCommit: commit, goodCommit: commit, refused: null, leaving: leavingAfter(change, stated, context) },
    deleted: deleted.map((one) => one.commit),
  };
  const teams = await context.unread(stated.config);
  const { graceSeconds } = context.settings.deletion;
  const telling = { when: 'pushed', graceSeconds, url: context.url } as const;
  const says = (title: string, summary: string): Check => ({
    ...{ ...configCheck(job, asker.batch), good: true, title: withFates(change.fates, title) },
    summary: [fateNotes(change.fates, telling), ...teams, summary].filter((part) => part !== '').join('\n\n'),
  });
  const before = queuedBefore(asker.batch, context);
  if (before !== undefined) {
    const departed = await departedAfter(stated, change, asker, context);
    context.adopt(at(departed));
    const check = says(`${before.length} builds queued`, 'Its builds were queued before the service was restarted.');
    return { checks: [check, ...checksOf(before)], ...inForce, departed };
  }
  await context.applyChange(change.steps);
  const departed = await departedAfter(stated, change, asker, context);
  await context.cancelWaiting(departed);
  const everything = { at: stated, selections: [], force: false, leavesUnbuilt: true, sandboxes: context.sandboxes };
  // Builds are taken as soon as they are queued, and ended as the config in force says. A service that is killed once
  // they are must not start with the config before: it would undo what was just done for this one.
  const { builds, summary, annotations } = await planOnce(everything, asker, context, async () => {
    await context.noteInForce({ goodCommit: commit, leaving: inForce.leaving, departed });
    context.adopt(at(departed));
  });
  context.log('info', `Config commit ${commit} is in force; ${builds.length} builds queued`);
  return {
    checks: [{ ...says(summary.title, summary.summary), annotations } as Check, ...checksOf(builds)],
    ...inForce,
    departed,
  };
}

/** To be asked once what is published follows the config. */
async function departedAfter(
  { commit, config }: ConfigAtCommit,
  { steps }: ConfigChange,
  { login: by }: Asker,
  context: PushContext,
): Promise<readonly DepartedPackage[]> {
  const renames = steps.flatMap((step): [string, string][] =>
    step.kind === 'rename' ? [[projectKey(step.project), projectKey(step.from)]] : [],
  );
  return departedPackages(config, {
    ...{ known: context.state().departed, renamed: new Map(renames), built: await findUnstated(config, context) },
    ...{ leftAt: commit, by, since: context.now().toISOString() },
  });
}

/** Deletions that somebody asked for and that this commit holds. */
async function deletionsIn(commit: string, { state, mirror }: PushContext): Promise<BotState['askedDeletions']> {
  const held = await Promise.all(
    state().askedDeletions.map(async (one) => ((await mirror.isContained(one.commit, commit)) ? [one] : [])),
  );
  return held.flat();
}

async function changeTo(
  stated: ConfigAtCommit,
  by: string,
  deleted: BotState['askedDeletions'],
  { config, queue, built, settings, now }: PushContext,
): Promise<ConfigChange> {
  const time = now();
  const deleteAt = deleteAtFrom(time, settings.deletion.graceSeconds);
  const atOnce = new Set(deleted.map(({ project }) => project));
  return planConfigChange(config(), stated, {
    ...{ by, deleteAt, atOnce, now: time },
    builds: countBuilds(queue, built),
  });
}

/** What is to be remembered; those of earlier runs whose last statement could not be read again are still due. */
function leavingAfter(
  change: ConfigChange,
  stated: ConfigAtCommit,
  { config, state }: PushContext,
): readonly Leaving[] {
  const known = new Set(config()?.leaving?.map(({ project }) => project));
  const keys = new Set(stated.config.projects.map(projectKey));
  const unread = state().leaving.filter(({ project }) => !known.has(project) && !keys.has(project));
  return [...unread, ...change.leaving.map(({ stated: _stated, ...note }) => note)];
}

const maximumPlaces = 3;

function refusedCommit(commit: string, problems: readonly Problem[]): RefusedCommit {
  return { commit, problems: problems.length, first: problems.slice(0, maximumPlaces).map(formatProblem) };
}

function addressOf(commit: string, { settings }: PushContext): string {
  return `${settings.github.webUrl}/${settings.github.repository}/commit/${commit}`;
}

/** Behind a commit of the bot stands the person whose command it carries out. */
async function whoAsked({ pusher, commit }: PushJob, mirror: ConfigRepoMirror): Promise<string> {
  return pusher.endsWith('[bot]') ? (askerOf(await mirror.message(commit)) ?? pusher) : pusher;
}

/** A commit that is pushed back to gets a check of its own each time. */
function configCheck(job: PushJob, batch: string) {
  const { commit } = job;
  return {
    kind: 'config' as const,
    key: batch === workKey('', job) ? configCheckKey(commit) : configCheckKey(commit, batch),
    commit,
    checkRunId: null,
    annotations: [],
    sentAnnotations: 0,
  } satisfies Partial<Check>;
}

function superseded(head: string) {
  return {
    title: 'Replaced by a later push',
    summary: `It has no problems. A later push came before it was planned; the check on ${head} says what is built.`,
  };
}
