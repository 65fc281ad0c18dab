import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sandboxOf } from '@coppice/config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServiceError } from '../vocabulary/errors.ts';
import { type HttpServer, healthOf, startHttpServer, webhooksPath } from './http-server.ts';

let folder: string;
let server: HttpServer;
let url: string;
let brokenPools: readonly { name: string }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-http-'));
  const published = join(folder, 'published');
  await mkdir(join(published, 'results/acme/tools/<b>'), { recursive: true });
  await writeFile(join(published, 'results/acme/tools/build.log'), '0123456789');
  await writeFile(join(published, '404.html'), '<h1>nothing here</h1>');
  await writeFile(join(folder, 'secret'), 'key');
  server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    published,
    health: () => healthOf(false, brokenPools),
    metrics: async () => 'coppice_queue_builds 0\n',
  });
  url = `http://127.0.0.1:${server.port}`;
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** fetch() normalises `..` away and asks caches to stand aside; an attacker and dnf do not. */
function rawStatus(path: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ port: server.port, host: '127.0.0.1', path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('the HTTP server', () => {
  test('tells dnf which chroots a project has when it asks for another one', async () => {
    const tree = join(folder, 'published');
    for (const chroot of ['epel-9-x86_64', 'fedora-42-i686', 'fedora-42-x86_64', 'fedora-43-x86_64', 'srpm-builds'])
      await mkdir(join(tree, 'results/acme/many', chroot), { recursive: true });
    for (const release of ['epel-9', 'fedora-42']) {
      await mkdir(join(tree, 'coprs/acme/many/repo', release), { recursive: true });
      await writeFile(join(tree, 'coprs/acme/many/repo', release, 'dnf.repo'), '[copr:x]\n');
    }
    const ask = async (path: string) => {
      const { status, headers } = await fetch(`${url}/coprs/acme/${path}`);
      const data = headers.get('copr-error-data');
      return [status, data && JSON.parse(Buffer.from(data, 'base64').toString())];
    };
    // A chroot without a file has no repository.
    const available = { 'available chroots': ['epel-9-x86_64', 'fedora-42-i686', 'fedora-42-x86_64'] };
    expect(await ask('many/repo/fedora-44/dnf.repo?arch=x86_64')).toEqual([404, available]);
    expect(await ask('many/repo/fedora-43/dnf.repo?arch=x86_64')).toEqual([404, available]);
    expect(await ask('many/repo/epel-9/dnf.repo?arch=aarch64')).toEqual([404, available]);
    for (const there of ['?arch=x86_64', '?arch=i386', '?arch=i686', '', '?other=1'])
      expect(await ask(`many/repo/fedora-42/dnf.repo${there}`)).toEqual([200, null]);
    for (const none of ['none/repo/fedora-42/dnf.repo', 'many/repo/fedora-44/other.repo', '%ff/repo/x/dnf.repo'])
      expect(await ask(none)).toEqual([404, null]);
    expect(await rawStatus('/coprs/../..%2f/repo/x/dnf.repo')).toBe(404);
  });

  test('serves regular files that lie below published, and waits for nothing else', async () => {
    const place = join(folder, 'published/results/acme/odd');
    await mkdir(join(place, 'inner'), { recursive: true });
    await writeFile(join(place, 'inner/file.txt'), 'text');
    execFileSync('mkfifo', [join(place, 'fifo.txt')]);
    await symlink(join(folder, 'secret'), join(place, 'out.txt'));
    await symlink(folder, join(place, 'parent'));
    await symlink('inner', join(place, 'latest'));
    await symlink('loop', join(place, 'loop'));
    const path = '/results/acme/odd';
    const statusOf = async (name: string) => (await fetch(`${url}${path}/${name}`, { redirect: 'manual' })).status;
    // More than there are threads for files: one that waited would hold up all others.
    const fifos = await Promise.all(Array.from({ length: 12 }, () => statusOf('fifo.txt')));
    expect(new Set(fifos)).toEqual(new Set([404]));
    expect(await statusOf('out.txt')).toBe(404);
    expect(await statusOf('parent/secret')).toBe(404);
    expect(await statusOf('parent')).toBe(404);
    expect(await statusOf('parent/')).toBe(404);
    expect(await statusOf('loop')).toBe(404);
    expect(await (await fetch(`${url}${path}/latest/file.txt`)).text()).toBe('text');
    const listed = await (await fetch(`${url}${path}/`)).text();
    expect([...listed.matchAll(/href="\.\/([^"]+)"/g)].map(([, name]) => name)).toEqual(['inner/', 'latest/']);
    await rm(place, { recursive: true });
  });

  test('answers health and metrics', async () => {
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok', ready: false });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('coppice_queue_builds');
  });

  test('names the pools that make no builders in its health, which is no failure of the service', async () => {
    brokenPools = [{ name: 'big' }, { name: 'arm' }];
    const answer = await fetch(`${url}/healthz`);
    brokenPools = [];
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ status: 'degraded', ready: false, brokenPools: ['big', 'arm'] });
  });

  test('serves a log as plain text, also in ranges, so that a growing one can be followed', async () => {
    const path = 'results/acme/tools/growing.log';
    await writeFile(join(folder, 'published', path), '0123456789');
    const from = async (first: number) => {
      const answer = await fetch(`${url}/${path}`, { headers: { Range: `bytes=${first}-` } });
      const [type, range, length] = ['content-type', 'content-range', 'content-length'].map((name) =>
        answer.headers.get(name),
      );
      return [answer.status, type, range, length, await answer.text()];
    };
    const text = 'text/plain; charset=utf-8';
    expect(await from(7)).toEqual([206, text, 'bytes 7-9/10', '3', '789']);
    await appendFile(join(folder, 'published', path), 'new ü');
    expect(await from(9)).toEqual([206, text, 'bytes 9-15/16', '7', '9new ü']);
    // Nothing new: the byte that the reader asks for again is all that comes.
    expect(await from(15)).toEqual([206, text, 'bytes 15-15/16', '1', '\uFFFD']);
    const whole = await fetch(`${url}/${path}`);
    expect([whole.status, whole.headers.get('content-range'), whole.headers.get('accept-ranges')]).toEqual([
      200,
      null,
      'bytes',
    ]);
    expect(await whole.text()).toBe('0123456789new ü');
  });

  test('gives a replaced file whole: never the new one cut to the length of the old', async () => {
    const file = join(folder, 'published/api.json');
    const versions = ['[1]', JSON.stringify(Array.from({ length: 5000 }, (_, index) => index))];
    await writeFile(file, versions[0] ?? '');
    let replacing = true;
    const replace = (async () => {
      for (let turn = 0; replacing; turn += 1) {
        await writeFile(`${file}.new`, versions[turn % 2] ?? '');
        await rename(`${file}.new`, file);
      }
    })();
    for (let read = 0; read < 300; read += 1) {
      const response = await fetch(`${url}/api.json`);
      expect(versions).toContain(await response.text());
    }
    replacing = false;
    await replace;
  });

  test('answers 304 to who has the file, 416 to who asks past its end, and 301 to a folder without its slash', async () => {
    const first = await fetch(`${url}/results/acme/tools/build.log`);
    expect(await rawStatus('/results/acme/tools/build.log', { 'If-None-Match': first.headers.get('etag') ?? '' })).toBe(
      304,
    );
    expect(await rawStatus('/results/acme/tools/build.log', { 'If-None-Match': '"another"' })).toBe(200);
    for (const [last, part] of [
      [4, 'bytes 6-9/10'],
      [10, 'bytes 0-9/10'],
      [999_999_999, 'bytes 0-9/10'],
    ] as const) {
      const end = await fetch(`${url}/results/acme/tools/build.log`, { headers: { Range: `bytes=-${last}` } });
      expect([end.status, end.headers.get('content-range')]).toEqual([206, part]);
    }
    const past = await fetch(`${url}/results/acme/tools/build.log`, { headers: { Range: 'bytes=10-' } });
    expect([past.status, past.headers.get('content-range')]).toEqual([416, 'bytes */10']);
    const folderAnswer = await fetch(`${url}/results/acme`, { redirect: 'manual' });
    expect([folderAnswer.status, folderAnswer.headers.get('location')]).toEqual([301, '/results/acme/']);
  });

  test('lists results as directories and escapes their names', async () => {
    const page = await (await fetch(`${url}/results/acme/tools/`)).text();
    expect(page).toContain('build.log');
    expect(page).not.toContain('<b>');
    expect((await fetch(`${url}/api/`)).status).toBe(404);
  });

  test.each([
    '/../secret',
    '/results/../../secret',
    '/results/%2e%2e/%2e%2e/secret',
    '/results/..%2f..%2fsecret',
    '/results/%00/',
  ])('never leaves the published folder: %s', async (path) => {
    expect([400, 403, 404]).toContain(await rawStatus(path));
  });

  test('shows people the page for what does not exist, and programs plain words', async () => {
    const page = await fetch(`${url}/nothing`, { headers: { Accept: 'text/html' } });
    expect([page.status, await page.text()]).toEqual([404, '<h1>nothing here</h1>']);
    const plain = await fetch(`${url}/nothing`, { headers: { Accept: 'application/json' } });
    expect([plain.status, await plain.text()]).toEqual([404, 'Not found.\n']);
  });

  test('answers 451 with the sentence for all that a frozen project has published, but not for its own page', async () => {
    const published = join(folder, 'published');
    for (const name of ['api/v1/frozen/acme', 'acme/cold/build/1', 'results/acme/cold', 'results/acme/colder'])
      await mkdir(join(published, name), { recursive: true });
    await writeFile(join(published, 'api/v1/frozen/acme/cold.txt'), 'acme/cold is frozen.\n');
    for (const name of ['acme/cold/index.html', 'acme/cold/build/1/index.html', 'results/acme/cold/pubkey.gpg'])
      await writeFile(join(published, name), 'here');
    for (const path of [
      '/results/acme/cold',
      '/results/acme/cold/',
      '//results//acme/cold/pubkey.gpg',
      '/results%2Facme%2Fcold/pubkey.gpg',
      '/results/acme/cold/x/00000001-one/gone.rpm',
      `/results/acme/${encodeURIComponent(sandboxOf('cold', 7))}/pubkey.gpg`,
      '/coprs/acme/cold/repo/fedora-42/dnf.repo',
      '/api_3/rpmrepo/acme/cold.json',
      '/api_3/rpmrepo/acme/cold/fedora-42/',
      '/acme/cold/build/1/',
      '/acme/cold/package/one/',
      `/acme/${encodeURIComponent(sandboxOf('cold', 7))}/`,
      `/acme/${sandboxOf('cold', 7)}`,
    ])
      expect([path, await rawStatus(path)]).toEqual([path, 451]);
    const answer = await fetch(`${url}/results/acme/cold/`);
    expect([await answer.text(), answer.headers.get('cache-control')]).toEqual(['acme/cold is frozen.\n', 'no-store']);
    expect([await rawStatus('/acme/cold/'), await rawStatus('/results/acme/colder/')]).toEqual([200, 200]);
    expect(await rawStatus('/results/%zz/cold/')).toBe(404);
  });

  test('refuses webhooks until the bot exists, then hands them over', async () => {
    expect((await fetch(url + webhooksPath, { method: 'POST' })).status).toBe(503);
    server.setWebhooks((_request, response) => response.writeHead(200).end('bot'));
    expect(await (await fetch(url + webhooksPath, { method: 'POST' })).text()).toBe('bot');
  });

  test('takes only GET and HEAD elsewhere and forbids scripts from elsewhere', async () => {
    const put = await fetch(`${url}/`, { method: 'PUT' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const head = await fetch(`${url}/healthz`, { method: 'HEAD' });
    expect(head.headers.get('content-security-policy')).toContain("script-src 'self'");
  });

  test('says which port is taken and how to choose another', async () => {
    const second = startHttpServer({
      host: '127.0.0.1',
      port: server.port,
      published: folder,
      health: () => ({ status: 'ok', ready: true }),
      metrics: async () => '',
    });
    await expect(second).rejects.toThrow(ServiceError);
    await expect(second).rejects.toThrow(/COPPICE_PORT/);
  });
});
