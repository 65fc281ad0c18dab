import { afterEach, expect, test, vi } from 'vitest';
import { AccessLost } from '../github/access-lost.ts';
import type { Github } from '../github/github.ts';
import { initialBotState } from '../vocabulary/bot-state.ts';
import { createReconciler } from './reconcile.ts';

afterEach(() => void vi.useRealTimers());

const gaps = (times: readonly number[]) => times.slice(1).map((time, index) => Math.round(time - (times[index] ?? 0)));

/**
 * A reconciler that looks every ten seconds of a clock of its own, and when it asked GitHub for the head, in seconds.
 */
function watch(
  head: (index: number) => Promise<Awaited<ReturnType<Github['head']>>>,
  {
    check = async () => undefined,
    state = initialBotState,
  }: { check?: () => Promise<void>; state?: typeof initialBotState } = {},
) {
  vi.useFakeTimers();
  const asked: number[] = [];
  const accepted: { readonly key: string; readonly at: number }[] = [];
  const reconciler = createReconciler({
    github: {
      head: () => head(asked.push(performance.now() / 1000) - 1),
      openPulls: async () => [],
      mergeGroups: async () => [],
      comments: async () => [],
      newestComment: async () => undefined,
      check,
    } as unknown as Github,
    state,
    knowsBot: () => false,
    commit: async () => undefined,
    // Known by its name already: what is asked for again gets a new one.
    accept: async (key) => {
      accepted.push({ key, at: performance.now() / 1000 });
      return false;
    },
    looked: () => undefined,
    seconds: 10,
    now: () => new Date(),
    log: () => undefined,
  });
  return { reconciler, asked, accepted };
}

test('when GitHub cannot be asked it is asked later and later, up to an hour; after an answer as before', async () => {
  const { reconciler, asked } = watch(async (index) => {
    if (index === 11) return { branch: 'main', commit: 'a'.repeat(40) } as Awaited<ReturnType<Github['head']>>;
    throw new Error('the network is gone');
  });
  await reconciler.start();
  while (asked.length < 14) await vi.advanceTimersByTimeAsync(1000);
  await reconciler.stop();
  expect(gaps(asked)).toEqual([10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 10, 10]);
});

test('one look that fails is no fault, three in a row are, and the next answer ends it', async () => {
  const { reconciler, asked } = watch(async (index) => {
    if (index < 4) throw new Error('the network is gone');
    return { branch: 'main', commit: 'a'.repeat(40) } as Awaited<ReturnType<Github['head']>>;
  });
  await reconciler.start();
  const seen: unknown[] = [];
  while (asked.length < 5) {
    seen[asked.length] = reconciler.fault()?.message;
    await vi.advanceTimersByTimeAsync(1000);
  }
  await vi.advanceTimersByTimeAsync(1000);
  await reconciler.stop();
  const many = (count: number) => `GitHub could not be asked ${count} times in a row`;
  expect(seen.slice(1)).toEqual([undefined, undefined, many(3), many(4)]);
  expect(reconciler.fault()).toBeUndefined();
});

test('an app that is not installed any more is a fault at once, and is looked for every five minutes', async () => {
  const { reconciler, asked } = watch(
    async () => {
      throw new Error('Not Found');
    },
    {
      check: async () => {
        throw new AccessLost('not installed', 'acme/packages');
      },
    },
  );
  await reconciler.start();
  expect(reconciler.fault()?.message).toContain('not installed on acme/packages');
  await vi.advanceTimersByTimeAsync(3_600_000);
  await reconciler.stop();
  expect(asked).toEqual([]);
});

test('work whose outcome stays missing is asked for again later and later, not at each look', async () => {
  const { reconciler, asked, accepted } = watch(
    async () => ({ branch: 'main', commit: 'a'.repeat(40) }) as Awaited<ReturnType<Github['head']>>,
  );
  await reconciler.start();
  while (asked.length < 40) await vi.advanceTimersByTimeAsync(1000);
  await reconciler.stop();
  expect(gaps(asked)).toEqual(Array(39).fill(10));
  const again = accepted.filter(({ key }) => /\/\d+$/.test(key));
  expect(gaps(again.map(({ at }) => at))).toEqual([10, 20, 40, 80, 160]);
});

test('a branch that goes to another commit and back is followed at each look, whoever told of the other one', async () => {
  const state = { ...initialBotState(), handledCommit: 'b' as string | null };
  let head = 'a';
  const { reconciler, accepted } = watch(
    async () => ({ branch: 'main', commit: head }) as Awaited<ReturnType<Github['head']>>,
    { state: () => state },
  );
  const found = () =>
    accepted
      .splice(0)
      .at(-1)
      ?.key.replace(/\/\d+$/, '');
  const look = async () => {
    await vi.advanceTimersByTimeAsync(10_000);
    return found();
  };
  await reconciler.start();
  const seen = [found()];
  for (let time = 0; time < 3; time += 1) {
    // A webhook tells of the other commit, that of the way back is lost.
    await reconciler.hear(`d${time}`, { kind: 'push', commit: 'c', branch: 'main', pusher: 'mia' });
    state.handledCommit = 'c';
    accepted.splice(0);
    seen.push(await look());
  }
  for (let time = 0; time < 3; time += 1) {
    // Both are found by looks only.
    [state.handledCommit, head] = ['a', 'c'];
    seen.push(await look());
    [state.handledCommit, head] = ['c', 'a'];
    seen.push(await look());
  }
  await reconciler.stop();
  expect(seen.join(' ')).toBe('push/a push/a push/a push/a push/c push/a push/c push/a push/c push/a');
});

test('a commit whose push was known before and is told of again is worked off behind what is under way', async () => {
  const accepted: [string, unknown][] = [];
  const known = new Set(['push/a']);
  const reconciler = createReconciler({
    ...{ github: {} as Github, commit: async () => undefined, looked: () => undefined, seconds: 10 },
    ...{ now: () => new Date(), log: () => undefined, knowsBot: () => false },
    // While another commit is being worked off this one is still the handled one.
    state: () => ({ ...initialBotState(), handledCommit: 'a' }),
    accept: async (key, job) => {
      accepted.push([key, job]);
      return !known.has(key);
    },
  });
  const job = { kind: 'push', commit: 'a', branch: 'main', pusher: 'mia' } as const;
  expect(await reconciler.hear('d1', job)).toBe(false);
  expect(accepted).toEqual([
    ['push/a', job],
    ['push/a/d1', { ...job, again: true }],
  ]);
});
