import { expect, test } from 'vitest';
import { isDiskFull, isWorthAnotherTry, RunnerError } from './errors.ts';

const noSpace = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

test.each([
  ['a write of our own', noSpace],
  ['a program of the control host', new RunnerError('sign', 'gpg failed: No space left on device')],
  [
    'a builder that could not be made here',
    new RunnerError('no-builder', '3 tries: [Errno 28] No space left on device'),
  ],
  ['what caused it', new RunnerError('metadata', 'createrepo_c failed', { cause: noSpace })],
])('the disk of the control host is full: %s', (_, error) => {
  expect(isDiskFull(error)).toBe(true);
});

test.each([
  ['the disk of a builder', new RunnerError('builder', 'sh ended with 1: No space left on device')],
  ['something else', new RunnerError('metadata', 'createrepo_c failed')],
  ['no error at all', 'No space left on device'],
])('it is not: %s', (_, error) => {
  expect(isDiskFull(error)).toBe(false);
});

test('what a builder or a full disk may have spoilt is tried again, a missing key is not', () => {
  const tries = (['lost', 'collect', 'metadata', 'publish', 'keys', 'no-builder'] as const).map((code) =>
    isWorthAnotherTry(new RunnerError(code, 'it failed')),
  );
  expect(tries).toEqual([true, true, true, true, false, false]);
  const refused = Object.assign(new Error('ENOTEMPTY'), { code: 'ENOTEMPTY', syscall: 'rmdir' });
  expect([refused, new TypeError('a bug')].map(isWorthAnotherTry)).toEqual([true, false]);
});
