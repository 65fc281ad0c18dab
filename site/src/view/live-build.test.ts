import { liveBuildSchema } from '@coppice/config';
import { expect, test } from 'vitest';
import {
  at,
  fixtureChroot,
  fixtureQueued,
  fixtureQueuedChroot,
  fixtureResult,
  fixtureSite,
} from '../../testing/fixture.ts';
import { expectedSeconds } from '../history/expected.ts';
import { liveBuild } from './live-build.ts';

const took = (id: number, seconds: number) =>
  fixtureResult({ id, startedAt: at(id * 100), endedAt: at(id * 100 + seconds) });
const running = fixtureQueued({ id: 9, chroots: [fixtureQueuedChroot({ state: 'running', phase: 'build' })] });

test('says what each chroot does, as its schema has it', () => {
  const [build] = fixtureSite({ queue: [running] }).builds;
  const live = liveBuildSchema.parse(liveBuild(build!, new Map([[fixtureChroot, 41]])));
  expect(live).toMatchObject({ id: 9, state: 'running', verdict: 'hello is being built for Sapling 12.' });
  expect(live.runs.map(({ chroot, phase, expectedSeconds: seconds }) => [chroot, phase?.name, seconds])).toEqual([
    ['srpm', undefined, null],
    [fixtureChroot, 'build', 41],
  ]);
});

test('has another revision whenever it says anything else, and the same one otherwise', () => {
  const of = (state: 'running' | 'starting', expected = 41) =>
    liveBuild(
      fixtureSite({ queue: [{ ...running, chroots: [fixtureQueuedChroot({ state })] }] }).builds[0]!,
      new Map([[fixtureChroot, expected]]),
    ).revision;
  expect(of('running')).toBe(of('running'));
  expect(new Set([of('running'), of('starting'), of('running', 42)]).size).toBe(3);
});

test('its final state names no phase and expects nothing any more', () => {
  const { history, builds } = fixtureSite({ results: [took(1, 10), took(9, 20)] });
  const build = builds.find(({ id }) => id === 9)!;
  const live = liveBuildSchema.parse(liveBuild(build, expectedSeconds(history, build)));
  expect(live).toMatchObject({ state: 'succeeded', endedAt: at(920) });
  expect(live.runs.map(({ phase, expectedSeconds: seconds }) => [phase, seconds])).toEqual([[null, null]]);
});

test('expects the median of the last five good builds of this package in this chroot, of those before it', () => {
  const results = [
    ...[took(1, 9000), took(2, 50), took(3, 10), took(4, 40), took(5, 20), took(6, 30)],
    fixtureResult({ id: 7, state: 'failed', reason: 'check', startedAt: at(700), endedAt: at(701) }),
    fixtureResult({ id: 8, package: 'other', startedAt: at(800), endedAt: at(801) }),
    took(10, 5000),
  ];
  const { history } = fixtureSite({ results, queue: [running] });
  expect([...expectedSeconds(history, history.build(9)!)]).toEqual([[fixtureChroot, 30]]);
});

test('expects nothing of what was never built', () => {
  const { history } = fixtureSite({ queue: [running] });
  expect([...expectedSeconds(history, history.build(9)!)]).toEqual([]);
});
