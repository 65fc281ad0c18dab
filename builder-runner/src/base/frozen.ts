// Whether a project is frozen: as the config says, or because what it published was taken out of reach and not put back
// yet.
import { lstat, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { published, readSandbox } from '@coppice/config';
import { exists, nothingWhenAbsent } from './absent.ts';
import { noteChange } from './published-changes.ts';
import { replaceFile } from './replace-file.ts';

/** That the folder is there is the mark of a project that is frozen. */
export function frozenFolder(home: string, owner: string, project: string): string {
  return join(home, 'state', 'frozen', owner, project);
}

/** What lies here is laid out as in `published/`: all that frozen projects have published. */
export function withheldFolder(home: string): string {
  return join(home, 'state', 'withheld');
}

/** Where all that a frozen project has published lies meanwhile. */
export function frozenResults(home: string, owner: string, project: string): string {
  return join(withheldFolder(home), published.project(owner, project));
}

/** Whether what is published of a project is out of reach, or is about to be: what is new goes there too. */
export async function isWithheld(home: string, owner: string, project: string): Promise<boolean> {
  const folder = frozenFolder(home, owner, project);
  return (await exists(folder)) && !(await exists(join(folder, returningFile)));
}

/** In the mark of a project that is being put back: it publishes nothing yet, and what it has is in reach. */
const returningFile = 'returning';

/** Marks a project as frozen. From now on nothing of it is published. */
export async function markFrozen(home: string, owner: string, project: string): Promise<void> {
  const folder = frozenFolder(home, owner, project);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await rm(join(folder, returningFile), { force: true });
}

/** Marks a project that is frozen as one that is being put back. */
export async function markReturning(home: string, owner: string, project: string): Promise<void> {
  await replaceFile(join(frozenFolder(home, owner, project), returningFile), '', { sync: false });
}

/** True when nothing of the project may be published. */
export async function isFrozen(
  publisher: { readonly home: string; readonly isFrozen?: (owner: string, project: string) => boolean },
  owner: string,
  project: string,
): Promise<boolean> {
  if (publisher.isFrozen?.(owner, project) === true) return true;
  return exists(frozenFolder(publisher.home, owner, project));
}

/** Writes what web servers say in place of all that the project has published. */
export async function writeFrozenNote(
  { home, url }: { readonly home: string; readonly url: string },
  owner: string,
  project: string,
): Promise<void> {
  const page = `${url}/${published.projectPage(owner, readSandbox(project)?.project ?? project)}`;
  const called = `${owner}/${project}`;
  const note = `${called} is frozen: its packages, logs and source packages are out of reach. Why: ${page}\n`;
  await replaceFile(join(home, 'published', published.frozenNote(owner, project)), note, { sync: true });
}

/** That is said no more. */
export async function removeFrozenNote(home: string, owner: string, project: string): Promise<void> {
  const note = join(home, 'published', published.frozenNote(owner, project));
  await rm(note, { force: true });
  noteChange(note);
}

/**
 * Moves a folder, by one rename where nothing is at its new place; else what is in it goes there, and what is there
 * already stays.
 */
export async function mergeFolder(from: string, to: string): Promise<void> {
  const there = await lstat(from).catch(nothingWhenAbsent);
  if (there === undefined) return;
  if (!(await exists(to))) {
    await mkdir(dirname(to), { recursive: true });
    return rename(from, to);
  }
  if (!there.isDirectory()) return rm(from, { force: true });
  for (const name of await readdir(from)) await mergeFolder(join(from, name), join(to, name));
  await rmdir(from).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
}
