import { expect, test } from 'vitest';
import { createRateGate, limitWait, RateLimited } from './rate-limit.ts';

const now = new Date('2026-01-01T12:00:00Z');
const refused = (status: number, headers: Record<string, string> = {}, message = 'Forbidden') =>
  Object.assign(new Error(message), { status, response: { headers } });

test('the time to wait is the one that GitHub names, in the order that it names them', () => {
  const reset = String(now.getTime() / 1000 + 90);
  expect(limitWait(refused(403, { 'retry-after': '30', 'x-ratelimit-remaining': '0' }), now, 0)).toBe(30_000);
  expect(limitWait(refused(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }), now, 0)).toBe(91_000);
  expect(limitWait(refused(429), now, 0)).toBe(60_000);
});

test("a reset is counted by GitHub's clock, not by ours", () => {
  const headers = {
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(now.getTime() / 1000),
    date: new Date(now.getTime() - 20_000).toUTCString(),
  };
  expect(limitWait(refused(403, headers), new Date(0), 0)).toBe(21_000);
});

test('a secondary limit that stays is left alone longer and longer, but never for more than an hour', () => {
  const secondary = refused(403, {}, 'You have exceeded a secondary rate limit.');
  expect([0, 1, 2, 20].map((before) => limitWait(secondary, now, before))).toEqual([
    60_000, 120_000, 240_000, 3_660_000,
  ]);
});

test('a refusal that is about rights, and any other answer, is no limit', () => {
  expect(limitWait(refused(403, { 'x-ratelimit-remaining': '4999' }), now, 0)).toBeUndefined();
  expect(limitWait(refused(404, { 'retry-after': '30' }), now, 0)).toBeUndefined();
  expect(limitWait(new Error('the network is gone'), now, 0)).toBeUndefined();
  expect(limitWait(undefined, now, 0)).toBeUndefined();
});

test('after "too much" nothing more is asked', async () => {
  const logged: string[] = [];
  const gate = createRateGate(
    () => now,
    (_level, message) => logged.push(message),
  );
  let asked = 0;
  const ask = () =>
    gate.pass(async () => {
      asked += 1;
      throw refused(403, { 'retry-after': '30' });
    });
  await expect(ask()).rejects.toBeInstanceOf(RateLimited);
  await expect(ask()).rejects.toBeInstanceOf(RateLimited);
  expect(asked).toBe(1);
  expect(logged).toEqual([expect.stringContaining('30 s')]);
});
