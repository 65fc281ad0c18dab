// Writes a file so that readers see the old content or the new one, never half of either.
// Not write-file-atomic (8.0.0) or atomically (2.1.1): both write once and ignore how much was written, so on a disk
// that fills up they put half a file in place and report no error
// (https://github.com/fabiospampinato/atomically/pull/18).
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { inTurn } from './in-turn.ts';
import { noteChange } from './published-changes.ts';

export interface ReplaceOptions {
  /**
   * Whether the new content is on the disk when the call ends, and survives a power failure. It costs milliseconds: for
   * what nothing can make again, not for what is written anew at the next start or the next change.
   */
  readonly sync: boolean;
  /** Permissions of the file, less the umask. Default: 0o666. */
  readonly mode?: number;
  /** Whether missing folders are made. Default: true. */
  readonly makesFolders?: boolean;
}

/**
 * Replaces `path` by way of `<path>.new`, which a crash may leave and the next call removes. Missing folders are made.
 * Calls for one path take turns within this process; other processes are not expected to write it. Throws what the file
 * system says; then `path` is as it was (with `sync`, a failure to sync the folder comes after the replacement).
 */
export function replaceFile(
  path: string,
  content: string,
  { sync, mode, makesFolders = true }: ReplaceOptions,
): Promise<void> {
  return inTurn(`replace ${path}`, async () => {
    const fresh = `${path}.new`;
    if (makesFolders) await makeFolder(dirname(path));
    await rm(fresh, { force: true });
    try {
      const file = await open(fresh, 'wx', mode);
      try {
        await file.writeFile(content);
        if (sync) await file.sync();
      } finally {
        await file.close();
      }
      await rename(fresh, path);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
    noteChange(path);
    if (sync) await syncFolder(dirname(path));
  });
}

/**
 * Makes a folder and those above it that are missing. Node's own `mkdir` tries for ever where nothing can be made, such
 * as below /proc. Throws what the file system says.
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  const make = () => mkdir(path, mode).catch(nothingWhenFolder);
  try {
    await make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path), mode);
    await make();
  }

  async function nothingWhenFolder(error: NodeJS.ErrnoException): Promise<void> {
    if (error.code !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
  }
}

/** A new name is durable when its folder is. Throws what the disk says. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
