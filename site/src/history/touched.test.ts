import { published, type Result } from '@coppice/config';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { filesOf, settleFiles } from '../../testing/files-of.ts';
import { fixtureChroot, fixtureProjects, fixtureResult, fixtureSite } from '../../testing/fixture.ts';
import type { History } from './history.ts';
import { openTouched } from './touched.ts';

const url = 'https://rpm.example.org';

/** Which builds there are, of which package, whether they failed; and what is stated. */
const state = fc.record({
  builds: fc.uniqueArray(
    fc.record({ id: fc.integer({ min: 1, max: 260 }), package: fc.constantFrom('a', 'b', 'c'), failed: fc.boolean() }),
    { selector: ({ id }) => id, maxLength: 230 },
  ),
  packages: fc.integer({ min: 0, max: 210 }),
  other: fc.boolean(),
});

function historyOf({ builds, packages, other }: typeof state extends fc.Arbitrary<infer T> ? T : never): History {
  const [entry] = fixtureProjects().projects;
  const dir = { needs: [], chroots: [fixtureChroot], source: 'dir' };
  const names = Array.from({ length: packages }, (_, index) => ({ name: `p${1000 + index}`, ...dir }));
  const projects = [{ ...entry!, packages: names }, ...(other ? [{ ...entry!, name: 'other', packages: [] }] : [])];
  const results = builds.map(
    ({ id, package: name, failed }): Result =>
      fixtureResult({
        id,
        package: name,
        owner: id % 11 === 0 ? 'other' : 'acme',
        project: id % 7 === 0 ? 'tools:pr:3' : id % 5 === 0 ? 'tools.json' : 'tools',
        ...(failed ? { state: 'failed', reason: 'check' } : {}),
      }),
  );
  return fixtureSite({ results, projects: { ...fixtureProjects(), projects } }).history;
}

/** Changes `history` until it holds what `wanted` does. */
function change(history: History, wanted: History): void {
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
}

test('after any change, what is owed leaves exactly the files that belong to the site', () => {
  fc.assert(
    fc.property(fc.array(state, { minLength: 2, maxLength: 4 }), (states) => {
      const [history, ...others] = states.map(historyOf) as [History, ...History[]];
      const files = filesOf(history, url);
      for (const wanted of others) {
        change(history, wanted);
        settleFiles(history, url, files);
        expect(new Map([...files].sort())).toEqual(new Map([...filesOf(wanted, url)].sort()));
      }
    }),
    { numRuns: 20, seed: Number(process.env.SEED ?? Date.now() % 2 ** 31), verbose: 1 },
  );
}, 60_000);

test('a new build writes its own files and one of each list, however many builds there are', () => {
  const many = Array.from({ length: 1000 }, (_, index) => fixtureResult({ id: index + 1, package: `p${index}` }));
  const { history } = fixtureSite({ results: many });
  const one = fixtureResult({ id: 1001, package: 'p500' });
  change(history, fixtureSite({ results: [...many, one] }).history);
  expect(settleFiles(history, url, new Map()).toSorted()).toEqual([
    'acme/tools/sitemap.xml',
    'api/v1/builds.json',
    'api/v1/builds/10.json',
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
  ]);
  expect(published.rpmrepo('acme', 'tools')).toBe('api_3/rpmrepo/acme/tools.json');
});
