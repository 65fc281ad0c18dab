// The workers: as many loops as the settings say, more or fewer while they run; each does one task at a time.
import { setTimeout as delay } from 'node:timers/promises';
import type { Queue } from '../queue/index.ts';
import { WakeUp } from './worker-signals.ts';

/** What a worker is doing, for metrics. */
export interface WorkerState {
  readonly name: string;
  /** `srpm acme/tools hello #42`, or null when it waits. */
  readonly task: string | null;
}

/** Something for a worker to do. */
export interface Work {
  /** For people. */
  readonly name: string;
  readonly run: () => Promise<void>;
}

export interface WorkersOptions {
  /**
   * The next thing to do, or undefined when there is none now; asked again each time it is woken. `closing` is aborted
   * when it need not answer.
   */
  readonly next: (worker: string, closing: AbortSignal) => Promise<Work | undefined>;
  readonly queue: Pick<Queue, 'onChange'>;
  /** A worker begins to take tasks. */
  readonly onWorker?: (name: string) => void;
  /** A worker has died of what its task, or the looking for one, threw. Another one takes its place a moment later. */
  readonly onDeath: (worker: WorkerState, error: unknown) => void;
}

/** So that a fault that stands is not met thousands of times. */
const replaceMilliseconds = 1000;

export interface Workers {
  states(): readonly WorkerState[];
  /** From now on so many; those that are too many end after their present task. */
  resize(count: number): void;
  /** Lets idle workers look again. */
  wake(): void;
  /** No new tasks; resolves when all have ended theirs. */
  stop(): Promise<void>;
}

/**
 * Starts `count` workers, and one more for each task in `first` beyond that: such a task is begun already and waits for
 * nobody.
 */
export function startWorkers(options: WorkersOptions, count: number, first: readonly Work[]): Workers {
  const signal = new WakeUp();
  const stopWaking = options.queue.onChange(() => signal.wake());
  const closing = new AbortController();
  const live = new Map<string, { task: string | null; readonly ended: Promise<void> }>();
  const waiting = [...first];
  let wanted = count;

  const isTooMany = () => closing.signal.aborted || live.size > wanted;
  const loop = async (name: string): Promise<void> => {
    for (;;) {
      const change = signal.next(); // taken before the look: what changes meanwhile is not missed
      const begun = waiting.shift();
      if (begun === undefined && isTooMany()) {
        live.delete(name);
        return;
      }
      const work = begun ?? (await options.next(name, closing.signal));
      if (work === undefined) {
        await change;
        continue;
      }
      note(name, work.name);
      await work.run();
      note(name, null);
    }
  };
  const note = (name: string, task: string | null) => {
    const worker = live.get(name);
    if (worker !== undefined) worker.task = task;
  };
  const bury = (name: string, error: unknown) => {
    const task = live.get(name)?.task ?? null;
    live.delete(name);
    options.onDeath({ name, task }, error);
    delay(replaceMilliseconds, undefined, { signal: closing.signal }).then(
      () => resize(wanted),
      () => undefined, // it closes: nobody is missed
    );
  };
  const add = () => {
    let number = 1;
    while (live.has(`worker-${number}`)) number += 1;
    const name = `worker-${number}`;
    const begin = Promise.withResolvers<void>();
    live.set(name, { task: null, ended: begin.promise.then(() => loop(name)).catch((error) => bury(name, error)) });
    begin.resolve();
    options.onWorker?.(name);
  };
  const resize = (next: number) => {
    wanted = next;
    while (live.size < Math.max(wanted, waiting.length)) add();
    signal.wake();
  };
  resize(count);
  return {
    states: () => [...live].map(([name, { task }]) => ({ name, task })),
    resize,
    wake: () => signal.wake(),
    stop: async () => {
      closing.abort();
      signal.wake();
      await Promise.all([...live.values()].map(({ ended }) => ended));
      stopWaking();
    },
  };
}
