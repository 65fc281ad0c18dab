// Shows readers another generation of a project's repositories: what was built since the last publication, when the
// project publishes in batches or by hand, or what they saw before. All of a project's chroots are prepared first and
// then switched, one right after another.

import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  type BuildId,
  type ChrootName,
  isFinal,
  type PublishMode,
  parseChroot,
  published,
  type QueuedBuild,
} from '@coppice/config';
import { nothingWhenAbsent } from '../base/absent.ts';
import { describeError, RunnerError } from '../base/errors.ts';
import { isFrozen } from '../base/frozen.ts';
import { compareGenerations, type Difference } from '../repodata/compare-generations.ts';
import type { Asked, Generation, PackageChange } from '../repodata/generation.ts';
import { numberSeen, readGeneration, seesNewer } from '../repodata/generations.ts';
import {
  changesWaiting,
  kept,
  type NoReturn,
  type Prepared,
  planReturn,
  preparePublication,
  prepareReturn,
  type Return,
  readApart,
} from '../repodata/show-again.ts';
import { chrootsOf } from './project-life.ts';
import { alone, type ProjectPlace } from './project-place.ts';
import { type Publisher, publishModeOf } from './publisher.ts';
import { usableRecord } from './read-record.ts';
import { isLeaving } from './remove-later.ts';
import { repositoryFolder, repositoryOf, sweepNowAndThen } from './repository-of.ts';

/** What somebody asks for. */
export interface SwitchWish {
  /** Empty: all that there are. */
  readonly chroots: readonly ChrootName[];
  readonly asked: Asked;
}

/** A repository that readers see another generation of. */
export interface Switched {
  readonly chroot: ChrootName;
  /** The generation before, null for none, and the new one. */
  readonly from: number | null;
  readonly to: number;
  /** The generation whose content it has again. */
  readonly returnsTo: number | null;
  /** Some of them: at most 1000. */
  readonly changes: readonly PackageChange[];
  readonly changed: number;
}

/** `kept`: the youngest generations that can be returned to. */
export type SwitchRefusal = { readonly chroot: ChrootName } & (
  | NoReturn
  /** `builds` are folders whose packages are gone or about to go; `kept` as above. */
  | { readonly kind: 'gone'; readonly to: number; readonly builds: readonly string[]; readonly kept: readonly number[] }
  | { readonly kind: 'damaged'; readonly why: string }
);

export type SwitchOutcome =
  /** `left`: chroots that stay as they are, for nothing is there that readers could see instead. */
  | { readonly kind: 'switched'; readonly repositories: readonly Switched[]; readonly left: readonly ChrootName[] }
  /** Nothing has happened. */
  | { readonly kind: 'refused'; readonly why: readonly SwitchRefusal[] }
  | { readonly kind: 'frozen' };

/**
 * Shows readers what builds see. What is asked for once more after it was cut off is done to its end. Rejects with a
 * RunnerError, or what the file system says.
 */
export function publishWaiting(publisher: Publisher, place: ProjectPlace, wish: SwitchWish): Promise<SwitchOutcome> {
  return alone(place, async () => {
    if (await isFrozen(publisher, place.owner, place.project)) return { kind: 'frozen' };
    const chroots = await chrootsMeant(publisher, place, wish);
    const { repositories, left } = await publishChroots(publisher, place, chroots, wish.asked);
    return { kind: 'switched', repositories, left };
  });
}

/** What of a repository waits to be published. */
export interface Waiting {
  readonly chroot: ChrootName;
  /** Some of them: at most 1000. */
  readonly changes: readonly PackageChange[];
  readonly changed: number;
}

/**
 * What `publishWaiting` would show readers, of the repositories of which something waits; none of a frozen project.
 * Rejects with a RunnerError, or what the file system says.
 */
export function findWaiting(publisher: Publisher, place: ProjectPlace): Promise<readonly Waiting[]> {
  return alone(place, async () => {
    if (await isFrozen(publisher, place.owner, place.project)) return [];
    const waiting: Waiting[] = [];
    for (const chroot of await chrootsMeant(publisher, place, { chroots: [] })) {
      const about = await changesWaiting(repositoryFolder(publisher, place, chroot));
      if (about.changed > 0) waiting.push({ chroot, ...about });
    }
    return waiting;
  });
}

/**
 * Shows readers generation `to` of each chroot again; without a number, what they saw before what they see now. The
 * same rules as of `publishWaiting`.
 */
export function rollBack(
  publisher: Publisher,
  place: ProjectPlace,
  wish: SwitchWish & { readonly to: number | undefined },
): Promise<SwitchOutcome> {
  return alone(place, async () => {
    if (await isFrozen(publisher, place.owner, place.project)) return { kind: 'frozen' };
    const done: Switched[] = [];
    const returns: { readonly chroot: ChrootName; readonly plan: Return }[] = [];
    const refused: SwitchRefusal[] = [];
    for (const chroot of await chrootsMeant(publisher, place, wish)) {
      const before = await doneBefore(repositoryFolder(publisher, place, chroot), wish.asked);
      if (before !== undefined) {
        done.push(describe(chroot, before));
        continue;
      }
      const plan = await planOne(publisher, place, chroot, wish.to);
      if ('kind' in plan) refused.push({ chroot, ...plan });
      else returns.push({ chroot, plan });
    }
    // Of several chroots, one that was published to once has nothing to go back to.
    const without = refused.filter(({ kind }) => kind === 'nothing-before');
    const others = refused.filter(({ kind }) => kind !== 'nothing-before');
    if (others.length > 0 || returns.length + done.length === 0) return { kind: 'refused', why: refused };
    const prepared: [ChrootName, Prepared][] = [];
    for (const { chroot, plan } of returns)
      prepared.push([chroot, await prepareReturn(await repositoryOf(publisher, place, chroot), plan, wish.asked)]);
    done.push(...(await showAll(publisher, place, prepared)));
    return { kind: 'switched', repositories: done, left: without.map(({ chroot }) => chroot) };
  });
}

async function planOne(
  publisher: Publisher,
  place: ProjectPlace,
  chroot: ChrootName,
  to: number | undefined,
): Promise<
  | Return
  | NoReturn
  | { kind: 'gone'; to: number; builds: readonly string[]; kept: readonly number[] }
  | { kind: 'damaged'; why: string }
> {
  try {
    const plan = await planReturn(repositoryFolder(publisher, place, chroot), to);
    if ('kind' in plan) {
      if (plan.kind !== 'not-kept') return plan;
      return { ...plan, kept: await findReturns(publisher, place, chroot, plan.kept) };
    }
    const builds = await findLeaving(publisher, place, chroot, plan.differences);
    if (builds.length === 0) return plan;
    const all = await kept(repositoryFolder(publisher, place, chroot), plan.current);
    return {
      ...{ kind: 'gone', to: plan.target.generation, builds },
      kept: await findReturns(publisher, place, chroot, all),
    };
  } catch (error) {
    if (error instanceof RunnerError && error.code === 'metadata') return { kind: 'damaged', why: error.message };
    throw error;
  }
}

/** So many are offered, and so many are looked at for that. */
const maximumOffered = 20;
const maximumTried = 60;

/** Those of these generations that can be returned to and that show something else, in their order. */
async function findReturns(
  publisher: Publisher,
  place: ProjectPlace,
  chroot: ChrootName,
  numbers: readonly number[],
): Promise<readonly number[]> {
  const folder = repositoryFolder(publisher, place, chroot);
  const found: number[] = [];
  for (const number of numbers.slice(0, maximumTried)) {
    const plan = await planReturn(folder, number).catch(nothingWhenDamaged);
    if (plan === undefined || 'kind' in plan) continue;
    if ((await findLeaving(publisher, place, chroot, plan.differences)).length === 0) found.push(number);
    if (found.length === maximumOffered) break;
  }
  return found;
}

function nothingWhenDamaged(error: unknown): undefined {
  if (error instanceof RunnerError && error.code === 'metadata') return undefined;
  throw error;
}

/** What is shown now is there: only builds that come back may be gone. */
async function findLeaving(
  { home }: Publisher,
  { owner, project }: ProjectPlace,
  chroot: ChrootName,
  differences: readonly Difference[],
): Promise<readonly string[]> {
  const leaving: string[] = [];
  for (const { after } of differences) {
    if (after === undefined) continue;
    const path = `${published.repository(owner, project, chroot)}/${after.build}`;
    if (
      await isLeaving(
        home,
        path,
        after.files.map((file) => basename(file)),
      )
    )
      leaving.push(after.build);
  }
  return leaving;
}

async function chrootsMeant(
  { home }: Publisher,
  { owner, project }: ProjectPlace,
  { chroots }: Pick<SwitchWish, 'chroots'>,
): Promise<readonly ChrootName[]> {
  const all = await chrootsOf(home, { owner, name: project });
  return chroots.length === 0 ? all : all.filter((chroot) => chroots.includes(chroot));
}

/** The generation that readers see, when this command has made it. */
async function doneBefore(folder: string, asked: Asked): Promise<Generation | undefined> {
  const number = await numberSeen(folder, 'current');
  const generation = number === undefined ? undefined : await readGeneration(folder, number).catch(() => undefined);
  return generation?.asked?.batch === asked.batch ? generation : undefined;
}

async function publishChroots(
  publisher: Publisher,
  place: ProjectPlace,
  chroots: readonly ChrootName[],
  asked?: Asked,
): Promise<{ readonly repositories: readonly Switched[]; readonly left: readonly ChrootName[] }> {
  const prepared: [ChrootName, Prepared][] = [];
  const done: Switched[] = [];
  const left: ChrootName[] = [];
  for (const chroot of chroots) {
    const folder = repositoryFolder(publisher, place, chroot);
    const one = (await seesNewer(folder))
      ? await preparePublication(await repositoryOf(publisher, place, chroot), asked)
      : undefined;
    const before = one === undefined && asked !== undefined ? await doneBefore(folder, asked) : undefined;
    if (one !== undefined) prepared.push([chroot, one]);
    else if (before !== undefined) done.push(describe(chroot, before));
    else left.push(chroot);
  }
  return { repositories: [...done, ...(await showAll(publisher, place, prepared))], left };
}

/** The switches, right after one another. */
async function showAll(
  publisher: Publisher,
  place: ProjectPlace,
  prepared: readonly (readonly [ChrootName, Prepared])[],
): Promise<readonly Switched[]> {
  for (const [, { show }] of prepared) await show();
  const switched = prepared.map(([chroot, { generation }]) => describe(chroot, generation));
  for (const { chroot, from, to, returnsTo } of switched) {
    const what = returnsTo === null ? `generation ${to}` : `generation ${to}, which is ${returnsTo} again,`;
    const by = prepared[0]?.[1].generation.asked;
    publisher.log?.(
      'info',
      `${place.owner}/${place.project} ${chroot}: readers see ${what} after ${from ?? 'nothing'}`,
      {
        ...(by === undefined ? {} : { by: by.login, request: by.request }),
      },
    );
    await sweepNowAndThen(publisher, place, chroot);
  }
  return switched;
}

function describe(chroot: ChrootName, { generation, replaces, returnsTo, changes, changed }: Generation): Switched {
  return { chroot, from: replaces ?? null, to: generation, returnsTo: returnsTo ?? null, changes, changed };
}

/**
 * Publishes what was built of a project, unless that is done by hand, or builds of a batch that is in it wait or run.
 * `live`: the builds in the queue. Nothing happens where nothing waits.
 */
export async function publishEnded(
  publisher: Publisher,
  place: ProjectPlace,
  live: () => readonly QueuedBuild[],
): Promise<void> {
  const isByHand = (mode: PublishMode | undefined) => mode === undefined || mode === 'manual';
  if (isByHand(publishModeOf(publisher, place))) return;
  await alone(place, async () => {
    const { owner, project } = place;
    const mode = publishModeOf(publisher, place);
    if (isByHand(mode) || (await isFrozen(publisher, owner, project))) return;
    const chroots = await chrootsOf(publisher.home, { owner, name: project });
    const own = live().filter((build) => build.owner === owner && build.project === project && isUnderWay(build));
    for (const chroot of mode === 'each' || own.length === 0 ? [] : chroots)
      if (await isHeldBack(publisher, place, chroot, own)) return;
    await publishChroots(publisher, place, chroots);
  });
}

function isUnderWay({ chroots }: QueuedBuild): boolean {
  return chroots.some(({ state }) => !isFinal(state));
}

/**
 * Does so for all projects where builds see another generation than readers. What cannot be done now is told, and done
 * the next time.
 */
export async function publishAllEnded(publisher: Publisher, live: () => readonly QueuedBuild[]): Promise<void> {
  for (const place of await findApart(publisher.home)) {
    await publishEnded(publisher, place, live).catch((error: unknown) => tellLater(publisher, place, error));
  }
}

/** Says that a publication is yet to be done. */
export function tellLater({ log }: Publisher, { owner, project }: ProjectPlace, error: unknown): void {
  log?.('error', `what was built of ${owner}/${project} cannot be published now: ${describeError(error)}`);
}

async function findApart(home: string): Promise<readonly ProjectPlace[]> {
  const results = join(home, 'published', 'results');
  const foldersIn = async (...path: readonly string[]) =>
    (await readdir(join(results, ...path), { withFileTypes: true }).catch(nothingWhenAbsent))
      ?.filter((entry) => entry.isDirectory())
      .map(({ name }) => name) ?? [];
  const apart: ProjectPlace[] = [];
  for (const owner of await foldersIn())
    for (const project of await foldersIn(owner)) {
      const chroots = (await foldersIn(owner, project)).filter((name) => parseChroot(name) !== undefined);
      const newest = await Promise.all(chroots.map((chroot) => seesNewer(join(results, owner, project, chroot))));
      if (newest.includes(true)) apart.push({ owner, project });
    }
  return apart;
}

/** Whether one of the builds that wait to be published is of a batch that has others under way. */
async function isHeldBack(
  publisher: Publisher,
  place: ProjectPlace,
  chroot: ChrootName,
  live: readonly QueuedBuild[],
): Promise<boolean> {
  const folder = repositoryFolder(publisher, place, chroot);
  const apart = await readApart(folder);
  if (apart === undefined) return false;
  const [ids, batches] = [new Set<BuildId>(live.map(({ id }) => id)), new Set(live.map(({ batch }) => batch))];
  for (const { after } of await compareGenerations(folder, apart.current, apart.newest)) {
    if (after === undefined) continue;
    if (ids.has(Number.parseInt(after.build, 10) as BuildId)) return true;
    const path = `${published.repository(place.owner, place.project, chroot)}/${after.build}`;
    const record = await usableRecord(publisher, path);
    if (record !== undefined && batches.has(record.batch)) return true;
  }
  return false;
}
