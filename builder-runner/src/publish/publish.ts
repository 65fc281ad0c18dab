// Publishes what a build made. The order is guaranteed: files, metadata, marker, and `result.json` last.

import { access, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type ChrootName, published, type QueuedBuild, type QueuedChroot, type Result } from '@coppice/config';
import { exists } from '../base/absent.ts';
import { frozenResults, isFrozen, isWithheld, mergeFolder, withheldFolder } from '../base/frozen.ts';
import { type Failure, fail } from '../base/outcome.ts';
import { noteChange, noteTakedown } from '../base/published-changes.ts';
import { syncFolder } from '../base/replace-file.ts';
import type { Clash } from '../repodata/clash.ts';
import { numberSeen } from '../repodata/generations.ts';
import { changeRepository, type RepositoryChange } from '../repodata/repository.ts';
import { packageOfBuild } from '../repodata/texts.ts';
import { alone, type ProjectPlace } from './project-place.ts';
import { chrootFolder, type Publisher, publishModeOf } from './publisher.ts';
import { usableRecord } from './read-record.ts';
import { type Ending, recordOfChroot, writeRecord } from './record.ts';
import { writeRepoFile } from './repo-files.ts';
import {
  type DescribedBuilds,
  describeBuilds,
  goodBuildBefore,
  hasRepodata,
  repositoryFolder,
  repositoryOf,
  sweepNowAndThen,
} from './repository-of.ts';

export interface StagedPackages {
  /** Absolute. */
  readonly folder: string;
  readonly files: readonly string[];
  /** What `describeAhead` says of them. Default: they are described once they are in place. */
  readonly described?: DescribedBuilds | undefined;
}

/**
 * Moves a succeeded build's checked and signed files in place and makes its repository show them. `frozen`, and nothing
 * is done, when the project is. A failure when no metadata can show them: then the repository shows what it did before,
 * and the packages are back in the staging folder.
 */
export function publishPackages(
  publisher: Publisher,
  build: QueuedBuild,
  chroot: ChrootName,
  staging: StagedPackages,
): Promise<'published' | 'frozen' | Failure> {
  return alone(build, async () => {
    if (await isFrozen(publisher, build.owner, build.project)) return 'frozen';
    const folder = chrootFolder(publisher, build, chroot);
    await moveFiles(staging.folder, folder, staging.files);
    const why = await showBuild(publisher, build, chroot, staging.described ?? basename(folder));
    if (why === undefined) return 'published';
    await moveFiles(
      folder,
      staging.folder,
      staging.files.filter((file) => file.endsWith('.rpm')),
    );
    return fail('packaging', why).failure;
  });
}

/** Resolves with a sentence when the repository cannot show the build, which is its folder when not described yet. */
async function showBuild(
  publisher: Publisher,
  place: ProjectPlace,
  chroot: ChrootName,
  build: DescribedBuilds | string,
): Promise<string | undefined> {
  const { builds, leftOut } =
    typeof build === 'string' ? await describeBuilds(repositoryFolder(publisher, place, chroot), [build]) : build;
  const [out] = leftOut;
  if (out !== undefined) return `createrepo_c leaves ${out.file} out of the repository: ${out.line}.`;
  const unpublished = publishModeOf(publisher, place) !== 'each';
  // Readers have something to look at from the first build on, be it empty.
  if (unpublished) await ensureRepository(publisher, place, chroot);
  const givesWay = ({ first }: Clash) =>
    publisher.hasLeft?.(place.owner, place.project, packageOfBuild(first) ?? '') === true;
  // A package that is renamed in the config makes the same RPMs as before, and those of the old name lie there still.
  for (const hide: string[] = []; ; ) {
    const change = { show: builds, hide, refuseClashes: true, unpublished };
    const clash = await writeMetadata(publisher, place, chroot, change);
    if (clash === undefined) return undefined;
    if (!givesWay(clash) || hide.includes(clash.first)) return describeClash(clash);
    hide.push(clash.first);
  }
}

/** A build that would take another package's place is a failure, with a sentence that names that one. */
function describeClash({ rpm, isSource, first }: Clash): string {
  const [, number = '', name = ''] = /^0*(\d+)-(.+)$/s.exec(first) ?? [];
  const what = isSource ? `the source package ${rpm} of this version` : `a package ${rpm}`;
  const rest = isSource
    ? `Give this one a release of its own, or remove ${name} from the project.`
    : `Users would get either. Rename it in one of the two specs, or build ${name} without it first and this one again.`;
  return `${name} (build ${number}) has ${what} in this repository already. ${rest}`;
}

/** Moves files; one that is there already was moved before a crash. */
export async function moveFiles(from: string, to: string, files: readonly string[]): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const file of files) {
    try {
      await rename(join(from, file), join(to, file));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await access(join(to, file));
    }
    noteChange(join(to, file));
  }
}

/**
 * The end of a chroot, whichever: marker, then record. A project whose builds all failed still has a repository, an
 * empty one. Of one that is frozen, all of it goes where the rest of it is.
 */
export function publishEnding(
  publisher: Publisher,
  build: QueuedBuild,
  chroot: QueuedChroot,
  ending: Ending,
): Promise<void> {
  return alone(build, async () => {
    const { home } = publisher;
    const { owner, project } = build;
    const isOffline = await isFrozen(publisher, owner, project);
    const isAside = await isWithheld(home, owner, project);
    if (isAside) await withholdRest(home, build);
    const path = published.chrootBuild(build, chroot.chroot);
    const folder = join(isAside ? withheldFolder(home) : join(home, 'published'), path);
    await mkdir(folder, { recursive: true });
    if (!isOffline) await ensureRepository(publisher, build, chroot.chroot);
    // What a crash left between packages and record is not what it was going to be.
    const isLeft = ending.state !== 'succeeded' && (await readdir(folder)).some((file) => file.endsWith('.rpm'));
    if (isLeft && !isOffline) await hideBuilds(publisher, build, chroot.chroot, [basename(folder)]);
    const marker = ending.state === 'succeeded' ? 'success' : 'fail';
    await rm(join(folder, marker === 'success' ? 'fail' : 'success'), { force: true });
    await writeFile(join(folder, marker), '');
    noteChange(folder);
    await writeRecord(
      join(folder, 'result.json'),
      recordOfChroot(build, chroot, ending, await srpmOf(publisher, build, chroot.chroot)),
    );
    // The folder that the record is in is new as well.
    await syncFolder(dirname(folder));
  });
}

/** What a build of a project that was frozen meanwhile has left in reach: its logs, its source package. */
async function withholdRest(home: string, { owner, project }: ProjectPlace): Promise<void> {
  const left = join(home, 'published', published.project(owner, project));
  if (!(await exists(left))) return;
  await mergeFolder(left, frozenResults(home, owner, project));
  noteTakedown(left);
}

/**
 * The source package that a chroot is built from, as its own record has it; undefined without a record that can be
 * used.
 */
async function srpmOf(publisher: Publisher, build: QueuedBuild, chroot: ChrootName): Promise<Result['srpm']> {
  if (build.srpm === null) return undefined;
  const artifacts = (await usableRecord(publisher, published.srpmBuild(build)))?.artifacts ?? [];
  const own = artifacts.find(({ file }) => file.startsWith(`${chroot}/`));
  const artifact = own ?? artifacts.find(({ file }) => file === build.srpm);
  return artifact && { file: artifact.file, sha256: artifact.sha256 };
}

/**
 * Makes a change, and writes the files that tell of the repository; resolves with a clash when it has not happened for
 * one. Callers hold the project alone.
 */
export async function writeMetadata(
  publisher: Publisher,
  place: ProjectPlace,
  chroot: ChrootName,
  change: RepositoryChange,
): Promise<Clash | undefined> {
  const clash = await changeMetadata(publisher, place, chroot, change);
  if (clash === undefined) await writeRepoFile(publisher, { owner: place.owner, name: place.project }, chroot);
  return clash;
}

/**
 * A new generation of one repository with this change, signed with the project's key; resolves with a clash when it has
 * not happened for one. While builds see what is not published yet, a change that is not for them alone is one of what
 * readers see as well, and publishes nothing else. Callers hold the project alone.
 */
export async function changeMetadata(
  publisher: Publisher,
  { owner, project }: ProjectPlace,
  chroot: ChrootName,
  change: RepositoryChange,
): Promise<Clash | undefined> {
  const repository = await repositoryOf(publisher, { owner, project }, chroot);
  const current = await numberSeen(repository.folder, 'current');
  const isApart = current !== undefined && current !== (await numberSeen(repository.folder, 'newest'));
  const isForAll = isApart && !change.unpublished && publishModeOf(publisher, { owner, project }) !== 'each';
  const made = await changeRepository(repository, isForAll ? { ...change, unpublished: true } : change);
  if ('first' in made) return made;
  if (isForAll) await changeRepository(repository, { ...change, from: current });
  await sweepNowAndThen(publisher, { owner, project }, chroot);
  return undefined;
}

/** An empty repository, signed, where there is none. Callers hold the project alone. */
export async function ensureRepository(publisher: Publisher, place: ProjectPlace, chroot: ChrootName): Promise<void> {
  if (!(await hasRepodata(repositoryFolder(publisher, place, chroot))))
    await writeMetadata(publisher, place, chroot, {});
}

/**
 * Shows some builds no more, by their folders, and instead of each that was shown the good one before it. Callers hold
 * the project alone.
 */
export async function hideBuilds(
  publisher: Publisher,
  place: ProjectPlace,
  chroot: ChrootName,
  hide: readonly string[],
): Promise<void> {
  const folder = repositoryFolder(publisher, place, chroot);
  const left = await Promise.all(hide.map((build) => goodBuildBefore(publisher, folder, build, hide)));
  const { builds } = await describeBuilds(
    folder,
    left.filter((build) => build !== undefined),
  );
  await changeMetadata(publisher, place, chroot, { hide, instead: builds });
}
