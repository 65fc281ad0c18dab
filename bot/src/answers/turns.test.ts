import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTurns, longestWaitInTurns, rememberedMilliseconds, type Waiting } from './turns.ts';

/** GitHub's pace of new comments. */
const pace = 3000;

/** Serves those that wait, one each three seconds; gives their keys in order. */
const serve = (waiting: readonly Waiting[], turns = createTurns(), from = 0): readonly string[] => {
  const left = [...waiting];
  const order: string[] = [];
  for (let now = from; left.length > 0; now += pace) {
    const next = turns.next(left, now);
    if (next === undefined) break;
    order.push(next.key);
    left.splice(left.indexOf(next), 1);
  }
  return order;
};
const askFor = (by: string, at: number, isShort = false): Waiting => ({ key: `${by} ${at}`, by, isShort, at });

test.each<[string, readonly Waiting[], Waiting]>([
  ['one person', Array.from({ length: 267 }, (_, at) => askFor('flood', at)), askFor('ada', 267, true)],
  ['a crowd', Array.from({ length: 267 }, (_, at) => askFor(`one-${at}`, at)), askFor('ada', 267, true)],
  [
    'a crowd that asks what is short',
    Array.from({ length: 267 }, (_, at) => askFor(`n${at}`, at, true)),
    askFor('ada', 267),
  ],
  ['one person who goes on', Array.from({ length: 267 }, (_, at) => askFor('flood', at * 2, true)), askFor('ada', 101)],
])('behind 267 comments of %s somebody else waits for three turns at most', (_whose, crowd, own) => {
  const order = serve([...crowd, own]);
  expect(order.indexOf(own.key)).toBeLessThan(longestWaitInTurns);
  expect(order).toHaveLength(268);
});

test('what is short goes first, and all go once', () => {
  const waiting = [askFor('a', 0), askFor('b', 1), askFor('c', 2, true), askFor('d', 3)];
  expect(serve(waiting)).toEqual(['c 2', 'd 3', 'a 0', 'b 1']);
});

const crowds = fc.uniqueArray(
  fc.record({ by: fc.constantFrom('a', 'b', 'c', 'd', 'e'), isShort: fc.boolean(), at: fc.nat(5000) }),
  { selector: ({ at }) => at, maxLength: 60 },
);

test('whoever waits, the oldest goes within three turns, and who had none lately gets the newest in as many', () => {
  fc.assert(
    fc.property(crowds, crowds, fc.boolean(), (before, crowd, isShort) => {
      const turns = createTurns();
      const named = (those: typeof crowd) => those.map((one) => ({ ...one, key: `${one.by} ${one.at}` }));
      serve(named(before), turns);
      const own = askFor('ada', 5001, isShort);
      const waiting = [...named(crowd), own];
      const order = serve(waiting, turns, before.length * pace);
      expect([...order].sort()).toEqual(waiting.map(({ key }) => key).sort());
      expect(order.indexOf(own.key)).toBeLessThan(longestWaitInTurns);
      const oldest = waiting.reduce((found, one) => (one.at < found.at ? one : found));
      expect(order.indexOf(oldest.key)).toBeLessThan(longestWaitInTurns);
    }),
  );
});

test('a turn counts for a minute', () => {
  const both = [askFor('ada', 9, true), askFor('much', 4, true)];
  const afterTurnsOf = (whose: readonly string[], now: number) => {
    const turns = createTurns();
    for (const by of whose) turns.next([askFor(by, 0, true)], 0);
    return turns.next(both, now)?.by;
  };
  expect(afterTurnsOf(['much', 'much', 'ada'], rememberedMilliseconds - 1)).toBe('ada');
  expect(afterTurnsOf(['ada', 'ada', 'much'], rememberedMilliseconds - 1)).toBe('much');
  // Of those who had as many, the newest.
  expect(afterTurnsOf(['ada', 'ada', 'much'], rememberedMilliseconds)).toBe('ada');
});
