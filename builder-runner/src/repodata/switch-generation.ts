// The one switch, and what is told with it: the packages of which users get another build than the newest good one.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ShownJson, ShownPackage } from '@coppice/config';
import { nothingWhenAbsent } from '../base/absent.ts';
import { RunnerError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { noteChange } from '../base/published-changes.ts';
import { replaceFile } from '../base/replace-file.ts';
import { compareNames } from './chunks.ts';
import { compareGenerations } from './compare-generations.ts';
import type { Generation } from './generation.ts';
import { numberSeen, readGeneration, showGeneration } from './generations.ts';

/**
 * Shows a generation that is kept, as `showGeneration` does. `shown.json` is there before: a switch that is cut off is
 * done again, and it with it; damage that keeps it from being made is told. Throws what the file system says.
 */
export async function switchGeneration(
  { folder, log }: { readonly folder: string; readonly log?: Log | undefined },
  generation: Generation,
  to: 'everybody' | 'builds' | 'readers',
): Promise<void> {
  try {
    const read = async (viewer: 'current' | 'newest') => {
      const number = await numberSeen(folder, viewer);
      return number === undefined ? undefined : await readGeneration(folder, number);
    };
    const current = to === 'builds' ? await read('current') : generation;
    const newest = to === 'readers' ? await read('newest') : generation;
    await writeShown(folder, await listOthers(folder, current, newest ?? generation));
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    log?.('error', `shown.json of ${folder} says what it said before, for a generation is damaged: ${error.message}`);
  }
  await showGeneration(folder, generation.generation, to);
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
  for (const { package: name, before, after } of isApart ? await compareGenerations(folder, current, newest) : []) {
    if (after === undefined) continue;
    const { build = null, version = null } = before ?? {};
    others.set(name, { package: name, build, version, why: 'waits' });
  }
  return [...others.values()].sort((one, other) => compareNames(one.package, other.package));
}

async function writeShown(folder: string, packages: readonly ShownPackage[]): Promise<void> {
  const path = join(folder, 'shown.json');
  const before = await readFile(path, 'utf8').catch(nothingWhenAbsent);
  if (packages.length === 0) {
    if (before === undefined) return;
    await rm(path, { force: true });
    noteChange(path);
    return;
  }
  const text = `${JSON.stringify({ schemaVersion: 1, packages: [...packages] } satisfies ShownJson)}\n`;
  if (text !== before) await replaceFile(path, text, { sync: true });
}
