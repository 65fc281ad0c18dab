import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownMounts, startChild } from '../../testing/queue/child-for-tests.ts';
import { folderForTest } from '../../testing/queue/folder-for-tests.ts';
import { makeFolder, replaceFile } from './replace-file.ts';

test.each([true, false])(
  'replaces a file in a folder that is made for it, and leaves nothing beside it (sync: %s)',
  async (sync) => {
    const folder = join(await folderForTest(), 'a', 'b');
    const path = join(folder, 'state.json');
    await replaceFile(path, 'one', { sync });
    await replaceFile(path, 'two', { sync, mode: 0o600 });
    expect(await readFile(path, 'utf8')).toBe('two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['state.json']);
  },
);

test('where no folder can be made, that is said, and not tried for ever', async () => {
  await expect(makeFolder('/proc/coppice-none/a')).rejects.toMatchObject({ code: 'ENOENT' });
  const file = join(await folderForTest(), 'file');
  await writeFile(file, '');
  await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(join(file, 'a', 'b'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});

test('calls for one path take turns: the last one counts', async () => {
  const path = join(await folderForTest(), 'state.json');
  const texts = Array.from({ length: 20 }, (_, index) => `${index}`.repeat(10_000 - index * 400));
  await Promise.all(texts.map((text) => replaceFile(path, text, { sync: false })));
  expect(await readFile(path, 'utf8')).toBe(texts.at(-1));
});

test('what a crash left beside it, or somebody put there, is not written through', async () => {
  const folder = await folderForTest();
  const [path, other] = [join(folder, 'state.json'), join(folder, 'other')];
  await writeFile(other, 'mine');
  await symlink(other, `${path}.new`);
  await replaceFile(path, 'new', { sync: false });
  expect([await readFile(path, 'utf8'), await readFile(other, 'utf8')]).toEqual(['new', 'mine']);
});

test('a file that cannot be replaced stays, the error is thrown, and nothing is left beside it', async () => {
  const folder = await folderForTest();
  await mkdir(join(folder, 'taken', 'full'), { recursive: true });
  await expect(replaceFile(join(folder, 'taken'), 'text', { sync: false })).rejects.toMatchObject({ code: 'EISDIR' });
  expect(await readdir(folder)).toEqual(['taken']);
});

test('on a disk that fills up the old content stays whole', async () => {
  const program = join(import.meta.dirname, '../../testing/replace-on-full-disk.child.ts');
  const child = startChild('unshare', [...ownMounts, process.execPath, program, await folderForTest()]);
  expect(await child.ended).toBe(0);
  expect(JSON.parse(child.lines.join('\n'))).toEqual({ code: 'ENOSPC', content: 'old', names: ['state.json'] });
}, 30_000);
