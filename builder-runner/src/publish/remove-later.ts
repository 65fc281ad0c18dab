// Files of builds that are shown no more: readers that have read an index before still ask for them, so they go some
// time later. What is to go is noted, so that a service that was stopped does it at its next start.
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJsonAs } from '@coppice/config';
import { z } from 'zod';
import { nothingWhenAbsent } from '../base/absent.ts';
import { noteChange } from '../base/published-changes.ts';
import { readRegularFile } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';
import { graceSeconds } from './repository-of.ts';

const noteSchema = z.object({
  /** Inside `published/`. */
  path: z.string().regex(/^results\/[^/]+\/[^/]+\/[^/]+\/\d{8,15}-[^/]+$/),
  /** ISO 8601, UTC. */
  dueAt: z.iso.datetime(),
});

const notesFolder = (home: string) => join(home, 'state', 'removals');

/**
 * Removes the folder of a build: its packages after the grace time, all else at once. `path` is inside `published/`.
 */
export async function removeLater(home: string, path: string): Promise<void> {
  const folder = join(home, 'published', path);
  const files = (await readdir(folder).catch(nothingWhenAbsent)) ?? [];
  const packages = files.filter((file) => file.endsWith('.rpm'));
  if (packages.length === 0) {
    await rm(folder, { recursive: true, force: true });
    return noteChange(folder);
  }
  const dueAt = new Date(Date.now() + graceSeconds * 1000).toISOString();
  const name = `${createHash('sha256').update(path).digest('hex').slice(0, 32)}.json`;
  await mkdir(notesFolder(home), { recursive: true, mode: 0o700 });
  await replaceFile(join(notesFolder(home), name), `${JSON.stringify({ path, dueAt })}\n`, { sync: true });
  for (const file of files)
    if (!packages.includes(file)) await rm(join(folder, file), { recursive: true, force: true });
  noteChange(folder);
}

/** Removes what is due by now. `below`: or all that is noted there, due or not, for it is about to be moved. */
export async function removeDue(home: string, now: Date, below?: string): Promise<void> {
  for (const name of (await readdir(notesFolder(home)).catch(nothingWhenAbsent)) ?? []) {
    const note = join(notesFolder(home), name);
    const read = await readRegularFile(note, 10_000);
    const stated = read?.kind === 'text' ? parseJsonAs(read.text, noteSchema) : undefined;
    if (stated?.kind === 'value') {
      const { path, dueAt } = stated.value;
      if (below === undefined ? Date.parse(dueAt) > now.getTime() : !path.startsWith(`${below}/`)) continue;
      await rm(join(home, 'published', path), { recursive: true, force: true });
      noteChange(join(home, 'published', path));
    }
    await rm(note, { recursive: true, force: true });
  }
}
