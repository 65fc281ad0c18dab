// What the web server makes of the site's files: encodings, one address for each page, lists of folders, other sites'
// programs.
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { lacksAnswer } from '@coppice/config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HttpServer, healthOf, startHttpServer } from './http-server.ts';

const text = `${'make: *** [Makefile:31: check] Error 1\n'.repeat(3000)}end`;
const chroot = 'results/acme/tools/fedora-42-x86_64';
let folder: string;
let server: HttpServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-static-'));
  const files = {
    'index.html': text,
    'acme/tools/index.html': text,
    'acme/tools/package/c++/index.html': 'c++',
    'acme/tools:pr:7/index.html': 'sandbox',
    'badges/acme/tools.svg': '<svg/>',
    'feeds/builds.atom': text,
    'api/v1/builds.json': JSON.stringify({ text }),
    'events/2026-01-31.jsonl': '{}\n',
    'assets/coppice.0123456789abcdef.css': text,
    [`${chroot}/00000001-hello/build.log`]: text,
    [`${chroot}/00000001-hello/a "b" <i>.log`]: 'x',
    [`${chroot}/00000001-hello/hello-1.0-1.x86_64.rpm`]: text,
    [`${chroot}/repodata/primary.xml.gz`]: text,
    '404.html': 'page of what is not there',
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, 'published', name)), { recursive: true });
    await writeFile(join(folder, 'published', name), content);
  }
  server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    published: join(folder, 'published'),
    health: () => healthOf(true, []),
    metrics: async () => '',
  });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** As it is written and as it comes: fetch() tidies paths up and decodes. */
async function ask(path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const asked = get({ host: '127.0.0.1', port: server.port, path, headers });
  const [response] = await once(asked, 'response');
  const parts: Buffer[] = [];
  response.on('data', (part: Buffer) => parts.push(part));
  await once(response, 'end');
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) };
}

describe('encodings', () => {
  test.each([
    ['gzip, deflate, br, zstd', 'zstd', zstdDecompressSync],
    ['gzip, br', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
    ['zstd;q=0.1, gzip', 'gzip', gunzipSync],
    ['*', 'zstd', zstdDecompressSync],
  ])('of %s a text comes as %s, and is the same', async (accept, encoding, decode) => {
    for (const path of ['/', `/${chroot}/00000001-hello/build.log`, '/assets/coppice.0123456789abcdef.css']) {
      const { headers, body } = await ask(path, { 'accept-encoding': accept });
      expect([headers['content-encoding'], headers.vary]).toEqual([encoding, 'Accept-Encoding']);
      expect(decode(body).toString()).toBe(text);
      expect(body.length).toBeLessThan(text.length / 20);
    }
  });

  test.each(['', 'identity', 'deflate', 'gzip;q=0', 'zstd;q=0, br;q=0, gzip;q=0'])(
    'of "%s" it comes as it is',
    async (accept) => {
      const { headers, body } = await ask('/', { 'accept-encoding': accept });
      expect([headers['content-encoding'], headers.vary]).toEqual([undefined, 'Accept-Encoding']);
      expect([body.toString(), headers['content-length']]).toEqual([text, `${text.length}`]);
    },
  );

  test('what is packed already, and what is small, comes as it is', async () => {
    for (const name of ['00000001-hello/hello-1.0-1.x86_64.rpm', 'repodata/primary.xml.gz']) {
      const { headers } = await ask(`/${chroot}/${name}`, { 'accept-encoding': 'gzip' });
      expect([headers['content-encoding'], headers.vary]).toEqual([undefined, undefined]);
    }
    const small = await ask('/badges/acme/tools.svg', { 'accept-encoding': 'gzip' });
    expect([small.headers['content-encoding'], small.headers.vary]).toEqual([undefined, 'Accept-Encoding']);
  });

  test('a part of a text is a part of the text as it is, whatever the client takes', async () => {
    const { status, headers, body } = await ask(`/${chroot}/00000001-hello/build.log`, {
      'accept-encoding': 'gzip, zstd',
      range: `bytes=${text.length - 3}-`,
    });
    expect([status, headers['content-encoding'], headers.vary, body.toString()]).toEqual([
      206,
      undefined,
      'Accept-Encoding',
      'end',
    ]);
    expect(headers['content-range']).toBe(`bytes ${text.length - 3}-${text.length - 1}/${text.length}`);
  });

  test('each encoding has a tag of its own, and is not sent again to whoever has it', async () => {
    const tags = new Map<string, string>();
    for (const accept of ['identity', 'gzip', 'zstd']) {
      const { headers } = await ask('/', { 'accept-encoding': accept });
      tags.set(accept, headers.etag ?? '');
    }
    expect(new Set(tags.values()).size).toBe(3);
    for (const [accept, tag] of tags) {
      const again = await ask('/', { 'accept-encoding': accept, 'if-none-match': tag });
      expect([again.status, again.headers.etag, again.headers.vary]).toEqual([304, tag, 'Accept-Encoding']);
    }
    expect((await ask('/', { 'accept-encoding': 'gzip', 'if-none-match': tags.get('zstd') ?? '' })).status).toBe(200);
  });

  test('a client that goes away amid a text harms nobody', async () => {
    const asked = get({
      host: '127.0.0.1',
      port: server.port,
      path: `/${chroot}/00000001-hello/build.log`,
      headers: { 'accept-encoding': 'br' },
    });
    const [response] = await once(asked, 'response');
    response.destroy();
    expect((await ask('/')).status).toBe(200);
  });
});

describe('one address for each page', () => {
  test.each([
    ['//acme/tools/', '/acme/tools/'],
    ['/acme//tools/?q=1', '/acme/tools/?q=1'],
    ['/acme/tools', '/acme/tools/'],
    ['//acme/tools', '/acme/tools/'],
    ['/%61cme/tools/', '/acme/tools/'],
    ['/acme/tools%3Apr%3A7/', '/acme/tools:pr:7/'],
    ['/acme/tools/package/c++/', '/acme/tools/package/c%2B%2B/'],
    ['/results//acme/tools/', '/results/acme/tools/'],
    ['/results/acme/tools', '/results/acme/tools/'],
  ])('%s leads to %s', async (path, to) => {
    const { status, headers } = await ask(path);
    expect([status, headers.location]).toEqual([301, to]);
    expect((await ask(to)).status).toBe(200);
  });

  test.each([
    '/acme',
    '/acme/',
    '/acme%2Ftools/',
    '/acme%2ftools',
    '/acme/tools/package',
    '/%2F%2Fevil.example/',
    '//evil.example/',
    '/acme/tools/%2e%2e/tools/',
    '/acme/../acme/tools/',
    '/acme/tools/index.html/',
    '/results/acme%2Ftools/',
    '/%zz/',
  ])('%s is nothing', async (path) => {
    expect(await ask(path)).toMatchObject({ status: 404 });
  });

  test('programs may write names of files in their own ways', async () => {
    expect((await ask(`/${chroot}/00000001-hello/build.log`.replaceAll('-', '%2D'))).status).toBe(200);
  });
});

describe('programs', () => {
  test.each(['/api/v1/builds.json', '/feeds/builds.atom', '/badges/acme/tools.svg', '/events/2026-01-31.jsonl'])(
    'of any site may read %s',
    async (path) => {
      expect((await ask(path)).headers['access-control-allow-origin']).toBe('*');
    },
  );

  test.each(['/', '/acme/tools/', `/${chroot}/00000001-hello/build.log`, '/api/github/webhooks', '/healthz'])(
    'of other sites do not read %s',
    async (path) => {
      expect((await ask(path)).headers['access-control-allow-origin']).toBeUndefined();
    },
  );

  test.each([
    ['/api/v1/builds.json', 'application/json; charset=utf-8'],
    ['/feeds/builds.atom', 'application/atom+xml'],
    ['/events/2026-01-31.jsonl', 'application/jsonl; charset=utf-8'],
    ['/badges/acme/tools.svg', 'image/svg+xml'],
  ])('are told the type of %s', async (path, type) => {
    expect((await ask(path)).headers['content-type']).toBe(type);
  });

  test.each(['/api/v1/none.json', '/api/v1/', '/api/', '/api/v1/builds/..%2f'])(
    'are told as JSON that there is no %s',
    async (path) => {
      const { status, headers, body } = await ask(path, { accept: 'text/html' });
      expect([status, headers['content-type'], JSON.parse(body.toString())]).toEqual([
        404,
        'application/json; charset=utf-8',
        lacksAnswer,
      ]);
      expect(headers['access-control-allow-origin']).toBe('*');
    },
  );

  test('find what is named by its content for ever', async () => {
    const { headers } = await ask('/assets/coppice.0123456789abcdef.css');
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });
});

describe('lists of folders', () => {
  const path = `/${chroot}/00000001-hello/`;

  test('have the header of the site, and the way home and up', async () => {
    const page = (await ask(path)).body.toString();
    expect(page).toContain('<a class="brand" href="/">');
    expect(page).toMatch(/<link rel="stylesheet" href="\/assets\/coppice\.[0-9a-f]{16}\.css">/);
    expect(page).toContain('<li><a href="/results/acme/tools/fedora-42-x86_64/">fedora-42-x86_64</a></li>');
    expect(page).toContain('<a href="/acme/tools/">acme/tools</a>');
    expect(page).toContain('<a href="./a%20%22b%22%20%3Ci%3E.log">a &quot;b&quot; &lt;i&gt;.log</a>');
    expect(page).toContain(`<span title="${text.length} bytes">`);
  });
});
