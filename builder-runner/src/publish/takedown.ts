// Takes what a project and its sandboxes have published out of reach, and brings it back: packages, logs, source
// packages and metadata are moved into `state/withheld/` by one rename, and nothing is deleted. Each step can be done
// again after an interruption, and waits for running publications.
import { lstat, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { published, readSandbox } from '@coppice/config';
import { exists, nothingWhenAbsent } from '../base/absent.ts';
import { noteChange, noteTakedown } from '../base/published-changes.ts';
import { frozenFolder, frozenResults, writeFrozenNote } from './frozen.ts';
import { chrootsOf, removeTree, renameRecords } from './project-life.ts';
import { alone, hideBuilds, writeMetadata } from './publish.ts';
import type { Publisher } from './publisher.ts';
import { removeDue } from './remove-later.ts';
import { removeRepoFiles, writeRepoFile } from './repo-files.ts';
import { hasRepodata, type ProjectPlace, repositoryFolder, shownBuilds } from './repository-of.ts';

/** Freezes a project and its sandboxes. Expects that their builds have left the queue. */
export function freezeProject(publisher: Publisher, owner: string, name: string): Promise<void> {
  return withSandboxes(publisher.home, owner, name, (place) => freeze(publisher, place));
}

/**
 * Puts back what a frozen project and its sandboxes had, as it was; builds that were deleted meanwhile are shown no
 * more. Nothing happens to a project that was not frozen.
 */
export function unfreezeProject(publisher: Publisher, owner: string, name: string): Promise<void> {
  return withSandboxes(publisher.home, owner, name, (place) => unfreeze(publisher, place));
}

/** Does it to a project, and then to the sandboxes of its pull requests, whether they are published or frozen. */
async function withSandboxes(
  home: string,
  owner: string,
  name: string,
  work: (place: ProjectPlace) => Promise<void>,
): Promise<void> {
  const own = { owner, project: name };
  await alone(own, () => work(own));
  const sandboxes = new Set<string>();
  const places = [join(home, 'published', published.project(owner, name)), frozenFolder(home, owner, name)];
  for (const place of places.map(dirname)) {
    for (const each of (await readdir(place).catch(nothingWhenAbsent)) ?? [])
      if (readSandbox(each)?.project === name) sandboxes.add(each);
  }
  for (const project of sandboxes) await alone({ owner, project }, () => work({ owner, project }));
}

async function freeze(publisher: Publisher, { owner, project }: ProjectPlace): Promise<void> {
  const { home } = publisher;
  await mkdir(frozenFolder(home, owner, project), { recursive: true, mode: 0o700 });
  await writeFrozenNote(publisher, owner, project);
  await removeRepoFiles(publisher, { owner, name: project }, (path) => removeTree(home, path));
  await removeDue(home, new Date(), { below: published.project(owner, project) });
  await merge(join(home, 'published', published.project(owner, project)), frozenResults(home, owner, project));
  const gone = [
    published.project(owner, project),
    published.repoFiles(owner, project),
    published.rpmrepo(owner, project),
  ];
  for (const path of gone) noteTakedown(join(home, 'published', path));
}

async function unfreeze(publisher: Publisher, { owner, project }: ProjectPlace): Promise<void> {
  const { home } = publisher;
  if (await exists(frozenFolder(home, owner, project))) {
    await putBack(join(home, 'published', published.project(owner, project)), frozenResults(home, owner, project));
    noteChange(join(home, 'published', published.project(owner, project)));
    // It may have got another name meanwhile.
    const named = { owner, name: project };
    await renameRecords(publisher, named, named);
    await showAgain(publisher, { owner, project });
  }
  await rm(join(home, 'published', published.frozenNote(owner, project)), { force: true });
  await removeTree(home, frozenFolder(home, owner, project));
}

/** What builds left that ended later goes to the rest first. */
async function putBack(live: string, aside: string): Promise<void> {
  while (await exists(aside)) {
    await merge(live, aside);
    await rename(aside, live).catch((error: NodeJS.ErrnoException) => {
      // The project's key was published in between.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  }
}

/** The metadata is as it was, unless builds were deleted; the `.repo` files are written anew. */
async function showAgain(publisher: Publisher, { owner, project }: ProjectPlace): Promise<void> {
  const place = { owner, project };
  for (const chroot of await chrootsOf(publisher.home, { owner, name: project })) {
    const folder = repositoryFolder(publisher, place, chroot);
    const there = new Set(await readdir(folder));
    const isThere = await hasRepodata(folder);
    const viewers = isThere ? (['current', 'newest'] as const) : [];
    const seen = await Promise.all(viewers.map((viewer) => shownBuilds(publisher, folder, viewer)));
    const gone = [...new Set(seen.flat())].filter((build) => !there.has(build));
    if (gone.length > 0) await hideBuilds(publisher, place, chroot, gone);
    else if (!isThere) await writeMetadata(publisher, place, chroot, {});
    await writeRepoFile(publisher, { owner, name: project }, chroot);
  }
}

/**
 * Moves a folder, by one rename where nothing is at its new place; else what is in it goes there, and what is there
 * already stays.
 */
async function merge(from: string, to: string): Promise<void> {
  const there = await lstat(from).catch(nothingWhenAbsent);
  if (there === undefined) return;
  if (!(await exists(to))) {
    await mkdir(dirname(to), { recursive: true });
    return rename(from, to);
  }
  if (!there.isDirectory()) return rm(from, { force: true });
  for (const name of await readdir(from)) await merge(join(from, name), join(to, name));
  await rmdir(from).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
}
