import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRegularFile, setAside } from './regular-file.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-regular-'));
  await writeFile(join(folder, 'good'), 'ä'.repeat(50));
  await writeFile(join(folder, 'empty'), '');
  await writeFile(join(folder, 'latin'), Buffer.from([0x22, 0xe4, 0x22]));
  await writeFile(join(folder, 'large'), 'x'.repeat(101));
  await mkdir(join(folder, 'folder'));
  await symlink('good', join(folder, 'link'));
  await symlink('link-to-itself', join(folder, 'link-to-itself'));
  execFileSync('mkfifo', [join(folder, 'fifo')]);
});
afterAll(() => rm(folder, { recursive: true }));

test.each<[string, string | undefined]>([
  ['good', `text: ${'ä'.repeat(50)}`],
  ['empty', 'text: '],
  ['none', undefined],
  ['good/below', undefined],
  ['latin', 'odd: it is not UTF-8'],
  ['large', 'odd: it is larger than 100 bytes'],
  ['folder', 'odd: it is a folder'],
  ['link', 'odd: it is a symbolic link'],
  ['link-to-itself', 'odd: it is a symbolic link'],
  ['fifo', 'odd: it is no regular file'],
])('%s is read as what it is, and nothing is waited for', async (name, expected) => {
  const read = await readRegularFile(join(folder, name), 100);
  expect(read && `${read.kind}: ${read.kind === 'text' ? read.text : read.why}`).toBe(expected);
});

test('what is set aside stays to be looked at, and makes room', async () => {
  const path = join(folder, 'record');
  await mkdir(path);
  await setAside(path);
  await writeFile(path, 'half');
  await setAside(path);
  expect((await readdir(folder)).filter((name) => name.startsWith('record'))).toEqual(['record.damaged']);
  expect(await readFile(`${path}.damaged`, 'utf8')).toBe('half');
});
