import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildTexts } from '../../testing/metadata-texts.ts';
import { compareNames, cutChunks, endsChunk, nameOf } from './chunks.ts';
import { type Changes, type Piece, planChunks } from './plan-chunks.ts';
import type { BuildTexts } from './texts.ts';

/** Half of them end a chunk, so that there are many. */
const names = Array.from({ length: 4_000 }, (_, index) => `p${index}`);
const ending = names.filter(endsChunk);
const pool = [...ending, ...names.filter((name) => !endsChunk(name)).slice(0, ending.length)];

type Chunks = readonly (readonly BuildTexts[])[];

async function change(chunks: Chunks, changes: Changes): Promise<{ chunks: Chunks; pieces: readonly Piece[] }> {
  const firsts = chunks.map((builds) => ({ first: nameOf(builds[0] as BuildTexts) }));
  const pieces = await planChunks(firsts, changes, async (at) => chunks[at] ?? []);
  const after = pieces.map((piece) => ('fresh' in piece ? piece.fresh : (chunks[piece.copied] ?? [])));
  return { chunks: after, pieces };
}

const step = fc.array(fc.record({ name: fc.constantFrom(...pool), stays: fc.boolean() }), {
  minLength: 1,
  maxLength: 5,
});

test('whatever came before, the same builds are cut into the same chunks, and few are packed anew', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      let chunks: Chunks = [];
      const model = new Map<string, BuildTexts>();
      for (const [id, entries] of steps.entries()) {
        const wanted = new Map(
          entries.map(({ name, stays }) => [name, stays ? buildTexts(id + 1, name, 1) : undefined]),
        );
        const done = await change(chunks, new Map([...wanted].map(([name, build]) => [name, () => build])));
        for (const [name, build] of wanted) {
          if (build === undefined) model.delete(name);
          else model.set(name, build);
        }
        const all = [...model.values()].sort((one, other) => compareNames(nameOf(one), nameOf(other)));
        expect(done.chunks).toEqual(cutChunks(all));
        // Each change touches its own chunk, the one behind a name that ended it, and may cut one in two.
        expect(done.pieces.filter((piece) => 'fresh' in piece).length).toBeLessThanOrEqual(2 * wanted.size);
        chunks = done.chunks;
      }
    }),
    { numRuns: 200, seed: Number(process.env.SEED ?? Date.now() % 2 ** 31), verbose: 1 },
  );
});

test('a change of one package loads one chunk', async () => {
  const builds = pool.toSorted(compareNames).map((name, index) => buildTexts(index + 1, name, 1));
  const chunks = cutChunks(builds);
  const loaded: number[] = [];
  const middle = chunks[7]?.[0] as BuildTexts;
  const firsts = chunks.map((each) => ({ first: nameOf(each[0] as BuildTexts) }));
  await planChunks(firsts, new Map([[nameOf(middle), () => buildTexts(9_999, nameOf(middle), 2)]]), async (at) => {
    loaded.push(at);
    return chunks[at] ?? [];
  });
  expect(loaded).toEqual([7]);
});
