// Looks at GitHub now and then, and works off what no webhook has brought: at the start, on a timer, and before a
// comment is worked off. With webhooks switched off this is all there is, and it happens more often.
import type { Log } from '@coppice/builder-runner/runner';
import { AccessLost } from '../github/access-lost.ts';
import type { Github } from '../github/github.ts';
import { RateLimited } from '../github/rate-limit.ts';
import type { Head } from '../github/repository.ts';
import type { BotOperation, BotState } from '../vocabulary/bot-state.ts';
import { foundPullKey, type Job, workKey } from '../vocabulary/job.ts';
import {
  firstCursor,
  isLate,
  lookedUntil,
  missedComments,
  missedGroups,
  missedPulls,
  missedPush,
} from './find-missed.ts';

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
  /** True for bots that the config gives rights to. */
  readonly knowsBot: (login: string) => boolean;
}

/** Why GitHub cannot be asked, for people. */
export interface GithubFault {
  /** ISO 8601 UTC. */
  readonly since: string;
  readonly message: string;
}

export interface Reconciler {
  /** Undefined while GitHub answers. */
  fault(): GithubFault | undefined;
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
/** A look that fails for lack of leave is not put off for long: somebody who mends it wants to see that. */
const longestLostSeconds = 300;
/** GitHub lets an app read what is public also where it is not installed: so it is asked for its installation. */
const checkMilliseconds = 10 * 60_000;
/** Failures in a row that are a fault; fewer may be a network that blinked. */
const faultyFailures = 3;

export function createReconciler(options: ReconcilerOptions): Reconciler {
  return new GithubReconciler(options);
}

class GithubReconciler implements Reconciler {
  readonly #options: ReconcilerOptions;
  /** What a look has asked for in vain → how often, and when it may be asked for again, as performance.now() counts. */
  readonly #tries = new Map<string, Tries>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #failures = 0;
  #fault: GithubFault | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #headAskedAt = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#begin();
    await this.#looking;
  }

  fault(): GithubFault | undefined {
    return this.#fault;
  }

  async hear(deliveryId: string, job: Job): Promise<boolean> {
    const { state, accept } = this.#options;
    if (isLate(job, state().comments)) return false;
    this.#startAnew(job);
    if (await accept(workKey(deliveryId, job), job)) return true;
    // A commit that is known and comes again may have been pushed back to, also while another is being worked off.
    if (job.kind === 'push') await accept(`${workKey('', job)}/${deliveryId}`, { ...job, again: true });
    return false;
  }

  async catchUp(heardAt: number): Promise<void> {
    if (this.#headAskedAt > heardAt) return;
    await this.#lookAtHead();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#looking = this.#looking.then(() => (this.#stopped ? undefined : this.#lookAgain()));
  }

  async #lookAgain(): Promise<void> {
    const { seconds, log } = this.#options;
    let wait = seconds * 1000;
    try {
      await this.#look();
      this.#failures = 0;
      if (this.#fault !== undefined) log('info', 'GitHub answers again');
      this.#fault = undefined;
    } catch (failure) {
      const error = await this.#reasonOf(failure);
      this.#failures += 1;
      const longest = error instanceof AccessLost ? longestLostSeconds : longestWaitSeconds;
      wait = Math.min(Math.max(longest, seconds) * 1000, wait * 2 ** Math.min(this.#failures - 1, 16));
      this.#noteFault(error);
      // The limit has been told of, and names its own time.
      if (error instanceof RateLimited) wait = Math.max(wait, error.until - performance.now());
      else
        log('warn', `GitHub could not be asked what was missed; next try in ${Math.round(wait / 1000)} s`, { error });
    }
    if (!this.#stopped) this.#timer = setTimeout(() => this.#begin(), wait);
  }

  /** A request that fails says less than the question whether the app is still installed. */
  async #reasonOf(failure: unknown): Promise<unknown> {
    if (failure instanceof RateLimited || failure instanceof AccessLost) return failure;
    return await this.#options.github.check().then(
      () => failure,
      (lost: unknown) => (lost instanceof AccessLost ? lost : failure),
    );
  }

  #noteFault(error: unknown): void {
    if (error instanceof RateLimited) return;
    const isLost = error instanceof AccessLost;
    if (!isLost && this.#failures < faultyFailures) return;
    const message = isLost ? error.message : `GitHub could not be asked ${this.#failures} times in a row`;
    this.#fault = { since: this.#fault?.since ?? this.#options.now().toISOString(), message };
  }

  /** Pushes before comments: those may be about what was pushed. */
  async #look(): Promise<void> {
    if (performance.now() - this.#checkedAt > checkMilliseconds) {
      await this.#options.github.check();
      this.#checkedAt = performance.now();
    }
    const { branch } = await this.#lookAtHead();
    await this.#lookAtPulls(branch);
    await this.#lookAtGroups();
    await this.#lookAtComments();
    this.#options.looked();
  }

  async #lookAtHead(): Promise<Head> {
    const at = performance.now();
    const head = await this.#options.github.head();
    this.#headAskedAt = at;
    const job = missedPush(head, this.#options.state());
    const key = job === undefined ? '' : workKey('', job);
    this.#forgetTries('push', [key]);
    if (job !== undefined) await this.#insist(key, job);
    return head;
  }

  async #lookAtPulls(defaultBranch: string): Promise<void> {
    const { github, state } = this.#options;
    const missed = missedPulls(await github.openPulls(), defaultBranch, state());
    for (const { key, job } of missed) await this.#insist(key, job);
    this.#forgetTries(
      'pull',
      missed.map(({ key }) => key),
    );
  }

  async #lookAtGroups(): Promise<void> {
    const missed = missedGroups(await this.#options.github.mergeGroups(), this.#options.state());
    for (const { key, job } of missed) await this.#insist(key, job);
    this.#forgetTries(
      'group',
      missed.map(({ key }) => key),
    );
  }

  async #lookAtComments(): Promise<void> {
    const { github, state, commit, accept, log } = this.#options;
    const cursor = state().comments;
    if (cursor === null) {
      await commit([{ kind: 'looked', comments: firstCursor(await github.newestComment()) }]);
      return;
    }
    const missed = missedComments(await github.comments(lookedUntil(cursor)), cursor, this.#options.knowsBot);
    for (const job of missed.jobs) {
      const key = workKey('', job);
      if (await accept(key, job)) log('info', `Found on GitHub without a webhook: ${key}`);
    }
    if (missed.cursor.seenUntil !== cursor.seenUntil) await commit([{ kind: 'looked', comments: missed.cursor }]);
  }

  /**
   * Work that is known by its outcome, not by its name: it is asked for again while the outcome is missing, later and
   * later.
   */
  async #insist(key: string, job: Job): Promise<void> {
    const { accept, seconds, now, log } = this.#options;
    const { count, notBefore } = this.#tries.get(key) ?? { count: 0, notBefore: 0 };
    if (performance.now() < notBefore) return;
    const wait = Math.min(longestWaitSeconds, Math.max(seconds, 10) * 2 ** count);
    this.#tries.set(key, { kind: job.kind, count: count + 1, notBefore: performance.now() + wait * 1000 });
    if (await accept(key, job)) return log('info', `Found on GitHub without a webhook: ${key}`);
    await accept(`${key}/${now().getTime()}`, job);
  }

  /** Something moved: what was tried before it did has had its outcome, also when it comes back to where it was. */
  #startAnew(job: Job): void {
    const mine = job.kind === 'push' ? 'push/' : job.kind === 'pull' ? foundPullKey(job.number, '') : undefined;
    if (mine === undefined) return;
    for (const key of this.#tries.keys()) if (key.startsWith(mine)) this.#tries.delete(key);
  }

  #forgetTries(kind: Job['kind'], but: readonly string[]): void {
    for (const [key, tries] of this.#tries) if (tries.kind === kind && !but.includes(key)) this.#tries.delete(key);
  }
}

interface Tries {
  readonly kind: Job['kind'];
  readonly count: number;
  readonly notBefore: number;
}
