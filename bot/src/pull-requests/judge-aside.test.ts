import { expect, test } from 'vitest';
import { NotYet } from '../vocabulary/not-yet.ts';
import type { HeadFacts, HeadPlan } from './head-facts.ts';
import { createAsideJudge } from './judge-aside.ts';

const place = (head: string) => ({ head, tip: 'a', inForce: undefined });
const background = { leaving: [], builds: new Map(), deleteAt: null, now: '2026-01-31T14:00:00Z' };

/** Ends each judgement when it is told to. */
function slowJudge() {
  const under: { readonly head: string; readonly end: PromiseWithResolvers<unknown> }[] = [];
  const judge = (head: string) => {
    const end = Promise.withResolvers<unknown>();
    under.push({ head, end });
    return end.promise;
  };
  const aside = createAsideJudge({
    examine: ({ head }) => judge(head) as Promise<HeadFacts>,
    plan: ({ head }) => judge(`plan of ${head}`) as Promise<HeadPlan>,
  });
  const examine = (login: string, batch: string, head = batch) =>
    aside.readerFor(login, batch).examine(place(head), background);
  return { aside, examine, under };
}
const notYet = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable(),
    (error: unknown) => (error instanceof NotYet ? error : Promise.reject(error)),
  );

test('a question is judged once: it is not answered yet, and has its answer afterwards', async () => {
  const { examine, under } = slowJudge();
  const first = await notYet(examine('mallory', 'one'));
  await notYet(examine('mallory', 'one'));
  expect(under.map(({ head }) => head)).toEqual(['one']);
  under[0]?.end.resolve('facts');
  await first.ready;
  expect(await examine('mallory', 'one')).toBe('facts');
  expect(under).toHaveLength(1);
});

test('what is thrown is the answer too', async () => {
  const { examine, under } = slowJudge();
  const { ready } = await notYet(examine('mallory', 'one'));
  under[0]?.end.reject(new Error('too much'));
  await ready;
  await expect(examine('mallory', 'one')).rejects.toThrow('too much');
});

test('of one person one head is judged at a time, and nobody else waits for the others', async () => {
  const { examine, under } = slowJudge();
  const waits = [];
  for (const batch of ['one', 'two', 'three']) waits.push(await notYet(examine('mallory', batch)));
  await notYet(examine('ada', 'four'));
  await Promise.resolve();
  expect(under.map(({ head }) => head)).toEqual(['one', 'four']);
  under[0]?.end.resolve('facts');
  await waits[0]?.ready;
  await Promise.resolve();
  expect(under.map(({ head }) => head)).toEqual(['one', 'four', 'two']);
});

test('a delivery that has ended is forgotten with all of its commands, and others are not', async () => {
  const { aside, examine, under } = slowJudge();
  for (const batch of ['7', '7/2', '71']) {
    const { ready } = await notYet(examine(batch, batch));
    under.at(-1)?.end.resolve(batch);
    await ready;
  }
  aside.forget('7');
  await notYet(examine('ada', '7'));
  await notYet(examine('bea', '7/2'));
  expect(await examine('71', '71')).toBe('71');
});
