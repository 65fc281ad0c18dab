// Says on GitHub that a comment or push could not be worked off. Directly: the bot's own state may be what cannot be
// written.
import { QueueError } from '@coppice/builder-runner/queue';
import { GitError } from '@coppice/builder-runner/remote';
import type { Log } from '@coppice/builder-runner/runner';
import type { CheckRun } from '../github/checks.ts';
import type { Github } from '../github/github.ts';
import { writeAnswer } from '../reply/answer.ts';
import * as refusal from '../reply/refused.ts';
import { configCheckKey, groupCheckKey, pullCheckKey } from '../vocabulary/check-key.ts';
import type { Job } from '../vocabulary/job.ts';
import { configCheckName } from './check-run.ts';

/** Logs `what` and tells GitHub of it. Does not reject. */
export type Complain = (what: string, job: Job, error: unknown) => Promise<void>;

export function createComplaints(github: Github, url: string, log: Log): Complain {
  return async (what, job, error) => {
    log('error', what, { error });
    await tellFailure(github, job, error, url).catch((cause: unknown) =>
      log('error', `${what}, and nobody could be told`, { error: cause }),
    );
  };
}

/** Rejects when GitHub cannot be told either. */
async function tellFailure(github: Github, job: Job, error: unknown, url: string): Promise<void> {
  const why = wordsFor(error);
  if (job.kind === 'comment') {
    const line = job.body.split('\n').find((each) => each.trim() !== '') ?? '';
    const section = { kind: 'text', line, good: false, markdown: why } as const;
    await github.createComment(job.issue, writeAnswer(job.comment, [section], new Map(), url));
    await github.react(job.comment, 'confused');
    return;
  }
  // What stands there asked for nothing, so nothing went wrong with it; what time takes away is tried again.
  if (job.kind === 'misplaced' || job.kind === 'take-away') return;
  if (job.kind === 'group' && job.what === 'ended') return;
  if (job.kind === 'check') return await endRun(github, job, why, url);
  const commit = job.kind === 'pull' ? (await github.pull(job.number)).head : job.commit;
  await github.createCheck(failedCheck(commit, checkKey(job, commit), why, url), []);
}

/** GitHub waits for the end of a run that it began anew. One with another button on it shows how its build is. */
async function endRun(
  github: Github,
  { commit, wish }: Extract<Job, { kind: 'check' }>,
  why: string,
  url: string,
): Promise<void> {
  if (wish.kind === 'rerun') {
    await github.updateCheck(wish.checkRunId, failedCheck(commit, wish.externalId, why, url), []);
  } else if (wish.kind === 'all') await github.createCheck(failedCheck(commit, configCheckKey(commit), why, url), []);
}

function failedCheck(commit: string, externalId: string, why: string, url: string): CheckRun {
  return {
    ...{ name: configCheckName, commit, externalId, detailsUrl: `${url}/`, status: 'completed', conclusion: 'failure' },
    ...{ title: 'Nothing was queued', summary: why, startedAt: null, completedAt: null, actions: [] },
  };
}

function checkKey(
  job: Exclude<Job, { kind: 'comment' | 'check' | 'take-away' | 'misplaced' }>,
  commit: string,
): string {
  switch (job.kind) {
    case 'pull':
      return pullCheckKey(job.number, commit);
    case 'group':
      return groupCheckKey(commit);
    case 'push':
      return configCheckKey(commit);
  }
}

function wordsFor(error: unknown): string {
  if (error instanceof QueueError && error.code === 'full') return refusal.diskFull();
  return refusal.broken(error instanceof GitError ? error.message : undefined);
}
