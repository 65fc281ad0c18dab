// Effects: finds the builds whose results are not as they were seen last. Folders whose list has not changed are not
// listed again: with 100,000 builds there are some thousand folders to ask.
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { isPathOwner, isPathProject } from '@coppice/config';
import { nothingWhenAbsent } from '../model/absent.ts';
import { foldersIn } from '../model/read.ts';
import type { History } from './history.ts';

/** What a look at the folder found. */
export interface Found {
  /** Paths of `result.json`, inside `published/`, that are new, different or gone. */
  readonly results: readonly string[];
  /** Folders of repositories, inside `published/`, whose `shown.json` is new, different or gone. */
  readonly shown: readonly string[];
  /** To be noted once these have been read; `changed` is undefined when it is gone. */
  readonly folders: readonly { readonly path: string; readonly changed: number | undefined }[];
}

/** A folder that has changed so lately may change again without another time: file systems count in ticks. */
const unsureMilliseconds = 2_000;

/** Looks at `results/` in `folder`, which is `published/`. */
export async function findChanged(folder: string, history: History): Promise<Found> {
  const results: string[] = [];
  const shown: string[] = [];
  const folders: { path: string; changed: number | undefined }[] = [];
  const there = await foldersOfBuilds(folder);
  for (let at = 0; at < there.length; at += atOnce) {
    const looks = there.slice(at, at + atOnce).map(async (path) => {
      const isOther = await isShownOther(folder, path, history);
      const now = Date.now();
      return { path, isOther, now, about: await lstat(join(folder, path)).catch(nothingWhenAbsent) };
    });
    for (const { path, isOther, now, about } of await Promise.all(looks)) {
      if (isOther) shown.push(path);
      if (about === undefined || history.seenFolder(path) === about.mtimeMs) continue;
      results.push(...(await changedIn(folder, path, history)));
      folders.push({ path, changed: now - about.mtimeMs < unsureMilliseconds ? 0 : about.mtimeMs });
    }
  }
  const known = new Set(there);
  for (const path of history.seenFolders()) {
    if (known.has(path)) continue;
    results.push(...history.seenResults(`${path}/`).map((each) => each.path));
    folders.push({ path, changed: undefined });
  }
  for (const { project, chroot } of history.shownFiles())
    if (!known.has(`results/${project}/${chroot}`)) shown.push(`results/${project}/${chroot}`);
  return { results, shown, folders };
}

async function isShownOther(folder: string, path: string, history: History): Promise<boolean> {
  const [, owner = '', project = '', chroot = ''] = path.split('/');
  const before = history.seenShown(`${owner}/${project}`, chroot);
  const now = await lstat(join(folder, path, 'shown.json')).catch(nothingWhenAbsent);
  return now?.mtimeMs !== before?.changed || now?.size !== before?.bytes;
}

async function foldersOfBuilds(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const owner of (await foldersIn(join(folder, 'results'))).filter(isPathOwner))
    for (const project of (await foldersIn(join(folder, 'results', owner))).filter(isPathProject)) {
      const path = `results/${owner}/${project}`;
      found.push(...(await foldersIn(join(folder, path))).map((name) => `${path}/${name}`));
    }
  return found;
}

async function changedIn(folder: string, path: string, history: History): Promise<readonly string[]> {
  const seen = new Map(history.seenResults(`${path}/`).map((each) => [each.path, each]));
  const builds = (await foldersIn(join(folder, path))).filter((name) => /^\d{8}/.test(name));
  const changed: string[] = [];
  for (let at = 0; at < builds.length; at += atOnce) {
    const some = builds.slice(at, at + atOnce).map((name) => `${path}/${name}/result.json`);
    const about = await Promise.all(some.map((each) => lstat(join(folder, each)).catch(nothingWhenAbsent)));
    for (const [index, each] of some.entries()) {
      const [now, before] = [about[index], seen.get(each)];
      seen.delete(each);
      if (now?.mtimeMs !== before?.changed || now?.size !== before?.bytes) changed.push(each);
    }
  }
  return [...changed, ...seen.keys()];
}

/** Fast, and far from the limit of open files. */
const atOnce = 32;
