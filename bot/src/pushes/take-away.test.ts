import { afterEach, describe, expect, test, vi } from 'vitest';
import { configOf } from '../../testing/config-of.ts';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import { type BotState, initialBotState } from '../vocabulary/bot-state.ts';
import type { Job } from '../vocabulary/job.ts';
import { createDepartures, dueNow, takeAwayDue } from './take-away.ts';

afterEach(() => void vi.useRealTimers());

const deleteAt = '2026-01-31T15:00:00.000Z';
const time = Date.parse(deleteAt);
const leaving = (name: string, at = deleteAt) => ({
  ...{ project: `acme/${name}`, statedAt: 'a', leftAt: 'b', by: 'mia', deleteAt: at },
});
const refused = { commit: 'c', problems: 1, first: ['x'] };
const job: Job & { kind: 'take-away' } = { kind: 'take-away', project: 'acme/tools', deleteAt };
const stateWith = (more: Partial<BotState>): BotState => ({
  ...{ ...initialBotState(), handledCommit: 'b', goodCommit: 'b', leaving: [leaving('tools'), leaving('games')] },
  ...more,
});

test.each<[string, Partial<BotState>, number, readonly string[], number]>([
  ['nothing is due before its time, and the wait ends with it', {}, time - 5000, [], 5000],
  ['what is due is due, and looked at again', {}, time, ['acme/tools', 'acme/games'], 60_000],
  ['a far day is waited for by the hour', { leaving: [leaving('tools', '2027-01-01T00:00:00Z')] }, time, [], 3_600_000],
  ['what waits to be deleted is not asked for twice', { inbox: [{ id: 'x', job }] }, time, ['acme/games'], 60_000],
  ['nothing is due while the newest commit is refused', { refused }, time, [], 3_600_000],
])('%s', (_what, state, now, expected, waitMilliseconds) => {
  const found = dueNow(stateWith(state), new Map(), now);
  expect({ ...found, due: found.due.map(({ project }) => project) }).toEqual({ due: expected, waitMilliseconds });
});

test('a deletion that did not come about is tried again after a minute, not at each look', async () => {
  vi.useFakeTimers({ now: time - 1000 });
  const keys: string[] = [];
  const departures = createDepartures({
    config: () => undefined,
    ...{ state: () => stateWith({ leaving: [leaving('tools')] }), now: () => new Date(), log: () => undefined },
    accept: async (key) => keys.push(key),
  });
  for (let look = 0; look < 3; look += 1) departures.look();
  expect(keys).toEqual([]);
  await vi.advanceTimersByTimeAsync(1000);
  for (let look = 0; look < 3; look += 1) departures.look();
  expect(keys).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(new Set(keys).size).toBe(2);
  departures.stop();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(keys).toHaveLength(2);
});

const work = async (state: Partial<BotState>, headCommit: () => Promise<string> = async () => 'b') => {
  const removed: string[] = [];
  let inForce = { commit: 'b', leaving: stateWith({}).leaving } as unknown as ConfigAtCommit;
  const handled = await takeAwayDue(job, {
    ...{ state: () => stateWith(state), config: () => inForce, headCommit, log: () => undefined },
    adopt: (config) => {
      inForce = config;
    },
    removePackage: async ({ owner, name }, packageName) => void removed.push(`${owner}/${name}/${packageName}`),
    remove: async ({ owner, name }) => void removed.push(`${owner}/${name}`),
  });
  return { removed, handled, left: inForce.leaving?.map(({ project }) => project) };
};

test('a project whose time is over goes, and nothing else', async () => {
  expect(await work({})).toEqual({
    removed: ['acme/tools'],
    handled: { checks: [], leaving: [leaving('games')] },
    left: ['acme/games'],
  });
});

describe('a package that left its project', () => {
  const config = configOf({
    'coppice.yaml': 'admins: [ada]\nchroots: [sapling-12-x86_64]\n',
    'projects/acme/one.yaml':
      'maintainers: [mia]\nchroots: [sapling-12-x86_64]\npackages: { back: { source: { type: git, url: https://a.example/a.git, ref: main } } }\n',
  });
  const left = (name: string) => ({
    ...{
      project: 'acme/one',
      package: name,
      leftAt: 'b',
      by: 'mia',
      since: new Date(time - 14 * 86_400_000).toISOString(),
    },
  });
  const at = { commit: 'b', config, departed: [left('gone'), left('back')] } as unknown as ConfigAtCommit;
  const all = stateWith({ leaving: [], departed: [left('gone'), left('back')] });
  const goes: Job & { kind: 'take-away' } = { kind: 'take-away', project: 'acme/one', package: 'gone', deleteAt };

  test('is due when its time is over, and one that is back is not', () => {
    expect(dueNow(all, new Map(), time - 1000, at)).toEqual({ due: [], waitMilliseconds: 1000 });
    const { due } = dueNow(all, new Map(), time, at);
    expect(due).toEqual([{ project: 'acme/one', package: 'gone', deleteAt }]);
    expect(dueNow({ ...all, inbox: [{ id: 'x', job: goes }] }, new Map(), time, at).due).toEqual([]);
    expect(dueNow({ ...all, refused }, new Map(), time, at).due).toEqual([]);
  });

  test.each<[string, Job & { kind: 'take-away' }, string, readonly string[]]>([
    ['goes, and nothing else', goes, 'b', ['acme/one/gone']],
    ['stays when it is back', { ...goes, package: 'back' }, 'b', []],
    ['stays when its time is another one now', { ...goes, deleteAt: '2026-01-30T15:00:00.000Z' }, 'b', []],
    ['stays while GitHub has a commit that was not handled', goes, 'd', []],
  ])('%s', async (_what, given, head, expected) => {
    const removed: string[] = [];
    let inForce = at;
    const handled = await takeAwayDue(given, {
      ...{ state: () => all, config: () => inForce, headCommit: async () => head, log: () => undefined },
      adopt: (fresh) => {
        inForce = fresh;
      },
      remove: async () => void removed.push('the project'),
      removePackage: async ({ owner, name }, packageName) => void removed.push(`${owner}/${name}/${packageName}`),
    });
    expect(removed).toEqual(expected);
    const isGone = expected.length > 0;
    expect(handled).toEqual(isGone ? { checks: [], departed: [left('back')] } : { checks: [] });
    expect(inForce.departed).toEqual(isGone ? [left('back')] : at.departed);
  });
});

test.each<[string, Partial<BotState>, string]>([
  ['it is back', { leaving: [leaving('games')] }, 'b'],
  ['it left again meanwhile, and has its time anew', { leaving: [leaving('tools', '2026-01-31T16:00:00Z')] }, 'b'],
  ['GitHub has a commit that was not handled', {}, 'd'],
  ['the newest commit is refused', { refused, handledCommit: 'c' }, 'c'],
])('a project stays when %s', async (_why, state, head) => {
  expect((await work(state, async () => head)).removed).toEqual([]);
});

test('a project stays when GitHub cannot be asked', async () => {
  const gone = new Error('the network is gone');
  await expect(work({}, () => Promise.reject(gone))).rejects.toBe(gone);
});
