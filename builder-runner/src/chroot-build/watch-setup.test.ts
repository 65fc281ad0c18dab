import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchSetup } from './watch-setup.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const begins = '2026-01-02 03:04:05,678 - Start: build setup for hello-1.0-1.src.rpm';
const ends = '2026-01-02 03:04:06,678 - Start: rpmbuild hello-1.0-1.src.rpm';

test('installing is ended after the time limit of the package, counted from its own beginning', () => {
  const watch = watchSetup(60);
  watch.note('state.log', '2026-01-02 03:04:05,678 - Start: chroot init');
  vi.advanceTimersByTime(1_000_000);
  expect([watch.installs(), watch.tooLong.aborted]).toEqual([false, false]);
  watch.note('state.log', begins);
  vi.advanceTimersByTime(59_000);
  expect([watch.installs(), watch.tooLong.aborted]).toEqual([true, false]);
  vi.advanceTimersByTime(1000);
  expect([watch.installs(), watch.tooLong.aborted]).toEqual([true, true]);
});

test.each([
  ['rpmbuild begins', (watch: ReturnType<typeof watchSetup>) => watch.note('state.log', ends)],
  ['mock ends', (watch: ReturnType<typeof watchSetup>) => watch.stop()],
])('nothing is ended when %s in time', (_, inTime) => {
  const watch = watchSetup(60);
  watch.note('build.log', begins);
  expect(watch.installs()).toBe(false);
  watch.note('state.log', begins);
  inTime(watch);
  vi.advanceTimersByTime(1_000_000);
  expect([watch.installs(), watch.tooLong.aborted]).toEqual([false, false]);
});
