// Takes away what nobody needs any more of one repository: generations first, then builds. Of what is shown, of what a
// generation names that is kept, and of what a package that is shown requires, nothing goes.

import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  buildStates,
  type ChrootName,
  failureReasons,
  maximumResultBytes,
  parseJsonAs,
  published,
  type Retention,
} from '@coppice/config';
import { z } from 'zod';
import { nothingWhenAbsent } from '../base/absent.ts';
import { RunnerError } from '../base/errors.ts';
import { isFrozen } from '../base/frozen.ts';
import { readRegularFile } from '../base/regular-file.ts';
import { alone, type ProjectPlace } from '../publish/project-place.ts';
import type { Publisher } from '../publish/publisher.ts';
import { removeLater } from '../publish/remove-later.ts';
import { describeBuilds, graceSeconds, keptGenerations, repositoryFolder } from '../publish/repository-of.ts';
import type { Generation } from '../repodata/generation.ts';
import {
  lastSeen,
  lastShown,
  listGenerations,
  numberSeen,
  readGeneration,
  removeGenerations,
  repodataOf,
} from '../repodata/generations.ts';
import { chunkTexts, openBuildNamer } from '../repodata/named-builds.ts';
import { namesIn } from '../repodata/read-index.ts';
import { type List, packageOfBuild } from '../repodata/texts.ts';
import { type DueBuild, decideRetention, type EndedBuild } from './decide-retention.ts';
import { findNeeded } from './needed-builds.ts';

/** What a pass goes by. */
export interface Pass {
  readonly retention: Retention;
  readonly now: Date;
  /** Whether it only says what would go. */
  readonly dryRun: boolean;
  /** So many builds go at most. */
  readonly atMost: number;
  /** Builds that are in the queue. */
  readonly live: ReadonlySet<number>;
  /** Generations that were seen since are in use by those; milliseconds since 1970. */
  readonly inUseSince: number;
}

/** What goes of a repository. */
export interface PrunedRepository {
  readonly builds: readonly (DueBuild & { readonly bytes: number })[];
  readonly generations: readonly { readonly generation: number; readonly bytes: number }[];
  /** Numbers of the builds that have a record here and stay. */
  readonly left: ReadonlySet<number>;
  /** More could go than `atMost`. */
  readonly isCut: boolean;
}

/** Throws RunnerError `metadata` where it cannot be known what a generation names: then nothing has gone. */
export async function pruneRepository(
  publisher: Publisher,
  place: ProjectPlace,
  chroot: ChrootName,
  pass: Pass,
): Promise<PrunedRepository> {
  const folder = repositoryFolder(publisher, place, chroot);
  const ended = await readEndedBuilds(folder);
  const due = decideRetention(ended.known, pass.retention, pass.now).filter(({ id }) => !pass.live.has(id));
  const all = new Set([...ended.known.map(({ id }) => id), ...ended.unknown]);
  const nothing = { builds: [], generations: [], left: all, isCut: false };
  if (due.length === 0 || pass.atMost === 0) return nothing;
  return alone(place, async () => {
    if (await isFrozen(publisher, place.owner, place.project)) return nothing;
    const { letGo, named, seen } = await planGenerations(folder, due, pass);
    // Without any generation it is not known for certain what is shown.
    const free = due.filter((build) => !named.has(build.folder) && (seen.length > 0 || build.why === 'failed'));
    // Newest first: what is needed is looked at again with what is older.
    const some = free.toSorted((one, other) => other.id - one.id).slice(0, pass.atMost);
    const needed = await neededOf(folder, some, seen);
    const gone = some.filter((build) => !needed.has(build.folder)).reverse();
    const generations = await weighGenerations(folder, letGo);
    const builds = [];
    for (const build of gone) builds.push({ ...build, bytes: await bytesIn(join(folder, build.folder)) });
    if (!pass.dryRun) {
      const before = Date.now() - graceSeconds * 1000;
      if (letGo.length > 0) await removeGenerations(folder, letGo, before);
      const path = published.repository(place.owner, place.project, chroot);
      for (const build of gone) await removeLater(publisher.home, `${path}/${build.folder}`);
    }
    const left = new Set(all);
    for (const { id } of gone) left.delete(id);
    return { builds, generations, left, isCut: free.length > some.length && gone.length > 0 };
  });
}

const endSchema = z.looseObject({
  state: z.enum(buildStates),
  reason: z.enum(failureReasons).nullable(),
  endedAt: z.iso.datetime(),
});

/** `unknown`: numbers of builds whose records cannot be used; they stay. Folders without a record are none of these. */
async function readEndedBuilds(
  folder: string,
): Promise<{ readonly known: readonly EndedBuild[]; readonly unknown: readonly number[] }> {
  const known: EndedBuild[] = [];
  const unknown: number[] = [];
  for (const name of (await readdir(folder).catch(nothingWhenAbsent)) ?? []) {
    const of = packageOfBuild(name);
    if (of === undefined) continue;
    const read = await readRegularFile(join(folder, name, 'result.json'), maximumResultBytes);
    if (read === undefined) continue;
    const id = Number.parseInt(name, 10);
    const stated = read.kind === 'text' ? parseJsonAs(read.text, endSchema) : undefined;
    if (stated?.kind !== 'value') unknown.push(id);
    else {
      const { state, reason, endedAt } = stated.value;
      known.push({ folder: name, id, package: of, state, reason, endedAt: Date.parse(endedAt) });
    }
  }
  return { known, unknown };
}

/**
 * `letGo`: generations that nobody has seen for as long as superseded builds are kept, and that name builds which are
 * due; and those that the sweep after a publication would take. `named`: what the others name. `seen`: what readers
 * or builds see.
 */
async function planGenerations(
  folder: string,
  due: readonly DueBuild[],
  { retention, now, inUseSince }: Pass,
): Promise<{
  readonly letGo: readonly number[];
  readonly named: ReadonlySet<string>;
  readonly seen: readonly Generation[];
}> {
  const all = await listGenerations(folder);
  const viewed = await Promise.all([numberSeen(folder, 'current'), numberSeen(folder, 'newest')]);
  const namesOf = openBuildNamer(folder);
  const dueFolders = new Set(due.map((build) => build.folder));
  const named = new Set<string>();
  const seen: Generation[] = [];
  const old: { readonly number: number; readonly names: ReadonlySet<string>; readonly isSwept: boolean }[] = [];
  const shown = new Set(await lastShown(folder, keptGenerations));
  for (const number of all) {
    const generation = await readGeneration(folder, number);
    if (generation === undefined) throw new RunnerError('metadata', `generation ${number} of ${folder} has no record`);
    const names = await namesOf(generation);
    if (viewed.includes(number)) seen.push(generation);
    const since = await lastSeen(folder, number);
    const isFree = !viewed.includes(number) && since < Math.min(now.getTime() - graceSeconds * 1000, inUseSince);
    const isSwept = !shown.has(number);
    if (isFree && (isSwept || since <= now.getTime() - retention.supersededSeconds * 1000))
      old.push({ number, names, isSwept });
    else for (const name of names) named.add(name);
  }
  const letGo: number[] = [];
  for (const { number, names, isSwept } of old) {
    if (isSwept || [...names].some((name) => dueFolders.has(name) && !named.has(name))) letGo.push(number);
    else for (const name of names) named.add(name);
  }
  return { letGo, named, seen };
}

/** The builds among those that are due which a package requires that is shown, directly or by way of another. */
async function neededOf(
  folder: string,
  due: readonly DueBuild[],
  seen: readonly Generation[],
): Promise<ReadonlySet<string>> {
  const good = due.filter(({ why }) => why === 'superseded').map((build) => build.folder);
  if (good.length === 0) return new Set();
  const { builds, leftOut } = await describeBuilds(folder, good);
  const finder = findNeeded(builds);
  await lookThrough(folder, seen, 'primary', finder.look);
  if (finder.wantsFiles()) await lookThrough(folder, seen, 'filelists', finder.lookAtFiles);
  // What cannot be looked into stays.
  return new Set([...finder.found(), ...leftOut.map(({ build }) => build)]);
}

/** What readers and builds see has most chunks in common: each is read once. */
async function lookThrough(
  folder: string,
  seen: readonly Generation[],
  list: List,
  look: (text: string) => void,
): Promise<void> {
  const known = new Set<string>();
  for (const generation of seen) {
    for await (const { digest, text } of chunkTexts(folder, generation, list, (each) => !known.has(each))) {
      known.add(digest);
      look(text);
    }
  }
}

/** What each takes that no other generation names. */
async function weighGenerations(folder: string, numbers: readonly number[]): Promise<PrunedRepository['generations']> {
  const indexOf = async (number: number) =>
    namesIn(await readFile(join(folder, 'generations', String(number), 'repomd.xml'), 'utf8'));
  const kept = new Set<string>();
  if (numbers.length > 0)
    for (const number of await listGenerations(folder))
      if (!numbers.includes(number)) for (const name of await indexOf(number)) kept.add(name);
  const weighed = [];
  for (const generation of numbers) {
    let bytes = await bytesIn(join(folder, 'generations', String(generation)));
    for (const name of await indexOf(generation)) {
      if (kept.has(name)) continue;
      kept.add(name);
      bytes += (await lstat(join(repodataOf(folder), name)).catch(nothingWhenAbsent))?.size ?? 0;
    }
    weighed.push({ generation, bytes });
  }
  return weighed;
}

/** The sizes of all files in a folder and below. */
export async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of (await readdir(folder, { withFileTypes: true }).catch(nothingWhenAbsent)) ?? []) {
    const path = join(folder, entry.name);
    bytes += entry.isDirectory() ? await bytesIn(path) : ((await lstat(path).catch(nothingWhenAbsent))?.size ?? 0);
  }
  return bytes;
}
