import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildTexts } from '../../testing/metadata-texts.ts';
import { compareNames, nameOf } from './chunks.ts';
import type { Generation } from './generation.ts';
import { listGenerations, numberSeen, readGeneration, showGeneration, sweepGenerations } from './generations.ts';
import { namesIn } from './read-index.ts';
import { changeRepository, type Repository, type RepositoryChange, readBuilds } from './repository.ts';
import { shownVersion } from './shown-version.ts';
import { type BuildTexts, listEnd, listStart, lists, type PackageTexts } from './texts.ts';

let top: string;
beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'coppice-repository-'));
});
afterAll(() => rm(top, { recursive: true, force: true }));

async function newRepository(): Promise<Repository> {
  const folder = await mkdtemp(join(top, 'r-'));
  const sign = async (file: string, target: string) => writeFile(target, `signed ${hash(await readFile(file))}`);
  return { folder, sign, beginWith: async () => [] };
}

async function change(repository: Repository, wanted: RepositoryChange): Promise<Generation> {
  const made = await changeRepository(repository, wanted);
  if ('first' in made) throw new Error(`clash with ${made.first}`);
  return made;
}

const hash = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');

/** All that a reader meets, checked as it would: index, signature, files, checksums; the three lists as texts. */
function readAll(folder: string): string[] {
  const index = readFileSync(join(folder, 'repodata/repomd.xml'));
  expect(readFileSync(join(folder, 'repodata/repomd.xml.asc'), 'utf8')).toBe(`signed ${hash(index)}`);
  const entries = [...index.toString().matchAll(/<data type="(\w+)">(.*?)<\/data>/gs)].map(([, , text = '']) => text);
  return entries.map((text) => {
    const one = (pattern: RegExp) => pattern.exec(text)?.[1] ?? '';
    const bytes = readFileSync(join(folder, one(/href="([^"]+)"/)));
    const open = gunzipSync(bytes);
    expect([hash(bytes), String(bytes.length)]).toEqual([one(/<checksum[^>]*>(\w+)/), one(/<size>(\d+)/)]);
    expect([hash(open), String(open.length)]).toEqual([one(/<open-checksum[^>]*>(\w+)/), one(/<open-size>(\d+)/)]);
    return open.toString('latin1');
  });
}

/** What the lists are for these builds, without any packing. */
function plainLists(builds: readonly BuildTexts[]): string[] {
  const packages = [...builds]
    .sort((one, other) => compareNames(nameOf(one), nameOf(other)))
    .flatMap((each) => each.packages);
  return lists.map(
    (list) => `${listStart(list, packages.length)}${packages.map((each) => each[list]).join('')}${listEnd(list)}`,
  );
}

test('an empty repository can be read', async () => {
  const repository = await newRepository();
  await change(repository, {});
  expect(readAll(repository.folder)).toEqual(plainLists([]));
  expect(readFileSync(join(repository.folder, 'repodata/repomd.xml'), 'utf8')).toContain('<revision>0</revision>');
});

const names = Array.from({ length: 300 }, (_, index) => `p${index}`);
const history = fc.array(
  fc.record({
    show: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 6 }),
    hide: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 3 }),
    rpms: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 1, maxLength: 12 },
);

test('after any history it says what its builds say, in the bytes that a new one would have', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      const repository = await newRepository();
      const model = new Map<string, BuildTexts>();
      for (const [id, { show, hide, rpms }] of [{ show: names, hide: [], rpms: 1 }, ...steps].entries()) {
        const builds = show.map((name) => buildTexts(id + 1, name, rpms));
        const hidden = hide.filter((name) => !show.includes(name)).flatMap((name) => model.get(name)?.build ?? []);
        await change(repository, { show: builds, hide: hidden });
        for (const name of hide) if (!show.includes(name)) model.delete(name);
        for (const build of builds) model.set(nameOf(build), build);
        expect(readAll(repository.folder)).toEqual(plainLists([...model.values()]));
      }
      const fresh = await newRepository();
      await change(fresh, { show: [...model.values()] });
      const indexOf = ({ folder }: Repository) => readFileSync(join(folder, 'repodata/repomd.xml'), 'utf8');
      expect(indexOf(repository)).toBe(indexOf(fresh));
    }),
    { numRuns: 5, seed: Number(process.env.SEED ?? Date.now() % 2 ** 31), verbose: 1 },
  );
});

test('an older build does not replace a newer one, and what changed is recorded', async () => {
  const repository = await newRepository();
  await change(repository, { show: [buildTexts(5, 'one', 1), buildTexts(6, 'two', 1)] });
  const made = await change(repository, {
    show: [buildTexts(4, 'one', 1), buildTexts(7, 'three', 1)],
    hide: ['00000006-two'],
  });
  expect(made).toMatchObject({ generation: 2, madeFrom: 1, rpms: 2, changed: 2 });
  expect(made.changes).toEqual([
    { package: 'three', before: null, after: '7-1' },
    { package: 'two', before: '6-1', after: null },
  ]);
  expect((await readBuilds(repository.folder, made)).map(({ build }) => build)).toEqual([
    '00000005-one',
    '00000007-three',
  ]);
});

test('a package whose name another one has is refused, and nothing is changed', async () => {
  const repository = await newRepository();
  await change(repository, { show: [buildTexts(1, 'one', 2)] });
  const [stolen] = buildTexts(2, 'one', 1).packages;
  const thief: BuildTexts = {
    build: '00000003-thief',
    packages: [
      { ...(stolen as PackageTexts), primary: stolen?.primary.replace('00000002-one/', '00000003-thief/') ?? '' },
    ],
  };
  const wanted = { show: [thief], refuseClashes: true };
  const files = readdirSync(join(repository.folder, 'repodata'));
  expect(await changeRepository(repository, wanted)).toEqual({
    build: thief.build,
    rpm: 'one-0',
    isSource: false,
    first: '00000001-one',
  });
  expect(await listGenerations(repository.folder)).toEqual([1]);
  expect(readdirSync(join(repository.folder, 'repodata'))).toEqual(files);
  // The package itself may have it again.
  expect(await changeRepository(repository, { show: [buildTexts(4, 'one', 2)], refuseClashes: true })).toMatchObject({
    generation: 2,
  });
});

test('what was damaged on the disk since it was written is not copied on', async () => {
  const builds = Array.from({ length: 300 }, (_, index) => buildTexts(index + 1, `p${index}`, 1));
  const repository = { ...(await newRepository()), beginWith: async () => builds };
  const made = await change(repository, { show: builds });
  const file = join(repository.folder, 'repodata', made.files[0]?.file ?? '');
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  await writeFile(file, bytes);
  await change(repository, { show: [buildTexts(400, 'p7', 1)] });
  const shown = [...builds.filter((build) => nameOf(build) !== 'p7'), buildTexts(400, 'p7', 1)];
  expect(readAll(repository.folder)).toEqual(plainLists(shown));
});

test('what cannot be signed leaves no file behind, and takes none that is named', async () => {
  const repository = await newRepository();
  await change(repository, { show: [buildTexts(1, 'one', 1)] });
  const files = readdirSync(join(repository.folder, 'repodata'));
  const sign = () => Promise.reject(new Error('no key'));
  for (const wanted of [{ show: [buildTexts(2, 'two', 1)] }, {}])
    await expect(changeRepository({ ...repository, sign }, wanted)).rejects.toThrow('no key');
  expect(readdirSync(join(repository.folder, 'repodata'))).toEqual(files);
  expect(readAll(repository.folder)).toEqual(plainLists([buildTexts(1, 'one', 1)]));
});

test('nothing else is taken for a generation that is to be changed and is damaged', async () => {
  const repository = { ...(await newRepository()), beginWith: async () => [buildTexts(2, 'waiting', 1)] };
  const { folder } = repository;
  const { generation } = await change(repository, {});
  await change(repository, { show: [buildTexts(3, 'three', 1)], unpublished: true });
  await writeFile(join(folder, 'generations', String(generation), 'generation.json'), '{');
  const going = change(repository, { hide: ['00000003-three'], from: generation });
  await expect(going).rejects.toThrow(`generation ${generation} of ${folder} is damaged`);
  expect(await numberSeen(folder, 'current')).toBe(generation);
});

test('what only builds see is made from, and shown to everybody by one link', async () => {
  const repository = await newRepository();
  const { folder } = repository;
  await change(repository, { show: [buildTexts(1, 'one', 1)] });
  await change(repository, { show: [buildTexts(2, 'two', 1)], unpublished: true });
  await change(repository, { show: [buildTexts(3, 'three', 1)], unpublished: true });
  expect(readAll(folder)).toEqual(plainLists([buildTexts(1, 'one', 1)]));
  expect([await numberSeen(folder, 'current'), await numberSeen(folder, 'newest')]).toEqual([1, 3]);
  await showGeneration(folder, 3, 'everybody');
  expect(readAll(folder)).toEqual(
    plainLists([buildTexts(1, 'one', 1), buildTexts(3, 'three', 1), buildTexts(2, 'two', 1)]),
  );
  expect(readdirSync(join(folder, 'generations')).sort()).toEqual(['1', '2', '3', 'current']);
});

test('old generations go with their files when nobody can be reading them, and never those that are in use', async () => {
  const repository = await newRepository();
  const { folder } = repository;
  for (let id = 1; id <= 6; id += 1) await change(repository, { show: [buildTexts(id, 'one', 1)] });
  const keep = { seconds: 600, newest: 2, inUse: new Set([2]) };
  await sweepGenerations(folder, keep);
  expect(await listGenerations(folder)).toEqual([1, 2, 3, 4, 5, 6]);
  const longAgo = new Date(Date.now() - 601_000);
  for (const number of [1, 2, 3, 4, 5, 6]) await utimes(join(folder, 'generations', String(number)), longAgo, longAgo);
  for (const name of readdirSync(join(folder, 'repodata')).filter((each) => !each.startsWith('repomd')))
    await utimes(join(folder, 'repodata', name), longAgo, longAgo);
  await sweepGenerations(folder, keep);
  expect(await listGenerations(folder)).toEqual([2, 5, 6]);
  const named = [2, 5, 6].flatMap((number) =>
    namesIn(readFileSync(join(folder, 'generations', String(number), 'repomd.xml'), 'utf8')),
  );
  const there = readdirSync(join(folder, 'repodata')).filter((name) => !name.startsWith('repomd'));
  expect(there.sort()).toEqual([...new Set(named)].sort());
  expect(await readGeneration(folder, 3)).toBeUndefined();
  expect(readlinkSync(join(folder, 'generations/current'))).toBe('6');
});

test('further files are named in the index and stay until others come', async () => {
  const repository = await newRepository();
  const comps = { type: 'group', ending: 'comps.xml', content: Buffer.from('<comps/>'), seconds: 7 };
  await change(repository, { further: [comps] });
  const made = await change(repository, { show: [buildTexts(1, 'one', 1)] });
  expect(made.files.map(({ type }) => type)).toEqual([...lists, 'group']);
  const index = readFileSync(join(repository.folder, 'repodata/repomd.xml'), 'utf8');
  expect(index).toContain(`<location href="repodata/${hash('<comps/>')}-comps.xml"/>`);
  expect((await change(repository, { further: [] })).files).toHaveLength(3);
});

test('the version that readers see of a package is found in any repository', async () => {
  const repository = await newRepository();
  expect(await shownVersion(repository.folder, 'p1')).toBeUndefined();
  await change(repository, {});
  expect(await shownVersion(repository.folder, 'p1')).toBeUndefined();
  const builds = Array.from({ length: 300 }, (_, index) => buildTexts(index + 1, `p${index}`, 1));
  await change(repository, { show: builds });
  for (const [name, version] of [
    ['p0', '1-1'],
    ['p299', '300-1'],
    ['p', undefined],
    ['q', undefined],
  ] as const)
    expect(await shownVersion(repository.folder, name)).toBe(version);
  await change(repository, { show: [buildTexts(400, 'p7', 2)], unpublished: true });
  expect(await shownVersion(repository.folder, 'p7')).toBe('8-1');
  await change(repository, { hide: ['00000400-p7'] });
  expect(await shownVersion(repository.folder, 'p7')).toBeUndefined();
});
