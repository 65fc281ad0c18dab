// What a pass takes away and what it never does, on real packages and metadata: by hand with dnf, and over random
// histories with a clock.
import { existsSync, readdirSync } from 'node:fs';
import { copyFile, cp, lstat, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildId, paddedBuildId, published, type QueuedBuild } from '@coppice/config';
import { execa } from 'execa';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeRpms } from '../../testing/make-rpms.ts';
import { buildOf, endingOf, publishMade, testChroot } from '../../testing/publish-builds.ts';
import { publishWaiting, rollBack } from '../publish/publications.ts';
import { publishEnding, writeMetadata } from '../publish/publish.ts';
import { removeDue } from '../publish/remove-later.ts';
import { describeBuilds } from '../publish/repository-of.ts';
import { freezeProject, unfreezeProject } from '../publish/takedown.ts';
import { listGenerations, numberSeen, readGeneration, showGeneration } from '../repodata/generations.ts';
import { openBuildNamer } from '../repodata/named-builds.ts';
import { changeRepository } from '../repodata/repository.ts';
import { closeAllSigning } from '../signing/sign.ts';
import { type PruneOptions, prune } from './prune.ts';

const day = 86_400_000;
let home: string;
let publisher: { home: string; url: string };
let folder: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-prune-'));
  publisher = { home, url: 'https://build.example.org' };
  folder = join(home, 'published', published.repository('acme', 'tools', testChroot));
});
afterEach(async () => {
  await closeAllSigning(home);
  await rm(home, { recursive: true, force: true });
});

const bounds = {
  failedSeconds: 10 * 86_400,
  supersededSeconds: 30 * 86_400,
  failedBuilds: null,
  supersededBuilds: null,
};
const pass = (options: Partial<PruneOptions> = {}) =>
  prune(publisher, {
    ...{ retentionOf: () => bounds, isPromised: () => false, live: [], dryRun: false, atMost: 100 },
    now: new Date(Date.now() + 400 * day),
    ...options,
  });
const builds = () =>
  readdirSync(folder).filter((name) => /^\d/.test(name) && existsSync(join(folder, name, 'result.json')));

/** Whether dnf installs a package from the repository into an empty root. */
async function installs(name: string): Promise<boolean> {
  const root = await mkdtemp(join(home, 'root-'));
  const options = ['-q', '-y', '--disableplugin=local', '--releasever=12', `--installroot=${root}`];
  const settings = [`--setopt=cachedir=${root}-cache`, '--setopt=reposdir=/nonexistent', '--setopt=gpgcheck=0'];
  const repo = ['--repofrompath', `tiny,file://${folder}`, '--repo', 'tiny'];
  const { failed } = await execa('dnf', [...options, ...settings, ...repo, 'install', name], { reject: false });
  return !failed;
}

test('after a pass dnf installs all that is shown, and an old library stays that a package still requires', async () => {
  const library = (id: number, version: string, soname: number) =>
    publishMade(publisher, buildOf(id, 'libfoo'), version, { preamble: `Provides: libfoo.so.${soname}` });
  await library(1, '1.0', 1);
  await publishMade(publisher, buildOf(2, 'app'), '1.0', { preamble: 'Requires: libfoo.so.1' });
  await publishMade(publisher, buildOf(3, 'one'), '1.0');
  await publishMade(publisher, buildOf(4, 'one'), '2.0');
  await publishMade(publisher, buildOf(5, 'one'), '3.0');
  await library(6, '2.0', 2);
  for (const id of [7, 8]) {
    const bad = buildOf(id, 'one');
    await publishEnding(publisher, bad, bad.chroots[0], endingOf('failed'));
  }
  const source = (id: number) => join(home, 'published', published.srpmBuild(buildOf(id, 'one')));
  for (const id of [3, 5]) {
    await mkdir(source(id), { recursive: true });
    await cp(join(folder, `${paddedBuildId(id as BuildId)}-one`, 'result.json'), join(source(id), 'result.json'));
    const text = JSON.stringify({ ...JSON.parse(await readText(join(source(id), 'result.json'))), chroot: 'srpm' });
    await writeFile(join(source(id), 'result.json'), text);
  }
  // Everything is old, but the newest generations are kept as long as superseded builds.
  expect(
    await pass({ now: new Date(Date.now() + 5 * day), retentionOf: () => ({ ...bounds, supersededBuilds: 0 }) }),
  ).toMatchObject({ builds: [{ id: 7 }], generations: [] });
  const live = [{ ...buildOf(4, 'one'), requestedAt: '2099-01-01T00:00:00.000Z' }] as readonly QueuedBuild[];
  expect((await pass({ dryRun: true, live })).builds.map(({ id }) => id)).toEqual([3]);
  expect((await pass({ dryRun: true, isPromised: () => true })).builds).toEqual([]);
  const said = await pass({ dryRun: true });
  expect(said.builds.map(({ id, why }) => [id, why])).toEqual([
    [3, 'superseded'],
    [4, 'superseded'],
  ]);
  expect(said.generations.length).toBeGreaterThan(1);
  expect(builds()).toHaveLength(7);
  expect(await pass()).toEqual(said);
  expect(builds()).toEqual(['00000001-libfoo', '00000002-app', '00000005-one', '00000006-libfoo', '00000008-one']);
  expect([existsSync(join(source(3), 'result.json')), existsSync(source(5))]).toEqual([false, true]);
  // Who has read an index before may still fetch packages, for a while.
  expect(readdirSync(join(folder, '00000003-one'))).toEqual(['one-1.0-1.noarch.rpm', 'one-1.0-1.src.rpm']);
  await removeDue(home, new Date(Date.now() + 601_000));
  expect([existsSync(join(folder, '00000003-one')), existsSync(source(3))]).toEqual([false, false]);
  expect([await installs('one'), await installs('libfoo')]).toEqual([true, true]);
  expect(await pass()).toEqual({ builds: [], sources: [], generations: [], problems: [], isCut: false });
  // Nothing of a frozen project is taken away.
  await freezeProject(publisher, 'acme', 'tools');
  expect((await pass({ retentionOf: () => ({ ...bounds, failedSeconds: 0 }) })).builds).toEqual([]);
  await unfreezeProject(publisher, 'acme', 'tools');
}, 180_000);

test('the last ten generations that readers saw are kept, however many were made that nobody saw', async () => {
  const manual = { ...publisher, publishMode: () => 'manual' as const };
  const place = { owner: 'acme', project: 'tools' };
  const wish = { chroots: [], asked: { login: 'octocat', request: 'https://example.org/', batch: 'first' } };
  await publishMade(manual, buildOf(1, 'one'), '1.0');
  await publishWaiting(manual, place, wish);
  const first = await numberSeen(folder, 'current');
  await publishMade(manual, buildOf(2, 'one'), '2.0');
  for (let made = 0; made < 12; made += 1) await writeMetadata(manual, place, testChroot, { unpublished: true });
  await publishWaiting(manual, place, { ...wish, asked: { ...wish.asked, batch: 'second' } });
  const options = { now: new Date(Date.now() + 5 * day), retentionOf: () => ({ ...bounds, supersededBuilds: 0 }) };
  const { generations } = await pass(options);
  expect(generations.length).toBeGreaterThan(10);
  expect(await listGenerations(folder)).toContain(first);
  const back = { ...wish, asked: { ...wish.asked, batch: 'back' }, to: undefined };
  expect(await rollBack(manual, place, back)).toMatchObject({ kind: 'switched', repositories: [{ returnsTo: first }] });
}, 120_000);

async function readText(path: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  return readFile(path, 'utf8');
}

/** Packages of the random histories: what each build of a package may be. */
const kinds = [
  { name: 'libfoo', version: '1.0', provides: ['libfoo.so.1'], requires: [] },
  { name: 'libfoo', version: '2.0', provides: ['libfoo.so.2'], requires: [] },
  { name: 'app', version: '1.0', provides: [], requires: ['libfoo.so.1'] },
  { name: 'app', version: '2.0', provides: [], requires: ['libfoo.so.2'] },
] as const;
let made: string;
beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'coppice-prune-rpms-'));
  for (const [at, { name, version, provides, requires }] of kinds.entries()) {
    const preamble = [...provides.map((each) => `Provides: ${each}`), ...requires.map((each) => `Requires: ${each}`)];
    await mkdir(join(made, String(at)));
    await makeRpms(join(made, String(at)), name, version, { preamble: preamble.join('\n') });
  }
}, 60_000);
afterAll(() => rm(made, { recursive: true, force: true }));

type Step =
  | { readonly kind: 'build'; readonly of: number }
  | { readonly kind: 'fail'; readonly of: number }
  | { readonly kind: 'rollback'; readonly by: number }
  | { readonly kind: 'prune'; readonly days: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('build' as const), of: fc.nat(kinds.length - 1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fail' as const), of: fc.nat(kinds.length - 1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rollback' as const), by: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('prune' as const), days: fc.constantFrom(1, 11, 31, 100) }) },
);

test('over random histories of builds, failures and rollbacks a pass takes no build that anybody needs, and all others', async () => {
  const property = fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (history) => {
    await rm(join(home, 'published'), { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    // Before now, so that generations may be said to have been seen then.
    let now = Date.now() - 5000 * day;
    let id = 0;
    const kindOf = new Map<string, (typeof kinds)[number]>();
    const good = new Set<string>();
    const repository = {
      folder,
      sign: (file: string, target: string) => copyFile(file, target),
      beginWith: async () => [],
    };
    const record = async (build: string, state: 'succeeded' | 'failed') => {
      await mkdir(join(folder, build), { recursive: true });
      const ended = { state, reason: state === 'failed' ? 'compile' : null, endedAt: new Date(now).toISOString() };
      await writeFile(join(folder, build, 'result.json'), JSON.stringify(ended));
    };
    /** Generations that were just made or left are as old as the clock says. */
    const setClock = async () => {
      for (const number of await listGenerations(folder)) {
        const path = join(folder, 'generations', String(number));
        if ((await lstat(path)).mtimeMs > Date.now() - 1000 * day) await utimes(path, now / 1000, now / 1000);
      }
    };
    for (const one of [...history, { kind: 'prune', days: 100 } as const]) {
      now += day;
      if (one.kind === 'build' || one.kind === 'fail') {
        id += 1;
        const kind = kinds[one.of] ?? kinds[0];
        const build = `${paddedBuildId(id as BuildId)}-${kind.name}`;
        kindOf.set(build, kind);
        await record(build, one.kind === 'build' ? 'succeeded' : 'failed');
        if (one.kind === 'build') {
          good.add(build);
          for (const file of await readdir(join(made, String(one.of))))
            await copyFile(join(made, String(one.of), file), join(folder, build, file));
          const { builds: show } = await describeBuilds(folder, [build]);
          await changeRepository(repository, { show });
        }
      } else if (one.kind === 'rollback') {
        const kept = await listGenerations(folder);
        const number = kept.at(-1 - one.by);
        if (number !== undefined) await showGeneration(folder, number, 'everybody');
      } else {
        now += one.days * day;
        await setClock();
        await checkPass(new Date(now), kindOf, good);
      }
      await setClock();
    }
  });
  const build = (of: number) => ({ kind: 'build', of }) as const;
  // A library that a newer one takes the place of while a package still requires it.
  await fc.assert(property, { numRuns: 25, examples: [[[build(0), build(2), build(1)]]] });
}, 400_000);

async function checkPass(
  now: Date,
  kindOf: ReadonlyMap<string, (typeof kinds)[number]>,
  good: ReadonlySet<string>,
): Promise<void> {
  const before = builds();
  const seen = await Promise.all([numberSeen(folder, 'current'), numberSeen(folder, 'newest')]);
  const shown = await namedBy(seen);
  const said = await pass({ now, dryRun: true });
  const did = await pass({ now });
  expect(did).toEqual(said);
  expect([did.problems, did.isCut]).toEqual([[], false]);
  const after = builds();
  expect(await Promise.all([numberSeen(folder, 'current'), numberSeen(folder, 'newest')])).toEqual(seen);
  // What any generation names that is kept is there, with all of its packages.
  for (const build of await namedBy(await listGenerations(folder))) {
    expect(after).toContain(build);
    expect(readdirSync(join(folder, build)).filter((name) => name.endsWith('.rpm'))).toHaveLength(2);
  }
  for (const name of ['libfoo', 'app']) {
    const newest = before.filter((build) => good.has(build) && kindOf.get(build)?.name === name).at(-1);
    if (newest !== undefined) expect(after).toContain(newest);
    const last = before.filter((build) => kindOf.get(build)?.name === name).at(-1);
    if (last !== undefined) expect(after).toContain(last);
  }
  const offers = (some: Iterable<string>, capability: string) =>
    [...some].some(
      (build) =>
        good.has(build) && (kindOf.get(build)?.provides as readonly string[] | undefined)?.includes(capability),
    );
  for (const build of shown)
    for (const capability of kindOf.get(build)?.requires ?? [])
      if (offers(before, capability)) expect(offers(after, capability)).toBe(true);
  // A library that went was not needed, and what is left that could go is needed.
  const kept = await namedBy(await listGenerations(folder));
  const again = await pass({ now: new Date(now.getTime() + 1000 * day), dryRun: true });
  for (const build of after) {
    const isNewest = build === after.filter((one) => kindOf.get(one)?.name === kindOf.get(build)?.name).at(-1);
    const isGood =
      build === after.filter((one) => good.has(one) && kindOf.get(one)?.name === kindOf.get(build)?.name).at(-1);
    const goes = again.builds.some(({ id }) => build.startsWith(`${paddedBuildId(id as BuildId)}-`));
    const isNeeded = [...shown].some((one) =>
      (kindOf.get(one)?.requires ?? []).some((capability) => offers([build], capability) && !offers(shown, capability)),
    );
    if (!goes) expect([build, isNewest || isGood || kept.has(build) || isNeeded]).toEqual([build, true]);
  }
}

async function namedBy(numbers: readonly (number | undefined)[]): Promise<ReadonlySet<string>> {
  const namesOf = openBuildNamer(folder);
  const named = new Set<string>();
  for (const number of numbers) {
    const generation = number === undefined ? undefined : await readGeneration(folder, number);
    if (generation !== undefined) for (const name of await namesOf(generation)) named.add(name);
  }
  return named;
}
