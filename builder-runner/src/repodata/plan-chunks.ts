// Which chunks of a repository a change packs anew. Pure but for the loading of chunks, which its caller does.
import { type Chunk, chunkFor, compareNames, cutChunks, endsChunk, nameOf } from './chunks.ts';
import type { BuildTexts } from './texts.ts';

/** What is to be shown of each package that changes, given what is shown now: a build, or nothing. */
export type Changes = ReadonlyMap<string, (shown: BuildTexts | undefined) => BuildTexts | undefined>;

/** A part of the new lists: chunk number `copied` of the old ones as it is, or builds to be packed. */
export type Piece = { readonly copied: number } | { readonly fresh: readonly BuildTexts[] };

/**
 * The pieces of the new lists, in their order. `load` gives the builds of a chunk; it is asked for as few as can be:
 * those with a package that changes, and the next one where the package that ended a chunk goes.
 */
export async function planChunks(
  chunks: readonly Pick<Chunk, 'first'>[],
  changes: Changes,
  load: (chunk: number) => Promise<readonly BuildTexts[]>,
): Promise<readonly Piece[]> {
  const byChunk = Map.groupBy(changes.keys(), (name) => chunkFor(chunks, name));
  if (chunks.length === 0) return cutChunks(applied([], changes, byChunk.get(0))).map((fresh) => ({ fresh }));
  const pieces: Piece[] = [];
  for (let at = 0; at < chunks.length; ) {
    if (!byChunk.has(at)) {
      pieces.push({ copied: at });
      at += 1;
      continue;
    }
    const builds: BuildTexts[] = [];
    do {
      builds.push(...applied(await load(at), changes, byChunk.get(at)));
      at += 1;
    } while (at < chunks.length && isOpen(builds));
    pieces.push(...cutChunks(builds).map((fresh) => ({ fresh })));
  }
  return pieces;
}

/** Whether the next chunk's packages belong into the last of these. */
function isOpen(builds: readonly BuildTexts[]): boolean {
  const last = builds.at(-1);
  return last !== undefined && !endsChunk(nameOf(last));
}

/** The builds of a chunk after the changes of the packages `names`. */
function applied(
  builds: readonly BuildTexts[],
  changes: Changes,
  names: readonly string[] = [],
): readonly BuildTexts[] {
  const shown = new Map(builds.map((build) => [nameOf(build), build]));
  for (const name of names) {
    const after = changes.get(name)?.(shown.get(name));
    if (after === undefined) shown.delete(name);
    else shown.set(name, after);
  }
  return [...shown.values()].sort((one, other) => compareNames(nameOf(one), nameOf(other)));
}
