// Works a push to the default branch off: fetch → parse → plan → queue → checks.
import type { Log } from '@coppice/builder-runner/runner';
import { checksOf } from '../answers/check-run.ts';
import { type ConfigAtCommit, readConfigAt } from '../config-repo/config-in-force.ts';
import type { ConfigRepoMirror } from '../config-repo/mirror.ts';
import { askerOf } from '../edits/commit-message.ts';
import { type PlanContext, planOnce, queuedBefore } from '../planning/planner.ts';
import { reportProblems } from '../reply/config-problems.ts';
import type { Check } from '../vocabulary/answer.ts';
import type { Handled } from '../vocabulary/bot-state.ts';
import { configCheckKey } from '../vocabulary/check-key.ts';
import type { Job } from '../vocabulary/job.ts';

export interface PushContext extends PlanContext {
  readonly mirror: ConfigRepoMirror;
  readonly handledCommit: () => string | null;
  readonly goodCommit: () => string | null;
  /** Lets what is published follow the projects of a config that is about to come into force. */
  readonly applyChange: (after: ConfigAtCommit) => Promise<void>;
  /** Puts a config into force. */
  readonly adopt: (config: ConfigAtCommit) => void;
  readonly log: Log;
}

type PushJob = Extract<Job, { kind: 'push' }>;

const nothing: Handled = { checks: [] };

/** Rejects on faults of the machinery only: GitError, QueueError. */
export async function handlePush(job: PushJob, batch: string, context: PushContext): Promise<Handled> {
  const { mirror, log } = context;
  const { commit } = job;
  if (commit === context.handledCommit()) return nothing;
  const head = await mirror.fetch(job.branch);
  if (commit !== head && !(await mirror.isContained(commit, head))) {
    log('info', `Commit ${commit} is not on ${job.branch} any more`);
    return nothing;
  }
  const parsed = await readConfigAt(mirror, commit);
  const isHead = commit === head;
  if (!parsed.ok) {
    const report = reportProblems(parsed.problems, context.goodCommit());
    log('warn', `Config commit ${commit} has ${parsed.problems.length} problems and changes nothing`);
    return {
      checks: [{ ...configCheck(commit), good: false, ...report }],
      ...(isHead ? { handledCommit: commit } : {}),
    };
  }
  // A later push is under way: it plans everything that this one would.
  if (!isHead) return { checks: [{ ...configCheck(commit), good: true, ...superseded(head) }] };
  const inForce = { handledCommit: commit, goodCommit: commit };
  const before = queuedBefore(batch, context);
  if (before !== undefined) {
    context.adopt(parsed.value);
    const summary = 'Its builds were queued before the service was restarted.';
    const check = { ...configCheck(commit), good: true, title: `${before.length} builds queued`, summary };
    return { checks: [check, ...checksOf(before)], ...inForce };
  }
  await context.applyChange(parsed.value);
  const request = `${context.settings.github.webUrl}/${context.settings.github.repository}/commit/${commit}`;
  const asker = { login: await whoAsked(job, mirror), request, batch };
  const planned = await planOnce(
    { at: parsed.value, selections: [], force: false, leavesUnbuilt: true },
    asker,
    context,
  );
  const { builds, summary, annotations } = planned;
  context.adopt(parsed.value);
  log('info', `Config commit ${commit} is in force; ${builds.length} builds queued`);
  return {
    checks: [{ ...configCheck(commit), good: true, ...summary, annotations }, ...checksOf(builds)],
    ...inForce,
  };
}

/** Behind a commit of the bot stands the person whose command it carries out. */
async function whoAsked({ pusher, commit }: PushJob, mirror: ConfigRepoMirror): Promise<string> {
  return pusher.endsWith('[bot]') ? (askerOf(await mirror.message(commit)) ?? pusher) : pusher;
}

function configCheck(commit: string) {
  return {
    kind: 'config' as const,
    key: configCheckKey(commit),
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
