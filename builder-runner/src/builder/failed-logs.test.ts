import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderForTest } from '../../testing/queue/folder-for-tests.ts';
import { failedLogsFolder, keepFailedLog } from './failed-logs.ts';

test('the end of a log is kept for operators alone, and the newest twenty of them', async () => {
  const home = await folderForTest();
  for (let minute = 0; minute < 23; minute += 1) {
    const text = `${'long '.repeat(60_000)}end of ${minute}`;
    await keepFailedLog(home, `builder-${22 - minute}`, text, new Date(Date.UTC(2026, 0, 2, 3, minute)));
  }
  const names = (await readdir(failedLogsFolder(home))).sort();
  expect(names).toHaveLength(20);
  expect(names[0]).toBe('2026-01-02T03-03-00-000Z-builder-19.log');
  const last = join(failedLogsFolder(home), names.at(-1) ?? '');
  expect(await readFile(last, 'utf8')).toMatch(/end of 22$/);
  const { size, mode } = await stat(last);
  expect([size, mode & 0o777]).toEqual([256 * 1024, 0o600]);
});

test('a log that cannot be kept hides nothing', async () => {
  const home = await folderForTest();
  await writeFile(join(home, 'state'), 'in the way');
  expect(await keepFailedLog(home, 'b', 'text', new Date())).toBeUndefined();
});
