import fc from 'fast-check';
import { expect, test } from 'vitest';
import { afterFailure, type Breaker, closedBreaker, gateOf, retryPause } from './circuit-breaker.ts';

const settings = { failures: 3, pauseSeconds: 60 };
const fail = (breaker: Breaker, now: number, isProbe = false) =>
  afterFailure(breaker, { isProbe, message: 'no room' }, settings, now);

test('it opens at the third failure in a row, and is probed after the pause', () => {
  const two = fail(fail(closedBreaker, 1000), 2000);
  expect(gateOf(two, 2000)).toBe('closed');
  const three = fail(two, 3000);
  expect(gateOf(three, 3000)).toBe('open');
  expect(gateOf(three, 62_999)).toBe('open');
  expect(gateOf(three, 63_000)).toBe('probe');
  expect(three).toMatchObject({ openSince: 3000, failures: 3, message: 'no room' });
});

test('each failed probe doubles the pause, up to an hour; since when it is open stays', () => {
  let breaker = fail(fail(fail(closedBreaker, 0), 0), 0);
  const pauses: number[] = [];
  for (let probe = 0; probe < 8; probe += 1) {
    const now = breaker.probeAt;
    breaker = fail(breaker, now, true);
    pauses.push((breaker.probeAt - now) / 1000);
  }
  expect(pauses).toEqual([120, 240, 480, 960, 1920, 3600, 3600, 3600]);
  expect(breaker.openSince).toBe(0);
});

test('what was begun before it opened does not make the pause longer', () => {
  const open = fail(fail(fail(closedBreaker, 0), 0), 0);
  expect(fail(open, 30_000)).toMatchObject({ probeAt: open.probeAt, failures: 4 });
});

test('it is never open before so many failures, whatever the times', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 2 }), (times) => {
      const breaker = times.reduce((one, now) => fail(one, now), closedBreaker);
      expect(gateOf(breaker, Number.MAX_SAFE_INTEGER)).toBe('closed');
    }),
  );
});

test('pauses between tries grow', () => {
  expect([0, 1, 2, 3, 4, 9].map((failures) => retryPause(failures) / 1000)).toEqual([0, 1, 5, 25, 60, 60]);
});
