import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownMounts, startChild } from '../../testing/queue/child-for-tests.ts';
import { folderForTest } from '../../testing/queue/folder-for-tests.ts';

test('a full disk refuses changes with `full`, changes nothing by them, and is forgotten when there is room again', async () => {
  const program = join(import.meta.dirname, '../../testing/queue/disk-full.child.ts');
  const child = startChild('unshare', [...ownMounts, process.execPath, program, await folderForTest()]);
  expect(await child.ended).toBe(0);
  const report = JSON.parse(child.lines.join('\n'));
  expect(report).toEqual({
    enqueueCode: 'full',
    heldAfterEnqueue: expect.any(Number),
    refused: { code: 'full', unchanged: true },
    together: ['full', 'full', 'full'],
    onDiskEndsWithALine: true,
    numbersGoOn: true,
    claimed: 'srpm',
    // The snapshot did not fit beside the journal: reported, and the journal went on alone.
    snapshotFaults: expect.arrayContaining(['full']),
    same: true,
  });
}, 30_000);
