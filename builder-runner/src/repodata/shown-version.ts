// The version of one package that a repository shows: one piece of one list is read, however many packages there are.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { nothingWhenAbsent } from '../base/absent.ts';
import { chunkFor } from './chunks.ts';
import { gunzip, placesOf } from './data-file.ts';
import { numberSeen, readGeneration, repodataOf } from './generations.ts';
import { locationOf, packageOfBuild, splitPackages, versionOf } from './texts.ts';

/**
 * `[epoch:]version-release` of the package `name` as readers of the repository in `folder` see it; undefined when they
 * see none, or nothing can be read. Throws RunnerError `metadata` for a damaged generation.
 */
export async function shownVersion(folder: string, name: string): Promise<string | undefined> {
  const number = await numberSeen(folder, 'current');
  const generation = number === undefined ? undefined : await readGeneration(folder, number);
  if (generation === undefined) return undefined;
  const at = chunkFor(generation.chunks, name);
  const [chunk, place] = [generation.chunks[at], placesOf(generation)[at]];
  const list = generation.files.find(({ type }) => type === 'primary');
  if (chunk === undefined || place === undefined || list === undefined) return undefined;
  const packed = await readPart(join(repodataOf(folder), list.file), place.primary, chunk.primary.packed);
  if (packed === undefined) return undefined;
  const packages = splitPackages((await gunzip(packed)).toString('latin1')).filter(
    (primary) => packageOfBuild(locationOf(primary).split('/')[0] ?? '') === name,
  );
  return versionOf(packages) ?? undefined;
}

/** Undefined when the file is gone, as that of an old generation may be, or shorter. */
async function readPart(path: string, from: number, bytes: number): Promise<Buffer | undefined> {
  const file = await open(path).catch(nothingWhenAbsent);
  if (file === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(bytes), position: from });
    return bytesRead === bytes ? buffer : undefined;
  } finally {
    await file.close();
  }
}
