// Works a push to the default branch off: fetch → parse → plan → queue → checks.
import type { Queue } from '@coppice/builder-runner/queue';
import type { Log } from '@coppice/builder-runner/runner';
import type { Settings } from '@coppice/config';
import { checksOf } from '../answers/check-run.ts';
import { type ConfigAtCommit, readConfigAt } from '../config-repo/config-in-force.ts';
import type { ConfigRepoMirror } from '../config-repo/mirror.ts';
import { askerOf } from '../edits/commit-message.ts';
import { type BuiltIndex, builtFromQueue } from '../planning/built.ts';
import { annotateSources, makePlan, requestsOf } from '../planning/plan-requests.ts';
import { reportProblems } from '../reply/config-problems.ts';
import { planSummary } from '../reply/plan.ts';
import type { Check } from '../vocabulary/answer.ts';
import type { Handled } from '../vocabulary/bot-state.ts';
import type { Job } from '../vocabulary/job.ts';

export interface PushContext {
  readonly queue: Queue;
  readonly built: BuiltIndex;
  readonly settings: Settings;
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
  const { mirror, queue, log } = context;
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
  const before = queue.builds().filter((one) => one.batch === batch);
  if (before.length > 0) {
    context.adopt(parsed.value);
    const summary = {
      title: `${before.length} builds queued`,
      summary: 'Its builds were queued before the service was restarted.',
    };
    return {
      checks: [{ ...configCheck(commit), good: true, ...summary }, ...checksOf(before)],
      handledCommit: commit,
      goodCommit: commit,
    };
  }
  await context.applyChange(parsed.value);
  const plan = await makePlan({
    at: parsed.value,
    selections: [],
    force: false,
    rules: context.settings,
    built: context.built.lastOf,
    queued: () => builtFromQueue(queue.builds()),
    expectedSeconds: context.built.expectedSeconds,
  });
  const annotations = await annotateSources(plan, commit, mirror);
  const request = `${context.settings.github.webUrl}/${context.settings.github.repository}/commit/${commit}`;
  const login = await whoAsked(job, mirror);
  const builds = await queue.enqueue(requestsOf(plan, parsed.value, { login, request, batch }));
  context.adopt(parsed.value);
  log('info', `Config commit ${commit} is in force; ${builds.length} builds queued`);
  const summary = planSummary(
    plan,
    builds.map(({ id }) => id),
  );
  return {
    checks: [{ ...configCheck(commit), good: true, ...summary, annotations }, ...checksOf(builds)],
    handledCommit: commit,
    goodCommit: commit,
  };
}

/** Behind a commit of the bot stands the person whose command it carries out. */
async function whoAsked({ pusher, commit }: PushJob, mirror: ConfigRepoMirror): Promise<string> {
  return pusher.endsWith('[bot]') ? (askerOf(await mirror.message(commit)) ?? pusher) : pusher;
}

function configCheck(commit: string) {
  return {
    kind: 'config' as const,
    key: `config/${commit}`,
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
