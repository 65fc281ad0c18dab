// The repository of one project and chroot: which builds it begins with, who signs it, how long its generations stay.
import { lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildStates, type ChrootName, maximumResultBytes, parseJsonAs, published } from '@coppice/config';
import { z } from 'zod';
import { exists, nothingWhenAbsent } from '../base/absent.ts';
import { RunnerError } from '../base/errors.ts';
import { readRegularFile } from '../base/regular-file.ts';
import { describePackages } from '../repodata/createrepo.ts';
import { numberSeen, readGeneration, repodataOf, sweepGenerations, type Viewer } from '../repodata/generations.ts';
import { packagesShown } from '../repodata/read-index.ts';
import { type Repository, readBuilds } from '../repodata/repository.ts';
import { type BuildTexts, groupByBuild, packageOfBuild } from '../repodata/texts.ts';
import { ensureKey } from '../signing/keys.ts';
import { type Signer, signDetached } from '../signing/sign.ts';
import type { ProjectPlace } from './project-place.ts';
import type { Publisher } from './publisher.ts';
import { describeDamage } from './read-record.ts';

/** The project's key as what signs; made when missing. */
export async function signerOf(publisher: Publisher, { owner, project }: ProjectPlace): Promise<Signer> {
  const { signing, log } = publisher;
  const options = { terms: signing?.(owner, project), log };
  const { fingerprint } = await ensureKey(publisher.home, owner, project, options);
  return { home: publisher.home, owner, project, fingerprint };
}

/** A repository by its path below `results/`: `owner/project/chroot`. */
function repositoryKey({ owner, project }: ProjectPlace, chroot: ChrootName): string {
  return `${owner}/${project}/${chroot}`;
}

/** Absolute. */
export function repositoryFolder({ home }: Pick<Publisher, 'home'>, place: ProjectPlace, chroot: ChrootName): string {
  return join(home, 'published', published.repository(place.owner, place.project, chroot));
}

/** The repository, to be changed by whoever holds the project alone. Its folder is made when missing. */
export async function repositoryOf(publisher: Publisher, place: ProjectPlace, chroot: ChrootName): Promise<Repository> {
  const folder = repositoryFolder(publisher, place, chroot);
  await mkdir(folder, { recursive: true });
  const signer = await signerOf(publisher, place);
  return {
    folder,
    sign: (file, target) => signDetached(signer, file, target),
    beginWith: () => listShown(publisher, folder),
    log: publisher.log,
  };
}

/** True when the repository in `folder` can be read by dnf already. */
export function hasRepodata(folder: string): Promise<boolean> {
  return exists(join(repodataOf(folder), 'repomd.xml'));
}

/** What the metadata shows, whoever made it; without any, each package's newest good build. */
async function listShown(publisher: Publisher, folder: string): Promise<readonly BuildTexts[]> {
  const shown = await namedByMetadata(folder);
  if (shown === undefined) return listNewestGood(publisher, folder);
  const { builds, leftOut } = await describeBuilds(folder, shown);
  const [lost] = leftOut;
  if (lost === undefined) return builds;
  // A package that users have already does not go because it cannot be read now.
  const what = `createrepo_c leaves out ${lost.build}/${lost.file}, which is shown now: ${lost.line}`;
  throw new RunnerError('metadata', what);
}

/** The builds that metadata names, whoever made it; undefined where there is none, or it cannot be read. */
async function namedByMetadata(folder: string): Promise<readonly string[] | undefined> {
  const paths = await packagesShown(repodataOf(folder)).catch((error: unknown) => {
    if (error instanceof RunnerError) return undefined;
    throw error;
  });
  return paths && [...new Set([...paths].map((path) => path.split('/')[0] ?? ''))];
}

/** A build that cannot be shown gives way to the good one before it. */
async function listNewestGood(publisher: Publisher, folder: string): Promise<readonly BuildTexts[]> {
  const without = new Set<string>();
  for (;;) {
    const { builds, leftOut } = await describeBuilds(folder, await newestGoodBuilds(publisher, folder, without));
    for (const { build, file, line } of leftOut) {
      without.add(build);
      publisher.log?.('error', `createrepo_c leaves out ${build}/${file}: ${line}`);
    }
    if (leftOut.length === 0) return builds;
  }
}

/** What the metadata is to say of builds, by their folders; those that createrepo_c does not take whole are apart. */
export async function describeBuilds(folder: string, builds: readonly string[]): Promise<DescribedBuilds> {
  const paths: string[] = [];
  for (const build of builds) {
    const entries = (await readdir(join(folder, build), { withFileTypes: true }).catch(nothingWhenAbsent)) ?? [];
    const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.rpm')).map(({ name }) => name);
    for (const file of files.sort()) paths.push(`${build}/${file}`);
  }
  const { packages, leftOut } = await describePackages(folder, paths);
  const without = new Set(leftOut.map(({ path }) => path.split('/')[0]));
  return {
    builds: groupByBuild(packages).filter(({ build }) => !without.has(build)),
    leftOut: leftOut.map(({ path, line }) => {
      const [build = '', file = ''] = path.split('/');
      return { build, file, line };
    }),
  };
}

/** The same of one build whose packages are still elsewhere, in `folder`: `build` is the folder that it will have. */
export async function describeAhead(folder: string, build: string, files: readonly string[]): Promise<DescribedBuilds> {
  const { packages, leftOut } = await describePackages(folder, [...files].sort(), build);
  return {
    builds: leftOut.length === 0 ? groupByBuild(packages) : [],
    leftOut: leftOut.map(({ path, line }) => ({ build, file: path, line })),
  };
}

/** What the metadata is to say of builds. */
export interface DescribedBuilds {
  readonly builds: readonly BuildTexts[];
  readonly leftOut: readonly LeftOutBuild[];
}

/** A build that no metadata can show, so that the repository goes on to show the one before it. */
export interface LeftOutBuild {
  /** Its folder. */
  readonly build: string;
  /** A package that is missing. */
  readonly file: string;
  /** What createrepo_c says about it. */
  readonly line: string;
}

/**
 * The builds that somebody sees, by their folders. Where there is no generation yet, those that the metadata names, or
 * else the newest good ones.
 */
export async function shownBuilds(publisher: Publisher, folder: string, viewer: Viewer): Promise<readonly string[]> {
  const number = await numberSeen(folder, viewer);
  const generation = number === undefined ? undefined : await readGeneration(folder, number);
  if (generation !== undefined) return (await readBuilds(folder, generation)).map(({ build }) => build);
  return (await namedByMetadata(folder)) ?? (await newestGoodBuilds(publisher, folder));
}

/** The folders, in that of a repository, of each package's newest succeeded build, oldest first. */
export async function newestGoodBuilds(
  publisher: Publisher,
  folder: string,
  without: ReadonlySet<string> = new Set(),
): Promise<readonly string[]> {
  const succeeded: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || without.has(entry.name)) continue;
    if (await hasSucceeded(publisher, join(folder, entry.name))) succeeded.push(entry.name);
  }
  return newestOfEach(succeeded);
}

/**
 * The good build of the same package before `after`, a folder in that of a repository, without those that are leaving:
 * the one after it may be what was taken back, or what is not published yet. Undefined when there is none.
 */
export async function goodBuildBefore(
  publisher: Publisher,
  folder: string,
  after: string,
  leaving: readonly string[],
): Promise<string | undefined> {
  const name = packageOfBuild(after);
  const isBefore = (build: string) => Number.parseInt(build, 10) < Number.parseInt(after, 10);
  const builds = (await readdir(folder)).filter(
    (build) => name !== undefined && packageOfBuild(build) === name && isBefore(build) && !leaving.includes(build),
  );
  for (const build of builds.sort((one, other) => Number.parseInt(other, 10) - Number.parseInt(one, 10)))
    if (await hasSucceeded(publisher, join(folder, build))) return build;
  return undefined;
}

/**
 * A build counts once its record says so; without a record it was never published. Only the state is looked at: there
 * may be 20,000 records. Where the record is damaged, the marker that was written just before it tells: leaving the
 * build out would take its packages from users.
 */
async function hasSucceeded({ home, log }: Publisher, build: string): Promise<boolean> {
  const read = await readRegularFile(join(build, 'result.json'), maximumResultBytes);
  if (read === undefined) return false;
  const stated =
    read.kind === 'text' ? parseJsonAs(read.text, stateSchema) : { kind: 'broken' as const, why: read.why };
  if (stated.kind === 'value') return stated.value.state === 'succeeded';
  log?.('error', describeDamage(build.slice(join(home, 'published').length + 1), stated.why));
  return (await lstat(join(build, 'success')).catch(nothingWhenAbsent))?.isFile() === true;
}

const stateSchema = z.looseObject({ state: z.enum(buildStates) });

/**
 * Of folder names `<id>-<package>`, the one with the highest number for each package, in the order of their numbers.
 * Pure.
 */
export function newestOfEach(names: readonly string[]): readonly string[] {
  const newest = new Map<string, string>();
  const ordered = names
    .filter((name) => packageOfBuild(name) !== undefined)
    .sort((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10));
  for (const name of ordered) newest.set(packageOfBuild(name) ?? name, name);
  return ordered.filter((name) => newest.get(packageOfBuild(name) ?? name) === name);
}

/** A reader that has read an index gets the files that it names for so long, whatever happens meanwhile. */
export const graceSeconds = 600;
/** `/rollback` finds so many generations, unless retention lets them go. */
export const keptGenerations = 10;
const sweptAt = new Map<string, number>();

/** Lets go of what is older, now and then: in a storm of publications there may be hundreds to look at. */
export async function sweepNowAndThen(publisher: Publisher, place: ProjectPlace, chroot: ChrootName): Promise<void> {
  const folder = repositoryFolder(publisher, place, chroot);
  const last = sweptAt.get(folder) ?? 0;
  if (Date.now() - last < (graceSeconds * 1000) / 10) return;
  sweptAt.set(folder, Date.now());
  const inUse = publisher.generationsInUse?.(repositoryKey(place, chroot)) ?? new Set<number>();
  await sweepGenerations(folder, { seconds: graceSeconds, newest: keptGenerations, inUse });
}
