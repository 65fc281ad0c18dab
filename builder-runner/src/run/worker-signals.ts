// How workers wait and are woken: no polling.
import { setTimeout as delay } from 'node:timers/promises';
import { isFinal, type QueuedBuild } from '@coppice/config';
import { Canceled } from '../base/abort.ts';
import { describeError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type Queue, type Task, whyCanceled } from '../queue/index.ts';

/** Wakes all who wait for the next call of `wake`. */
export class WakeUp {
  #waiting: PromiseWithResolvers<void> = Promise.withResolvers();

  wake(): void {
    this.#waiting.resolve();
    this.#waiting = Promise.withResolvers();
  }

  /** Resolves at the next `wake`. */
  next(): Promise<void> {
    return this.#waiting.promise;
  }
}

/**
 * A signal that is aborted when the task's build is canceled (reason Canceled) or when `ending` is (its reason).
 * `stop` ends the watching.
 */
export function abortOnChange(
  queue: Queue,
  task: Task,
  ending: AbortSignal,
): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const look = (build: QueuedBuild | undefined) => {
    const why = build === undefined ? null : whyToEnd(task, build);
    if (why !== null) controller.abort(new Canceled(why));
  };
  const stop = queue.onChange(({ build }) => {
    if (build.id === task.build.id) look(build);
  });
  look(queue.build(task.build.id));
  return { signal: AbortSignal.any([controller.signal, ending]), stop };
}

/** Why what the task works on is to end: one chroot, or all that wait for the SRPM; null while it is not. Pure. */
function whyToEnd(task: Task, build: QueuedBuild): string | null {
  const concerned =
    task.kind === 'srpm'
      ? build.chroots.filter(({ state }) => !isFinal(state))
      : build.chroots.filter(({ chroot }) => chroot === task.chroot.chroot);
  const whys = concerned.map(whyCanceled);
  return whys.every((why) => why !== null) ? (whys[0] ?? null) : null;
}

const retrySeconds = 5;

/**
 * Does `work`, again and again while it fails (a full disk), saying so each time, until it works or `ending` is
 * aborted; then the last error is thrown, and the next start of the service takes up what was left.
 */
export async function persist<T>(log: Log, what: string, ending: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      log('error', `${what}: ${describeError(error)}`);
      if (ending.aborted) throw error;
      await delay(retrySeconds * 1000, undefined, { signal: ending }).catch(() => undefined);
    }
  }
}
