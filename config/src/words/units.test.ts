import { expect, test } from 'vitest';
import { durationHint, forHowLong, parseDuration, parseSize, suggestDuration } from './units.ts';

test.each([
  ['90s', 90],
  ['30m', 1800],
  ['1h', 3600],
  ['1h30m', 5400],
  ['2d', 172_800],
  ['1d1h1m1s', 90_061],
])('%s is %d seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each(['', '1', 'h', '1 h', '-1h', '1m1h', '1.5h', '1H', '9999999999s'])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test.each([
  ['10 GiB', 10 * 2 ** 30],
  ['512MiB', 512 * 2 ** 20],
  ['1 B', 1],
  ['2 TiB', 2 * 2 ** 40],
])('%s is %d bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(['', '10', '10 GB', '1.5 GiB', '-1 GiB', '10  GiB', 'GiB'])('%j is no size', (text) => {
  expect(parseSize(text)).toBeUndefined();
});

test.each([
  ['1 hour', '1h'],
  ['90 min', '1h30m'],
  ['1.5h', '1h30m'],
  ['1,5 hours', '1h30m'],
  ['1h 30m', '1h30m'],
  ['1 hour, 30 minutes', '1h30m'],
  ['3600', '1h'],
  ['90061 Seconds', '1d1h1m1s'],
  ['2 weeks', undefined],
  ['1h30', undefined],
  ['0', undefined],
  ['-5 min', undefined],
  ['90 Minuten', undefined],
])('%j means %s', (text, meant) => {
  expect(suggestDuration(text)).toBe(meant);
  if (meant !== undefined) expect(parseDuration(meant)).toBeGreaterThan(0);
});

test.each([
  [3600, 'write its unit: `3600s` or `1h`'],
  [7, 'write its unit: `7s`'],
  [0.5, undefined],
  [-1, undefined],
  [Number.POSITIVE_INFINITY, undefined],
])('a number %d where a duration belongs', (seconds, hint) => {
  expect(durationHint(seconds)).toBe(hint);
});

test.each([
  [1_209_600, '14 days'],
  [86_400, '1 day'],
  [129_600, '1 day and 12 hours'],
  [5400, '1 hour and 30 minutes'],
  [3600, '1 hour'],
  [90_061, '1 day, 1 hour, 1 minute and 1 second'],
  [1.9, '1 second'],
  [0, '0 seconds'],
])('%d seconds are %s', (seconds, words) => {
  expect(forHowLong(seconds)).toBe(words);
});
