import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startChild } from '../../testing/queue/child-for-tests.ts';
import { folderForTest } from '../../testing/queue/folder-for-tests.ts';
import { lockFolder } from './lock.ts';

test('a folder that another process writes in is refused, with the folder and the pid, until that process is killed', async () => {
  const folder = await folderForTest();
  const child = startChild(process.execPath, [join(import.meta.dirname, '../../testing/queue/lock.child.ts'), folder]);
  onTestFinished(() => void child.process.kill('SIGKILL'));
  expect(await child.firstLine).toBe('locked');
  await expect(lockFolder(folder)).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining(`${folder} is in use by the process ${child.process.pid}:`),
  });
  child.process.kill('SIGKILL');
  await child.ended;
  const lock = await lockFolder(folder);
  await lock.release();
});

test('of many who want the folder at the same time exactly one gets it', async () => {
  const folder = await folderForTest();
  const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
  const got = tries.filter((each) => each.status === 'fulfilled');
  expect(got).toHaveLength(1);
  const codes = tries.filter((each) => each.status === 'rejected').map(({ reason }) => reason.code);
  expect(codes).toEqual(Array(7).fill('locked'));
  await got[0]?.value.release();
  await (await lockFolder(folder)).release();
});

test('a folder that is not there is an error that says so', async () => {
  await expect(lockFolder('/nonexistent/queue')).rejects.toMatchObject({
    code: 'io',
    message: expect.stringContaining('/nonexistent/queue/lock'),
  });
});
