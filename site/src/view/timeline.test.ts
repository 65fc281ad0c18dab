import { expect, test } from 'vitest';
import { at, fixtureQueued, fixtureQueuedChroot, fixtureResult, fixtureSite } from '../../testing/fixture.ts';
import { timelineOf } from './timeline.ts';

test('bars stand end to end and fill the line', () => {
  const run = fixtureSite({ results: [fixtureResult()] }).builds[0]!.chroots[0]!;
  const { bars, totalSeconds, waitedSeconds, current } = timelineOf(run);
  expect([totalSeconds, waitedSeconds].map((seconds) => seconds.toFixed(1))).toEqual(['39.8', '1.2']);
  expect(bars.map((bar) => bar.name).slice(0, 2)).toEqual(['srpm', 'spawn']);
  for (const [index, bar] of bars.slice(1).entries()) {
    expect(bar.left).toBeCloseTo(bars[index]!.left + bars[index]!.width, 1);
  }
  expect(bars.at(-1)!.left + bars.at(-1)!.width).toBeCloseTo(100, 1);
  expect(current).toBeNull();
});

test('a build without phases has no bars, one that runs says since when', () => {
  const chroots = [fixtureQueuedChroot({ state: 'running', phase: 'spawn', phaseStartedAt: at(3) })];
  const run = fixtureSite({ queue: [fixtureQueued({ chroots })] }).builds[0]!.chroots[0]!;
  expect(timelineOf(run)).toEqual({
    bars: [],
    totalSeconds: 0,
    waitedSeconds: 0,
    current: { name: 'spawn', title: 'Starting a builder', since: at(3) },
  });
});

test('phases of no length at all do not divide by zero', () => {
  const phases = [{ name: 'build' as const, startedAt: at(0), seconds: 0 }];
  const run = fixtureSite({ results: [fixtureResult({ phases })] }).builds[0]!.chroots[0]!;
  expect(timelineOf(run).bars).toMatchObject([{ left: 0, width: 0 }]);
});
