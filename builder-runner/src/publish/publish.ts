// Publishes what a build made. The order is guaranteed: files, metadata, marker, and `result.json` last.
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type ChrootName, published, type QueuedBuild, type QueuedChroot, type Result } from '@coppice/config';
import { inTurn } from '../base/in-turn.ts';
import { type Failure, fail } from '../base/outcome.ts';
import { syncFolder } from '../base/replace-file.ts';
import { isFrozen } from './frozen.ts';
import { ensureKey } from './keys.ts';
import { chrootFolder, type Publisher } from './publisher.ts';
import { describeDamage, usableRecord } from './read-record.ts';
import { type Ending, recordOfChroot, writeRecord } from './record.ts';
import { writeRepoFile } from './repo-files.ts';
import { type Exceptions, hasRepodata, type LeftOut, writeRepodata } from './repodata.ts';
import type { Signer } from './sign.ts';

/**
 * Moves a succeeded build's checked and signed files in place and makes its repository show them. `frozen`, and nothing
 * is done, when the project is. A failure when no metadata can show them: then the repository shows what it did before,
 * and the packages are back in the staging folder.
 */
export function publishPackages(
  publisher: Publisher,
  build: QueuedBuild,
  chroot: ChrootName,
  staging: { readonly folder: string; readonly files: readonly string[] },
): Promise<'published' | 'frozen' | Failure> {
  return alone(build, async () => {
    if (await isFrozen(publisher, build.owner, build.project)) return 'frozen';
    const folder = chrootFolder(publisher, build, chroot);
    unrecorded.add(folder);
    try {
      await moveFiles(staging.folder, folder, staging.files);
      const leftOut = (await writeMetadata(publisher, build, chroot)).find((each) => each.build === basename(folder));
      if (leftOut === undefined) return 'published';
      unrecorded.delete(folder);
      const packages = staging.files.filter((file) => file.endsWith('.rpm'));
      await moveFiles(folder, staging.folder, packages);
      return cannotBeShown(leftOut);
    } catch (error) {
      unrecorded.delete(folder);
      throw error;
    }
  });
}

function cannotBeShown({ file, line }: LeftOut): Failure {
  const sentence = `createrepo_c leaves ${file} out of the repository: ${line}.`;
  return fail('packaging', sentence).failure;
}

/**
 * Folders of builds between their packages and their records. Metadata that is written meanwhile, for another build,
 * must show them: nobody would add them later. A build that a crash leaves without a record did not happen, so this
 * need not outlive the process.
 */
const unrecorded = new Set<string>();

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
  }
}

/**
 * The end of a chroot, whichever: marker, then record. A project whose builds all failed still has a repository, an
 * empty one.
 */
export function publishEnding(
  publisher: Publisher,
  build: QueuedBuild,
  chroot: QueuedChroot,
  ending: Ending,
): Promise<void> {
  return alone(build, async () => {
    const folder = chrootFolder(publisher, build, chroot.chroot);
    await mkdir(folder, { recursive: true });
    const shows = (await hasRepodata(dirname(folder))) || (await isFrozen(publisher, build.owner, build.project));
    if (!shows) await writeMetadata(publisher, build, chroot.chroot);
    const marker = ending.state === 'succeeded' ? 'success' : 'fail';
    await rm(join(folder, marker === 'success' ? 'fail' : 'success'), { force: true });
    await writeFile(join(folder, marker), '');
    await writeRecord(
      join(folder, 'result.json'),
      recordOfChroot(build, chroot, ending, await srpmOf(publisher, build, chroot.chroot)),
    );
    // The folder that the record is in is new as well.
    await syncFolder(dirname(folder));
    unrecorded.delete(folder);
  });
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

/** What a path needs to know of a project. */
interface ProjectPlace {
  readonly owner: string;
  readonly project: string;
}

/** Each publication of a repository meets its damaged records again. */
const told = new Set<string>();

function tellOnce({ home, log }: Publisher, folder: string, why: string): void {
  const key = `${home} ${folder} ${why}`;
  if (log === undefined || told.has(key)) return;
  told.add(key);
  log('error', describeDamage(folder, why));
}

/** Runs `work` while nobody else changes what is published of this project. */
export function alone<T>({ owner, project }: ProjectPlace, work: () => Promise<T>): Promise<T> {
  return inTurn(`project ${owner}/${project}`, work);
}

/** The project's key as what signs; made when missing. */
export async function signerOf(publisher: Publisher, { owner, project }: ProjectPlace): Promise<Signer> {
  const { fingerprint } = await ensureKey(publisher.home, owner, project);
  return { home: publisher.home, owner, project, fingerprint };
}

/**
 * New metadata of one repository, and its `.repo` file; resolves with the builds that it cannot show. Callers hold the
 * project alone.
 */
export async function writeMetadata(
  publisher: Publisher,
  { owner, project }: ProjectPlace,
  chroot: ChrootName,
  exceptions: Pick<Exceptions, 'leaving'> = {},
): Promise<readonly LeftOut[]> {
  const folder = published.repository(owner, project, chroot);
  const repository = join(publisher.home, 'published', folder);
  const justPublished = new Set(
    [...unrecorded].filter((path) => dirname(path) === repository).map((path) => basename(path)),
  );
  const signer = await signerOf(publisher, { owner, project });
  const damaged = (build: string, why: string) => tellOnce(publisher, `${folder}/${build}`, why);
  const leftOut = await writeRepodata(repository, signer, { ...exceptions, justPublished, damaged });
  await writeRepoFile(publisher, { owner, name: project }, chroot);
  return leftOut;
}
