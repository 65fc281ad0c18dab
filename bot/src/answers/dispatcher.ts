// Decides when something is delivered: few at a time, answers before checks, each not more than once in five seconds
// while builds move on, later and later when GitHub fails, and nothing while GitHub wants nothing.
import type { Log } from '@coppice/builder-runner/runner';
import { RateLimited } from '../github/rate-limit.ts';

/**
 * `again`: a later state will follow; `unchanged`: so it will, and GitHub shows this one already; `final`: it was the
 * last one.
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
  /** The wanted state of `key` may have changed. Keys that begin with `answer/` go first. */
  wanted(key: string): void;
  start(): void;
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const parallel = 4;
const defaultEditMilliseconds = 5000;
const longestWaitMilliseconds = 5 * 60_000;
const maximumFailures = 50;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const editMilliseconds = options.editMilliseconds ?? defaultEditMilliseconds;
  /** Key → when it may be delivered, as performance.now() counts. */
  const waiting = new Map<string, number>();
  const failures = new Map<string, number>();
  const lastDelivered = new Map<string, number>();
  const underWay = new Map<string, Promise<void>>();
  /** Answers that somebody waits for and that are being given for the first time: nothing else starts meanwhile. */
  const firstAnswers = new Set<string>();
  const settling: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  /** GitHub wants nothing before, as performance.now() counts. */
  let pausedUntil = Number.NEGATIVE_INFINITY;

  const deliver = async (key: string): Promise<void> => {
    const before = lastDelivered.get(key);
    if (isAnswer(key) && before === undefined) firstAnswers.add(key);
    try {
      lastDelivered.set(key, performance.now());
      const delivered = await options.deliver(key);
      failures.delete(key);
      if (delivered === 'final') return forget(key);
      if (delivered === 'again') return;
      // Nothing was sent, so the next edit need not keep its distance from this.
      if (before === undefined) lastDelivered.delete(key);
      else lastDelivered.set(key, before);
      const at = waiting.get(key);
      if (at !== undefined) waiting.set(key, Math.min(at, earliest(key)));
    } catch (error) {
      if (error instanceof RateLimited) {
        // It is nobody's failure and nobody's turn: all wait for the same moment.
        pausedUntil = Math.max(pausedUntil, error.until);
        if (before === undefined) lastDelivered.delete(key);
        waiting.set(key, performance.now());
        return;
      }
      await failed(key, error);
    }
  };
  const earliest = (key: string) =>
    Math.max(performance.now(), (lastDelivered.get(key) ?? Number.NEGATIVE_INFINITY) + editMilliseconds);
  const forget = (key: string) => {
    waiting.delete(key);
    failures.delete(key);
    lastDelivered.delete(key);
  };
  const failed = async (key: string, error: unknown) => {
    const count = (failures.get(key) ?? 0) + 1;
    failures.set(key, count);
    if (isHopeless(error) || count > maximumFailures) {
      options.log('error', `${key} cannot be told to GitHub and is given up`, { error });
      await options
        .giveUp(key)
        .catch((cause: unknown) => options.log('error', `${key} could not be forgotten`, { error: cause }));
      return forget(key);
    }
    const wait = Math.max(retryAfter(error), Math.min(longestWaitMilliseconds, 1000 * 2 ** (count - 1)));
    options.log('warn', `${key} could not be told to GitHub; next try in ${Math.round(wait / 1000)} s`, { error });
    waiting.set(key, performance.now() + wait);
  };
  const next = (): string | undefined => {
    const now = performance.now();
    if (now < pausedUntil) return undefined;
    const ready = [...waiting].filter(([key, at]) => at <= now && !underWay.has(key)).map(([key]) => key);
    return ready.find(isAnswer) ?? (firstAnswers.size === 0 ? ready[0] : undefined);
  };
  const pump = () => {
    clearTimeout(timer);
    if (!running) return;
    for (let key = next(); key !== undefined && underWay.size < parallel; key = next()) {
      const one = key;
      waiting.delete(one);
      const delivering = deliver(one).finally(() => {
        underWay.delete(one);
        firstAnswers.delete(one);
        pump();
      });
      underWay.set(one, delivering);
    }
    if (waiting.size === 0 && underWay.size === 0) for (const settle of settling.splice(0)) settle();
    const idle = [...waiting].filter(([key]) => !underWay.has(key)).map(([, at]) => at);
    // A delivery that ends pumps again, so no timer is needed for what is ready and waits for one.
    if (idle.length > 0 && underWay.size < parallel && firstAnswers.size === 0) {
      timer = setTimeout(pump, Math.max(1, Math.max(pausedUntil, Math.min(...idle)) - performance.now()));
    }
  };
  return {
    wanted(key) {
      // A failing one keeps its distance.
      if (failures.has(key) && waiting.has(key)) return;
      waiting.set(key, earliest(key));
      pump();
    },
    start() {
      running = true;
      pump();
    },
    settled: () =>
      new Promise((resolve) => {
        settling.push(resolve);
        pump();
      }),
    async stop() {
      running = false;
      clearTimeout(timer);
      await Promise.all(underWay.values());
    },
  };
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
