// The thread of judge-head.ts: answers one question after the other about heads of pull requests.
import { parentPort, workerData } from 'node:worker_threads';
import { GitError } from '@coppice/builder-runner/remote';
import { Unjudgeable } from './head-facts.ts';
import type { Answer, Question } from './judge-head.ts';
import { createHeadReader } from './read-head.ts';

const reader = createHeadReader(String(workerData));

parentPort?.on('message', async (question: Question) => {
  const say = (answer: Answer) => parentPort?.postMessage(answer);
  say({ kind: 'begun' });
  try {
    const { place } = question;
    const value =
      question.kind === 'examine'
        ? await reader.examine(place, question.background)
        : await reader.plan(place, question.wish);
    say({ kind: 'done', value });
  } catch (error) {
    if (error instanceof GitError) say({ kind: 'git', code: error.code, message: error.message });
    else if (error instanceof Unjudgeable) say({ kind: 'unjudgeable', message: error.message });
    else say({ kind: 'fault', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
