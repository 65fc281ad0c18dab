import { expect, test } from 'vitest';
import { inTurn } from './in-turn.ts';

test('work on one thing runs one after the other, in order, also after work that failed', async () => {
  const seen: string[] = [];
  const step = (name: string, fails = false) =>
    inTurn('thing', async () => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const ends = await Promise.allSettled([step('a'), step('b', true), step('c')]);
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('work on other things does not wait', async () => {
  const first = Promise.withResolvers<void>();
  const waiting = inTurn('one', () => first.promise);
  expect(await inTurn('other', async () => 'done')).toBe('done');
  first.resolve();
  await waiting;
});

test('who is aborted while waiting leaves at once, and nobody is let in early for it', async () => {
  const first = Promise.withResolvers<void>();
  const seen: string[] = [];
  const holder = inTurn('held', () => first.promise.then(() => void seen.push('holder ends')));
  const stop = new AbortController();
  const leaver = inTurn('held', async () => void seen.push('leaver'), stop.signal);
  const third = inTurn('held', async () => void seen.push('third'));
  stop.abort(new Error('canceled'));
  await expect(leaver).rejects.toThrow('canceled');
  first.resolve();
  await Promise.all([holder, third]);
  expect(seen).toEqual(['holder ends', 'third']);
});
