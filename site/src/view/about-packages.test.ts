import { expect, test } from 'vitest';
import { fixtureHeader, fixtureProjects, fixtureResult, fixtureSite } from '../../testing/fixture.ts';
import { aboutPackages } from './about-packages.ts';
import { packageView } from './package-view.ts';

const account = { file: 'packages.json', bytes: 1, sha256: 'a'.repeat(64) };
const run = { folder: 'results/acme/tools/fedora-42-x86_64/00000001-hello', chroot: 'fedora-42-x86_64' };
const of = { owner: 'acme', project: 'tools', name: 'hello' };
const about = (packages: Parameters<typeof aboutPackages>[0]['packages'], providers = (_: string): string[] => []) =>
  aboutPackages({ schemaVersion: 1, packages, packagesLeft: 3 }, { ...run, packageHeaders: account }, of, providers);

test('what is required leads to the package of the project that provides it, and not to itself', () => {
  const view = about([fixtureHeader()], (name) => (name === '/bin/sh' ? ['hello'] : ['hello', 'libgreet']));
  const [requires, provides] = view.packages.items[0]?.relations ?? [];
  expect(requires?.items.map(({ href }) => href)).toEqual([
    ...['/acme/tools/package/libgreet/', null, '/acme/tools/package/libgreet/'],
  ]);
  expect(provides?.items).toEqual([{ text: 'hello = 2.12-1.sap12', href: null }]);
});

test('only an address of the web is a link to upstream', () => {
  expect(about([fixtureHeader()]).upstream?.href).toBe('https://www.gnu.org/software/hello/');
  expect(about([fixtureHeader({ url: 'javascript:alert(1)' })]).upstream?.href).toBeNull();
});

test('long lists of many packages share the room of a page, and it is told what is missing', () => {
  const files = Array.from({ length: 120 }, (_, index) => ({ path: `/f${index}`, bytes: 1, mode: '100644' }));
  const one = fixtureHeader({ files, left: { files: 7 }, description: 'x'.repeat(9_000) });
  const view = about(Array.from({ length: 20 }, () => one));
  expect(view.packages.items.map((each) => each.files.items.length)).toEqual([100, 50, ...Array(10).fill(0)]);
  expect(view.packages.items[0]?.files.left).toBe(27);
  expect(view.packages.left).toBe(11);
  expect(view.packages.items[0]?.description).toHaveLength(3_001);
  expect(view.jsonHref).toBe('/results/acme/tools/fedora-42-x86_64/00000001-hello/packages.json');
});

test('a package tells the version in each chroot, how long its builds took, and who requires it', () => {
  const failed = { state: 'failed', reason: 'check', artifacts: [] } as const;
  const results = [fixtureResult({ id: 1 }), fixtureResult({ id: 2, ...failed, artifacts: [] })];
  const site = fixtureSite({ results, projects: fixtureProjects() });
  const dependents = ['a', 'b', 'c', 'd'].map((name) => ({ package: 'figlet', name }));
  const view = packageView(site.projects.get('acme/tools')!, 'hello', 'http://a.org', dependents);
  expect(view.chroots).toMatchObject([{ version: '2.12-1.sap12', cell: { state: 'failed', id: 2 } }]);
  expect(view.bars).toMatchObject([
    {
      href: '/acme/tools/build/1/',
      state: 'succeeded',
      height: 1,
      title: '#1 2.12-1.sap12 succeeded in 41 s: Sapling 12',
    },
    { href: '/acme/tools/build/2/', state: 'failed' },
  ]);
  expect(view.dependents).toEqual([{ name: 'figlet', href: '/acme/tools/package/figlet/', because: ['a', 'b', 'c'] }]);
});
