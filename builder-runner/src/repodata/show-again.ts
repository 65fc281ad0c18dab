// Shows readers what another generation has: what builds have seen until now, or what readers saw before. Each is a new
// generation of the same lists, so that numbers only grow. What takes time is done before anybody sees any of it.
import { changesNamed, compareGenerations, type Difference, readSomeBuilds } from './compare-generations.ts';
import type { Asked, Generation } from './generation.ts';
import { addGeneration, listGenerations, numberSeen, readGeneration } from './generations.ts';
import { changeRepository, nextNumber, type Repository } from './repository.ts';
import { switchGeneration } from './switch-generation.ts';
import { takeBack, takenBackNow } from './taken-back.ts';

/** A generation that is on the disk and that nobody sees yet. */
export interface Prepared {
  readonly generation: Generation;
  /** What readers see until then; undefined when it is nothing. */
  readonly before: number | undefined;
  /** The one switch. */
  readonly show: () => Promise<void>;
}

/** Both generations of a repository, where builds see another one than readers. */
export interface Apart {
  readonly current: Generation | undefined;
  readonly newest: Generation;
}

/** What readers would see that builds see already: nothing, where both see the same. Throws RunnerError `metadata`. */
export async function changesWaiting(folder: string): Promise<Pick<Generation, 'changes' | 'changed'>> {
  const apart = await readApart(folder);
  return changesNamed(apart === undefined ? [] : await compareGenerations(folder, apart.current, apart.newest));
}

/** Undefined when builds see what readers see, or what they see cannot be read. */
export async function readApart(folder: string): Promise<Apart | undefined> {
  const [shown, waiting] = await Promise.all([numberSeen(folder, 'current'), numberSeen(folder, 'newest')]);
  if (waiting === undefined || waiting === shown) return undefined;
  const newest = await readGeneration(folder, waiting);
  const current = shown === undefined ? undefined : await readGeneration(folder, shown);
  return newest && { current, newest };
}

/** Whether two generations show the same, by the names of their files. */
function showTheSame(one: Generation, other: Generation): boolean {
  const names = ({ files }: Generation) => files.map(({ type, file }) => `${type} ${file}`).join('\n');
  return names(one) === names(other);
}

/**
 * Prepares that readers see what builds see. Undefined when there is nothing to be shown. Throws RunnerError
 * `metadata`, `sign`, or what the file system says.
 */
export async function preparePublication(repository: Repository, asked?: Asked): Promise<Prepared | undefined> {
  const { folder } = repository;
  const apart = await readApart(folder);
  if (apart === undefined) return undefined;
  const { current, newest } = apart;
  if (current !== undefined && showTheSame(current, newest)) {
    await switchGeneration(repository, current, 'everybody');
    return undefined;
  }
  const differences = await compareGenerations(folder, current, newest);
  const generation = await copyOf(repository, newest, { current, differences, asked });
  return {
    generation,
    before: current?.generation,
    show: () => switchGeneration(repository, generation, 'everybody'),
  };
}

/** Going back, with what it takes to say what it comes to. */
export interface Return {
  readonly current: Generation;
  readonly target: Generation;
  readonly differences: readonly Difference[];
}

/** Why a repository cannot go back. */
export type NoReturn =
  | { readonly kind: 'nothing-before' }
  | { readonly kind: 'shown-now'; readonly to: number }
  /** `kept`: those that readers saw and that are there, the youngest first; not all of them need be whole. */
  | { readonly kind: 'not-kept'; readonly to: number; readonly kept: readonly number[] };

/**
 * What it would be to go back to generation `to`; without one, to what readers saw before what they see now. Throws
 * RunnerError `metadata`.
 */
export async function planReturn(folder: string, to: number | undefined): Promise<Return | NoReturn> {
  const shown = await numberSeen(folder, 'current');
  const current = shown === undefined ? undefined : await readGeneration(folder, shown);
  if (current === undefined) return { kind: 'nothing-before' };
  const found = to === undefined ? await shownBefore(folder, current) : await named(folder, current, to);
  if ('kind' in found) return found;
  return { current, target: found, differences: await compareGenerations(folder, current, found) };
}

/** The last generation that readers saw and that shows something else. */
async function shownBefore(folder: string, current: Generation): Promise<Generation | NoReturn> {
  let number = current.replaces;
  while (number !== null && number !== undefined) {
    const generation = await readGeneration(folder, number);
    if (generation === undefined) return { kind: 'not-kept', to: number, kept: await kept(folder, current) };
    if (!showTheSame(generation, current)) return generation;
    number = generation.replaces;
  }
  return { kind: 'nothing-before' };
}

async function named(folder: string, current: Generation, to: number): Promise<Generation | NoReturn> {
  const generation = to === current.generation ? current : await readGeneration(folder, to);
  if (generation?.replaces === undefined) return { kind: 'not-kept', to, kept: await kept(folder, current) };
  return showTheSame(generation, current) ? { kind: 'shown-now', to } : generation;
}

/** The generations before `current` that readers saw and that are there, the youngest first. */
export async function kept(folder: string, current: Generation): Promise<readonly number[]> {
  const numbers: number[] = [];
  for (const number of (await listGenerations(folder)).toReversed()) {
    if (number === current.generation) continue;
    const generation = await readGeneration(folder, number);
    if (generation?.replaces !== undefined) numbers.push(number);
  }
  return numbers;
}

/**
 * Prepares a return. Builds that wait to be published go on waiting: builds see them on top of what is returned to.
 * Throws RunnerError `metadata`, `sign`, or what the file system says.
 */
export async function prepareReturn(
  repository: Repository,
  { current, target, differences }: Return,
  asked?: Asked,
): Promise<Prepared> {
  const { folder } = repository;
  const generation = await copyOf(repository, target, { current, differences, asked, returns: true });
  const apart = await readApart(folder);
  const waiting = apart === undefined ? [] : await compareGenerations(folder, current, apart.newest);
  const isApart = apart !== undefined && waiting.length > 0;
  if (isApart) {
    const builds = new Set(waiting.flatMap(({ after }) => (after === undefined ? [] : [after.build])));
    const hide = waiting.flatMap(({ before, after }) => (before && after === undefined ? [before.build] : []));
    const show = await readSomeBuilds(folder, apart.newest, builds);
    await changeRepository(repository, { from: generation.generation, show, hide, unpublished: true });
  }
  return {
    generation,
    before: current.generation,
    show: () => switchGeneration(repository, generation, isApart ? 'readers' : 'everybody'),
  };
}

async function copyOf(
  { folder, sign }: Repository,
  of: Generation,
  about: {
    readonly current: Generation | undefined;
    readonly differences: readonly Difference[];
    readonly asked: Asked | undefined;
    readonly returns?: boolean;
  },
): Promise<Generation> {
  const { current, differences, asked, returns } = about;
  const { returnsTo: _before, asked: _others, takenBack: before = [], ...content } = of;
  const takenBack = returns ? takeBack(current?.takenBack ?? [], differences) : before;
  const generation: Generation = {
    ...content,
    generation: await nextNumber(folder),
    publishedAt: new Date().toISOString(),
    madeFrom: of.generation,
    replaces: current?.generation ?? null,
    ...(returns ? { returnsTo: of.generation } : {}),
    ...(asked === undefined ? {} : { asked }),
    ...changesNamed(differences),
    ...takenBackNow(takenBack),
  };
  await addGeneration(folder, generation, sign);
  return generation;
}
