// Generations that builds at work see until their end: what says so is the queue, which is on the disk, so that a
// restart lets go of none.
import { basename, dirname, join } from 'node:path';
import { isFinal, type QueuedBuild } from '@coppice/config';
import { RunnerError } from '../base/errors.ts';
import { readGeneration } from '../repodata/generations.ts';
import { openBuildNamer } from '../repodata/named-builds.ts';
import type { Publisher } from './publisher.ts';

/** The generations of a repository, `owner/project/chroot`, that one of these builds sees until its end. Pure. */
export function generationsInUse(builds: readonly QueuedBuild[], repository: string): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const { chroots } of builds)
    for (const { chroot, state, inputs = [] } of chroots)
      for (const { project, generation } of isFinal(state) ? [] : inputs)
        if (`${project}/${chroot}` === repository) numbers.add(generation);
  return numbers;
}

/** Says of the folder of a build, inside `published/`, whether such a generation names it. One that is damaged may. */
export function findInUse({
  home,
  generationsInUse: inUse,
}: Pick<Publisher, 'home' | 'generationsInUse'>): (path: string) => Promise<boolean> {
  const namers = new Map<string, ReturnType<typeof openBuildNamer>>();
  return async (path) => {
    const repository = dirname(path);
    const folder = join(home, 'published', repository);
    const namesOf = namers.get(folder) ?? openBuildNamer(folder);
    namers.set(folder, namesOf);
    for (const number of inUse?.(repository.replace(/^results\//, '')) ?? []) {
      try {
        const generation = await readGeneration(folder, number);
        if (generation !== undefined && (await namesOf(generation)).has(basename(path))) return true;
      } catch (error) {
        if (!(error instanceof RunnerError) && !(error as NodeJS.ErrnoException).code) throw error;
        return true;
      }
    }
    return false;
  };
}
