import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskWarning, findSplit, fullFolders } from './disk-room.ts';
import { type Home, readHome } from './home.ts';

/** A file system that is not that of any home, and has no room at all. */
const otherDisk = '/proc';

let home: Home;
beforeEach(async () => {
  home = readHome({ COPPICE_HOME: await mkdtemp(join(tmpdir(), 'coppice-disk-')) });
  await mkdir(join(home.state, 'staging'), { recursive: true });
});
afterEach(() => rm(home.folder, { recursive: true }));

test('the start says how little is free and what builds need, and nothing where it is enough', async () => {
  expect(await diskWarning(home, 2 ** 80)).toMatch(
    /^Only \d+\.\d GiB free in [^,]*: free some space: builds need at least 2 GiB$/,
  );
  expect(await diskWarning(home, 0)).toBeUndefined();
});

test('each folder of the home is looked at: one that is on a full disk is named', async () => {
  await mkdir(home.published);
  expect(fullFolders(home)).toEqual([]);
  await rm(home.published, { recursive: true });
  await symlink(otherDisk, home.published);
  expect(fullFolders(home)).toEqual(['published']);
});

test('a home whose parts lie together is whole, and trying leaves nothing there', async () => {
  await mkdir(join(home.published, 'results'), { recursive: true });
  expect(await findSplit(home)).toBeUndefined();
  const names = await readdir(home.folder, { recursive: true });
  expect(names.sort()).toEqual(['published', 'published/results', 'state', 'state/staging']);
});

test.each(['published', 'published/results', 'state/staging'])('%s on another file system is found', async (name) => {
  await mkdir(join(home.published, 'results'), { recursive: true });
  await rm(join(home.folder, name), { recursive: true });
  await symlink('/dev/shm', join(home.folder, name));
  const expected = name.startsWith('state')
    ? { from: join(home.folder, name), to: home.published }
    : { from: home.state, to: join(home.folder, name) };
  expect(await findSplit(home)).toEqual(expected);
});
