import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { collectWithin } from './collect-within.ts';

/** Work that is told to end and has something to finish. */
function slowToEnd() {
  const seen: string[] = [];
  const work = async (signal: AbortSignal) => {
    await delay(60_000, undefined, { signal }).catch(() => undefined);
    await delay(50);
    seen.push('work');
  };
  return { seen, work };
}

test('work that takes too long is a fault of collecting, told when it has ended', async () => {
  const { seen, work } = slowToEnd();
  const told = collectWithin(0.05, new AbortController().signal, work).finally(() => seen.push('told'));
  await expect(told).rejects.toMatchObject({ code: 'collect', message: expect.stringMatching(/longer than 0.05 s/) });
  expect(seen).toEqual(['work', 'told']);
});

test('work that is canceled is told with the reason, when it has ended', async () => {
  const { seen, work } = slowToEnd();
  const cancel = new AbortController();
  const told = collectWithin(60, cancel.signal, work).finally(() => seen.push('told'));
  cancel.abort(new Error('canceled'));
  await expect(told).rejects.toThrow('canceled');
  expect(seen).toEqual(['work', 'told']);
});

test('what the work comes to, and what it throws, is passed on', async () => {
  const { signal } = new AbortController();
  expect(await collectWithin(60, signal, async () => 'done')).toBe('done');
  await expect(collectWithin(60, signal, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});
