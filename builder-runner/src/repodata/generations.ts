// The generations of a repository on the disk, and the one switch that shows another one. Of a repository in FOLDER:
//   FOLDER/repodata/            the files that indexes name; repomd.xml and repomd.xml.asc are links into
//                               generations/current/
//   FOLDER/generations/<N>/     repomd.xml, repomd.xml.asc, generation.json: written once
//   FOLDER/generations/current  a link to the one that readers see
//   FOLDER/generations/newest   a link to the one that builds see, while that one has what is not published yet
import { lstat, mkdir, readdir, readFile, readlink, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJsonAs } from '@coppice/config';
import { nothingWhenAbsent } from '../base/absent.ts';
import { RunnerError } from '../base/errors.ts';
import { noteChange } from '../base/published-changes.ts';
import { readRegularFile } from '../base/regular-file.ts';
import { syncFolder } from '../base/replace-file.ts';
import { formatRepomd, type Generation, generationSchema, maximumGenerationBytes } from './generation.ts';
import { namesIn } from './read-index.ts';

/** Writes an armored detached signature of a file. */
export type Sign = (file: string, target: string) => Promise<void>;

export const repodataOf = (folder: string) => join(folder, 'repodata');
const generationsOf = (folder: string) => join(folder, 'generations');
const indexFiles = ['repomd.xml', 'repomd.xml.asc'] as const;

/** Who looks at a repository: everybody, or builds, which see what is not published yet as well. */
export type Viewer = 'current' | 'newest';

/** The number of the generation that somebody sees; undefined when there is none. */
export async function numberSeen(folder: string, viewer: Viewer): Promise<number | undefined> {
  const target = await readlink(join(generationsOf(folder), viewer)).catch(nothingWhenNoLink);
  if (target !== undefined && /^[1-9]\d{0,14}$/.test(target)) return Number(target);
  return viewer === 'newest' ? numberSeen(folder, 'current') : undefined;
}

function nothingWhenNoLink(error: NodeJS.ErrnoException): undefined {
  return error.code === 'EINVAL' ? undefined : nothingWhenAbsent(error);
}

/** Whether builds have a generation of their own to see. */
export async function seesNewer(folder: string): Promise<boolean> {
  return (await readlink(join(generationsOf(folder), 'newest')).catch(nothingWhenNoLink)) !== undefined;
}

/** The numbers of all generations that are kept, in their order. */
export async function listGenerations(folder: string): Promise<readonly number[]> {
  const names = (await readdir(generationsOf(folder)).catch(nothingWhenAbsent)) ?? [];
  return names
    .filter((name) => /^[1-9]\d{0,14}$/.test(name))
    .map(Number)
    .sort((one, other) => one - other);
}

/**
 * What a generation records of itself. Undefined when it is not kept. Throws RunnerError `metadata` when it is damaged.
 */
export async function readGeneration(folder: string, number: number): Promise<Generation | undefined> {
  const path = join(generationsOf(folder), String(number), 'generation.json');
  const read = await readRegularFile(path, maximumGenerationBytes);
  if (read === undefined) return undefined;
  const parsed =
    read.kind === 'text' ? parseJsonAs(read.text, generationSchema) : { kind: 'broken' as const, why: read.why };
  if (parsed.kind === 'value') return parsed.value;
  throw new RunnerError('metadata', `generations/${number}/generation.json cannot be used: ${parsed.why}`);
}

/** Puts a new generation beside the others, signed and on the disk. Nobody sees it yet. */
export async function addGeneration(folder: string, generation: Generation, sign: Sign): Promise<void> {
  const generations = generationsOf(folder);
  const fresh = join(generations, `.new-${generation.generation}`);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  try {
    const index = join(fresh, 'repomd.xml');
    await writeFile(index, formatRepomd(generation.files), { encoding: 'latin1', flush: true });
    await sign(index, `${index}.asc`);
    await writeFile(join(fresh, 'generation.json'), `${JSON.stringify(generation)}\n`, { flush: true });
    await rename(fresh, join(generations, String(generation.generation)));
    noteChange(join(generations, String(generation.generation)));
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Shows generation `number`, which is kept, by one rename: to everybody; to builds alone; or to readers alone, while
 * builds go on with what they see. Readers of the one before find its files for as long as `sweepGenerations` keeps
 * them from now on.
 */
export async function showGeneration(
  folder: string,
  number: number,
  to: 'everybody' | 'builds' | 'readers',
): Promise<void> {
  const generations = generationsOf(folder);
  const before = await Promise.all([numberSeen(folder, 'current'), numberSeen(folder, 'newest')]);
  // Whatever cuts this off, builds never go on from what is older than what readers see.
  const isApart = before[0] !== before[1];
  if (to === 'builds' || (to === 'everybody' && isApart))
    await replaceLink(join(generations, 'newest'), String(number));
  // What builds see without a link of their own is what readers see; that it stays.
  if (to === 'readers' && !isApart && before[1] !== undefined)
    await replaceLink(join(generations, 'newest'), String(before[1]));
  if (to !== 'builds') await replaceLink(join(generations, 'current'), String(number));
  if (to !== 'builds') await linkIndex(folder);
  if (to === 'everybody') await rm(join(generations, 'newest'), { force: true });
  if (to !== 'builds') noteChange(join(repodataOf(folder), 'repomd.xml'));
  await syncFolder(generations);
  const now = new Date();
  for (const old of new Set(before)) {
    if (old === undefined || old === number) continue;
    await utimes(join(generations, String(old)), now, now).catch(nothingWhenAbsent);
  }
}

/** `repomd.xml` was a file of its own before there were generations. */
async function linkIndex(folder: string): Promise<void> {
  const repodata = repodataOf(folder);
  await mkdir(repodata, { recursive: true });
  for (const name of indexFiles.toReversed()) {
    const target = `../generations/current/${name}`;
    const there = await readlink(join(repodata, name)).catch(nothingWhenNoLink);
    if (there !== target) await replaceLink(join(repodata, name), target);
  }
}

async function replaceLink(path: string, target: string): Promise<void> {
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  await symlink(target, fresh);
  await rename(fresh, path);
}

/** The numbers of the last `count` generations that readers saw, the present one first. */
export async function lastShown(folder: string, count: number): Promise<readonly number[]> {
  const shown: number[] = [];
  let number = await numberSeen(folder, 'current');
  while (number !== undefined && shown.length < count) {
    shown.push(number);
    const about: Generation | undefined = await readGeneration(folder, number).catch(nothingWhenDamaged);
    // Each was made after what it replaces.
    const next: number | null | undefined = about?.replaces;
    number = next === null || next === undefined || next >= number ? undefined : next;
  }
  return shown;
}

function nothingWhenDamaged(error: unknown): undefined {
  if (error instanceof RunnerError) return undefined;
  throw error;
}

/** What of old generations stays. */
export interface Keep {
  /** So long after somebody saw it last. */
  readonly seconds: number;
  /** And so many of those that readers saw last, whatever their age. */
  readonly newest: number;
  /** Builds are at work with these. */
  readonly inUse: ReadonlySet<number>;
}

/** Removes generations that nobody needs any more, and the files that only they name. */
export async function sweepGenerations(folder: string, keep: Keep): Promise<void> {
  const before = Date.now() - keep.seconds * 1000;
  const seen = await Promise.all([numberSeen(folder, 'current'), numberSeen(folder, 'newest')]);
  const all = await listGenerations(folder);
  const old: number[] = [];
  const shown = new Set(await lastShown(folder, keep.newest));
  for (const number of all) {
    if (seen.includes(number) || shown.has(number) || keep.inUse.has(number)) continue;
    if ((await lastSeen(folder, number)) < before) old.push(number);
  }
  await removeGenerations(folder, old, before);
}

/** Removes these generations, and what no other one names and was written before `before`, milliseconds since 1970. */
export async function removeGenerations(folder: string, numbers: readonly number[], before: number): Promise<void> {
  for (const number of numbers) {
    await rm(join(generationsOf(folder), String(number)), { recursive: true, force: true });
    noteChange(join(generationsOf(folder), String(number)));
  }
  await sweepFiles(folder, before);
}

/** When somebody saw a generation last that is not seen now: milliseconds since 1970. */
export async function lastSeen(folder: string, number: number): Promise<number> {
  return (await lstat(join(generationsOf(folder), String(number)))).mtimeMs;
}

/** What is not to go: the files that some index names, and the indexes. */
async function namedFiles(folder: string): Promise<ReadonlySet<string>> {
  const named = new Set<string>(indexFiles);
  for (const number of await listGenerations(folder)) {
    const index = await readFile(join(generationsOf(folder), String(number), 'repomd.xml'), 'utf8');
    for (const name of namesIn(index)) named.add(name);
  }
  return named;
}

/** Takes back files of the metadata that were written for a generation which has not come about. */
export async function dropUnnamed(folder: string, files: readonly string[]): Promise<void> {
  const named = await namedFiles(folder);
  for (const name of files) {
    if (named.has(name)) continue;
    await rm(join(repodataOf(folder), name), { force: true });
    noteChange(join(repodataOf(folder), name));
  }
}

/** Files of the metadata that no index names and that are not new; what writers that were killed left is among them. */
async function sweepFiles(folder: string, before: number): Promise<void> {
  const named = await namedFiles(folder);
  const repodata = repodataOf(folder);
  for (const name of (await readdir(repodata).catch(nothingWhenAbsent)) ?? []) {
    if (named.has(name)) continue;
    const about = await lstat(join(repodata, name)).catch(nothingWhenAbsent);
    if (about === undefined || about.mtimeMs >= before) continue;
    await rm(join(repodata, name), { recursive: true, force: true });
    noteChange(join(repodata, name));
  }
}
