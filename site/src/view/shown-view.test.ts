import { describe, expect, test } from 'vitest';
import { fixtureChroot, fixtureProjects, fixtureResult, fixtureSite } from '../../testing/fixture.ts';
import type { OtherShown } from '../model/site-model.ts';
import { packageView } from './package-view.ts';
import { projectView } from './project-view.ts';

const chroots = [fixtureChroot, 'fedora-42-x86_64'];
const results = chroots.flatMap((chroot) => [
  fixtureResult({ id: 1, chroot }),
  fixtureResult({ id: 2, chroot }),
  fixtureResult({ id: 3, package: 'libgreet', chroot }),
]);
const told = (why: OtherShown['why'], build: number | null, chroot: string): OtherShown => ({
  ...{ package: 'hello', chroot, build, version: build === null ? null : `3:2.12-${build}.sap12`, why },
});

function viewsOf(others: readonly OtherShown[], publish: 'each' | 'batch' | 'manual' = 'manual') {
  const projects = fixtureProjects({ chroots, publish });
  const project = fixtureSite({ results, projects, others }).projects.get('acme/tools')!;
  const page = packageView(project, 'hello', 'http://a.org');
  return { row: projectView(project, 'http://a.org').matrix.rows.find((one) => one.package === 'hello')!, page };
}

describe('what users get of a package', () => {
  test.each([
    ['each' as const, '2.12-2.sap12 waits to be published'],
    ['batch' as const, '2.12-2.sap12 waits for the end of its batch'],
    ['manual' as const, '2.12-2.sap12 waits for /publish'],
  ])('is an older version while a newer one waits, with publish: %s', (publish, note) => {
    const { row, page } = viewsOf([told('waits', 1, chroots[0]!), told('waits', 1, chroots[1]!)], publish);
    expect(row).toMatchObject({ version: '2.12-1.sap12', notes: [note] });
    expect(page).toMatchObject({ version: '2.12-1.sap12', notes: [note] });
    expect(page.chroots.map(({ version }) => version)).toEqual(['2.12-1.sap12']);
    expect(page.install.snippets[0]?.install).toBe('sudo dnf install hello');
  });

  test('differs from chroot to chroot', () => {
    const { row } = viewsOf([told('taken-back', null, 'fedora-42-x86_64')]);
    expect(row.version).toBe('2.12-2.sap12');
    expect(row.notes).toEqual(['taken back: 2.12-2.sap12 was built, users get none (Fedora 42)']);
  });

  test('is nothing where nothing was published, and no command says otherwise', () => {
    const { row, page } = viewsOf([told('waits', null, chroots[0]!), told('waits', null, chroots[1]!)]);
    expect([row.version, page.version]).toEqual([null, null]);
    expect(page.install).toMatchObject({
      snippets: [],
      notYet: [{ label: 'Sapling 12', why: 'waits', build: { id: 2 } }],
    });
  });

  test('is what was built once what is told of is the newest good build there is', () => {
    const { row } = viewsOf([told('taken-back', 2, chroots[0]!), told('taken-back', 2, chroots[1]!)]);
    expect(row).toMatchObject({ version: '2.12-2.sap12', notes: [] });
  });
});

test('a package whose spec requires another one of the project names it among what it needs', () => {
  const [entry] = fixtureProjects().projects;
  const packages = entry!.packages.map((one) => (one.name === 'figlet' ? { ...one, requires: ['libgreet'] } : one));
  const project = fixtureSite({ results, projects: fixtureProjects({ packages }) }).projects.get('acme/tools')!;
  const href = '/acme/tools/package/libgreet/';
  expect(packageView(project, 'figlet', 'http://a.org').needs).toEqual([{ name: 'libgreet', href }]);
});
