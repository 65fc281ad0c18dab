// A fork begins with the newest good build of each package of another project, signed anew with its own key, under
// numbers of its own.

import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type BuildId, type ChrootName, published, type Result } from '@coppice/config';
import { RunnerError } from '../base/errors.ts';
import { isFrozen } from '../base/frozen.ts';
import { noteChange } from '../base/published-changes.ts';
import { packageOfBuild } from '../repodata/texts.ts';
import { describeArtifacts } from '../rpm/describe-artifacts.ts';
import { signRpms } from '../signing/sign.ts';
import { attestCopy, readPublicKey } from './attest-copy.ts';
import { chrootsOf } from './project-life.ts';
import { aloneWithBoth, type ProjectName } from './project-place.ts';
import { ensureRepository, writeMetadata } from './publish.ts';
import type { Publisher } from './publisher.ts';
import { usableRecord } from './read-record.ts';
import { writeRecord } from './record.ts';
import { describeBuilds, newestGoodBuilds, repositoryFolder, shownBuilds, signerOf } from './repository-of.ts';

export interface ForkOptions {
  /** Gives so many numbers of builds that nobody else gets: the queue's `reserve`. */
  readonly reserve: (count: number) => Promise<readonly BuildId[]>;
  /** Chroots to take along. Default: all that there are. */
  readonly chroots?: readonly ChrootName[];
}

/** One build to be copied for one chroot. */
interface Copy {
  readonly chroot: ChrootName;
  /** Absolute. */
  readonly from: string;
  readonly record: Result;
}

/**
 * Copies what readers see of each package and chroot from one project to another, which may have builds already:
 * what it has of a package for a chroot stays. Cut off in its middle, it can be done again. Resolves with how many it
 * copied; none, when one of the two is frozen. Throws RunnerError.
 */
export function forkProject(
  publisher: Publisher,
  from: ProjectName,
  to: ProjectName,
  options: ForkOptions,
): Promise<number> {
  return aloneWithBoth(from, to, async () => {
    for (const { owner, name } of [from, to]) if (await isFrozen(publisher, owner, name)) return 0;
    const there = await chrootsOf(publisher.home, from);
    const chroots = there.filter((chroot) => options.chroots?.includes(chroot) ?? true);
    const wanted = await Promise.all(chroots.map((chroot) => listWanted(publisher, from, chroot)));
    const copies = (await Promise.all(wanted.map((each) => withoutKnown(publisher, to, each)))).flat();
    const sources = [...new Set(copies.map(({ record }) => record.id))].sort((one, other) => one - other);
    const numbers = sources.length === 0 ? [] : await options.reserve(sources.length);
    for (const [index, source] of sources.entries()) {
      const id = numbers[index] as BuildId;
      for (const copy of copies.filter(({ record }) => record.id === source)) await copyChroot(publisher, to, id, copy);
      await copySrpm(publisher, from, to, id, source as BuildId);
    }
    for (const [index, chroot] of chroots.entries()) await showCopies(publisher, to, chroot, wanted[index] ?? []);
    return copies.length;
  });
}

/** Also what was copied before an interruption; never what waits there to be published. */
async function showCopies(
  publisher: Publisher,
  to: ProjectName,
  chroot: ChrootName,
  wanted: readonly Copy[],
): Promise<void> {
  const place = { owner: to.owner, project: to.name };
  const folder = repositoryFolder(publisher, place, chroot);
  const target = published.repository(to.owner, to.name, chroot);
  await mkdir(folder, { recursive: true });
  const there = await readRecords(publisher, target, await newestGoodBuilds(publisher, folder));
  const copies = there.filter(({ record }) => wanted.some((each) => isCopyOf(record, each.record)));
  const { builds, leftOut } = await describeBuilds(
    folder,
    copies.map(({ from }) => basename(from)),
  );
  if (builds.length === 0) await ensureRepository(publisher, place, chroot);
  else await writeMetadata(publisher, place, chroot, { show: builds });
  const [out] = leftOut;
  if (out !== undefined)
    throw new RunnerError('metadata', `createrepo_c leaves out ${out.build}/${out.file}: ${out.line}`);
}

/** The same build, whatever its number, its project and its signatures. Pure. */
function isCopyOf(record: Result, original: Result): boolean {
  const about = ({ package: name, batch, requestedAt, startedAt, endedAt, artifacts }: Result) =>
    JSON.stringify([name, batch, requestedAt, startedAt, endedAt, artifacts.map(({ nevra }) => nevra).sort()]);
  return about(record) === about(original);
}

/** What readers see of one chroot. */
async function listWanted(publisher: Publisher, from: ProjectName, chroot: ChrootName): Promise<readonly Copy[]> {
  const source = published.repository(from.owner, from.name, chroot);
  const shown = await shownBuilds(publisher, join(publisher.home, 'published', source), 'current');
  return (await readRecords(publisher, source, shown)).map((each) => ({ chroot, ...each }));
}

/** What of one chroot is not there yet. */
async function withoutKnown(publisher: Publisher, to: ProjectName, wanted: readonly Copy[]): Promise<readonly Copy[]> {
  const [first] = wanted;
  if (first === undefined) return [];
  const target = join(publisher.home, 'published', published.repository(to.owner, to.name, first.chroot));
  await mkdir(target, { recursive: true });
  const has = new Set((await newestGoodBuilds(publisher, target)).map(packageOfBuild));
  return wanted.filter(({ record }) => !has.has(record.package));
}

/** Of builds, by their folders, in `repository`, which lies inside `published/`. */
async function readRecords(
  publisher: Publisher,
  repository: string,
  builds: readonly string[],
): Promise<readonly Omit<Copy, 'chroot'>[]> {
  const read = builds.map(async (name) => {
    const record = await usableRecord(publisher, `${repository}/${name}`);
    return record && { from: join(publisher.home, 'published', repository, name), record };
  });
  return (await Promise.all(read)).filter((each) => each !== undefined);
}

/** Copies, signs and describes the files aside; then the whole folder appears at once. */
async function copyChroot(publisher: Publisher, to: ProjectName, id: BuildId, copy: Copy): Promise<void> {
  const place = { id, owner: to.owner, project: to.name, package: copy.record.package };
  await copyFolder(publisher, copy.from, published.chrootBuild(place, copy.chroot), async (staging) => {
    const rpms = (await readdir(staging)).filter((file) => file.endsWith('.rpm')).sort();
    await signRpms(await signerOf(publisher, place), staging, rpms);
    const artifacts = [...(await describeArtifacts(staging, rpms))];
    const key = await readPublicKey(publisher, copy.record.owner, copy.record.project);
    const accounts = await attestCopy(publisher, { folder: staging, artifacts, logs: [] }, place, { ...copy, key });
    const { attestation: _, sbom: __, ...record } = copy.record;
    return { ...record, id, owner: to.owner, project: to.name, artifacts, ...accounts };
  });
}

async function copySrpm(
  publisher: Publisher,
  from: ProjectName,
  to: ProjectName,
  id: BuildId,
  source: BuildId,
): Promise<void> {
  const folderOf = ({ owner, name }: ProjectName, number: BuildId) =>
    published.srpmBuild({ id: number, owner, project: name, package: '' });
  const record = await usableRecord(publisher, folderOf(from, source));
  if (record === undefined) return; // it was pruned, or is damaged
  await copyFolder(publisher, join(publisher.home, 'published', folderOf(from, source)), folderOf(to, id), async () => {
    return { ...record, id, owner: to.owner, project: to.name };
  });
}

/**
 * `change` gets the copied files and gives the record that is written among them. `target` lies inside `published/`.
 */
async function copyFolder(
  publisher: Publisher,
  from: string,
  target: string,
  change: (staging: string) => Promise<Result>,
): Promise<void> {
  const staging = join(publisher.home, 'state', 'staging', `fork-${target.replaceAll('/', '_')}`);
  const place = join(publisher.home, 'published', target);
  await rm(staging, { recursive: true, force: true });
  try {
    await cp(from, staging, { recursive: true });
    await writeRecord(join(staging, 'result.json'), await change(staging));
    await mkdir(dirname(place), { recursive: true });
    await rename(staging, place);
    noteChange(place);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
