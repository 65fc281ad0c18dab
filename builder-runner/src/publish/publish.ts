// Puts what a build made where readers find it. The order is the promise: files, metadata, marker, and `result.json` last.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type ChrootName, published, type QueuedBuild, type QueuedChroot } from '@coppice/config';
import { dnfRepo } from './dnf-repo.ts';
import { ensureKey } from './keys.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { type Ending, recordOfChroot, writeRecord } from './record.ts';
import { hasRepodata, writeRepodata } from './repodata.ts';
import type { Signer } from './sign.ts';

/** Where this service publishes, and under which address. */
export interface Publisher {
  readonly home: string;
  /** Public address without a slash at the end. */
  readonly url: string;
}

/** The folder of one chroot of one build, absolute. */
export function chrootFolder(publisher: Publisher, build: QueuedBuild, chroot: ChrootName): string {
  return join(publisher.home, 'published', published.chrootBuild(build, chroot));
}

/** Moves a succeeded build's checked and signed files in place and makes its repository show them. */
export async function publishPackages(
  publisher: Publisher,
  build: QueuedBuild,
  chroot: ChrootName,
  staging: { readonly folder: string; readonly files: readonly string[] },
): Promise<void> {
  const folder = chrootFolder(publisher, build, chroot);
  await moveFiles(staging.folder, folder, staging.files);
  await writeMetadata(publisher, build, chroot, basename(folder));
}

/** Moves logs (and nothing else) of a build that did not succeed. */
export async function moveFiles(from: string, to: string, files: readonly string[]): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const file of files) await rename(join(from, file), join(to, file));
}

/** The end of a chroot, whichever: marker, then record. A project whose builds all failed still has a repository, an empty one. */
export async function publishEnding(
  publisher: Publisher,
  build: QueuedBuild,
  chroot: QueuedChroot,
  ending: Ending,
): Promise<void> {
  const folder = chrootFolder(publisher, build, chroot.chroot);
  await mkdir(folder, { recursive: true });
  if (!(await hasRepodata(dirname(folder)))) await writeMetadata(publisher, build, chroot.chroot, null);
  const marker = ending.state === 'succeeded' ? 'success' : 'fail';
  await rm(join(folder, marker === 'success' ? 'fail' : 'success'), { force: true });
  await writeFile(join(folder, marker), '');
  await writeRecord(join(folder, 'result.json'), recordOfChroot(build, chroot, ending));
}

/** The project's key as what signs; made when missing. */
export async function signerOf(publisher: Publisher, build: QueuedBuild): Promise<Signer> {
  const { owner, project } = build;
  const { fingerprint } = await ensureKey(publisher.home, owner, project);
  return { home: publisher.home, owner, project, fingerprint };
}

async function writeMetadata(
  publisher: Publisher,
  build: QueuedBuild,
  chroot: ChrootName,
  justPublished: string | null,
): Promise<void> {
  const { owner, project } = build;
  const root = join(publisher.home, 'published');
  const repository = join(root, published.repository(owner, project, chroot));
  const signer = await signerOf(publisher, build);
  await oneAtATime(`repository ${repository}`, () => writeRepodata(repository, signer, justPublished));
  const path = join(root, published.dnfRepo(owner, project, chroot));
  await mkdir(dirname(path), { recursive: true });
  await oneAtATime(`file ${path}`, async () => {
    await writeFile(`${path}.new`, dnfRepo(publisher.url, owner, project, chroot));
    await rename(`${path}.new`, path);
  });
}
