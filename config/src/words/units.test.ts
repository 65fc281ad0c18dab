import { expect, test } from 'vitest';
import { parseDuration, parseSize } from './units.ts';

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
