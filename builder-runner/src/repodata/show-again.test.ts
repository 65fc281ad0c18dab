import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shownJsonSchema } from '@coppice/config';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildTexts } from '../../testing/metadata-texts.ts';
import { nameOf } from './chunks.ts';
import { compareGenerations } from './compare-generations.ts';
import type { Generation } from './generation.ts';
import { listGenerations, numberSeen, readGeneration, showGeneration, sweepGenerations } from './generations.ts';
import { changeRepository, type Repository, readBuilds } from './repository.ts';
import { planReturn, preparePublication, prepareReturn } from './show-again.ts';

let top: string;
beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'coppice-show-again-'));
});
afterAll(() => rm(top, { recursive: true, force: true }));

async function newRepository(): Promise<Repository> {
  const folder = await mkdtemp(join(top, 'r-'));
  const repository = {
    folder,
    sign: (_: string, target: string) => writeFile(target, 'signed'),
    beginWith: async () => [],
  };
  await changeRepository(repository, {});
  return repository;
}

async function seenBy(folder: string, viewer: 'current' | 'newest'): Promise<Generation> {
  return (await readGeneration(folder, (await numberSeen(folder, viewer)) ?? 0)) ?? expect.unreachable();
}

/** Builds by package. */
async function contentOf(folder: string, generation: Generation): Promise<Map<string, string>> {
  return new Map((await readBuilds(folder, generation)).map((build) => [nameOf(build), build.build]));
}

const indexOf = (folder: string, { generation }: Generation) =>
  readFile(join(folder, 'generations', String(generation), 'repomd.xml'), 'utf8');

/** What `shown.json` says, without versions. */
async function othersTold(folder: string): Promise<readonly object[]> {
  const text = await readFile(join(folder, 'shown.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return [];
  const { packages } = shownJsonSchema.parse(JSON.parse(text));
  return packages.map(({ package: name, build, why }) => ({ package: name, build, why }));
}

const names = Array.from({ length: 200 }, (_, at) => `p${at}`);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ show: fc.constantFrom(...names), unpublished: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant('publish' as const) },
  { weight: 2, arbitrary: fc.record({ back: fc.option(fc.nat({ max: 30 }), { nil: undefined }) }) },
);

test('whatever is built, published and taken back, readers and builds see what they should', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      const repository = await newRepository();
      const { folder } = repository;
      let shown = new Map<string, string>();
      let waiting = new Map<string, string>();
      const built = new Map<string, string>();
      for (const [at, one] of steps.entries()) {
        if (one === 'publish') {
          await (await preparePublication(repository))?.show();
          shown = new Map([...shown, ...waiting]);
          waiting = new Map();
        } else if ('show' in one) {
          const build = buildTexts(at + 1, one.show, 2);
          await changeRepository(repository, { show: [build], unpublished: one.unpublished });
          waiting.set(one.show, build.build);
          built.set(one.show, build.build);
          if (!one.unpublished) {
            shown = new Map([...shown, ...waiting]);
            waiting = new Map();
          }
        } else {
          const plan = await planReturn(folder, one.back);
          if ('kind' in plan) continue;
          await (await prepareReturn(repository, plan)).show();
          shown = await contentOf(folder, plan.target);
          for (const [name, build] of waiting) if (shown.get(name) === build) waiting.delete(name);
          expect(await indexOf(folder, await seenBy(folder, 'current'))).toBe(await indexOf(folder, plan.target));
        }
        const [current, newest] = [await seenBy(folder, 'current'), await seenBy(folder, 'newest')];
        expect(await contentOf(folder, current)).toEqual(shown);
        expect(await contentOf(folder, newest)).toEqual(new Map([...shown, ...waiting]));
        expect(existsSync(join(folder, 'generations/newest'))).toBe(current.generation !== newest.generation);
        const others = [...built].filter(([name, build]) => shown.get(name) !== build);
        const expected = others.map(([name]) => ({
          package: name,
          build: shown.get(name) ?? null,
          why: waiting.has(name) ? 'waits' : 'taken-back',
        }));
        expect(await othersTold(folder)).toEqual(expected.sort((a, b) => (a.package < b.package ? -1 : 1)));
      }
    }),
    { numRuns: 40 },
  );
}, 60_000);

test('two generations are compared by what differs, and equal chunks are not read', async () => {
  const repository = await newRepository();
  const { folder } = repository;
  const all = names.map((name, at) => buildTexts(at + 1, name, 2));
  const first = (await changeRepository(repository, { show: all })) as Generation;
  const change = { show: [buildTexts(900, 'p7', 1), buildTexts(901, 'fresh', 1)], hide: ['00000051-p50'] };
  const second = (await changeRepository(repository, change)) as Generation;
  const differences = await compareGenerations(folder, first, second);
  expect(differences).toMatchObject([
    { package: 'fresh', before: undefined, after: { build: '00000901-fresh', version: '901-1' } },
    { package: 'p50', before: { build: '00000051-p50' }, after: undefined },
    { package: 'p7', before: { version: '8-1' }, after: { version: '900-1', files: ['00000900-p7/p7-0.rpm'] } },
  ]);
  expect(await compareGenerations(folder, second, first)).toHaveLength(3);
  const primary = join(folder, 'repodata', first.files.find(({ type }) => type === 'primary')?.file ?? '');
  const bytes = await readFile(primary);
  // Nothing but chunks that are in both is damaged: nobody notices.
  const known = new Set(second.chunks.map(({ digest }) => digest));
  let position = first.starts.primary;
  for (const { digest, primary: size } of first.chunks) {
    if (known.has(digest)) bytes.fill(0, position, position + size.packed);
    position += size.packed;
  }
  await writeFile(primary, bytes);
  expect(await compareGenerations(folder, first, second)).toEqual(differences);
  await writeFile(primary, bytes.fill(0));
  await expect(compareGenerations(folder, first, second)).rejects.toMatchObject({ code: 'metadata' });
});

test('what users saw last stays although many generations were for builds alone', async () => {
  const repository = await newRepository();
  const { folder } = repository;
  for (let id = 1; id <= 3; id += 1) await changeRepository(repository, { show: [buildTexts(id, 'hello', 1)] });
  for (let id = 4; id <= 9; id += 1)
    await changeRepository(repository, { show: [buildTexts(id, 'hello', 1)], unpublished: true });
  const old = new Date(Date.now() - 3_600_000);
  for (const number of await listGenerations(folder))
    await utimes(join(folder, 'generations', String(number)), old, old);
  await sweepGenerations(folder, { seconds: 600, newest: 3, inUse: new Set([6]) });
  expect(await listGenerations(folder)).toEqual([2, 3, 4, 6, 10]);
});

test('users are told which packages they get another version of, until a newer one is shown', async () => {
  const repository = await newRepository();
  const told = async () => {
    const text = await readFile(join(repository.folder, 'shown.json'), 'utf8').catch(() => '{"packages": []}');
    return (JSON.parse(text) as { packages: unknown }).packages;
  };
  const show = (id: number, name: string, unpublished = false) =>
    changeRepository(repository, { show: [buildTexts(id, name, 1)], unpublished });
  await show(1, 'pebble');
  expect(existsSync(join(repository.folder, 'shown.json'))).toBe(false);
  await show(2, 'gravel', true);
  expect(await told()).toEqual([{ package: 'gravel', build: null, version: null, why: 'waits' }]);
  await (await preparePublication(repository))?.show();
  await show(3, 'pebble');
  const back = await planReturn(repository.folder, 2);
  if ('kind' in back) expect.unreachable();
  await (await prepareReturn(repository, back)).show();
  const gravel = { package: 'gravel', build: null, version: null, why: 'taken-back' };
  const pebble = { package: 'pebble', build: '00000001-pebble', version: '1-1', why: 'taken-back' };
  expect(await told()).toEqual([gravel, pebble]);
  // A build that was deleted gives nothing back, and one that is shown now may go as well.
  await changeRepository(repository, { hide: ['00000003-pebble'] });
  expect(await told()).toEqual([gravel, pebble]);
  await changeRepository(repository, { hide: ['00000001-pebble'] });
  expect(await told()).toEqual([gravel, { ...pebble, build: null, version: null }]);
  await show(4, 'gravel');
  expect(await told()).toEqual([{ ...pebble, build: null, version: null }]);
  await show(5, 'pebble');
  expect(existsSync(join(repository.folder, 'shown.json'))).toBe(false);
});

test('a generation that is damaged keeps nobody from publishing', async () => {
  const repository = await newRepository();
  const { folder } = repository;
  const first = (await changeRepository(repository, { show: [buildTexts(1, 'a', 1)] })) as Generation;
  const primary = join(folder, 'repodata', first.files.find(({ type }) => type === 'primary')?.file ?? '');
  await changeRepository(repository, { show: [buildTexts(2, 'a', 1)], unpublished: true });
  await writeFile(primary, 'damaged');
  // Otherwise what is told already is gone on with, and nothing is compared.
  await rm(join(folder, 'shown.json'));
  const lines: string[] = [];
  const log = (_: string, line: string) => void lines.push(line);
  await changeRepository({ ...repository, log }, { show: [buildTexts(3, 'a', 1)], unpublished: true });
  expect(lines).toEqual([expect.stringContaining('is damaged')]);
  await changeRepository(repository, { show: [buildTexts(4, 'a', 1)] });
  expect(existsSync(join(folder, 'shown.json'))).toBe(false);
});

test('a switch that is cut off never lets builds go on from less than readers see', async () => {
  const repository = await newRepository();
  const { folder } = repository;
  await changeRepository(repository, { show: [buildTexts(1, 'hello', 1)], unpublished: true });
  await (await preparePublication(repository))?.show();
  // Between the two links: readers see 3, builds have a link of their own to the same content.
  await symlink('2', join(folder, 'generations/newest'));
  expect(await preparePublication(repository)).toBeUndefined();
  expect(await numberSeen(folder, 'newest')).toBe(3);
  // Readers alone go back: builds see what they saw.
  await showGeneration(folder, 1, 'readers');
  expect([await numberSeen(folder, 'current'), await numberSeen(folder, 'newest')]).toEqual([1, 3]);
  await showGeneration(folder, 3, 'everybody');
  expect(existsSync(join(folder, 'generations/newest'))).toBe(false);
});
