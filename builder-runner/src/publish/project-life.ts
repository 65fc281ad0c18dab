// Changes the published results when a project is deleted or renamed, or one of its builds is deleted. Each
// operation can be repeated after an interruption, waits for running publications, and expects that the builds
// concerned have left the queue.
import { mkdir, mkdtemp, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BuildId, type ChrootName, paddedBuildId, parseChroot, presentName, published } from '@coppice/config';
import { exists, nothingWhenAbsent } from '../base/absent.ts';
import { RunnerError } from '../base/errors.ts';
import { frozenFolder, frozenResults, isFrozen, removeFrozenNote, writeFrozenNote } from '../base/frozen.ts';
import { noteChange } from '../base/published-changes.ts';
import { packageOfBuild } from '../repodata/texts.ts';
import { keyFolder, ofKey } from '../signing/keys.ts';
import { setKeyringAside } from '../signing/removed-keys.ts';
import { closeSigning } from '../signing/sign.ts';
import { alone, aloneWithBoth, type ProjectName, placeOf } from './project-place.ts';
import { changeMetadata, hideBuilds } from './publish.ts';
import type { Publisher } from './publisher.ts';
import { usableMovedRecord, usableRecord } from './read-record.ts';
import { writeRecord } from './record.ts';
import { removeDue, removeLater } from './remove-later.ts';
import { removeRepoFiles, writeAllRepoFiles } from './repo-files.ts';
import { hasRepodata } from './repository-of.ts';

/**
 * Deletes all that was published of a project. Its key is kept aside in
 * `state/keys-removed/<owner>/<project>-<fingerprint>`; that of a sandbox is destroyed. Throws RunnerError `keys` when
 * the key's folder is damaged.
 */
export function removeProject(home: string, owner: string, name: string): Promise<void> {
  return alone(placeOf({ owner, name }), () => removeAll(home, { owner, name }));
}

async function removeAll(home: string, name: ProjectName): Promise<void> {
  await removePublished(home, name);
  await removeTree(home, frozenResults(home, name.owner, name.name));
  await removeTree(home, frozenFolder(home, name.owner, name.name));
  await setKeyAside(home, name);
}

async function removePublished(home: string, { owner, name }: ProjectName): Promise<void> {
  await removeRepoFiles({ home }, { owner, name }, (path) => removeTree(home, path));
  await removeTree(home, join(home, 'published', published.project(owner, name)));
  await removeFrozenNote(home, owner, name);
}

async function setKeyAside(home: string, { owner, name }: ProjectName): Promise<void> {
  const key = keyFolder(home, owner, name);
  if (!(await exists(key))) return;
  await closeSigning(key);
  await ofKey(key, () => setKeyringAside(home, { owner, name }, key));
  await removeEmpty(dirname(key));
}

/** What a project without builds has. What a rename that was cut off has moved there already is the other one's. */
async function makeWay(home: string, from: ProjectName, to: ProjectName): Promise<void> {
  // First: a folder in which there is no key that could be kept stops it.
  if (await exists(keyFolder(home, from.owner, from.name))) await setKeyAside(home, to);
  await removePublished(home, to);
  if (await exists(frozenFolder(home, from.owner, from.name)))
    await removeTree(home, frozenFolder(home, to.owner, to.name));
}

/**
 * Gives what was published of a project, and its key, another name. Metadata and signatures stay as they are: paths in
 * them are relative. A key and repositories of the new name that no build is in give way, kept aside as those of a
 * project that is removed. Throws RunnerError `publish` when there are builds under the new name already.
 */
export function renameProject(publisher: Publisher, from: ProjectName, to: ProjectName): Promise<void> {
  const { home } = publisher;
  return aloneWithBoth(from, to, async () => {
    const root = join(home, 'published');
    const [old, fresh] = [from, to].map(({ owner, name }) => join(root, published.project(owner, name))) as [
      string,
      string,
    ];
    const [oldKey, freshKey] = [from, to].map(({ owner, name }) => keyFolder(home, owner, name)) as [string, string];
    const isTaken =
      ((await exists(old)) && (await exists(fresh))) || ((await exists(oldKey)) && (await exists(freshKey)));
    if (isTaken && !(await hasBuilds(fresh))) await makeWay(home, from, to);
    else if (isTaken) {
      const names = `${from.owner}/${from.name} cannot become ${to.owner}/${to.name}`;
      throw new RunnerError('publish', `${names}: there are builds under that name already; remove them first`);
    }
    await removeRepoFiles(publisher, from, (path) => removeTree(home, path));
    await moveTree(frozenResults(home, from.owner, from.name), frozenResults(home, to.owner, to.name));
    await moveTree(frozenFolder(home, from.owner, from.name), frozenFolder(home, to.owner, to.name));
    await closeSigning(oldKey);
    await moveTree(oldKey, freshKey);
    await removeDue(home, new Date(), { below: published.project(from.owner, from.name) });
    await moveTree(old, fresh);
    await renameRecords(publisher, to, to);
    await removeFrozenNote(home, from.owner, from.name);
    if (await exists(frozenFolder(home, to.owner, to.name))) return writeFrozenNote(publisher, to.owner, to.name);
    await writeAllRepoFiles(publisher, to);
  });
}

/**
 * At the start: gives sandboxes from before they were called `project:pr:N` that name, open ones and those that are yet
 * to be swept. Whatever has the old name still is taken up at the next start; a fault in one is told and keeps nothing
 * from starting.
 */
export async function renameOldSandboxes(publisher: Publisher): Promise<void> {
  const { home, log } = publisher;
  const roots = ['published/results', 'state/keys', 'state/frozen'].map((folder) => join(home, folder));
  const found = new Map<string, ProjectName>();
  for (const root of roots) {
    for (const owner of await readdir(root).catch((): string[] => [])) {
      for (const name of await readdir(join(root, owner)).catch((): string[] => [])) {
        if (presentName(name) !== name) found.set(`${owner}/${name}`, { owner, name });
      }
    }
  }
  for (const [key, from] of found) {
    const to = { owner: from.owner, name: presentName(from.name) };
    try {
      // First, while the folder has its old name: from then on nothing is left to do that would not be found again.
      await alone(placeOf(from), () => renameRecords(publisher, from, to));
      await renameProject(publisher, from, to);
      await removeTree(home, join(home, 'published', published.projectPage(from.owner, from.name)));
      log?.('info', `The sandbox ${key} is ${to.owner}/${to.name} now`);
    } catch (error) {
      log?.('error', `The sandbox ${key} could not be renamed to ${to.owner}/${to.name}`, { error });
    }
  }
}

/**
 * Deletes one build that has ended: its packages leave the metadata, then its records and logs go, and its packages
 * when no reader of older metadata can want them any more.
 */
export function deleteBuild(publisher: Publisher, owner: string, name: string, id: BuildId): Promise<void> {
  const { home } = publisher;
  const place = placeOf({ owner, name });
  return alone(place, async () => {
    for (const chroot of await chrootsOf(home, { owner, name })) {
      const repository = join(home, 'published', published.repository(owner, name, chroot));
      const leaving = (await readdir(repository)).filter((folder) => folder.startsWith(`${paddedBuildId(id)}-`));
      if (leaving.length === 0) continue;
      // A frozen project has no metadata now, and gets it anew when it is put back.
      if (await hasRepodata(repository)) await hideBuilds(publisher, place, chroot, leaving);
      for (const folder of leaving) await removeLater(home, `${published.repository(owner, name, chroot)}/${folder}`);
    }
    await removeTree(home, join(home, 'published', published.srpmBuild({ id, ...place, package: '' })));
    await removeFrozen(home, { owner, name }, (build) => build.split('-')[0] === paddedBuildId(id));
  });
}

/**
 * Removes builds and their source packages, as `isMeant` says by the names of their folders. Nobody reads what is out
 * of reach; its metadata follows when it is put back.
 */
async function removeFrozen(
  home: string,
  { owner, name }: ProjectName,
  isMeant: (build: string, folder: string) => boolean | Promise<boolean>,
): Promise<void> {
  const results = frozenResults(home, owner, name);
  for (const folder of (await readdir(results, { withFileTypes: true }).catch(nothingWhenAbsent)) ?? []) {
    if (!folder.isDirectory()) continue;
    for (const build of await readdir(join(results, folder.name)))
      if (await isMeant(build, folder.name)) await removeTree(home, join(results, folder.name, build));
  }
}

/**
 * Deletes all that a package has published, builds that have ended: it leaves the metadata as a whole, then its records
 * and logs go, and its packages when no reader of older metadata can want them any more. What a frozen project has of
 * it goes at once.
 */
export function removePackage(publisher: Publisher, owner: string, name: string, packageName: string): Promise<void> {
  const { home } = publisher;
  const place = placeOf({ owner, name });
  return alone(place, async () => {
    for (const chroot of await chrootsOf(home, { owner, name })) {
      const repository = join(home, 'published', published.repository(owner, name, chroot));
      const leaving = (await readdir(repository)).filter((folder) => packageOfBuild(folder) === packageName);
      if (leaving.length === 0) continue;
      if (await hasRepodata(repository)) await changeMetadata(publisher, place, chroot, { hide: leaving });
      for (const folder of leaving) await removeLater(home, `${published.repository(owner, name, chroot)}/${folder}`);
    }
    const sources = `${published.project(owner, name)}/srpm-builds`;
    const isSource = async (folder: string) =>
      (await usableRecord(publisher, `${sources}/${folder}`))?.package === packageName;
    for (const folder of (await readdir(join(home, 'published', sources)).catch(nothingWhenAbsent)) ?? [])
      if (await isSource(folder)) await removeTree(home, join(home, 'published', sources, folder));
    await removeFrozen(home, { owner, name }, (build, folder) =>
      folder === 'srpm-builds' ? isSource(build) : packageOfBuild(build) === packageName,
    );
  });
}

/** The chroots for which there are results of a project, in the order of their names. */
export async function chrootsOf(home: string, { owner, name }: ProjectName): Promise<readonly ChrootName[]> {
  const names = await readdir(join(home, 'published', published.project(owner, name))).catch((): string[] => []);
  return names.sort().flatMap((each) => parseChroot(each)?.name ?? []);
}

/** Whether any build is there. Of one that was deleted, packages alone are left for a while. */
async function hasBuilds(results: string): Promise<boolean> {
  for (const entry of await readdir(results, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue;
    const chroot = join(results, entry.name);
    for (const build of (await readdir(chroot)).filter((name) => /^\d/.test(name)))
      if (!(await readdir(join(chroot, build))).every((file) => file.endsWith('.rpm'))) return true;
  }
  return false;
}

/**
 * New metadata, signed with the present key, of each repository that a project has now. False, and nothing is done,
 * when the project is frozen.
 */
export function signMetadata(publisher: Publisher, project: ProjectName): Promise<boolean> {
  const place = placeOf(project);
  return alone(place, async () => {
    if (await isFrozen(publisher, project.owner, project.name)) return false;
    for (const chroot of await chrootsOf(publisher.home, project)) {
      const repository = join(publisher.home, 'published', published.repository(project.owner, project.name, chroot));
      if (await hasRepodata(repository)) await changeMetadata(publisher, place, chroot, {});
    }
    return true;
  });
}

/** Records say whose they are: those that stand in `at`. */
export async function renameRecords(
  publisher: Publisher,
  at: ProjectName,
  { owner, name }: ProjectName,
): Promise<void> {
  const { home } = publisher;
  const project = published.project(at.owner, at.name);
  const results = join(home, 'published', project);
  for (const folder of await readdir(results, { withFileTypes: true }).catch(() => [])) {
    if (!folder.isDirectory()) continue;
    for (const build of await readdir(join(results, folder.name))) {
      const record = await usableMovedRecord(publisher, `${project}/${folder.name}/${build}`);
      if (record === undefined || (record.owner === owner && record.project === name)) continue;
      const path = join(results, folder.name, build, 'result.json');
      await writeRecord(path, { ...record, owner, project: name });
    }
  }
}

/** Renames a folder, if it is there, and leaves no empty owner behind. */
async function moveTree(from: string, to: string): Promise<void> {
  if (!(await exists(from))) return;
  await mkdir(dirname(to), { recursive: true });
  await rename(from, to);
  noteChange(from);
  noteChange(to);
  await removeEmpty(dirname(from));
}

/** Deletes a folder, gone for readers at once: it goes by way of the staging folder, which the next start empties. */
export async function removeTree(home: string, path: string): Promise<void> {
  if (!(await exists(path))) return;
  const staging = join(home, 'state', 'staging');
  await mkdir(staging, { recursive: true, mode: 0o700 });
  const trash = await mkdtemp(join(staging, 'removed-'));
  await rename(path, join(trash, 'tree'));
  noteChange(path);
  await rm(trash, { recursive: true, force: true });
  await removeEmpty(dirname(path));
}

async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  });
}
