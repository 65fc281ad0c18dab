// Whether the disks of a home have the room that a service needs, and lie so that it can work with them.
import { randomUUID } from 'node:crypto';
import { type StatsFs, statfsSync } from 'node:fs';
import { access, constants, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Home } from './home.ts';

/** Below this the service cannot be expected to finish builds. */
const leastFreeBytes = 2 * 1024 ** 3;
const leastFreeFiles = 10_000;
const buildsNeed = 'builds need at least 2 GiB';

/** What is free; and what to do, where that is too little. */
export interface Room {
  readonly detail: string;
  readonly fix: string | undefined;
}

/** `why` says what needs the room. Throws what the disk says of a folder that cannot be written. */
export async function roomIn(folder: string, least = leastFreeBytes, why = buildsNeed): Promise<Room> {
  await access(folder, constants.W_OK);
  return judge(folder, await statfs(folder), least, why);
}

function judge(folder: string, { bavail, bsize, files, ffree }: StatsFs, least: number, why: string): Room {
  const free = bavail * bsize;
  const detail = `${(free / 1024 ** 3).toFixed(1)} GiB free in ${folder}`;
  if (free < least) return { detail, fix: `free some space: ${why}` };
  // File systems that make inodes as they go report none at all.
  if (files > 0 && ffree < leastFreeFiles) {
    return {
      detail: `${ffree} inodes free in ${folder}`,
      fix: 'remove files that are not needed: new ones cannot be made',
    };
  }
  return { detail, fix: undefined };
}

/** The home and those folders in it that lie on other disks; none that is not there. */
export async function disksOf({ folder, state, published }: Home): Promise<readonly string[]> {
  const disks = new Map<number, string>();
  for (const path of [folder, state, published]) {
    const about = await stat(path).catch(() => undefined);
    if (about !== undefined && !disks.has(about.dev)) disks.set(about.dev, path);
  }
  return [...disks.values()];
}

/** What the start of a service says of the disks of its home, as `coppice doctor` does; undefined when all are good. */
export async function diskWarning(home: Home, least?: number): Promise<string | undefined> {
  const rooms = await Promise.all((await disksOf(home)).map((folder) => roomIn(folder, least)));
  const short = rooms.filter(({ fix }) => fix !== undefined);
  const [first] = short;
  return first && `Only ${short.map(({ detail }) => detail).join(', ')}: ${first.fix}`;
}

/** Which of the folders that a service cannot do without have too little room now, by their names in the home. */
export function fullFolders({ state, published }: Pick<Home, 'state' | 'published'>): readonly string[] {
  return Object.entries({ state, published }).flatMap(([name, folder]) => {
    try {
      return judge(folder, statfsSync(folder), leastFreeBytes, buildsNeed).fix === undefined ? [] : [name];
    } catch {
      // What cannot be looked at is not known to be full.
      return [];
    }
  });
}

/**
 * The first folder below `published/` that nothing can be moved into from below `state/`, with the one that was tried
 * from; undefined when there is none. Builds are published, and projects frozen, by renaming: within one file system,
 * and one mount of it. Only trying tells. Throws what the disk says otherwise.
 */
export async function findSplit({
  state,
  published,
}: Pick<Home, 'state' | 'published'>): Promise<{ readonly from: string; readonly to: string } | undefined> {
  for (const from of [state, join(state, 'staging'), join(state, 'withheld')]) {
    for (const to of [published, join(published, 'results')]) {
      if ((await Promise.all([isFolder(from), isFolder(to)])).includes(false)) continue;
      // Names with a dot in front are served to nobody.
      const name = `.try-${randomUUID()}`;
      await writeFile(join(from, name), '');
      try {
        await rename(join(from, name), join(to, name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EXDEV') return { from, to };
        throw error;
      } finally {
        for (const folder of [from, to]) await rm(join(folder, name), { force: true });
      }
    }
  }
  return undefined;
}

/** Says what is wrong with a home that is split, and what to do. Pure. */
export function saySplit({ from, to }: { readonly from: string; readonly to: string }): Omit<Room, 'fix'> & {
  readonly fix: string;
} {
  return {
    detail: `${to} lies on another file system, or another mount of one, than ${from}: nothing can be published`,
    fix: 'let state/ and published/ lie on one: mount the disk at COPPICE_HOME itself, or let that name a folder on it',
  };
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (about) => about.isDirectory(),
    () => false,
  );
}
