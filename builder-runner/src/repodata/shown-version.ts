// The version of one package that a repository shows: one piece of one list is read, however many packages there are.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { nothingWhenAbsent } from '../base/absent.ts';
import { type ChunkSize, chunkFor } from './chunks.ts';
import { placesOf, readChunkText } from './data-file.ts';
import { numberSeen, readGeneration, repodataOf } from './generations.ts';
import { locationOf, packageOfBuild, splitPackages, versionOf } from './texts.ts';

/**
 * `[epoch:]version-release` of the package `name` as readers of the repository in `folder` see it; undefined when they
 * see none, or nothing can be read. Throws RunnerError `metadata` for a damaged generation or list.
 */
export async function shownVersion(folder: string, name: string): Promise<string | undefined> {
  const number = await numberSeen(folder, 'current');
  const generation = number === undefined ? undefined : await readGeneration(folder, number);
  if (generation === undefined) return undefined;
  const at = chunkFor(generation.chunks, name);
  const [chunk, place] = [generation.chunks[at], placesOf(generation)[at]];
  const list = generation.files.find(({ type }) => type === 'primary');
  if (chunk === undefined || place === undefined || list === undefined) return undefined;
  const text = await readText(join(repodataOf(folder), list.file), place.primary, chunk.primary);
  if (text === undefined) return undefined;
  const packages = splitPackages(text).filter(
    (primary) => packageOfBuild(locationOf(primary).split('/')[0] ?? '') === name,
  );
  return versionOf(packages) ?? undefined;
}

/** Undefined when the file is gone, as that of an old generation may be. */
async function readText(path: string, from: number, size: ChunkSize): Promise<string | undefined> {
  const file = await open(path).catch(nothingWhenAbsent);
  if (file === undefined) return undefined;
  try {
    return await readChunkText(file, from, size);
  } finally {
    await file.close();
  }
}
