// Decides when something is delivered: few at a time, answers before checks, not more than once a second each while builds move
// on, later and later when GitHub fails.
import type { Log } from './service/log.ts';

/** `again`: a later state will follow; `final`: it was the last one. */
export type Delivered = 'again' | 'final';

interface DispatcherOptions {
  /** Brings one to its wanted state. Rejects when GitHub, the disk or the network does not let it. */
  readonly deliver: (key: string) => Promise<Delivered>;
  /** Called for one that can never be delivered. */
  readonly giveUp: (key: string) => Promise<void>;
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
const editMilliseconds = 1000;
const longestWaitMilliseconds = 5 * 60_000;
const maximumFailures = 50;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
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

  const deliver = async (key: string): Promise<void> => {
    if (isAnswer(key) && !lastDelivered.has(key)) firstAnswers.add(key);
    try {
      lastDelivered.set(key, performance.now());
      const delivered = await options.deliver(key);
      failures.delete(key);
      if (delivered === 'final') forget(key);
    } catch (error) {
      await failed(key, error);
    }
  };
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
      timer = setTimeout(pump, Math.max(1, Math.min(...idle) - performance.now()));
    }
  };
  return {
    wanted(key) {
      // A failing one keeps its distance.
      if (failures.has(key) && waiting.has(key)) return;
      const earliest = (lastDelivered.get(key) ?? Number.NEGATIVE_INFINITY) + editMilliseconds;
      waiting.set(key, Math.max(performance.now(), earliest));
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
