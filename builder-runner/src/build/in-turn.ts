// Work on one thing, one after the other, in this process; the store's lock keeps other processes out.

const last = new Map<string, Promise<unknown>>();

/** Runs `work` when all earlier work with the same `key` has ended, well or not. */
export async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = last.get(key) ?? Promise.resolve();
  const mine = before.then(work, work);
  const settled = mine.then(
    () => undefined,
    () => undefined,
  );
  last.set(key, settled);
  try {
    return await mine;
  } finally {
    if (last.get(key) === settled) last.delete(key);
  }
}
