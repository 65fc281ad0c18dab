// Which builds generations name, and the texts of their lists, part by part: neighbours share most of their chunks.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzip, placesOf } from './data-file.ts';
import type { Generation } from './generation.ts';
import { repodataOf } from './generations.ts';
import type { List } from './texts.ts';
import { locationOf } from './texts.ts';

/**
 * The texts of the chunks of one list of a generation. Throws what the file system says of a list that is not there.
 */
export async function* chunkTexts(
  folder: string,
  generation: Generation,
  list: List,
  isWanted: (digest: string) => boolean = () => true,
): AsyncGenerator<{ readonly digest: string; readonly text: string }> {
  const wanted = generation.chunks.some(({ digest }) => isWanted(digest));
  const file = generation.files.find(({ type }) => type === list)?.file;
  if (!wanted || file === undefined) return;
  const packed = await readFile(join(repodataOf(folder), file));
  const places = placesOf(generation);
  for (const [at, chunk] of generation.chunks.entries()) {
    const from = places[at]?.[list];
    if (from === undefined || !isWanted(chunk.digest)) continue;
    const text = await gunzip(packed.subarray(from, from + chunk[list].packed));
    yield { digest: chunk.digest, text: text.toString('latin1') };
  }
}

/** Names the builds of one generation after another, by their folders. */
export function openBuildNamer(folder: string): (generation: Generation) => Promise<ReadonlySet<string>> {
  const known = new Map<string, readonly string[]>();
  return async (generation) => {
    for await (const { digest, text } of chunkTexts(folder, generation, 'primary', (each) => !known.has(each))) {
      const elements = text.match(/<location href="[^"]*"/g) ?? [];
      known.set(digest, [...new Set(elements.map((element) => locationOf(element).split('/')[0] ?? ''))]);
    }
    return new Set(generation.chunks.flatMap(({ digest }) => known.get(digest) ?? []));
  };
}
