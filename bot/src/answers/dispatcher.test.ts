import { afterEach, expect, test, vi } from 'vitest';
import { RateLimited } from '../github/rate-limit.ts';
import { createDispatcher } from './dispatcher.ts';

const silent = () => undefined;
afterEach(() => void vi.useRealTimers());

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
    editMilliseconds: 50,
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

test('what fails again and again is tried later and later, up to five minutes; after a success it begins anew', async () => {
  vi.useFakeTimers();
  const began = performance.now();
  const at: number[] = [];
  const dispatcher = createDispatcher({
    log: silent,
    editMilliseconds: 0,
    giveUp: async () => undefined,
    deliver: async () => {
      at.push((performance.now() - began) / 1000);
      if (at.length === 12) return 'again';
      throw Object.assign(new Error('Bad Gateway'), { status: 502 });
    },
  });
  dispatcher.start();
  dispatcher.wanted('answer/1');
  const whenTried = async (times: number) => {
    // What is wanted meanwhile does not bring a failing one forward.
    for (; at.length < times; await vi.advanceTimersByTimeAsync(500)) dispatcher.wanted('answer/1');
  };
  await whenTried(12);
  const pauses = () => at.slice(1).map((time, index) => Math.round(time - (at[index] ?? 0)));
  expect(pauses()).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
  await whenTried(15);
  expect(pauses().slice(12)).toEqual([1, 2]);
  await dispatcher.stop();
});

test('two edits of one key keep their distance, the first does not wait, and the last state is always delivered', async () => {
  vi.useFakeTimers();
  const began = performance.now();
  const at: number[] = [];
  let state = 0;
  let delivered = -1;
  let isOver = false;
  const dispatcher = createDispatcher({
    log: silent,
    editMilliseconds: 60,
    giveUp: async () => undefined,
    deliver: async () => {
      at.push(performance.now() - began);
      delivered = state;
      return isOver ? 'final' : 'again';
    },
  });
  dispatcher.start();
  while (state < 50) {
    dispatcher.wanted('answer/1');
    state += 1;
    await vi.advanceTimersByTimeAsync(4);
  }
  // Not before: what was final is forgotten, and what is wanted of it afterwards is a first one again.
  isOver = true;
  dispatcher.wanted('answer/1');
  await vi.advanceTimersByTimeAsync(60);
  await dispatcher.settled();
  expect([delivered, at]).toEqual([50, [0, 60, 120, 180, 240]]);
  await dispatcher.stop();
});

test('while GitHub takes no requests nothing is tried, and then everything is delivered without counting as a failure', async () => {
  const tries: string[] = [];
  const complaints: string[] = [];
  let limited = true;
  const dispatcher = createDispatcher({
    log: (_level, message) => complaints.push(message),
    giveUp: async () => undefined,
    deliver: async (key) => {
      tries.push(key);
      if (limited) throw new RateLimited(performance.now() + 40);
      return 'final';
    },
  });
  dispatcher.start();
  dispatcher.wanted('answer/1', { by: 'ada', isShort: true });
  for (const at of [1, 2, 3, 4, 5, 6, 7, 8]) dispatcher.wanted(`check/${at}`);
  await new Promise((resolve) => setImmediate(resolve));
  expect(tries).toEqual(['answer/1', 'check/1']);
  limited = false;
  await dispatcher.settled();
  expect(tries.slice(2)).toEqual(['answer/1', ...[2, 3, 4, 5, 6, 7, 8, 1].map((at) => `check/${at}`)]);
  expect(complaints).toEqual([]);
  await dispatcher.stop();
});

test('behind 267 new answers of a crowd one person waits for three of them, and checks go on beside', async () => {
  vi.useFakeTimers();
  const delivered: string[] = [];
  const underWay = new Set<string>();
  let most = 0;
  const dispatcher = createDispatcher({
    log: silent,
    giveUp: async () => undefined,
    deliver: async (key) => {
      underWay.add(key);
      most = Math.max(most, underWay.size);
      // GitHub's paces: three seconds between new comments, one between other writes.
      await new Promise((resolve) => setTimeout(resolve, key.startsWith('answer') ? 3000 : 1000));
      underWay.delete(key);
      delivered.push(key);
      return 'final';
    },
  });
  dispatcher.start();
  for (let at = 0; at < 267; at += 1) dispatcher.wanted(`answer/${at}`, { by: `one-${at}`, isShort: true });
  for (let at = 0; at < 10; at += 1) dispatcher.wanted(`check/${at}`);
  await vi.advanceTimersByTimeAsync(31_000);
  const before = delivered.length;
  expect(delivered.filter((key) => key.startsWith('check/'))).toHaveLength(10);
  dispatcher.wanted('answer/status', { by: 'ada', isShort: true });
  // One that is under way, and three turns.
  await vi.advanceTimersByTimeAsync(4 * 3000);
  expect(delivered.slice(before)).toContain('answer/status');
  await vi.advanceTimersByTimeAsync(268 * 3000);
  expect(new Set(delivered).size).toBe(267 + 10 + 1);
  expect(most).toBe(2);
  await dispatcher.stop();
});

test('a timer that fires a hair early loses nothing that becomes due while the clock is looked at', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  // The clock moves on by a little each time that somebody looks at it.
  let clock = 0;
  const looks = vi.spyOn(performance, 'now').mockImplementation(() => (clock += 0.5));
  try {
    const stuck: number[] = [];
    // Wherever the moment falls between two looks.
    for (let early = 0; early < 3; early += 0.1) {
      clock = 1000;
      let deliveries = 0;
      const dispatcher = createDispatcher({
        ...{ log: silent, editMilliseconds: 100, giveUp: async () => undefined },
        deliver: async () => {
          deliveries += 1;
          return deliveries === 1 ? 'again' : 'final';
        },
      });
      dispatcher.start();
      dispatcher.wanted('check/1');
      await vi.advanceTimersByTimeAsync(0);
      dispatcher.wanted('check/1');
      clock = 1100 - early + 2;
      await vi.advanceTimersByTimeAsync(1000);
      if (deliveries !== 2) stuck.push(early);
      await dispatcher.stop();
    }
    expect(stuck).toEqual([]);
  } finally {
    looks.mockRestore();
  }
});
