// Changes the published results when a project is deleted, renamed or frozen, or one of its builds is deleted. Each
// operation can be repeated after an interruption, waits for running publications, and expects that the builds
// concerned have left the queue.
import { mkdir, mkdtemp, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BuildId, type ChrootName, paddedBuildId, parseChroot, published } from '@coppice/config';
import { exists } from '../base/absent.ts';
import { RunnerError } from '../base/errors.ts';
import { noteChange, noteTakedown } from '../base/published-changes.ts';
import { frozenFolder } from './frozen.ts';
import { keyFolder, ofKey } from './keys.ts';
import { alone, hideBuilds, writeMetadata } from './publish.ts';
import type { Publisher } from './publisher.ts';
import { usableMovedRecord } from './read-record.ts';
import { writeRecord } from './record.ts';
import { removeDue, removeLater } from './remove-later.ts';
import { setKeyringAside } from './removed-keys.ts';
import { removeRepoFiles, writeRepoFile } from './repo-files.ts';
import { hasRepodata, shownBuilds } from './repository-of.ts';
import { closeSigning } from './sign.ts';

/** A project by its name; a `Project` will do. */
export interface ProjectName {
  readonly owner: string;
  readonly name: string;
}

/**
 * Deletes all that was published of a project. Its key is kept aside in
 * `state/keys-removed/<owner>/<project>-<fingerprint>`; that of a sandbox goes, too.
 */
export function removeProject(home: string, owner: string, name: string): Promise<void> {
  return alone({ owner, project: name }, () => removeAll(home, { owner, name }));
}

async function removeAll(home: string, name: ProjectName): Promise<void> {
  await removePublished(home, name);
  await removeTree(home, frozenFolder(home, name.owner, name.name));
  await setKeyAside(home, name);
}

async function removePublished(home: string, { owner, name }: ProjectName): Promise<void> {
  await removeRepoFiles({ home }, { owner, name }, (path) => removeTree(home, path));
  await removeTree(home, join(home, 'published', published.project(owner, name)));
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
  await removePublished(home, to);
  if (await exists(frozenFolder(home, from.owner, from.name)))
    await removeTree(home, frozenFolder(home, to.owner, to.name));
  if (await exists(keyFolder(home, from.owner, from.name))) await setKeyAside(home, to);
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
    await moveTree(frozenFolder(home, from.owner, from.name), frozenFolder(home, to.owner, to.name));
    await closeSigning(oldKey);
    await moveTree(oldKey, freshKey);
    await removeDue(home, new Date(), published.project(from.owner, from.name));
    await moveTree(old, fresh);
    await renameRecords(publisher, to);
    if (await exists(frozenFolder(home, to.owner, to.name))) return;
    for (const chroot of await chrootsOf(home, to)) await refresh(publisher, to, chroot);
  });
}

/** Takes a project's repositories offline: dnf finds neither metadata nor `.repo` file. Files of builds stay. */
export function freezeProject(publisher: Publisher, owner: string, name: string): Promise<void> {
  const { home } = publisher;
  return alone({ owner, project: name }, async () => {
    const aside = frozenFolder(home, owner, name);
    await mkdir(aside, { recursive: true, mode: 0o700 });
    await removeRepoFiles(publisher, { owner, name }, (path) => removeTree(home, path));
    for (const chroot of await chrootsOf(home, { owner, name })) {
      const live = join(home, 'published', published.repository(owner, name, chroot), 'repodata');
      if (await exists(live)) await removeTree(home, join(aside, chroot));
      await moveTree(live, join(aside, chroot));
      noteTakedown(live);
    }
  });
}

/**
 * Puts a frozen project's repositories back, as its builds are now. Nothing happens to a project that was not frozen.
 */
export function unfreezeProject(publisher: Publisher, owner: string, name: string): Promise<void> {
  const { home } = publisher;
  return alone({ owner, project: name }, async () => {
    const aside = frozenFolder(home, owner, name);
    if (!(await exists(aside))) return;
    for (const chroot of await chrootsOf(home, { owner, name })) {
      const live = join(home, 'published', published.repository(owner, name, chroot), 'repodata');
      if (!(await exists(live))) await moveTree(join(aside, chroot), live);
      const place = { owner, project: name };
      const gone = await findGone(join(home, 'published', published.repository(owner, name, chroot)));
      if (gone.length > 0) await hideBuilds(publisher, place, chroot, gone);
      else await writeMetadata(publisher, place, chroot, {});
    }
    await removeTree(home, aside);
  });
}

/** Builds that are shown although they were deleted meanwhile. */
async function findGone(repository: string): Promise<readonly string[]> {
  const there = new Set(await readdir(repository));
  return (await shownBuilds(repository)).filter((build) => !there.has(build));
}

/**
 * Deletes one build that has ended: its packages leave the metadata, then its records and logs go, and its packages
 * when no reader of older metadata can want them any more.
 */
export function deleteBuild(publisher: Publisher, owner: string, name: string, id: BuildId): Promise<void> {
  const { home } = publisher;
  const place = { owner, project: name };
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
  });
}

/**
 * Runs `work` while nobody else changes either project; always in the same order, so that two of these cannot wait for
 * each other.
 */
export function aloneWithBoth<T>(one: ProjectName, other: ProjectName, work: () => Promise<T>): Promise<T> {
  const [first, second] = [one, other].map(({ owner, name }) => ({ owner, project: name })) as [Place, Place];
  const key = ({ owner, project }: Place) => `${owner}/${project}`;
  if (key(first) === key(second)) return alone(first, work);
  return key(first) < key(second) ? alone(first, () => alone(second, work)) : alone(second, () => alone(first, work));
}

interface Place {
  readonly owner: string;
  readonly project: string;
}

/** The chroots for which there are results of a project, in the order of their names. */
export async function chrootsOf(home: string, { owner, name }: ProjectName): Promise<readonly ChrootName[]> {
  const names = await readdir(join(home, 'published', published.project(owner, name))).catch((): string[] => []);
  return names.sort().flatMap((each) => parseChroot(each)?.name ?? []);
}

/** Whether any build is there, or what is left of one. */
async function hasBuilds(results: string): Promise<boolean> {
  for (const entry of await readdir(results, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue;
    if ((await readdir(join(results, entry.name))).some((name) => /^\d/.test(name))) return true;
  }
  return false;
}

/** The `.repo` file of the new name, if there is a repository at all. */
async function refresh(publisher: Publisher, { owner, name }: ProjectName, chroot: ChrootName): Promise<void> {
  const repository = join(publisher.home, 'published', published.repository(owner, name, chroot));
  if (await hasRepodata(repository)) await writeRepoFile(publisher, { owner, name }, chroot);
}

/** New metadata, signed with the present key, of each repository that a project has now. */
export function signMetadata(publisher: Publisher, project: ProjectName): Promise<void> {
  return alone({ owner: project.owner, project: project.name }, async () => {
    const place = { owner: project.owner, project: project.name };
    for (const chroot of await chrootsOf(publisher.home, project)) {
      const repository = join(publisher.home, 'published', published.repository(project.owner, project.name, chroot));
      if (await hasRepodata(repository)) await writeMetadata(publisher, place, chroot, {});
    }
  });
}

/** Records say whose they are. */
async function renameRecords(publisher: Publisher, { owner, name }: ProjectName): Promise<void> {
  const { home } = publisher;
  const project = published.project(owner, name);
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
async function removeTree(home: string, path: string): Promise<void> {
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
