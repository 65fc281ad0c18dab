// Work on one repository or one key never overlaps inside this process; the process is the only writer (see the queue's lock).
const tails = new Map<string, Promise<unknown>>();

/** Runs `work` after all earlier work with the same key has ended, whichever way. */
export function oneAtATime<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = tails.get(key) ?? Promise.resolve();
  const result = before.then(work, work);
  const tail = result.then(
    () => undefined,
    () => undefined,
  );
  tails.set(key, tail);
  tail.then(() => {
    if (tails.get(key) === tail) tails.delete(key);
  });
  return result;
}
