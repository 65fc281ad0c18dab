// The file that the documentation gives for nginx, on a real nginx.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lacksAnswer } from '@coppice/config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CoprError, coprCli } from '../../testing/copr-cli.ts';
import { coprBuilds, coprChroot, coprPackages, makeCoprTree } from '../../testing/copr-tree.ts';
import { makeDnfClient } from '../../testing/dnf-client.ts';
import { waitFor } from '../../testing/wait-for.ts';
import { type HttpServer, healthOf, startHttpServer } from './http-server.ts';

const nginx = '/usr/sbin/nginx';
const nginxIn = (page: string) => {
  const text = readFileSync(new URL(`../../../site/content/docs/how-to/${page}.md`, import.meta.url), 'utf8');
  return /^```nginx\n([\s\S]+?)^```$/m.exec(text)?.[1] ?? '';
};

describe('nginx, with the file of the documentation', () => {
  let folder: string;
  let url: string;
  let server: ChildProcess;
  let service: HttpServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coppice-nginx-'));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    await makeCoprTree(join(folder, 'published'), url);
    const release = coprChroot.slice(0, coprChroot.lastIndexOf('-'));
    await mkdir(join(folder, 'published/coprs/acme/tools/repo', release), { recursive: true });
    await writeFile(join(folder, 'published/coprs/acme/tools/repo', release, 'dnf.repo'), '[copr:x:acme:tools]\n');
    service = await startHttpServer({
      ...{ host: '127.0.0.1', port: 0, published: join(folder, 'published') },
      ...{ health: () => healthOf(true, []), metrics: async () => '' },
    });
    await mkdir(join(folder, 'state'));
    await writeFile(join(folder, 'state/secret.json'), '{}');
    await mkdir(join(folder, 'published/api/v1/frozen/acme'), { recursive: true });
    for (const name of ['cold', 'cold:pr:7', 'iced.json'])
      await writeFile(join(folder, 'published/api/v1/frozen/acme', `${name}.txt`), `acme/${name} is frozen.\n`);
    const [map = '', inServer = ''] = nginxIn('take-down-a-project').split(/^server \{$/m);
    const frozen = inServer.replace(/^\}$/m, '');
    const here = `${map}${nginxIn('serve-with-nginx')}`
      .replace('index index.html;', (line) => `${line}${frozen}`)
      .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${service.port}`)
      .replace(/^ *ssl_certificate.*\n/gm, '')
      .replace('/var/lib/coppice/published', join(folder, 'published'));
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    const types = 'default_type application/octet-stream;';
    const http = `access_log off; ${types} ${paths.join(' ')}\n${here}`;
    const user = process.getuid?.() === 0 ? 'user root;' : '';
    const text = `${user} daemon off; pid ${folder}/pid; error_log stderr;\nevents {}\nhttp {\n${http}\n}\n`;
    await writeFile(join(folder, 'nginx.conf'), text);
    server = spawn(nginx, ['-c', join(folder, 'nginx.conf'), '-p', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    await waitFor('nginx', 20, async () => (await fetch(url).catch(() => undefined))?.ok);
  }, 120_000);
  afterAll(async () => {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
    await service.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** As it is written: fetch() takes `..` away. */
  const rawStatus = (path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port: new URL(url).port, path }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.on('error', reject).end();
    });

  test('answers copr-cli, and its lists end', async () => {
    const cli = coprCli(url);
    const ids = Array.from({ length: coprBuilds }, (_, index) => index + 1);
    expect((await cli.list('acme')).map(({ name }) => name)).toEqual(['libs', 'tools']);
    expect(await cli.get('acme', 'tools:pr:7')).toMatchObject({ name: 'tools:pr:7' });
    expect((await cli.listBuilds('acme', 'tools')).map(([id]) => id)).toEqual(ids);
    expect((await cli.listPackages('acme', 'tools')).map(({ name }) => name)).toEqual(coprPackages);
    expect(await cli.listBuilds('acme', 'libs')).toEqual([]);
    expect(await cli.getPackage('acme', 'tools', 'c++')).toMatchObject({ latest_build: { id: 201 } });
    expect(await cli.monitor('acme', 'tools')).toHaveLength(100);
    expect(await cli.monitor('acme', 'tools', 'tools:pr:7')).toHaveLength(1);
    expect(await cli.status(2)).toBe('succeeded');
    expect(await cli.downloadBuild(2)).toEqual({
      [coprChroot]: ['build.log', 'p1001-1.0-2.x86_64.rpm', 'result.json'],
    });
    const lacks = new CoprError(404, 'There is no such project, package, build or owner.');
    await expect(cli.get('acme', 'none')).rejects.toEqual(lacks);
    await expect(cli.status(999)).rejects.toEqual(lacks);
    await expect(cli.listBuilds('acme', 'none')).rejects.toEqual(lacks);
  });

  test.each(['the service', 'nginx'])(
    '%s tells dnf 4 which chroots there are instead of one that is not',
    async (who) => {
      const hub = who === 'nginx' ? url : `http://127.0.0.1:${service.port}`;
      const client = await makeDnfClient(hub);
      try {
        const enable = (chroot: string) => client.dnf('copr', '--hub', hub, 'enable', 'acme/tools', chroot);
        const refused = await enable('sapling-99-x86_64');
        expect(refused.exitCode).not.toBe(0);
        expect(refused.output).toContain("Repository 'sapling-99-x86_64' does not exist in project 'acme/tools'.");
        expect(refused.output).toContain(`Available repositories: '${coprChroot}'`);
        expect((await enable(coprChroot)).output).toContain('Repository successfully enabled.');
        const none = await client.dnf('copr', '--hub', hub, 'enable', 'acme/none', coprChroot);
        expect(none.output).toContain('Project acme/none does not exist.');
      } finally {
        await client.remove();
      }
    },
  );

  test.each([
    ['tools/fedora-42/', 'here'],
    ['tools/rhel-9.4', 'here'],
    ['tools:pr:7/UNSET-43/', 'there'],
    ['tools%3Apr%3A7/fedora-42/', 'there'],
  ])('answers dnf 5 on any release: %s', async (asked, answer) => {
    expect(await (await fetch(`${url}/api_3/rpmrepo/acme/${asked}`)).json()).toEqual({ results_url: answer });
  });

  test.each([
    '/api_3/project?ownername=..&projectname=../../state',
    '/api_3/project/list?ownername=../../../state&offset=0',
    '/api_3/project/list?ownername=acme&offset=0/../../../../../state/secret',
    '/api_3/build/list?ownername=acme&projectname=tools&packagename=../../../../../../state',
    '/api_3/build-chroot/list?build_id=../../../state',
    '/api_3/rpmrepo/..%2f..%2f..%2fstate/secret/x',
    '/api_3/rpmrepo/acme/..%2f..%2f..%2f..%2fstate%2fsecret/x',
    '/results/..%2f..%2fstate/secret.json',
  ])('gives nothing that is not published: %s', async (path) => {
    expect([400, 404]).toContain(await rawStatus(path));
  });

  test.each([
    '/results/acme/cold/',
    '/coprs/acme/cold/repo/fedora-42/dnf.repo',
    '/api_3/rpmrepo/acme/cold/fedora-42/',
    '/api_3/projects/acme/cold/project.json',
    '/api_3/project?ownername=acme&projectname=cold',
    '/api_3/monitor/?ownername=acme&projectname=cold',
    '/api_3/package/list?ownername=acme&projectname=cold&offset=100',
    '/api_3/build/list/?ownername=acme&projectname=cold',
    '/acme/cold/build/1/',
  ])('answers 451 with the sentence for what a frozen project has published: %s', async (path) => {
    const answer = await fetch(`${url}${path}`);
    expect([answer.status, await answer.text()]).toEqual([451, 'acme/cold is frozen.\n']);
  });

  test.each([
    ['/results/acme/iced.json/', 451],
    ['/coprs/acme/iced.json/repo/fedora-42/dnf.repo', 451],
    ['/api_3/rpmrepo/acme/iced.json/fedora-42/', 451],
    ['/api_3/rpmrepo/acme/iced.json.json', 451],
    ['/api_3/projects/acme/iced.json/project.json', 451],
    ['/api_3/project?ownername=acme&projectname=iced.json', 451],
    ['/api_3/rpmrepo/acme/iced.json', 404],
    ['/api_3/projects/acme/iced/project.json', 404],
    ['/results/acme/cold.json/', 404],
    ['/acme/cold:pr:7/', 451],
    ['/acme/cold%3Apr%3A7', 451],
    ['/acme/cold/', 404],
    ['/api_3/rpmrepo/acme/cold.json', 451],
    ['/api_3/rpmrepo/acme/cold.json/fedora-42/', 404],
    ['/api_3/projects/acme/cold.json/project.json', 404],
  ])('tells projects apart whose names end as files do, and sandboxes: %s', async (path, status) => {
    expect((await fetch(`${url}${path}`)).status).toBe(status);
  });

  test.each([
    '/acme/tools/',
    '/none/',
    '/results/acme/tools/',
    '/results/acme/cold/',
    '/api_3/project/list',
    '/api_3/build/9999',
  ])('says what pages may do as the service does: %s', async (path) => {
    const said = async (base: string) => {
      const { status, headers } = await fetch(`${base}${path}`, { headers: { accept: 'text/html' } });
      const names = ['content-security-policy', 'referrer-policy', 'x-content-type-options'];
      return [status, ...names.map((name) => headers.get(name))];
    };
    const wanted = await said(`http://127.0.0.1:${service.port}`);
    expect(wanted[1]).toContain("default-src 'none'");
    expect(await said(url)).toEqual(wanted);
  });

  test('gives pages, folders and files', async () => {
    expect(await (await fetch(`${url}/acme/tools/`)).text()).toContain('<h1');
    expect(await (await fetch(`${url}/results/acme/tools/`)).text()).toContain(coprChroot);
    expect((await fetch(`${url}/none/`)).status).toBe(404);
  });

  test.each([
    ['/acme', '/acme/'],
    ['/acme/tools', '/acme/tools/'],
    ['/acme/tools/package/p1001', '/acme/tools/package/p1001/'],
  ])('leads from %s to %s', async (path, to) => {
    const answer = await fetch(`${url}${path}`, { redirect: 'manual' });
    expect([answer.status, new URL(answer.headers.get('location') ?? '').pathname]).toEqual([301, to]);
  });

  test.each(['//acme/tools/', '/acme%2Ftools/', '/acme/tools/package/'])(
    'has one address for each page, and nothing at %s',
    async (path) => {
      expect(await rawStatus(path)).toBe(404);
    },
  );

  test.each([
    ['/', 'text/html; charset=utf-8', null],
    ['/api/v1/builds.json', 'application/json; charset=utf-8', '*'],
    ['/feeds/builds.atom', 'application/atom+xml', '*'],
    ['/badges/acme/tools.svg', 'image/svg+xml', '*'],
    ['/api_3/project?ownername=acme&projectname=tools', 'application/json; charset=utf-8', '*'],
    ['/opensearch.xml', 'application/opensearchdescription+xml', null],
    ['/sitemap.xml', 'application/xml', null],
    ['/robots.txt', 'text/plain; charset=utf-8', null],
    ['/favicon.ico', 'image/x-icon', null],
  ])('gives %s with its type, and to programs of other sites what is for them', async (path, type, origin) => {
    const { status, headers } = await fetch(`${url}${path}`);
    expect([status, headers.get('content-type'), headers.get('access-control-allow-origin')]).toEqual([
      200,
      type,
      origin,
    ]);
  });

  test('packs texts, but no part of one', async () => {
    const packed = await fetch(`${url}/`, { headers: { 'accept-encoding': 'gzip' } });
    expect([packed.headers.get('content-encoding'), packed.headers.get('vary')]).toEqual(['gzip', 'Accept-Encoding']);
    const log = `${url}/results/acme/tools/${coprChroot}/00000002-p1001/build.log`;
    const part = await fetch(log, { headers: { 'accept-encoding': 'gzip', range: 'bytes=1-2' } });
    expect([part.status, part.headers.get('content-encoding'), await part.text()]).toEqual([206, null, 'og']);
  });

  test('tells programs as JSON that there is nothing, and keeps what is named by its content', async () => {
    const answer = await fetch(`${url}/api/v1/none.json`);
    expect([answer.status, answer.headers.get('access-control-allow-origin'), await answer.json()]).toEqual([
      404,
      '*',
      lacksAnswer,
    ]);
    const [, style = ''] = /href="(\/assets\/[^"]+\.css)"/.exec(await (await fetch(url)).text()) ?? [];
    expect((await fetch(`${url}${style}`)).headers.get('cache-control')).toContain('immutable');
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
