import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { diskWarning } from './disk-room.ts';

test('the start says how little is free and what builds need, and nothing where it is enough', async () => {
  expect(await diskWarning(tmpdir(), 2 ** 80)).toMatch(
    /^Only \d+\.\d GiB free in .*: free some space: builds need at least 2 GiB$/,
  );
  expect(await diskWarning(tmpdir(), 0)).toBeUndefined();
});
