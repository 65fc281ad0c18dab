// The `.repo` files of projects: written when something is published and when a project changes.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChrootName, type Project, parseChroot, published, readSandbox } from '@coppice/config';
import { inTurn } from '../base/in-turn.ts';
import { readRegularFile } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';
import { dnfRepo } from './dnf-repo.ts';
import { isFrozen } from './frozen.ts';
import type { Publisher } from './publisher.ts';
import { hasRepodata } from './repodata.ts';

/**
 * Writes anew the `.repo` files of a project whose description changed; those that stay the same are not touched.
 * Chroots without a repository get none yet, and frozen projects get none at all.
 */
export async function writeRepoFiles(
  publisher: Publisher,
  project: Pick<Project, 'owner' | 'name' | 'chroots' | 'runtimeRepos'>,
): Promise<void> {
  const { owner, name } = project;
  await inTurn(`project ${owner}/${name}`, async () => {
    if (await isFrozen(publisher, owner, name)) return;
    for (const chroot of project.chroots) {
      const repository = join(publisher.home, 'published', published.repository(owner, name, chroot));
      if (await hasRepodata(repository)) await writeRepoFile(publisher, project, chroot, project.runtimeRepos);
    }
  });
}

/**
 * Writes anew the `.repo` files of all sandboxes whose project has another name than they say, or needs other
 * repositories. To be called when the config has changed.
 */
export async function writeSandboxRepoFiles(publisher: Publisher): Promise<void> {
  const results = join(publisher.home, 'published/results');
  for (const owner of await readdir(results).catch((): string[] => [])) {
    for (const name of await readdir(join(results, owner)).catch((): string[] => [])) {
      // What nobody states keeps what its file says.
      if (readSandbox(name) === undefined || baseOf(publisher, owner, name) === undefined) continue;
      const folders = await readdir(join(results, owner, name)).catch((): string[] => []);
      const chroots = folders.flatMap((folder) => parseChroot(folder)?.name ?? []);
      const runtimeRepos = publisher.runtimeRepos?.(owner, name) ?? [];
      await writeRepoFiles(publisher, { owner, name, chroots, runtimeRepos });
    }
  }
}

function baseOf({ baseOf: stated }: Publisher, owner: string, name: string): string | undefined {
  return stated === undefined ? formerBaseOf(owner, name) : stated(owner, name);
}

/** The project that a sandbox was made of, as its name says; undefined for other projects. */
function formerBaseOf(owner: string, name: string): string | undefined {
  const sandbox = readSandbox(name);
  return sandbox && `${owner}/${sandbox.project}`;
}

/**
 * What the packages of a project need besides its own repository: a sandbox's were built beside those of its project
 * and need them too. As addresses, `coppice://owner/project` or others.
 */
function neededRepos(
  publisher: Publisher,
  { owner, name }: { readonly owner: string; readonly name: string },
  runtimeRepos: readonly string[],
): readonly string[] {
  const base = readSandbox(name) && (baseOf(publisher, owner, name) ?? formerBaseOf(owner, name));
  return base === undefined ? runtimeRepos : [`coppice://${base}`, ...runtimeRepos];
}

/** Writes the `.repo` file of one chroot under both of its names. Callers hold the project alone. */
export async function writeRepoFile(
  publisher: Publisher,
  { owner, name }: { readonly owner: string; readonly name: string },
  chroot: ChrootName,
  runtimeRepos: readonly string[],
): Promise<void> {
  const needed = neededRepos(publisher, { owner, name }, runtimeRepos);
  const text = dnfRepo(publisher.url, owner, name, chroot, needed);
  for (const place of [published.dnfRepo(owner, name, chroot), published.ownRepo(owner, name, chroot)]) {
    const path = join(publisher.home, 'published', place);
    const there = await readRegularFile(path, text.length * 4);
    // Written anew whenever it does not say this.
    if (there?.kind !== 'text' || there.text !== text) await replaceFile(path, text, { sync: false });
  }
}
