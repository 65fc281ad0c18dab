// Decides when something is delivered: few at a time, answers before checks, new answers in turns, each not more than
// once in five seconds while builds move on, after longer and longer pauses when GitHub fails, and nothing while
// GitHub's limit is reached.
import type { Log } from '@coppice/builder-runner/runner';
import { RateLimited } from '../github/rate-limit.ts';
import { createTurns, type Waiting } from './turns.ts';

/**
 * `final`: GitHub shows the last state; `again`: it shows this state, and a later one will follow; `unchanged`: as
 * `again`, and nothing had to be sent.
 */
export type Delivered = 'again' | 'unchanged' | 'final';

interface DispatcherOptions {
  /** Brings one to its wanted state. Rejects when GitHub, the disk or the network does not let it. */
  readonly deliver: (key: string) => Promise<Delivered>;
  /** Called for one that can never be delivered. */
  readonly giveUp: (key: string) => Promise<void>;
  /** Between two edits of one key. Default: 5000. The first is delivered at once, and the last one always is. */
  readonly editMilliseconds?: number;
  readonly log: Log;
}

export interface Dispatcher {
  /**
   * The wanted state of `key` may have changed. Keys that begin with `answer/` go first. `asker`: somebody waits for an
   * answer that is not on GitHub yet; such ones take turns, one at a time, for GitHub wants seconds between them.
   */
  wanted(key: string, asker?: Asker): void;
  start(): void;
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** Who waits for a new answer, and whether that says all at once. */
export type Asker = Pick<Waiting, 'by' | 'isShort'>;

const parallel = 4;
/** Beside a new answer: what is written at the same time delays it by a second each. */
const parallelBesideNew = 1;
const defaultEditMilliseconds = 5000;
const longestWaitMilliseconds = 5 * 60_000;
const maximumFailures = 50;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  return new PacedDispatcher(options);
}

class PacedDispatcher implements Dispatcher {
  readonly #options: DispatcherOptions;
  /** Key → when it may be delivered, as performance.now() counts. */
  readonly #waiting = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  readonly #lastDelivered = new Map<string, number>();
  readonly #underWay = new Map<string, Promise<void>>();
  /** Answers that are not on GitHub yet. */
  readonly #newAnswers = new Map<string, Waiting>();
  readonly #turns = createTurns();
  #arrived = 0;
  readonly #settling: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  /** GitHub takes no requests before this, as performance.now() counts. */
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  wanted(key: string, asker?: Asker): void {
    if (asker !== undefined && !this.#newAnswers.has(key)) {
      this.#arrived += 1;
      this.#newAnswers.set(key, { ...asker, key, at: this.#arrived });
    }
    // One that has failed waits until its next try is due.
    if (this.#failures.has(key) && this.#waiting.has(key)) return;
    this.#waiting.set(key, this.#earliest(key));
    this.#pump();
  }

  start(): void {
    this.#running = true;
    this.#pump();
  }

  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#settling.push(resolve);
      this.#pump();
    });
  }

  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#timer);
    await Promise.all(this.#underWay.values());
  }

  /** Starts what may be started now, and sees to it that this is done again when the next one may. */
  #pump(): void {
    clearTimeout(this.#timer);
    if (!this.#running) return;
    // One moment for both: what became due between two looks at the clock would be neither begun nor waited for.
    const now = performance.now();
    for (let key = this.#next(now); key !== undefined; key = this.#next(now)) this.#begin(key);
    if (this.#waiting.size === 0 && this.#underWay.size === 0) {
      for (const settle of this.#settling.splice(0)) settle();
    }
    // A delivery that ends pumps again, so no timer is needed for what is ready and waits for one.
    const idle = [...this.#waiting].filter(([key]) => !this.#underWay.has(key));
    const later = idle.map(([, at]) => Math.max(this.#pausedUntil, at)).filter((at) => at > now);
    if (later.length > 0) this.#timer = setTimeout(() => this.#pump(), Math.max(1, Math.min(...later) - now));
  }

  /** `now` as performance.now() counts. */
  #next(now: number): string | undefined {
    if (now < this.#pausedUntil) return undefined;
    const ready = [...this.#waiting].filter(([key, at]) => at <= now && !this.#underWay.has(key)).map(([key]) => key);
    const newOnes = ready.flatMap((key) => this.#newAnswers.get(key) ?? []);
    const newUnderWay = [...this.#underWay.keys()].filter((key) => this.#newAnswers.has(key)).length;
    if (newOnes.length > 0 && newUnderWay === 0) return this.#turns.next(newOnes, now)?.key;
    const most = newUnderWay + newOnes.length > 0 ? parallelBesideNew : parallel;
    if (this.#underWay.size - newUnderWay >= most) return undefined;
    const others = ready.filter((key) => !this.#newAnswers.has(key));
    return others.find(isAnswer) ?? others[0];
  }

  #begin(key: string): void {
    this.#waiting.delete(key);
    const delivering = this.#deliver(key).finally(() => {
      this.#underWay.delete(key);
      this.#pump();
    });
    this.#underWay.set(key, delivering);
  }

  async #deliver(key: string): Promise<void> {
    const before = this.#lastDelivered.get(key);
    try {
      this.#lastDelivered.set(key, performance.now());
      const delivered = await this.#options.deliver(key);
      this.#failures.delete(key);
      this.#newAnswers.delete(key);
      if (delivered === 'final') return this.#forget(key);
      if (delivered === 'again') return;
      // Nothing was sent, so the next edit need not keep its distance from this.
      if (before === undefined) this.#lastDelivered.delete(key);
      else this.#lastDelivered.set(key, before);
      const at = this.#waiting.get(key);
      if (at !== undefined) this.#waiting.set(key, Math.min(at, this.#earliest(key)));
    } catch (error) {
      if (error instanceof RateLimited) {
        // It is nobody's failure and nobody's turn: all wait for the same moment.
        this.#pausedUntil = Math.max(this.#pausedUntil, error.until);
        if (before === undefined) this.#lastDelivered.delete(key);
        this.#waiting.set(key, performance.now());
        return;
      }
      await this.#failed(key, error);
    }
  }

  async #failed(key: string, error: unknown): Promise<void> {
    const { giveUp, log } = this.#options;
    const count = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, count);
    if (isHopeless(error) || count > maximumFailures) {
      log('error', `${key} cannot be told to GitHub and is given up`, { error });
      await giveUp(key).catch((cause: unknown) => log('error', `${key} could not be forgotten`, { error: cause }));
      return this.#forget(key);
    }
    const wait = Math.max(retryAfter(error), Math.min(longestWaitMilliseconds, 1000 * 2 ** (count - 1)));
    log('warn', `${key} could not be told to GitHub; next try in ${Math.round(wait / 1000)} s`, { error });
    this.#waiting.set(key, performance.now() + wait);
  }

  #earliest(key: string): number {
    const { editMilliseconds = defaultEditMilliseconds } = this.#options;
    return Math.max(performance.now(), (this.#lastDelivered.get(key) ?? Number.NEGATIVE_INFINITY) + editMilliseconds);
  }

  #forget(key: string): void {
    this.#waiting.delete(key);
    this.#failures.delete(key);
    this.#newAnswers.delete(key);
    this.#lastDelivered.delete(key);
  }
}

function isAnswer(key: string): boolean {
  return key.startsWith('answer/');
}

/** The comment, issue or commit is gone, or what we say is refused as it stands: the same again would not help. */
function isHopeless(error: unknown): boolean {
  const status = statusOf(error);
  return status === 404 || status === 410 || status === 422;
}

function statusOf(error: unknown): number | undefined {
  const status = (error as { status?: unknown }).status;
  return typeof status === 'number' ? status : undefined;
}

/** Milliseconds that GitHub asks us to wait; 0 when it does not. */
function retryAfter(error: unknown): number {
  const headers = (error as { response?: { headers?: Record<string, unknown> } }).response?.headers;
  const seconds = Number(headers?.['retry-after'] ?? 0);
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
}
