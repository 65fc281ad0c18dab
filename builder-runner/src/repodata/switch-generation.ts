// The one switch, and what is told with it: the packages of which users get another build than the newest good one.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { maximumShownBytes, parseJsonAs, type ShownJson, type ShownPackage, shownJsonSchema } from '@coppice/config';
import { nothingWhenAbsent } from '../base/absent.ts';
import { RunnerError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { noteChange } from '../base/published-changes.ts';
import { readRegularFile } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';
import { compareNames } from './chunks.ts';
import { compareGenerations } from './compare-generations.ts';
import type { Generation } from './generation.ts';
import { numberSeen, readGeneration, showGeneration } from './generations.ts';
import { numberOfBuild, type Replaced } from './taken-back.ts';

/**
 * Shows a generation that is kept, as `showGeneration` does. `shown.json` is there before: a switch that is cut off is
 * done again, and it with it. `changes`: of a generation for builds alone, against the one that they see now; without
 * them both are compared. Damage that keeps the file from being made is told. Throws what the file system says.
 */
export async function switchGeneration(
  { folder, log }: { readonly folder: string; readonly log?: Log | undefined },
  generation: Generation,
  to: 'everybody' | 'builds' | 'readers',
  changes: readonly Replaced[] = [],
): Promise<void> {
  try {
    const told = to === 'builds' ? await addChanges(folder, generation, changes) : undefined;
    await writeShown(folder, told ?? (await compareSeen(folder, generation, to)));
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    log?.('error', `shown.json of ${folder} says what it said before, for a generation is damaged: ${error.message}`);
  }
  await showGeneration(folder, generation.generation, to);
}

/** All that is told, from what differs between what readers and builds are about to see. */
async function compareSeen(
  folder: string,
  generation: Generation,
  to: 'everybody' | 'builds' | 'readers',
): Promise<ShownJson> {
  const read = async (viewer: 'current' | 'newest') => {
    const number = await numberSeen(folder, viewer);
    return number === undefined ? undefined : await readGeneration(folder, number);
  };
  const current = to === 'builds' ? await read('current') : generation;
  const newest = (to === 'readers' ? await read('newest') : generation) ?? generation;
  return tell(await listOthers(folder, current, newest), current?.generation, newest.generation);
}

function tell(packages: readonly ShownPackage[], users: number | undefined, builds: number): ShownJson {
  const between = users === undefined || users === builds ? {} : { between: { users, builds } };
  return { schemaVersion: 1, ...between, packages: [...packages].sort((a, b) => compareNames(a.package, b.package)) };
}

/**
 * The same from what is told already, where many builds wait and some more come: undefined where it is not told of the
 * generation that this one was made from, or something else was changed than that a newer build is shown.
 */
async function addChanges(
  folder: string,
  generation: Generation,
  changes: readonly Replaced[],
): Promise<ShownJson | undefined> {
  const read = await readRegularFile(join(folder, 'shown.json'), maximumShownBytes);
  const parsed = read?.kind === 'text' ? parseJsonAs(read.text, shownJsonSchema) : undefined;
  if (parsed?.kind !== 'value' || parsed.value.between === undefined) return undefined;
  const { between, packages } = parsed.value;
  if (between.builds !== generation.madeFrom || between.users !== (await numberSeen(folder, 'current')))
    return undefined;
  const others = new Map(packages.map((each) => [each.package, each]));
  for (const { package: name, before, after } of changes) {
    if (after === undefined || numberOfBuild(after.build) <= numberOfBuild(before?.build ?? '')) return undefined;
    // What is not told of is the same for users and builds.
    const { build = null, version = null } = others.get(name) ?? before ?? {};
    others.set(name, { package: name, build, version, why: 'waits' });
  }
  return tell([...others.values()], between.users, generation.generation);
}

/** Those of which the generation that readers see has another build than was built last, by their names. */
async function listOthers(
  folder: string,
  current: Generation | undefined,
  newest: Generation,
): Promise<readonly ShownPackage[]> {
  const others = new Map<string, ShownPackage>();
  for (const { package: name, build, version } of current?.takenBack ?? [])
    others.set(name, { package: name, build, version, why: 'taken-back' });
  const isApart = current?.generation !== newest.generation;
  for (const { package: name, before } of isApart ? await compareGenerations(folder, current, newest) : []) {
    const { build = null, version = null } = before ?? {};
    others.set(name, { package: name, build, version, why: 'waits' });
  }
  return [...others.values()];
}

async function writeShown(folder: string, told: ShownJson): Promise<void> {
  const path = join(folder, 'shown.json');
  const before = await readFile(path, 'utf8').catch(nothingWhenAbsent);
  if (told.packages.length === 0) {
    if (before === undefined) return;
    await rm(path, { force: true });
    noteChange(path);
    return;
  }
  const text = `${JSON.stringify(told)}\n`;
  if (text !== before) await replaceFile(path, text, { sync: true });
}
