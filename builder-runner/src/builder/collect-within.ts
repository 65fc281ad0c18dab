// The time limit of everything that is taken from a builder when it has done its work.
import { setTimeout as delay } from 'node:timers/promises';
import { RunnerError } from '../base/errors.ts';
import { abortable } from './ssh.ts';

/**
 * What `work` comes to. A builder that answers nothing, sends without end, or loses its connection again and again
 * has `seconds` for all of
 * it; then the signal that `work` gets is aborted. Throws RunnerError `collect` when they are over, the reason of
 * `signal` when that is
 * aborted, and whatever `work` throws.
 */
export async function collectWithin<T>(
  seconds: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(seconds * 1000);
  const ends = AbortSignal.any([signal, limit]);
  const working = work(ends);
  try {
    return await abortable(ends, working);
  } catch (error) {
    await settled(working);
    signal.throwIfAborted();
    if (!limit.aborted) throw error;
    throw new RunnerError('collect', `fetching the results (collect) took longer than ${seconds} s`, { cause: error });
  }
}

/** What is told to end may not do so at once: whoever tidies up after it waits that long for it. */
const settleSeconds = 5;

async function settled(work: Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const limit = delay(settleSeconds * 1000, undefined, { signal: late.signal }).catch(() => undefined);
  await Promise.race([Promise.allSettled([work]), limit]);
  late.abort();
}
