// Work on one thing, one after the other, in this process; the store's lock keeps other processes out.

const last = new Map<string, Promise<unknown>>();

/**
 * Runs `work` when all earlier work with the same `key` has ended, well or not. Whoever is aborted while it waits
 * leaves at once, with the signal's reason; its place in the row stays.
 */
export async function inTurn<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const before = last.get(key) ?? Promise.resolve();
  const mine = waitFor(before, signal).then(work);
  const settled = Promise.allSettled([before, mine]);
  last.set(key, settled);
  try {
    return await mine;
  } finally {
    if (last.get(key) === settled) settled.then(() => last.get(key) === settled && last.delete(key));
  }
}

/** `before` never rejects: it is the end of others' work. */
async function waitFor(before: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return void (await before);
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = () => reject(signal.reason);
  signal.addEventListener('abort', leave);
  try {
    await Promise.race([before, promise]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
