import type { KeyNote } from '@coppice/config';
import { expect, test } from 'vitest';
import { keysOf } from './key-view.ts';

const key = (changes: Partial<KeyNote>): KeyNote => ({
  ...{ fingerprint: 'ABCD1234', kind: 'rsa4096', role: 'signing', endsAt: null, signsFrom: null },
  ...changes,
});

test('each key is shown with its end, its turn, or what it has signed', () => {
  const next = key({ role: 'next', endsAt: '2030-02-03T04:05:06Z', signsFrom: '2028-10-08T04:05:06Z' });
  const keys = [key({ endsAt: '2028-11-29T07:45:07.000Z' }), next, key({ role: 'former', fingerprint: 'EF' })];
  expect(keysOf({ keyFingerprint: 'ABCD1234', keys })).toEqual([
    { fingerprint: 'ABCD 1234', note: 'rsa4096, until 2028-11-29' },
    { fingerprint: 'ABCD 1234', note: 'the next one, rsa4096, signs from 2028-10-08 until 2030-02-03' },
    { fingerprint: 'EF', note: 'a former one: older packages are signed with it' },
  ]);
  expect(keysOf({ keyFingerprint: 'ABCD1234', keys: [key({})] })).toMatchObject([{ note: 'rsa4096, without an end' }]);
});

test('what an older service has written is shown as far as it goes', () => {
  expect(keysOf({ keyFingerprint: 'ABCD1234', keys: [] })).toEqual([{ fingerprint: 'ABCD 1234', note: null }]);
  expect(keysOf({ keyFingerprint: null, keys: [] })).toEqual([]);
  expect(keysOf(null)).toEqual([]);
});
