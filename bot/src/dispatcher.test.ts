import { expect, test } from 'vitest';
import { createDispatcher } from './dispatcher.ts';

const silent = () => undefined;

test('answers are delivered before checks, and nothing before the start', async () => {
  const delivered: string[] = [];
  const dispatcher = createDispatcher({
    log: silent,
    giveUp: async () => undefined,
    deliver: async (key) => {
      delivered.push(key);
      return 'final';
    },
  });
  for (const key of ['check/1', 'check/2', 'answer/1']) dispatcher.wanted(key);
  expect(delivered).toEqual([]);
  dispatcher.start();
  await dispatcher.settled();
  expect(delivered).toEqual(['answer/1', 'check/1', 'check/2']);
  await dispatcher.stop();
});

test('changes that come while one is delivered are delivered together after it', async () => {
  let deliveries = 0;
  let release = silent as () => void;
  const dispatcher = createDispatcher({
    log: silent,
    giveUp: async () => undefined,
    deliver: async () => {
      deliveries += 1;
      if (deliveries === 1) await new Promise<void>((resolve) => (release = resolve));
      return deliveries === 1 ? 'again' : 'final';
    },
  });
  dispatcher.start();
  dispatcher.wanted('answer/1');
  for (let change = 0; change < 100; change += 1) dispatcher.wanted('answer/1');
  release();
  await dispatcher.settled();
  expect(deliveries).toBe(2);
  await dispatcher.stop();
});

test('what failed is tried again later; what can never succeed is given up', async () => {
  const tries = new Map<string, number>();
  const givenUp: string[] = [];
  const dispatcher = createDispatcher({
    log: silent,
    giveUp: async (key) => {
      givenUp.push(key);
    },
    deliver: async (key) => {
      tries.set(key, (tries.get(key) ?? 0) + 1);
      if (key === 'check/gone') throw Object.assign(new Error('Not Found'), { status: 404 });
      if (tries.get(key) === 1) throw Object.assign(new Error('Bad Gateway'), { status: 502 });
      return 'final';
    },
  });
  dispatcher.start();
  dispatcher.wanted('answer/1');
  dispatcher.wanted('check/gone');
  await dispatcher.settled();
  expect([...tries]).toEqual([
    ['answer/1', 2],
    ['check/gone', 1],
  ]);
  expect(givenUp).toEqual(['check/gone']);
  await dispatcher.stop();
});
