import { published, type Result } from '@coppice/config';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fixtureChroot, fixtureProjects, fixtureQueued, fixtureResult, fixtureSite } from '../../testing/fixture.ts';
import type { Site } from '../model/site-model.ts';
import { selectChanged } from '../select-pages.ts';
import { allCoprFiles, type CoprFile, changedCoprFiles } from './copr-files.ts';

const url = 'https://rpm.example.org';
const textsOf = (files: readonly CoprFile[]) =>
  new Map(files.map(({ path, content }) => [path, JSON.stringify(content())]));
const read = (site: Site, path: string) => {
  const file = allCoprFiles(site, url).find((each) => each.path === path);
  return JSON.parse(JSON.stringify(file?.content() ?? null));
};
const source = {
  file: 'hello-2.12-1.sap12.src.rpm',
  nevra: 'hello-2.12-1.sap12.src',
  bytes: 1,
  sha256: '0'.repeat(64),
};
const site = fixtureSite({
  results: [
    fixtureResult({ id: 1 }),
    fixtureResult({ id: 1, chroot: 'srpm', artifacts: [source] }),
    fixtureResult({ id: 2, state: 'failed', reason: 'check', artifacts: [] }),
  ],
  queue: [fixtureQueued({ id: 3, package: 'figlet' })],
  projects: fixtureProjects(),
});

describe("the answers to Copr's clients", () => {
  test.each([
    ['project', 'api_3/projects/acme/tools/project.json'],
    ['build', 'api_3/builds/1/build.json'],
    ['build-packages', 'api_3/builds/1/packages.json'],
    ['build-chroots', 'api_3/builds/1/chroots-0.json'],
    ['waiting-chroots', 'api_3/builds/3/chroots-0.json'],
    ['package', 'api_3/projects/acme/tools/packages/hello/package.json'],
    ['monitor', 'api_3/projects/acme/tools/monitor.json'],
  ])('have the form of Copr: %s', async (name, path) => {
    await expect(`${JSON.stringify(read(site, path), null, 2)}\n`).toMatchFileSnapshot(`testdata/${name}.json`);
  });

  test('list projects that are stated, packages by name and builds oldest first', () => {
    const listed = (path: string, key: string) =>
      read(site, path).items.map((item: Record<string, unknown>) => item[key]);
    expect(listed('api_3/owners/projects-0.json', 'full_name')).toEqual(['acme/tools']);
    expect(listed('api_3/owners/acme/projects-0.json', 'full_name')).toEqual(['acme/tools']);
    expect(listed('api_3/projects/acme/tools/packages-0.json', 'name')).toEqual(['figlet', 'hello', 'libgreet']);
    expect(listed('api_3/projects/acme/tools/builds-0.json', 'id')).toEqual([1, 2, 3]);
    expect(listed('api_3/projects/acme/tools/packages/hello/builds-0.json', 'id')).toEqual([1, 2]);
    expect(read(fixtureSite({}), 'api_3/owners/projects-0.json').items).toEqual([]);
  });
});

/** A history: which builds there are, of which package, whether they failed; and whether a project is stated. */
const state = fc.record({
  builds: fc.uniqueArray(
    fc.record({ id: fc.integer({ min: 1, max: 260 }), package: fc.constantFrom('a', 'b', 'c'), failed: fc.boolean() }),
    { selector: ({ id }) => id, maxLength: 230 },
  ),
  packages: fc.integer({ min: 0, max: 210 }),
  other: fc.boolean(),
});

function siteOf({ builds, packages, other }: typeof state extends fc.Arbitrary<infer T> ? T : never): Site {
  const [entry] = fixtureProjects().projects;
  const dir = { needs: [], chroots: [fixtureChroot], source: 'dir' };
  const names = Array.from({ length: packages }, (_, index) => ({ name: `p${1000 + index}`, ...dir }));
  const projects = [{ ...entry!, packages: names }, ...(other ? [{ ...entry!, name: 'other', packages: [] }] : [])];
  const results = builds.map(
    ({ id, package: name, failed }): Result =>
      fixtureResult({
        id,
        package: name,
        project: id % 7 === 0 ? 'tools+pr3' : 'tools',
        ...(failed ? { state: 'failed', reason: 'check' } : {}),
      }),
  );
  return fixtureSite({ results, projects: { ...fixtureProjects(), projects } });
}

test('after any change, what was written and what went leaves exactly what belongs to the site', () => {
  fc.assert(
    fc.property(fc.array(state, { minLength: 2, maxLength: 4 }), (states) => {
      let [before, ...others] = states.map(siteOf) as [Site, ...Site[]];
      const files = textsOf(allCoprFiles(before, url));
      for (const after of others) {
        const old = new Map(before.builds.map((build) => [build.id, JSON.stringify(build)]));
        const now = new Set(after.builds.map(({ id }) => id));
        const changed = after.builds.filter((build) => old.get(build.id) !== JSON.stringify(build));
        const gone = before.builds.filter(({ id }) => !now.has(id));
        const moved = before.builds.filter(({ id }) => changed.some((build) => build.id === id));
        const change = changedCoprFiles(
          before,
          after,
          selectChanged(before, after, [...changed, ...gone, ...moved]),
          url,
        );
        for (const path of change.remove) {
          for (const file of files.keys()) if (file === path || file.startsWith(`${path}/`)) files.delete(file);
        }
        for (const [path, text] of textsOf(change.write)) files.set(path, text);
        expect(files).toEqual(textsOf(allCoprFiles(after, url)));
        before = after;
      }
    }),
    { numRuns: 30 },
  );
}, 60_000);

test('a new build writes its own files and one of each list, however many builds there are', () => {
  const many = Array.from({ length: 1000 }, (_, index) => fixtureResult({ id: index + 1, package: `p${index}` }));
  const before = fixtureSite({ results: many });
  const after = fixtureSite({ results: [...many, fixtureResult({ id: 1001, package: 'p500' })] });
  const change = { owner: 'acme', project: 'tools', package: 'p500', id: 1001 };
  const { write, remove } = changedCoprFiles(before, after, selectChanged(before, after, [change]), url);
  expect(write.map(({ path }) => path.replace('api_3/', '')).sort()).toEqual([
    'builds/1001/build.json',
    'builds/1001/chroots-0.json',
    'builds/1001/packages.json',
    'projects/acme/tools/builds-1000.json',
    'projects/acme/tools/monitor.json',
    'projects/acme/tools/packages-400.json',
    'projects/acme/tools/packages/p500/builds-0.json',
    'projects/acme/tools/packages/p500/package.json',
    'projects/acme/tools/project.json',
  ]);
  expect(remove).toEqual([]);
  expect(published.rpmrepo('acme', 'tools')).toBe('api_3/rpmrepo/acme/tools.json');
});
