// Looks at GitHub now and then, and works off what no webhook has brought: at the start, on a timer, and before a
// comment is worked off. With webhooks switched off this is all there is, and it happens more often.
import type { Log } from '@coppice/builder-runner/runner';
import type { Github } from '../github/github.ts';
import { RateLimited } from '../github/rate-limit.ts';
import type { BotOperation, BotState } from '../vocabulary/bot-state.ts';
import { type Job, workKey } from '../vocabulary/job.ts';
import { firstCursor, isLate, lookedUntil, missedComments, missedPulls, missedPush } from './find-missed.ts';

interface ReconcilerOptions {
  readonly github: Github;
  readonly state: () => BotState;
  readonly commit: (operations: readonly BotOperation[]) => Promise<unknown>;
  /** Notes work under its name; resolves to false when that is known already. */
  readonly accept: (key: string, job: Job) => Promise<boolean>;
  /** Called at the end of each look: what else may have been missed. */
  readonly looked: () => void;
  /** Between two looks. */
  readonly seconds: number;
  readonly now: () => Date;
  readonly log: Log;
}

export interface Reconciler {
  /** The first look, and the timer for the later ones. Does not reject: a look that fails is logged and tried again. */
  start(): Promise<void>;
  /** Notes what a webhook tells, unless it is known or was found by a look before. */
  hear(deliveryId: string, job: Job): Promise<boolean>;
  /**
   * A push that was missed comes before the comment `heardAt` (milliseconds, as performance.now() counts) that follows
   * it.
   */
  catchUp(heardAt: number): Promise<void>;
  /** Ends after the look that is under way. */
  stop(): Promise<void>;
}

const longestWaitSeconds = 3600;

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { github, state, commit, accept, log, seconds } = options;
  /** What a look has asked for in vain → how often, and when it may be asked for again, as performance.now() counts. */
  const tries = new Map<string, { readonly count: number; readonly notBefore: number }>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  let failures = 0;
  let headAskedAt = Number.NEGATIVE_INFINITY;
  let stopped = false;

  /**
   * Work that is known by its outcome, not by its name: it is asked for again while the outcome is missing, later and
   * later.
   */
  const insist = async (key: string, job: Job): Promise<void> => {
    const { count, notBefore } = tries.get(key) ?? { count: 0, notBefore: 0 };
    if (performance.now() < notBefore) return;
    const wait = Math.min(longestWaitSeconds, Math.max(seconds, 10) * 2 ** count);
    tries.set(key, { count: count + 1, notBefore: performance.now() + wait * 1000 });
    if (await accept(key, job)) return log('info', `Found on GitHub without a webhook: ${key}`);
    await accept(`${key}/${options.now().getTime()}`, job);
  };
  const forgetTries = (kind: string, but: readonly string[]) => {
    for (const key of tries.keys()) if (key.startsWith(kind) && !but.includes(key)) tries.delete(key);
  };
  const lookAtHead = async () => {
    const at = performance.now();
    const head = await github.head();
    headAskedAt = at;
    const job = missedPush(head, state());
    if (job !== undefined) await insist(workKey('', job), job);
    else forgetTries('push/', []);
    return head;
  };
  const lookAtPulls = async (defaultBranch: string) => {
    const missed = missedPulls(await github.openPulls(), defaultBranch, state());
    for (const { key, job } of missed) await insist(key, job);
    forgetTries(
      'pull/',
      missed.map(({ key }) => key),
    );
  };
  const lookAtComments = async () => {
    const cursor = state().comments;
    if (cursor === null) {
      await commit([{ op: 'looked', comments: firstCursor(await github.newestComment()) }]);
      return;
    }
    const missed = missedComments(await github.comments(lookedUntil(cursor)), cursor);
    for (const job of missed.jobs) {
      const key = workKey('', job);
      if (await accept(key, job)) log('info', `Found on GitHub without a webhook: ${key}`);
    }
    if (missed.cursor.seenUntil !== cursor.seenUntil) await commit([{ op: 'looked', comments: missed.cursor }]);
  };
  /** Pushes before comments: those may be about what was pushed. */
  const look = async () => {
    const { branch } = await lookAtHead();
    await lookAtPulls(branch);
    await lookAtComments();
    options.looked();
  };
  const lookAgain = async () => {
    let wait = seconds * 1000;
    try {
      await look();
      failures = 0;
    } catch (error) {
      failures += 1;
      wait = Math.min(longestWaitSeconds * 1000, wait * 2 ** Math.min(failures - 1, 16));
      // The limit has been told of, and names its own time.
      if (error instanceof RateLimited) wait = Math.max(wait, error.until - performance.now());
      else
        log('warn', `GitHub could not be asked what was missed; next try in ${Math.round(wait / 1000)} s`, { error });
    }
    if (!stopped) timer = setTimeout(begin, wait);
  };
  const begin = () => {
    clearTimeout(timer);
    looking = looking.then(() => (stopped ? undefined : lookAgain()));
  };
  return {
    async start() {
      begin();
      await looking;
    },
    async hear(deliveryId, job) {
      if (isLate(job, state().comments)) return false;
      const fresh = await accept(workKey(deliveryId, job), job);
      // A commit that is known and comes again may have been pushed back to: the head tells.
      if (!fresh && job.kind === 'push' && job.commit !== state().handledCommit) {
        looking = looking.then(async () => {
          await lookAtHead().catch((error: unknown) =>
            log('warn', 'GitHub could not be asked for the head; the next look does it', { error }),
          );
        });
      }
      return fresh;
    },
    async catchUp(heardAt) {
      if (headAskedAt > heardAt) return;
      await lookAtHead();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await looking;
    },
  };
}
