import type { Result } from '@coppice/config';
import { describe, expect, test } from 'vitest';
import { fixtureChroot, fixtureProjects, fixtureResult, fixtureSite } from '../../testing/fixture.ts';
import { buildView } from './build-view.ts';
import { packageView } from './package-view.ts';
import { projectView } from './project-view.ts';
import { rowOf } from './rows.ts';

describe('the matrix of a project', () => {
  const results = [
    fixtureResult({ id: 1, package: 'libgreet' }),
    fixtureResult({ id: 2, package: 'libgreet', state: 'failed', reason: 'check', artifacts: [] }),
    fixtureResult({ id: 3, package: 'libgreet', state: 'canceled', artifacts: [] }),
    fixtureResult({ id: 4 }),
  ];
  const site = fixtureSite({ results, projects: fixtureProjects() });
  const view = projectView(site.projects.get('acme/tools')!, 'http://127.0.0.1:8080');

  test('shows the newest build that says something: a canceled one gives way', () => {
    const row = view.matrix.rows.find(({ package: name }) => name === 'libgreet');
    expect(row?.cells).toMatchObject([{ state: 'failed', id: 2, href: '/acme/tools/build/2/' }]);
  });

  test('shows the version of the last build that succeeded', () => {
    const row = view.matrix.rows.find(({ package: name }) => name === 'libgreet');
    expect(row?.version).toBe('2.12-1.sap12');
  });

  test('tells never built from not built for this chroot', () => {
    const entry = fixtureProjects().projects[0]!;
    const chroots = ['sapling-12-x86_64', 'fedora-42-x86_64'];
    const projects = fixtureProjects({ chroots, packages: entry.packages });
    const two = projectView(fixtureSite({ projects }).projects.get('acme/tools')!, 'http://a.org');
    expect(two.matrix.rows[0]?.cells).toEqual([null, 'absent']);
  });
});

test('a package that left the project says so, and when it goes; it is offered when there is nothing else', () => {
  const left = { name: 'hello', commit: 'c', by: 'mia', since: '2026-01-01T00:00:00.000Z' };
  const viewsOf = (deleteAt: string | null, id = 4) => {
    const projects = fixtureProjects({ packages: [], departed: [{ ...left, deleteAt }] });
    const results = [fixtureResult({ id }), fixtureResult({ id: 3, package: 'other' })];
    const site = fixtureSite({ results, projects });
    const of = site.projects.get('acme/tools')!;
    return { project: projectView(of, 'http://a.org'), package: packageView(of, 'hello', 'http://a.org') };
  };
  const { project, package: page } = viewsOf('2026-01-15T10:00:00.000Z');
  expect(project.matrix.rows.map(({ package: name, departed }) => [name, departed])).toEqual([
    ['hello', '2026-01-15'],
    ['other', undefined],
  ]);
  expect([page.departed, page.install.snippets.length]).toEqual(['2026-01-15', 1]);
  expect(viewsOf(null).package.departed).toBeNull();
});

test('a package lists what it needs with links, and its builds', () => {
  const site = fixtureSite({ results: [fixtureResult({ id: 4 })], projects: fixtureProjects() });
  const view = packageView(site.projects.get('acme/tools')!, 'hello', 'http://a.org');
  expect(view.needs).toEqual([{ name: 'libgreet', href: '/acme/tools/package/libgreet/' }]);
  expect(view.history.map((row) => row.id)).toEqual([4]);
});

describe('buildView', () => {
  const viewOf = (changes: Parameters<typeof fixtureResult>[0]) =>
    buildView(fixtureSite({ results: [fixtureResult(changes)] }).builds[0]!, { others: [], mode: undefined });

  test('links requests and sources only when they are web addresses', () => {
    expect(viewOf({ request: 'javascript:alert(1)' }).requestHref).toBeNull();
    expect(viewOf({ request: 'https://github.com/a/b/issues/1' }).requestHref).toBe('https://github.com/a/b/issues/1');
    const source = { type: 'srpm', url: 'javascript:alert(1)', sha256: '0'.repeat(64) } as const;
    expect(viewOf({ source }).sourceHref).toBeNull();
  });

  test('links what is stated of the packages, with its size, where there is such', () => {
    const account = (file: string) => ({ file, bytes: 2048, sha256: '0'.repeat(64) });
    const stated = { attestation: account('attestation.intoto.jsonl'), sbom: account('sbom.cdx.json') };
    expect(viewOf({}).runs[0]?.accounts).toEqual([]);
    expect(viewOf(stated).runs[0]?.accounts).toMatchObject([
      { title: 'attestation', href: expect.stringMatching(/00000001-hello\/attestation\.intoto\.jsonl$/) },
      { title: 'SBOM', href: expect.stringMatching(/\/sbom\.cdx\.json$/), size: expect.stringMatching(/^2/) },
    ]);
  });

  test('says which generations a build saw, where that is known', () => {
    const inputs = [
      { project: 'acme/tools', generation: 7 },
      { project: 'acme/libs', generation: 12 },
    ];
    expect([{}, { inputs: [] }, { inputs }].map((changes) => viewOf(changes).runs[0]?.inputs)).toEqual([
      null,
      '',
      'acme/tools 7, acme/libs 12',
    ]);
  });

  test('lists debug packages last and encodes names of files in links', () => {
    const artifact = (file: string) => ({ file, nevra: file, bytes: 1, sha256: '0'.repeat(64) });
    const view = viewOf({ artifacts: [artifact('a-debuginfo-1-1.x86_64.rpm'), artifact('b?#.rpm')] });
    expect(view.runs[0]?.artifacts.map(({ href }) => href)).toEqual([
      '/results/acme/tools/sapling-12-x86_64/00000001-hello/b%3F%23.rpm',
      '/results/acme/tools/sapling-12-x86_64/00000001-hello/a-debuginfo-1-1.x86_64.rpm',
    ]);
  });
});

test('a build that failed in some chroots is told apart in lists, bars and the matrix', () => {
  const [one, other] = [fixtureChroot, 'fedora-42-x86_64'];
  const failed: Partial<Result> = { state: 'failed', reason: 'compile', artifacts: [] };
  const results = [
    ...[fixtureResult({ id: 1, chroot: one }), fixtureResult({ id: 1, chroot: other, ...failed })],
    ...[one, other].map((chroot) => fixtureResult({ id: 2, package: 'libgreet', chroot, ...failed })),
  ];
  const chroots = [one, other];
  const packages = fixtureProjects().projects[0]!.packages.map((each) => ({ ...each, chroots }));
  const { projects, builds } = fixtureSite({ results, projects: fixtureProjects({ chroots, packages }) });
  const project = projects.get('acme/tools')!;
  const { rows } = projectView(project, 'http://a.org').matrix;
  const partly = (name: string) => rows.find((row) => row.package === name)?.partly;
  expect([partly('hello'), partly('libgreet'), partly('figlet')]).toEqual(['failed on 1 of 2', null, null]);
  expect(builds.map((build) => rowOf(build).partly)).toEqual([null, 'failed on 1 of 2']);
  const page = packageView(project, 'hello', 'http://a.org');
  expect([page.partly, page.bars[0]?.state]).toEqual(['failed on 1 of 2', 'partly']);
  expect(page.bars[0]?.title).toContain('failed on 1 of 2');
});
