// Files of builds that nobody is shown any more: readers that have read an index before still ask for them, so they go
// some time later. What is to go is noted, so that a service that was stopped does it at its next start.
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJsonAs } from '@coppice/config';
import { z } from 'zod';
import { exists, nothingWhenAbsent } from '../base/absent.ts';
import { noteChange } from '../base/published-changes.ts';
import { readRegularFile } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';
import { graceSeconds } from './repository-of.ts';

const noteSchema = z.object({
  /** Inside `published/`. */
  path: z.string().regex(/^results\/[^/]+\/[^/]+\/[^/]+\/\d{8,15}(-[^/]+)?$/),
  /** ISO 8601, UTC. */
  dueAt: z.iso.datetime(),
});

const notesFolder = (home: string) => join(home, 'state', 'removals');

/**
 * Removes the folder of a build, or of its source package: packages after the grace time, all else at once. `path` is
 * inside `published/`.
 */
export async function removeLater(home: string, path: string): Promise<void> {
  const folder = join(home, 'published', path);
  const files = (await readdir(folder).catch(nothingWhenAbsent)) ?? [];
  const packages = files.filter((file) => file.endsWith('.rpm'));
  const wait = packages.length === 0 ? 0 : graceSeconds * 1000;
  const dueAt = new Date(Date.now() + wait).toISOString();
  await mkdir(notesFolder(home), { recursive: true, mode: 0o700 });
  const note = join(notesFolder(home), noteName(path));
  await replaceFile(note, `${JSON.stringify({ path, dueAt })}\n`, { sync: true });
  for (const file of files)
    if (!packages.includes(file)) await rm(join(folder, file), { recursive: true, force: true });
  noteChange(folder);
  if (packages.length > 0) return;
  await rm(folder, { recursive: true, force: true });
  await rm(note, { force: true });
}

/** Whether the packages of a build, by its path inside `published/`, are gone or about to go. */
export async function isLeaving(home: string, path: string, files: readonly string[]): Promise<boolean> {
  if (await exists(join(notesFolder(home), noteName(path)))) return true;
  for (const file of files) if (!(await exists(join(home, 'published', path, file)))) return true;
  return false;
}

function noteName(path: string): string {
  return `${createHash('sha256').update(path).digest('hex').slice(0, 32)}.json`;
}

/** The folders of builds, inside `published/`, that were deleted and hold nothing but packages until their time. */
export async function leavingBuilds(home: string): Promise<ReadonlySet<string>> {
  const leaving = new Set<string>();
  for (const name of (await readdir(notesFolder(home)).catch(nothingWhenAbsent)) ?? []) {
    const note = await readNote(join(notesFolder(home), name));
    if (note !== undefined) leaving.add(note.path);
  }
  return leaving;
}

async function readNote(path: string): Promise<z.infer<typeof noteSchema> | undefined> {
  const read = await readRegularFile(path, 10_000);
  const stated = read?.kind === 'text' ? parseJsonAs(read.text, noteSchema) : undefined;
  return stated?.kind === 'value' ? stated.value : undefined;
}

/**
 * Removes what is due by now, but for what `isInUse` says of a path inside `published/`: that is looked at again. With
 * `below`, all that is noted there instead, whatever its time and use, for it is about to be moved.
 */
export async function removeDue(
  home: string,
  now: Date,
  { below, isInUse }: { readonly below?: string; readonly isInUse?: (path: string) => Promise<boolean> } = {},
): Promise<void> {
  for (const name of (await readdir(notesFolder(home)).catch(nothingWhenAbsent)) ?? []) {
    const note = join(notesFolder(home), name);
    const stated = await readNote(note);
    if (stated !== undefined) {
      const { path, dueAt } = stated;
      if (below === undefined ? Date.parse(dueAt) > now.getTime() : !path.startsWith(`${below}/`)) continue;
      if (below === undefined && (await isInUse?.(path))) continue;
      await rm(join(home, 'published', path), { recursive: true, force: true });
      noteChange(join(home, 'published', path));
    }
    await rm(note, { recursive: true, force: true });
  }
}
