import { expect, test } from 'vitest';
import { decideRetention, type EndedBuild } from './decide-retention.ts';

const day = 86_400_000;
const now = new Date(100 * day);
const build = (id: number, state: EndedBuild['state'], dayEnded: number, reason: EndedBuild['reason'] = null) => ({
  ...{ folder: `${String(id).padStart(8, '0')}-one`, id, package: 'one', state, reason, endedAt: dayEnded * day },
});
const unbounded = { failedSeconds: 1e9, supersededSeconds: 1e9, failedBuilds: null, supersededBuilds: null };
const idsOf = (builds: readonly EndedBuild[], bounds: Partial<typeof unbounded> | object) =>
  decideRetention(builds, { ...unbounded, ...bounds }, now)
    .map(({ id }) => id)
    .sort((one, other) => one - other);

test('a superseded build goes so long after the next good one ended, the newest good one never', () => {
  const builds = [build(1, 'succeeded', 10), build(2, 'succeeded', 50), build(3, 'succeeded', 80)];
  expect(idsOf(builds, { supersededSeconds: 50 * 86_400 })).toEqual([1]);
  expect(idsOf(builds, { supersededSeconds: 50 * 86_400 + 1 })).toEqual([]);
  expect(idsOf(builds, { supersededSeconds: 0 })).toEqual([1, 2]);
  // The later one ended first.
  expect(idsOf([build(1, 'succeeded', 90), build(2, 'succeeded', 10)], { supersededSeconds: 20 * 86_400 })).toEqual([]);
});

test('a build that did not succeed goes so long after it ended, but the last one that a plan compares with never', () => {
  const builds = [build(1, 'failed', 1), build(2, 'canceled', 2), build(3, 'failed', 3), build(4, 'skipped', 99)];
  expect(idsOf(builds, { failedSeconds: 10 * 86_400 })).toEqual([1, 2, 3]);
  expect(idsOf(builds.slice(0, 3), { failedSeconds: 0 })).toEqual([1, 2]);
  const broken = [build(1, 'failed', 1), build(2, 'failed', 2, 'infrastructure')];
  expect(idsOf(broken, { failedSeconds: 0 })).toEqual([2]);
});

test('only so many stay of a package, the newest, whatever their age', () => {
  const good = [1, 2, 3, 4].map((id) => build(id, 'succeeded', 99));
  const bad = [5, 6, 7, 8].map((id) => build(id, 'failed', 99));
  expect(idsOf([...good, ...bad], { supersededBuilds: 1 })).toEqual([1, 2]);
  expect(idsOf([...good, ...bad], { supersededBuilds: 0 })).toEqual([1, 2, 3]);
  expect(idsOf([...good, ...bad], { failedBuilds: 2 })).toEqual([5, 6]);
  const other = { ...build(9, 'failed', 99), package: 'two' };
  expect(idsOf([...bad, other], { failedBuilds: 4 })).toEqual([]);
});
