// Whether a disk has the room that a service needs.
import { access, constants, statfs } from 'node:fs/promises';

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
  const { bavail, bsize, files, ffree } = await statfs(folder);
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

/** What the start of a service says of the disk of its home, as `coppice doctor` does; undefined when it is good. */
export async function diskWarning(folder: string, least?: number): Promise<string | undefined> {
  const { detail, fix } = await roomIn(folder, least);
  return fix === undefined ? undefined : `Only ${detail}: ${fix}`;
}
