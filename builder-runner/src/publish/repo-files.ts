// The `.repo` files of projects: written when something is published and when a project changes.
import { join } from 'node:path';
import { type ChrootName, type Project, published } from '@coppice/config';
import { inTurn } from '../base/in-turn.ts';
import { readRegularFile } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';
import { dnfRepo } from './dnf-repo.ts';
import { isFrozen } from './frozen.ts';
import type { Publisher } from './publisher.ts';
import { hasRepodata } from './repository-of.ts';

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

/** Writes the `.repo` file of one chroot under both of its names. Callers hold the project alone. */
export async function writeRepoFile(
  publisher: Publisher,
  { owner, name }: { readonly owner: string; readonly name: string },
  chroot: ChrootName,
  runtimeRepos: readonly string[],
): Promise<void> {
  const text = dnfRepo(publisher.url, owner, name, chroot, runtimeRepos);
  for (const place of [published.dnfRepo(owner, name, chroot), published.ownRepo(owner, name, chroot)]) {
    const path = join(publisher.home, 'published', place);
    const there = await readRegularFile(path, text.length * 4);
    // Written anew whenever it does not say this.
    if (there?.kind !== 'text' || there.text !== text) await replaceFile(path, text, { sync: false });
  }
}
