// Takes what a project and its sandboxes have published out of reach, and brings it back: packages, logs, source
// packages and metadata are moved into `state/withheld/` by one rename, and nothing is deleted. Each step can be done
// again after an interruption, and waits for running publications.
import { readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { published, readSandbox } from '@coppice/config';
import { exists, nothingWhenAbsent } from '../base/absent.ts';
import {
  frozenFolder,
  frozenResults,
  markFrozen,
  markReturning,
  mergeFolder,
  removeFrozenNote,
  writeFrozenNote,
} from '../base/frozen.ts';
import { noteChange, noteTakedown } from '../base/published-changes.ts';
import { chrootsOf, removeTree, renameRecords } from './project-life.ts';
import { alone, type ProjectPlace, placeOf } from './project-place.ts';
import { changeMetadata, hideBuilds } from './publish.ts';
import type { Publisher } from './publisher.ts';
import { removeDue } from './remove-later.ts';
import { removeRepoFiles, writeAllRepoFiles } from './repo-files.ts';
import { hasRepodata, repositoryFolder, shownBuilds } from './repository-of.ts';

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
  const own = placeOf({ owner, name });
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
  await markFrozen(home, owner, project);
  await writeFrozenNote(publisher, owner, project);
  await removeRepoFiles(publisher, { owner, name: project }, (path) => removeTree(home, path));
  await removeDue(home, new Date(), { below: published.project(owner, project) });
  await mergeFolder(join(home, 'published', published.project(owner, project)), frozenResults(home, owner, project));
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
    await markReturning(home, owner, project);
    await putBack(join(home, 'published', published.project(owner, project)), frozenResults(home, owner, project));
    noteChange(join(home, 'published', published.project(owner, project)));
    // It may have got another name meanwhile.
    const named = { owner, name: project };
    await renameRecords(publisher, named, named);
    await showAgain(publisher, { owner, project });
  }
  await removeFrozenNote(home, owner, project);
  await removeTree(home, frozenFolder(home, owner, project));
}

/** What builds left that ended later goes to the rest first. */
async function putBack(live: string, aside: string): Promise<void> {
  while (await exists(aside)) {
    await mergeFolder(live, aside);
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
    else if (!isThere) await changeMetadata(publisher, place, chroot, {});
  }
  await writeAllRepoFiles(publisher, { owner, name: project });
}
