import { describe, expect, test } from 'vitest';
import { filesOf } from '../../testing/files-of.ts';
import { type FixtureSite, fixtureProjects, fixtureQueued, fixtureResult, fixtureSite } from '../../testing/fixture.ts';

const url = 'https://rpm.example.org';
const read = ({ history }: FixtureSite, path: string) => JSON.parse(filesOf(history, url).get(path) ?? 'null');
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
