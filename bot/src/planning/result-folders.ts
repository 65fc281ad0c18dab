// The records under `published/results`: in which folders they are, and what they hold.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readRegularFile } from '@coppice/builder-runner/regular-file';
import { maximumResultBytes, parseBuildId, parseChroot, parseResult, type Result } from '@coppice/config';
import type { BuildRef } from '../vocabulary/build-view.ts';

/** All result folders below `folder` (`published/`). */
export async function* findPlaces(folder: string): AsyncGenerator<BuildRef> {
  const root = join(folder, 'results');
  for (const owner of await foldersIn(root)) {
    for (const project of await foldersIn(join(root, owner))) yield* findPlacesOf(folder, owner, project);
  }
}

/** Those of one project. */
export async function* findPlacesOf(folder: string, owner: string, project: string): AsyncGenerator<BuildRef> {
  const root = join(folder, 'results', owner, project);
  for (const chroot of (await foldersIn(root)).map(parseChroot)) {
    if (chroot === undefined) continue;
    for (const name of await foldersIn(join(root, chroot.name))) {
      const [, digits = '', built = ''] = /^0*(\d+)-(.+)$/.exec(name) ?? [];
      const id = parseBuildId(digits);
      if (id !== undefined) yield { id, owner, project, package: built, chroots: [chroot.name] };
    }
  }
}

/** Names of the folders in a folder; none when it is not there. */
export async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/**
 * The record in `folder`, which is relative to `published`; undefined when there is none, and when what is there is no
 * record of that build: the site tells of that.
 */
export async function readResult(published: string, folder: string): Promise<Result | undefined> {
  const file = await readRegularFile(join(published, folder, 'result.json'), maximumResultBytes);
  if (file?.kind !== 'text') return undefined;
  const read = parseResult(file.text, folder);
  return read.kind === 'result' ? read.result : undefined;
}
