// Heads of pull requests are judged in a thread of their own, within bounds of time and memory: whoever opens one may
// have made it to keep the service busy, and builders, webhooks and /healthz must not wait for it.
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { GitError } from '@coppice/builder-runner/remote';
import type { Log } from '@coppice/builder-runner/runner';
import {
  type HeadBackground,
  type HeadFacts,
  type HeadPlace,
  type HeadPlan,
  type HeadWish,
  Unjudgeable,
} from './head-facts.ts';
import type { HeadReader } from './read-head.ts';

export interface HeadJudge extends HeadReader {
  /** Ends what is under way: that and what waits is judged by nobody, and rejects. */
  stop(): Promise<void>;
}

export type Question =
  | { readonly kind: 'examine'; readonly place: HeadPlace; readonly background: HeadBackground }
  | { readonly kind: 'plan'; readonly place: HeadPlace; readonly wish: HeadWish };

export type Answer =
  | { readonly kind: 'begun' }
  | { readonly kind: 'done'; readonly value: HeadFacts | HeadPlan }
  | { readonly kind: 'git'; readonly code: GitError['code']; readonly message: string }
  | { readonly kind: 'unjudgeable'; readonly message: string }
  | { readonly kind: 'fault'; readonly message: string };

interface HeadJudgeOptions {
  /** That of the mirror. */
  readonly folder: string;
  readonly log: Log;
  /** Of the thread's own time on a processor, from when it begins: a busy machine is nobody's fault. Default: 60. */
  readonly seconds?: number;
}

/** Starting a thread on a busy machine takes a while that is nobody's fault. */
const startSeconds = 120;
/** With all that it waits for: Git, and servers of people whom somebody trusts, where sources are looked up. */
const wholeSeconds = 900;
const lookMilliseconds = 500;
/** The thread goes when nobody has asked for this long: it holds a whole config in memory. */
const idleMilliseconds = 60_000;
const maximumMemoryMebibytes = 1024;

export function createHeadJudge({ folder, log, seconds = 60 }: HeadJudgeOptions): HeadJudge {
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let before: Promise<unknown> = Promise.resolve();
  let stops = 0;
  const end = async () => {
    clearTimeout(idle);
    const ending = worker;
    worker = undefined;
    await ending?.terminate();
  };
  const start = () => {
    const started = new Worker(new URL('./judge-head-thread.ts', import.meta.url), {
      workerData: folder,
      resourceLimits: { maxOldGenerationSizeMb: maximumMemoryMebibytes },
    });
    // What it says when nobody asks is nobody's answer; an error without a listener would end the service.
    started.on('error', () => undefined);
    started.on('exit', () => {
      if (worker === started) worker = undefined;
    });
    started.unref();
    return started;
  };
  const ask = async (question: Question, since: number): Promise<HeadFacts | HeadPlan> => {
    clearTimeout(idle);
    if (stops !== since) throw new Error(stoppedWhy);
    worker ??= start();
    const answer = await answerOf(worker, question, seconds);
    // It is no fault of the head's that its judge was ended.
    if (stops !== since) throw new Error(stoppedWhy);
    if (answer.kind === 'done' || answer.kind === 'git' || answer.kind === 'unjudgeable') {
      idle = setTimeout(() => void end(), idleMilliseconds).unref();
    } else await end();
    switch (answer.kind) {
      case 'done':
        return answer.value;
      case 'git':
        if (answer.code === 'too-much') throw new Unjudgeable(tooManyFiles);
        throw new GitError(answer.code, answer.message);
      case 'unjudgeable':
        throw new Unjudgeable(answer.message);
      case 'late':
        log('warn', `The head ${question.place.head} of a pull request was not judged within ${seconds} s`);
        throw new Unjudgeable(`It could not be judged within ${seconds} s. ${smaller}`);
      case 'fault':
        log('error', `The head ${question.place.head} of a pull request could not be judged: ${answer.message}`);
        throw new Unjudgeable(`It could not be judged: reading it ended with a fault. ${smaller}`);
    }
  };
  const inTurn = (question: Question) => {
    const since = stops;
    const asked = before.then(() => ask(question, since));
    before = asked.catch(() => undefined);
    return asked;
  };
  return {
    examine: async (place, background) => (await inTurn({ kind: 'examine', place, background })) as HeadFacts,
    plan: async (place, wish) => (await inTurn({ kind: 'plan', place, wish })) as HeadPlan,
    async stop() {
      stops += 1;
      await end();
    },
  };
}

const stoppedWhy = 'it was not judged: the service ends';
const smaller = 'Make it smaller or simpler, or split it into several pull requests.';
const tooManyFiles = 'It holds more files, or longer ones, than are read of a commit: 64 MiB in all. Split it.';

type Ending = Exclude<Answer, { kind: 'begun' }> | { readonly kind: 'late' };

/** Never rejects: a thread that breaks is an answer. */
async function answerOf(worker: Worker, question: Question, seconds: number): Promise<Ending> {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const late = () => resolve({ kind: 'late' });
  const ended = new AbortController();
  let timer = setTimeout(late, startSeconds * 1000);
  const onMessage = (answer: Answer) => {
    if (answer.kind !== 'begun') return resolve(answer);
    clearTimeout(timer);
    timer = setTimeout(late, wholeSeconds * 1000);
    void watch(worker, seconds, ended.signal).then(late, () => undefined);
  };
  const onError = (error: unknown) => resolve({ kind: 'fault', message: String(error) });
  const onExit = (code: number) => resolve({ kind: 'fault', message: `the thread ended with ${code}` });
  worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  worker.postMessage(question);
  try {
    return await promise;
  } finally {
    ended.abort();
    clearTimeout(timer);
    worker.off('message', onMessage).off('error', onError).off('exit', onExit);
  }
}

/** Resolves when the thread has used so much of a processor from now on; rejects when it or `signal` ends. */
async function watch(worker: Worker, seconds: number, signal: AbortSignal): Promise<void> {
  const before = await worker.cpuUsage();
  for (;;) {
    await sleep(lookMilliseconds, undefined, { signal });
    const { user, system } = await worker.cpuUsage(before);
    if ((user + system) / 1e6 > seconds) return;
  }
}
