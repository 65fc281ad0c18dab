// Says on GitHub that a comment or push could not be worked off. Directly: the bot's own state may be what cannot be
// written.
import { QueueError } from '@coppice/builder-runner/queue';
import { GitError } from '@coppice/builder-runner/remote';
import type { Log } from '@coppice/builder-runner/runner';
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
  // The check that the button is on goes on showing the state of its build.
  if (job.kind === 'check' || (job.kind === 'group' && job.what === 'ended')) return;
  // Nobody asked for it now, and it is tried again.
  if (job.kind === 'take-away') return;
  const commit = job.kind === 'pull' ? (await github.pull(job.number)).head : job.commit;
  const check = {
    name: configCheckName,
    commit,
    externalId: checkKey(job, commit),
    detailsUrl: `${url}/`,
    status: 'completed',
    conclusion: 'failure',
    title: 'Nothing was queued',
    summary: why,
    startedAt: null,
    completedAt: null,
    actions: [],
  } as const;
  await github.createCheck(check, []);
}

function checkKey(job: Exclude<Job, { kind: 'comment' | 'check' | 'take-away' }>, commit: string): string {
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
