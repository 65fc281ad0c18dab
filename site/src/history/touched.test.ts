import { published, type Result } from '@coppice/config';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { filesOf, settleFiles } from '../../testing/files-of.ts';
import {
  at,
  fixtureChroot,
  fixtureProjects,
  fixtureQueued,
  fixtureResult,
  fixtureSite,
} from '../../testing/fixture.ts';
import { oweEverything, writingFor } from '../pages-of.ts';
import { describeChanged, type ReadHeaders } from './describe.ts';
import type { History } from './history.ts';
import { openTouched } from './touched.ts';

const url = 'https://rpm.example.org';

/** Which builds there are, of which package and commit, whether they failed or go on; and what is stated. */
const state = fc.record({
  builds: fc.uniqueArray(
    fc.record({
      id: fc.integer({ min: 1, max: 260 }),
      package: fc.constantFrom('a', 'b', 'c'),
      is: fc.constantFrom('good', 'failed', 'failed', 'live'),
      commit: fc.constantFrom('a'.repeat(40), 'b'.repeat(40)),
    }),
    { selector: ({ id }) => id, maxLength: 230 },
  ),
  // So many that files of the search are divided.
  packages: fc.oneof(fc.integer({ min: 0, max: 210 }), fc.integer({ min: 290, max: 420 })),
  other: fc.boolean(),
});

/** What the packages of a build say follows from its number. */
const readHeaders: ReadHeaders = async ({ folder, artifacts }) => {
  const id = Number(/(\d{8})-/.exec(folder)?.[1]);
  const none = { group: null, license: null, url: null, builtAt: null, installedBytes: null, left: {} };
  const lists = { recommends: [], suggests: [], supplements: [], enhances: [], conflicts: [], obsoletes: [] };
  const one = {
    ...{ ...none, ...lists, nevra: artifacts[0]?.nevra ?? '', name: 'x', summary: `Does ${id % 9}`, changelog: [] },
    description: `Words word${id % 5} more${id}`,
    requires: [{ name: `lib${id % 3}` }, { name: '/usr/bin/f1' }],
    provides: [{ name: `lib${id % 4}`, is: '=' as const, version: String(id) }],
    files: [{ path: `/usr/bin/f${id % 6}`, bytes: 1, mode: '100755' }],
  };
  return id % 5 === 0 ? undefined : { schemaVersion: 1, packages: [one], packagesLeft: 0 };
};

async function historyOf({
  builds,
  packages,
  other,
}: typeof state extends fc.Arbitrary<infer T> ? T : never): Promise<History> {
  const [entry] = fixtureProjects().projects;
  const dir = { needs: [], chroots: [fixtureChroot], source: 'dir' };
  const names = Array.from({ length: packages }, (_, index) => ({ name: `p${1000 + index}`, ...dir }));
  const projects = [{ ...entry!, packages: names }, ...(other ? [{ ...entry!, name: 'other', packages: [] }] : [])];
  const placed = builds.map((build) => ({
    ...build,
    owner: build.id % 11 === 0 ? 'other' : 'acme',
    project: build.id % 7 === 0 ? 'tools:pr:3' : build.id % 5 === 0 ? 'tools.json' : 'tools',
  }));
  const results = placed.flatMap(({ is, commit, ...rest }): Result | never[] => {
    const of = { ...rest, configCommit: commit };
    if (is === 'live') return [];
    const took = { startedAt: at(of.id * 100), endedAt: at(of.id * 101) };
    return fixtureResult({ ...of, ...took, ...(is === 'failed' ? { state: 'failed', reason: 'check' } : {}) });
  });
  const queue = placed.flatMap(({ is, commit: _, ...of }) => (is === 'live' ? fixtureQueued(of) : []));
  const { history } = fixtureSite({ results, queue, projects: { ...fixtureProjects(), projects } });
  await describeChanged(history, readHeaders);
  return history;
}

/** Changes `history` until it holds what `wanted` does. */
async function change(history: History, wanted: History, read = readHeaders): Promise<void> {
  const touched = openTouched(history);
  const [before, after] = [history, wanted].map((each) => each.newestBuilds({}, 1000)) as [
    ReturnType<History['newestBuilds']>,
    ReturnType<History['newestBuilds']>,
  ];
  for (const build of before)
    if (wanted.build(build.id) === undefined) {
      touched.remove(build);
      history.removeBuild(build);
    }
  for (const build of after) {
    const old = history.build(build.id);
    if (JSON.stringify(old) === JSON.stringify(build)) continue;
    touched.save(old, build);
    history.saveBuild(build);
  }
  for (const key of new Set([...history.projectKeys(), ...wanted.projectKeys()])) {
    const entry = wanted.entryOf(key)?.entry ?? null;
    if (!history.isOther(key, entry, null)) continue;
    touched.changeEntry(key);
    history.saveEntry(key, entry, null);
  }
  touched.owe();
  await describeChanged(history, read);
}

test('after any change, what is owed leaves exactly the files that belong to the site', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(state, { minLength: 2, maxLength: 4 }), async (states) => {
      const [history, ...others] = (await Promise.all(states.map(historyOf))) as [History, ...History[]];
      const files = filesOf(history, url);
      for (const wanted of others) {
        await change(history, wanted);
        settleFiles(history, url, files);
        expect(new Map([...files].sort())).toEqual(new Map([...filesOf(wanted, url)].sort()));
      }
    }),
    { numRuns: Number(process.env.RUNS ?? 12), seed: Number(process.env.SEED ?? Date.now() % 2 ** 31), verbose: 1 },
  );
}, 120_000);

test('pages of older builds are full, and stay as they are until the next one is full', async () => {
  const builds = (count: number) => Array.from({ length: count }, (_, index) => fixtureResult({ id: 3 * index + 1 }));
  const { history } = fixtureSite({ results: builds(149) });
  const listed = () =>
    history
      .owed('', 1_000_000)
      .filter((path) => path.startsWith('acme/tools/builds/'))
      .map((path) => path.slice('acme/tools/builds/'.length));
  oweEverything(history);
  expect(listed()).toEqual(['', '1/']);
  const comes = async (wanted: History) => {
    for (const path of history.owed('', 1_000_000)) history.settle(path);
    await change(history, wanted);
    return listed();
  };
  const rows = (number?: number) => {
    const subject = { kind: 'builds-page' as const, key: 'acme/tools', ...(number === undefined ? {} : { number }) };
    const { pages } = writingFor(subject, { history, url, queue: null, service: null });
    return pages.buildLists?.map(({ rows: [first], rows: of, newer, older }) => [
      first?.id,
      of.length,
      newer,
      older,
    ])[0];
  };
  expect(rows()).toEqual([445, 99, null, '/acme/tools/builds/1/']);
  expect(rows(1)).toEqual([148, 50, '/acme/tools/builds/', null]);
  expect(rows(2)).toBeUndefined();
  // The second page is full: the first one leads to it.
  expect(await comes(fixtureSite({ results: builds(150) }).history)).toEqual(['', '1/', '2/']);
  expect(rows()).toEqual([448, 50, null, '/acme/tools/builds/2/']);
  expect(rows(2)).toEqual([298, 50, '/acme/tools/builds/', '/acme/tools/builds/1/']);
  expect(rows(1)).toEqual([148, 50, '/acme/tools/builds/2/', null]);
  expect(await comes(fixtureSite({ results: builds(151) }).history)).toEqual(['']);
  // What an old build says is on its page alone; one that goes shifts those after it.
  const other = builds(151).map((build) => (build.id === 4 ? { ...build, requestedBy: 'mia' } : build));
  expect(await comes(fixtureSite({ results: other }).history)).toEqual(['1/']);
  const fewer = other.filter(({ id }) => id !== 301);
  expect(await comes(fixtureSite({ results: fewer }).history)).toEqual(['']);
  expect(await comes(fixtureSite({ results: fewer.filter(({ id }) => id !== 154) }).history)).toEqual(['', '1/', '2/']);
  expect(rows(2)).toBeUndefined();
});

test('builds that say what they have other than the last good one follow whatever becomes of that', async () => {
  const few = fc.array(
    fc.option(fc.record({ is: fc.constantFrom('good', 'failed'), commit: fc.constantFrom('a', 'b') }), { freq: 4 }),
    { minLength: 8, maxLength: 8 },
  );
  const stateOf = (builds: typeof few extends fc.Arbitrary<infer T> ? T : never) => ({
    builds: builds.flatMap((build, index) =>
      build === null ? [] : [{ ...build, id: index + 1, package: 'a', commit: build.commit.repeat(40) } as const],
    ),
    ...{ packages: 0, other: false },
  });
  await fc.assert(
    fc.asyncProperty(fc.array(few, { minLength: 2, maxLength: 3 }), async (states) => {
      const [history, ...others] = (await Promise.all(states.map((each) => historyOf(stateOf(each))))) as [
        History,
        ...History[],
      ];
      const files = filesOf(history, url);
      for (const wanted of others) {
        await change(history, wanted);
        settleFiles(history, url, files);
        expect(new Map([...files].sort())).toEqual(new Map([...filesOf(wanted, url)].sort()));
      }
    }),
    { numRuns: Number(process.env.RUNS ?? 60), seed: Number(process.env.SEED ?? Date.now() % 2 ** 31), verbose: 1 },
  );
}, 60_000);

test('a new build writes its own files and one of each list, however many builds there are', async () => {
  const many = Array.from({ length: 1000 }, (_, index) => fixtureResult({ id: index + 1, package: `p${index}` }));
  const { history } = fixtureSite({ results: many });
  const one = fixtureResult({ id: 1001, package: 'p500' });
  const noHeaders: ReadHeaders = async () => undefined;
  await describeChanged(history, noHeaders);
  for (const path of history.owed('', 1_000_000)) history.settle(path);
  await change(history, fixtureSite({ results: [...many, one] }).history, noHeaders);
  expect(settleFiles(history, url, new Map()).toSorted()).toEqual([
    'acme/tools/sitemap.xml',
    'api/v1/builds.json',
    'api/v1/builds/10.json',
    'api/v1/live/1001.json',
    'api/v1/owners/acme/builds.json',
    'api/v1/projects/acme/tools.json',
    'api/v1/projects/acme/tools/builds/10.json',
    'api/v1/projects/acme/tools/packages/p500.json',
    ...[
      'builds/1001/build.json',
      'builds/1001/chroots-0.json',
      'builds/1001/packages.json',
      'projects/acme/tools/builds-1000.json',
      'projects/acme/tools/monitor.json',
      'projects/acme/tools/packages-400.json',
      'projects/acme/tools/packages/p500/builds-0.json',
      'projects/acme/tools/packages/p500/package.json',
      'projects/acme/tools/project.json',
    ].map((path) => `api_3/${path}`),
    'badges/acme/tools.svg',
    'badges/acme/tools/p500.svg',
    'badges/acme/tools/p500/version.svg',
    'feeds/builds.atom',
    'feeds/owners/acme.atom',
    'feeds/projects/acme/tools.atom',
    'search/terms/p5.json',
  ]);
  expect(published.rpmrepo('acme', 'tools')).toBe('api_3/rpmrepo/acme/tools.json');
});
