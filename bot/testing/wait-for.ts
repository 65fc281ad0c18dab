// Waiting for a condition in tests: asked again and again until it holds, with a bound.

/** Calls `ask` until it gives a value that is neither undefined nor false. Throws after `seconds`, naming `what`. */
export async function waitFor<T>(what: string, seconds: number, ask: () => Promise<T | undefined | false>): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const value = await ask();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`Waited ${seconds} s in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
