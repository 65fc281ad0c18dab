// The highest build number that was ever given out, kept in `published/`: there it outlives the queue, so that no
// number is given twice.
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BuildId, paddedBuildId, parseJsonAs, published } from '@coppice/config';
import { z } from 'zod';
import type { Log } from '../base/log.ts';
import { noteChange } from '../base/published-changes.ts';
import { readRegularFile, setAside } from '../base/regular-file.ts';
import type { GivenNumbers } from '../queue/index.ts';
import { readRecord } from './read-record.ts';

/** What stands in the file; more may be added. */
const noteSchema = z.object({ id: z.int().nonnegative() });
const maximumNoteBytes = 64 * 1024;

/** More builds than ever wait or are pruned in a row: what is farther ahead needs a record to be believed. */
const farthestJump = 100_000;

/**
 * Finds the highest number of any build in `published/` of this home: the note of it, and whatever has a folder or a
 * page there, for the case that the note was lost. A number far beyond all others without a record is not ours, which
 * `log` tells. One listing for each repository: it takes a moment, and is done once, at the start.
 */
export async function openBuildNumbers(home: string, log: Log): Promise<GivenNumbers> {
  const root = join(home, 'published');
  const path = join(root, published.newestBuild);
  let written = await readNote(path);
  const newest = await newestOf(home, written, await numberedBelow(root, written), log);
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
  noteChange(path);
}

/** The highest number that was noted, or that follows on those below it, or that a record tells. */
async function newestOf(home: string, noted: number, numbered: Numbered, log: Log): Promise<number> {
  let newest = noted;
  for (const [id, folders] of [...numbered].sort(([one], [other]) => one - other)) {
    if (id <= newest + farthestJump || (await hasRecord(home, id, folders))) newest = Math.max(newest, id);
    else {
      const said = `published/${folders[0]} has the number of no build that is known here, and no record: it is not counted`;
      log('warn', `${said}. Remove it, or put its result.json back`);
    }
  }
  return newest;
}

async function hasRecord(home: string, id: number, folders: readonly string[]): Promise<boolean> {
  for (const folder of folders) {
    const reading = await readRecord(home, folder);
    if (reading?.kind === 'result' && reading.result.id === id) return true;
  }
  return false;
}

/** Number → folders that have it, relative to `published/`. */
type Numbered = ReadonlyMap<number, readonly string[]>;

/**
 * All that has a number above `noted`: builds and source packages, good or not, of projects and sandboxes, and pages of
 * builds that only waited. With a note there is nothing, as a rule, however many builds there are.
 */
async function numberedBelow(root: string, noted: number): Promise<Numbered> {
  const numbered = new Map<number, string[]>();
  const look = async (folder: string) => {
    for (const name of (await readdir(join(root, folder)).catch(orNothing)) ?? []) {
      const id = numberIn(name);
      if (id !== undefined && id > noted) numbered.set(id, [...(numbered.get(id) ?? []), join(folder, name)]);
    }
  };
  for (const project of await foldersIn(join(root, 'results'), 2)) {
    const folder = join('results', project);
    for (const inner of await foldersIn(join(root, folder), 1)) await look(join(folder, inner));
  }
  for (const project of await foldersIn(root, 2)) await look(join(project, 'build'));
  return numbered;
}

/** Relative paths of the folders so many levels below this one. Links are not followed. */
async function foldersIn(folder: string, levels: number): Promise<readonly string[]> {
  const entries = (await readdir(folder, { withFileTypes: true }).catch(orNothing)) ?? [];
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  if (levels === 1) return names;
  const inner = await Promise.all(names.map((name) => foldersIn(join(folder, name), levels - 1)));
  return names.flatMap((name, index) => (inner[index] ?? []).map((below) => join(name, below)));
}

/** `00000042-hello`, `00000042` and `42` → 42. Undefined for names that are no build's. */
function numberIn(name: string): number | undefined {
  const [, digits = ''] = /^(\d{1,15})(?:$|-)/.exec(name) ?? [];
  const id = Number(digits) as BuildId;
  return digits === paddedBuildId(id) || name === String(id) ? id : undefined;
}

/** What is not there has no builds; what cannot be read may have some, and is thrown. */
function orNothing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}
