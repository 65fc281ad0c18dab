// Copr's clients against our server, on files that the site wrote.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CoprError, coprCli } from '../../testing/copr-cli.ts';
import { coprBuilds, coprChroot, coprPackages, coprSandbox, makeCoprTree } from '../../testing/copr-tree.ts';
import { type HttpServer, startHttpServer } from './http-server.ts';

const builds = coprBuilds;
const packages = coprPackages;
const chroot = coprChroot;

let folder: string;
let server: HttpServer;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-copr-'));
  server = await startHttpServer({
    ...{ host: '127.0.0.1', port: 0, published: folder, withheld: join(folder, '.withheld') },
    health: () => ({ status: 'ok', ready: true }),
    metrics: async () => '',
  });
  url = `http://127.0.0.1:${server.port}`;
  await makeCoprTree(folder, url);
}, 120_000);
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

describe('copr-cli', () => {
  const cli = () => coprCli(url);

  test('list and get say what projects there are and where their repositories are', async () => {
    const tools = {
      ...{ name: 'tools', description: 'Small tools', additional: [] },
      repos: { [chroot]: `${url}/results/acme/tools/${chroot}/` },
    };
    expect((await cli().list('acme')).map(({ name }) => name)).toEqual(['libs', 'tools']);
    expect(await cli().get('acme', 'tools')).toEqual(tools);
    expect(await cli().get('acme', coprSandbox)).toMatchObject({ name: 'tools:pr:7' });
  });

  test.each([1000, 7, 100, 33])('list-builds comes to an end with all of them, asked for %d at once', async (limit) => {
    const rows = await cli().listBuilds('acme', 'tools', limit);
    expect(rows.map(([id]) => id)).toEqual(Array.from({ length: builds }, (_, index) => index + 1));
    expect(rows[0]).toEqual([1, 'c++', 'failed']);
    expect(await cli().listBuilds('acme', 'libs')).toEqual([]);
  });

  test('list-packages and get-package tell of the last builds', async () => {
    const listed = await cli().listPackages('acme', 'tools');
    expect(listed.map(({ name }) => name)).toEqual(packages);
    expect(listed[0]).toMatchObject({ latest_build: { id: 201 }, latest_succeeded_build: null });
    expect(await cli().getPackage('acme', 'tools', 'p1001')).toMatchObject({
      latest_build: { id: 202, state: 'succeeded' },
    });
    expect(await cli().getPackage('acme', 'tools', 'p1119')).toMatchObject({
      latest_build: null,
      source_type: 'unset',
    });
  });

  test('monitor, status and download-build', async () => {
    const rows = await cli().monitor('acme', 'tools');
    expect([rows.length, rows[0]]).toEqual([100, ['c++', chroot, 201, 'failed']]);
    expect(await cli().monitor('acme', 'tools', 'tools:pr:7')).toEqual([['p1030', chroot, 231, 'failed']]);
    expect([await cli().status(1), await cli().status(2)]).toEqual(['failed', 'succeeded']);
    expect(await cli().downloadBuild(2)).toEqual({ [chroot]: ['build.log', 'p1001-1.0-2.x86_64.rpm', 'result.json'] });
  });

  test('is told in a sentence what there is not', async () => {
    const told = [
      [() => cli().get('acme', 'none'), 'There is no project acme/none.'],
      [() => cli().getPackage('acme', 'tools', 'none'), 'There is no package none in a project acme/tools.'],
      [() => cli().listBuilds('acme', 'none'), 'There is no project acme/none.'],
      [() => cli().status(999), 'There is no build 999.'],
      [() => cli().list('nobody'), 'There is no owner nobody.'],
    ] as const;
    for (const [asked, message] of told) await expect(asked()).rejects.toEqual(new CoprError(404, message));
    const other = await fetch(`${url}/api_3/whatever`);
    expect([other.status, await other.json()]).toEqual([404, { error: expect.any(String) }]);
  });
});

test('the copr plugin of dnf 4 finds projects', async () => {
  const found = async (query: string) => {
    const { items } = (await (await fetch(`${url}/api_3/project/search?query=${query}`)).json()) as {
      items: { full_name: string }[];
    };
    return items.map((item) => item.full_name);
  };
  expect([await found('TOOL'), await found('acme'), await found('x')]).toEqual([
    ['acme/tools'],
    ['acme/libs', 'acme/tools'],
    [],
  ]);
});

test.each([
  ['tools/fedora-42/', 'here'],
  ['tools/rhel-9.4', 'here'],
  ['tools/UNSET-43/', 'here'],
  ['tools:pr:7/fedora-42/', 'there'],
  ['tools%3Apr%3A7/fedora-42/', 'there'],
])('what the plugin of dnf 5 asks for is the same for any release: %s', async (asked, answer) => {
  const response = await fetch(`${url}/api_3/rpmrepo/acme/${asked}`);
  expect(response.headers.get('content-type')).toContain('json');
  expect(await response.json()).toEqual({ results_url: answer });
});

test('a mirror reads the files by their own names', async () => {
  const page = (await (await fetch(`${url}/api_3/projects/acme/tools/builds-200.json`)).json()) as { items: unknown[] };
  expect(page.items).toHaveLength(builds - 200);
  expect((await fetch(`${url}/api_3/rpmrepo/acme/none/fedora-42/`)).status).toBe(404);
});

test.each([
  'project/?ownername=acme&projectname=cold',
  'project?ownername=acme&projectname=cold',
  'project/?ownername=acme&projectname=tools&project_dirname=cold%3Apr%3A7',
  'monitor/?ownername=acme&projectname=cold',
  'package/?ownername=acme&projectname=cold&packagename=one',
  'package/list/?ownername=acme&projectname=cold&offset=100',
  'build/list/?ownername=acme&projectname=cold&packagename=one',
  'build/list/?ownername=acme&projectname=cold:pr:7',
  'rpmrepo/acme/cold/fedora-42/',
  'rpmrepo/acme/cold:pr:7/fedora-42/',
  'projects/acme/cold/builds-0.json',
  '%70rojects/acme/cold/builds-0.json',
])('what is asked of a frozen project is answered 451, also where the query names it: %s', async (asked) => {
  await mkdir(join(folder, 'api/v1/frozen/acme'), { recursive: true });
  await writeFile(join(folder, 'api/v1/frozen/acme/cold.txt'), 'acme/cold is frozen.\n');
  const response = await fetch(`${url}/api_3/${asked}`);
  expect([response.status, await response.json()]).toEqual([451, { error: 'acme/cold is frozen.' }]);
  expect(response.headers.get('cache-control')).toBe('no-store');
});

test.each([
  ['cool', 'project?ownername=acme&projectname=cool', 451],
  ['cool', 'projects/acme/cool/project.json', 451],
  ['cool', 'rpmrepo/acme/cool.json', 451],
  ['cool', 'project?ownername=acme&projectname=cool.json', 404],
  ['cool', 'projects/acme/cool.json/project.json', 404],
  ['cool', 'rpmrepo/acme/cool.json/fedora-42/', 404],
  ['cool', 'rpmrepo/acme/cool.json.json', 404],
  ['cool.json', 'project?ownername=acme&projectname=cool.json', 451],
  ['cool.json', 'projects/acme/cool.json/project.json', 451],
  ['cool.json', 'rpmrepo/acme/cool.json/fedora-42/', 451],
  ['cool.json', 'rpmrepo/acme/cool.json.json', 451],
  ['cool.json', 'rpmrepo/acme/cool.json', 404],
  ['cool.json', 'project?ownername=acme&projectname=cool', 404],
])('of a name that ends as files do, the very project counts: %s is frozen, %s', async (frozen, asked, status) => {
  const notes = join(folder, 'api/v1/frozen/acme');
  await mkdir(notes, { recursive: true });
  await writeFile(join(notes, `${frozen}.txt`), 'frozen\n');
  expect((await fetch(`${url}/api_3/${asked}`)).status).toBe(status);
  await rm(join(notes, `${frozen}.txt`));
});

test('builds of frozen projects are told of by their numbers alone, also those that come and go later', async () => {
  const withheld = join(folder, '.withheld/results/acme');
  const put = (of: string, name: string) => mkdir(join(withheld, of, name), { recursive: true });
  const status = async (asked: string) => (await fetch(`${url}/api_3/${asked}`)).status;
  expect(await status('build/900001')).toBe(404);
  await mkdir(join(folder, 'api/v1/frozen/acme'), { recursive: true });
  await writeFile(join(folder, 'api/v1/frozen/acme/cold.txt'), 'acme/cold is frozen.\n');
  await put('cold', `${chroot}/00900001-one`);
  await put('cold:pr:7', 'srpm-builds/00900002');
  for (const asked of [
    'build/900001',
    'build/built-packages/900001',
    'build-chroot/list?build_id=900001',
    'builds/900001/build.json',
    'build/900002',
  ]) {
    const response = await fetch(`${url}/api_3/${asked}`);
    expect([asked, response.status, await response.json()]).toEqual([asked, 451, { error: 'acme/cold is frozen.' }]);
  }
  expect([await status('build/900003'), await status('build/2')]).toEqual([404, 200]);
  await put('cold', `${chroot}/00900003-one`);
  await rm(join(withheld, 'cold', chroot, '00900001-one'), { recursive: true });
  expect([await status('build/900003'), await status('build/900001')]).toEqual([451, 404]);
  await rm(withheld, { recursive: true });
  expect(await status('build/900003')).toBe(404);
});
