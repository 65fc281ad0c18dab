import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownMounts, startChild } from '../../testing/queue/child-for-tests.ts';
import { folderForTest } from '../../testing/queue/folder-for-tests.ts';

test('on a full disk a store refuses what can wait, goes on in the room that it held, says when that is used up, and takes it again', async () => {
  const program = join(import.meta.dirname, '../../testing/queue/reserve.child.ts');
  const child = startChild('unshare', [...ownMounts, process.execPath, program, await folderForTest()]);
  expect(await child.ended).toBe(0);
  expect(JSON.parse(child.lines.join('\n'))).toEqual({
    atStart: true,
    isRefused: true,
    wasWritten: true,
    refusal: 'full',
    whenFull: false,
    lost: 0,
    afterwards: true,
    last: 'more',
  });
}, 30_000);
