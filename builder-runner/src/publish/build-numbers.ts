// The highest build number that was ever given out, kept in `published/`: there it outlives the queue, so that no
// number is given twice.
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BuildId, paddedBuildId, parseJsonAs, published } from '@coppice/config';
import { z } from 'zod';
import { readRegularFile, setAside } from '../base/regular-file.ts';
import type { GivenNumbers } from '../queue/index.ts';

/** What stands in the file; more may be added. */
const noteSchema = z.object({ id: z.int().nonnegative() });
const maximumNoteBytes = 64 * 1024;

/**
 * Finds the highest number of any build in `published/` of this home: the note of it, and whatever has a folder or a
 * page there, for the
 * case that the note was lost. One listing for each repository: it takes a moment, and is done once, at the start.
 */
export async function openBuildNumbers(home: string): Promise<GivenNumbers> {
  const root = join(home, 'published');
  const path = join(root, published.newestBuild);
  let written = await readNote(path);
  const newest = Math.max(written, await newestBelow(root));
  let wanted = newest;
  let writing: Promise<void> | undefined;
  const write = async () => {
    while (written < wanted) {
      const id = wanted;
      await writeNote(path, id);
      written = id;
    }
  };
  return {
    newest,
    note: (id) => {
      wanted = Math.max(wanted, id);
      writing ??= write().finally(() => {
        writing = undefined;
      });
      return writing;
    },
  };
}

/** 0 when there is none, or when it is not what we wrote: the folders tell then. */
async function readNote(path: string): Promise<number> {
  const read = await readRegularFile(path, maximumNoteBytes);
  const note = read?.kind === 'text' ? parseJsonAs(read.text, noteSchema) : undefined;
  return note?.kind === 'value' ? note.value.id : 0;
}

/** By rename, and on the disk before that: it is there for the day on which another disk is lost. */
async function writeNote(path: string, id: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rm(`${path}.new`, { recursive: true, force: true });
  const file = await open(`${path}.new`, 'wx');
  try {
    await file.writeFile(`${JSON.stringify({ id })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  if ((await lstat(path).catch(orNothing))?.isDirectory()) await setAside(path);
  await rename(`${path}.new`, path);
}

/**
 * Of all that has a number: builds and source packages, good or not, of projects and sandboxes, and pages of builds
 * that only waited.
 */
async function newestBelow(root: string): Promise<number> {
  let newest = 0;
  const look = async (folder: string) => {
    for (const name of (await readdir(folder).catch(orNothing)) ?? []) newest = Math.max(newest, numberIn(name));
  };
  const results = join(root, 'results');
  for (const project of await foldersIn(results, 2)) {
    for (const inner of await foldersIn(join(results, project), 1)) await look(join(results, project, inner));
  }
  for (const project of await foldersIn(root, 2)) await look(join(root, project, 'build'));
  return newest;
}

/** Relative paths of the folders so many levels below this one. Links are not followed. */
async function foldersIn(folder: string, levels: number): Promise<readonly string[]> {
  const entries = (await readdir(folder, { withFileTypes: true }).catch(orNothing)) ?? [];
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  if (levels === 1) return names;
  const inner = await Promise.all(names.map((name) => foldersIn(join(folder, name), levels - 1)));
  return names.flatMap((name, index) => (inner[index] ?? []).map((below) => join(name, below)));
}

/** `00000042-hello`, `00000042` and `42` → 42. 0 for names that are no build's. */
function numberIn(name: string): number {
  const [, digits = ''] = /^(\d{1,15})(?:$|-)/.exec(name) ?? [];
  const id = Number(digits) as BuildId;
  return digits === paddedBuildId(id) || name === String(id) ? id : 0;
}

/** What is not there has no builds; what cannot be read may have some, and is thrown. */
function orNothing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}
