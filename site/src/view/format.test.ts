import { expect, test } from 'vitest';
import {
  chrootLabel,
  formatBytes,
  formatFingerprint,
  formatSeconds,
  formatTime,
  sayDuration,
  sayList,
  secondsBetween,
} from './format.ts';

test.each([
  [0, '0 s'],
  [0.04, '0 s'],
  [9.94, '9.9 s'],
  [9.96, '10 s'],
  [59.4, '59 s'],
  [59.6, '1 min 00 s'],
  [185, '3 min 05 s'],
  [7620, '2 h 07 min'],
])('%d seconds read %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test('durations in sentences have words and a singular', () => {
  expect([0.2, 1, 41, 59.7].map(sayDuration)).toEqual(['1 second', '1 second', '41 seconds', '1 min 00 s']);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [48_213, '48.2 kB'],
  [131_072, '131 kB'],
  [999_600, '1.0 MB'],
  [3e15, '3000 TB'],
])('%d bytes read %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test('times are UTC, whatever the zone of the machine', () => {
  expect(formatTime('2026-11-02T07:04:59.000Z')).toBe('2 Nov 2026, 07:04 UTC');
});

test('time never runs backwards', () => {
  expect(secondsBetween('2026-11-02T07:00:10Z', '2026-11-02T07:00:00Z')).toBe(0);
});

test.each([
  ['sapling-12-x86_64', 'Sapling 12'],
  ['fedora-42-aarch64', 'Fedora 42 (aarch64)'],
  ['epel-9-x86_64', 'EPEL 9'],
  ['opensuse-tumbleweed-x86_64', 'openSUSE Tumbleweed'],
  ['opensuse-leap-15.6-x86_64', 'openSUSE Leap 15.6'],
  ['fedora-rawhide-s390x', 'Fedora Rawhide (s390x)'],
  ['centos-stream-9-x86_64', 'CentOS Stream 9'],
  ['srpm', 'Source package'],
  ['<b>', '<b>'],
])('%s is shown as %s', (name, label) => {
  expect(chrootLabel(name)).toBe(label);
});

test('lists and fingerprints are grouped as people read them', () => {
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(sayList)).toEqual(['', 'a', 'a and b', 'a, b and c']);
  expect(formatFingerprint('ABCD1234EF')).toBe('ABCD 1234 EF');
});
