import { sandboxOf } from '@coppice/config';
import { describe, expect, test } from 'vitest';
import { fixtureProjects, fixtureResult, fixtureSite } from '../../testing/fixture.ts';
import { installOf } from './install-view.ts';
import { packageView } from './package-view.ts';
import { projectView } from './project-view.ts';

type Changes = Parameters<typeof fixtureResult>[0];
const artifacts = (...names: readonly string[]) =>
  names.map((name) => {
    const nevra = `${name}-1.0-1.x86_64`;
    return { file: `${nevra}.rpm`, nevra, bytes: 1, sha256: '0'.repeat(64) };
  });

function install(results: readonly Changes[], chroots: readonly string[], url = 'http://127.0.0.1:8080') {
  const site = fixtureSite({ results: results.map((changes) => fixtureResult(changes)), projects: fixtureProjects() });
  return installOf(site.projects.get('acme/tools')!, chroots, url);
}

const fedora = 'fedora-42-x86_64';
const built: Changes = { id: 1, chroot: fedora };

describe('how to install', () => {
  test('names the host of a service behind https, and what the build gave', () => {
    const address = 'https://rpm.example.org/coprs/acme/tools/repo/fedora-42/acme-tools-fedora-42.repo';
    expect(install([built], [fedora], 'https://rpm.example.org')).toEqual({
      snippets: [
        {
          label: 'Fedora 42',
          dnf5: `sudo dnf config-manager addrepo --from-repofile=${address}`,
          dnf4: `sudo dnf config-manager --add-repo ${address}`,
          copr: 'sudo dnf copr enable rpm.example.org/acme/tools',
          coprInDnf5: true,
          repoHref: '/coprs/acme/tools/repo/fedora-42/acme-tools-fedora-42.repo',
          install: 'sudo dnf install hello',
          others: ['hello-debuginfo'],
        },
      ],
      notYet: [],
    });
  });

  test('gives the whole address of any other service as the hub', () => {
    const { snippets } = install([{ id: 1 }], ['sapling-12-x86_64']);
    expect(snippets[0]?.copr).toBe('sudo dnf copr enable --hub http://127.0.0.1:8080 acme/tools sapling-12-x86_64');
  });

  test('tells the plugin the chroot where it would take another', () => {
    const epel = 'epel-9-x86_64';
    const { snippets } = install([{ ...built, chroot: epel }], [epel], 'https://rpm.example.org');
    expect(snippets[0]?.copr).toBe('sudo dnf copr enable rpm.example.org/acme/tools epel-9-x86_64');
  });

  test('calls a sandbox as dnf does', () => {
    const results = [fixtureResult({ ...built, project: sandboxOf('tools', 7) })];
    const project = fixtureSite({ results }).projects.get(`acme/${sandboxOf('tools', 7)}`)!;
    expect(installOf(project, [fedora], 'https://rpm.example.org').snippets[0]).toMatchObject({
      dnf5: expect.stringMatching(/\/coprs\/acme\/tools:pr:7\/repo\/fedora-42\/acme-tools:pr:7-fedora-42\.repo$/),
      copr: 'sudo dnf copr enable rpm.example.org/acme/tools:pr:7',
    });
  });

  test('has one entry for each release, and says of which nothing was built yet', () => {
    const chroots = ['fedora-42-aarch64', fedora, 'epel-9-x86_64', 'fedora-43-x86_64', '../etc'];
    const failed: Changes = { id: 2, chroot: 'epel-9-x86_64', state: 'failed', reason: 'check', artifacts: [] };
    const { snippets, notYet } = install([built, failed], chroots);
    expect(snippets.map(({ copr }) => copr)).toEqual([expect.stringMatching(/acme\/tools$/)]);
    expect(notYet).toEqual([
      { label: 'EPEL 9', why: 'failed', build: { id: 2, href: '/acme/tools/build/2/' } },
      { label: 'Fedora 43', why: 'not-built', build: null },
    ]);
  });

  test.each<[string, readonly Changes[], string]>([
    ['a Python module', [{ ...built, artifacts: artifacts('python3-greeting') }], 'python3-greeting'],
    ['two packages of one name', [built, { ...built, id: 2, package: 'two', artifacts: artifacts('other') }], 'other'],
    ['-devel alone', [{ ...built, artifacts: artifacts('x-debuginfo', 'x-devel') }], 'x-devel'],
    [
      'the last success, not the failure after it',
      [built, { ...built, id: 2, state: 'failed', artifacts: [] }],
      'hello',
    ],
    ['what people come for, not the library under it', [built, { ...built, id: 2, package: 'libgreet' }], 'hello'],
    ['the library while there is nothing else', [{ ...built, package: 'libgreet' }], 'libgreet'],
  ])('names %s', (_, results, name) => {
    expect(install(results, [fedora]).snippets[0]?.install).toBe(`sudo dnf install ${name}`);
  });

  test('takes the names of each release from its own results', () => {
    const epel = { ...built, chroot: 'epel-9-x86_64', artifacts: artifacts('python3.12-x') };
    const { snippets } = install([{ ...built, artifacts: artifacts('python3-x') }, epel], [fedora, 'epel-9-x86_64']);
    expect(snippets.map((one) => one.install)).toEqual(['sudo dnf install python3-x', 'sudo dnf install python3.12-x']);
  });

  test('is offered for nothing that is frozen', () => {
    const frozen = fixtureProjects({ frozen: 'A complaint is looked into.' });
    const site = fixtureSite({ results: [fixtureResult({ id: 1 })], projects: frozen });
    const view = projectView(site.projects.get('acme/tools')!, 'http://a.org');
    expect(view.install).toEqual({ snippets: [], notYet: [] });
  });

  test('of a package is about that package', () => {
    const results = [fixtureResult({ id: 1 }), fixtureResult({ id: 2, package: 'libgreet' })];
    const site = fixtureSite({ results, projects: fixtureProjects() });
    const project = site.projects.get('acme/tools')!;
    const lines = (name: string) =>
      packageView(project, name, 'http://a.org').install.snippets.map((one) => one.install);
    expect([lines('hello'), lines('libgreet'), lines('figlet')]).toEqual([
      ['sudo dnf install hello'],
      ['sudo dnf install libgreet'],
      [],
    ]);
  });
});
