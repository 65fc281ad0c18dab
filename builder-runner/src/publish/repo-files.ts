// The files by which clients find the repositories of a project: written when something is published and when a project
// changes.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChrootName, parseChroot, plainTerms, published, type RepoTerms, readSandbox } from '@coppice/config';
import { nothingWhenAbsent } from '../base/absent.ts';
import { isFrozen } from '../base/frozen.ts';
import { noteChange } from '../base/published-changes.ts';
import { readRegularFile } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';
import { dnfRepo } from './dnf-repo.ts';
import { alone, type ProjectName, placeOf } from './project-place.ts';
import type { Publisher } from './publisher.ts';
import { hasRepodata } from './repository-of.ts';
import { rpmrepoJson } from './rpmrepo-json.ts';

/**
 * Writes anew the files of a project for which something else holds now, and of its chroots that have a repository;
 * those that stay the same are not touched. Frozen projects get none at all.
 */
export async function writeRepoFiles(publisher: Publisher, project: ProjectName, terms: RepoTerms): Promise<void> {
  const { owner, name } = project;
  await alone(placeOf(project), async () => {
    if (!(await isFrozen(publisher, owner, name))) await writeAllRepoFiles(publisher, project, terms);
  });
}

/** The same, whether it is frozen or not. Callers hold the project alone. */
export async function writeAllRepoFiles(
  publisher: Publisher,
  project: ProjectName,
  terms: RepoTerms = publisher.repoTerms?.(project.owner, project.name) ?? plainTerms,
): Promise<void> {
  const chroots = await publishedChroots(publisher, project);
  for (const chroot of chroots) await writeDnfRepo(publisher, project, chroot, terms);
  if (chroots.length > 0) await writeRpmrepo(publisher, project, chroots, terms);
}

/**
 * Writes the files that tell of one chroot, whose repository is there: its `.repo` file under both of its names, and
 * what dnf 5 asks for. Callers hold the project alone.
 */
export async function writeRepoFile(publisher: Publisher, project: ProjectName, chroot: ChrootName): Promise<void> {
  const terms = publisher.repoTerms?.(project.owner, project.name) ?? plainTerms;
  await writeDnfRepo(publisher, project, chroot, terms);
  await writeRpmrepo(publisher, project, await publishedChroots(publisher, project), terms);
}

/** Nobody finds the repositories of the project any more. `remove` takes a whole folder away, which may be missing. */
export async function removeRepoFiles(
  { home }: Pick<Publisher, 'home'>,
  { owner, name }: ProjectName,
  remove: (path: string) => Promise<void>,
): Promise<void> {
  await remove(join(home, 'published', published.repoFiles(owner, name)));
  const rpmrepo = join(home, 'published', published.rpmrepo(owner, name));
  await rm(rpmrepo, { force: true });
  noteChange(rpmrepo);
}

async function writeDnfRepo(publisher: Publisher, { owner, name }: ProjectName, chroot: ChrootName, terms: RepoTerms) {
  const text = dnfRepo(publisher.url, owner, name, chroot, terms, baseOf(publisher, owner, name));
  await writeUnlessSame(publisher, published.dnfRepo(owner, name, chroot), text);
  await writeUnlessSame(publisher, published.ownRepo(owner, name, chroot), text);
}

async function writeRpmrepo(
  publisher: Publisher,
  { owner, name }: ProjectName,
  chroots: readonly ChrootName[],
  terms: RepoTerms,
): Promise<void> {
  const base = baseOf(publisher, owner, name);
  const text = rpmrepoJson(publisher.url, owner, name, chroots, terms, base);
  await writeUnlessSame(publisher, published.rpmrepo(owner, name), text);
}

async function writeUnlessSame({ home }: Publisher, place: string, text: string): Promise<void> {
  const path = join(home, 'published', place);
  const there = await readRegularFile(path, text.length * 4);
  // Written anew whenever it does not say this.
  if (there?.kind !== 'text' || there.text !== text) await replaceFile(path, text, { sync: false });
}

/** The chroots of a project that have a repository: a folder for each, however many builds there are. */
async function publishedChroots({ home }: Publisher, { owner, name }: ProjectName): Promise<readonly ChrootName[]> {
  const results = join(home, 'published', published.project(owner, name));
  const names = ((await readdir(results).catch(nothingWhenAbsent)) ?? []).sort();
  const chroots = names.flatMap((each) => parseChroot(each)?.name ?? []);
  const there = await Promise.all(chroots.map((chroot) => hasRepodata(join(results, chroot))));
  return chroots.filter((_, index) => there[index] === true);
}

/**
 * Writes anew the files of all sandboxes whose project has another name than they say, or needs other repositories. To
 * be called when the config has changed.
 */
export async function writeSandboxRepoFiles(publisher: Publisher): Promise<void> {
  const results = join(publisher.home, 'published/results');
  for (const owner of await readdir(results).catch((): string[] => [])) {
    for (const name of await readdir(join(results, owner)).catch((): string[] => [])) {
      // What nobody states keeps what its file says.
      if (readSandbox(name) === undefined || statedBase(publisher, owner, name) === undefined) continue;
      await writeRepoFiles(publisher, { owner, name }, publisher.repoTerms?.(owner, name) ?? plainTerms);
    }
  }
}

/** `owner/name` of the project that a sandbox was built beside, under its present name; undefined of other projects. */
function baseOf(publisher: Publisher, owner: string, name: string): string | undefined {
  return statedBase(publisher, owner, name) ?? formerBase(owner, name);
}

function statedBase({ baseOf: stated }: Publisher, owner: string, name: string): string | undefined {
  return stated === undefined || readSandbox(name) === undefined ? formerBase(owner, name) : stated(owner, name);
}

/** As the sandbox's name says. */
function formerBase(owner: string, name: string): string | undefined {
  const sandbox = readSandbox(name);
  return sandbox && `${owner}/${sandbox.project}`;
}
