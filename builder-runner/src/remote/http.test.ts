import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type FetchOptions, rulesFor } from '../../testing/fetching.ts';
import { type SourceServer, serveSources } from '../../testing/serve-sources.ts';
import { readJson, saveUrl } from './http.ts';

let folder: string;
let server: SourceServer | undefined;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-http-'));
});
afterEach(() => server?.close());
afterAll(() => rm(folder, { recursive: true, force: true }));

async function save(listener: RequestListener, options: FetchOptions & { readonly as?: string } = {}) {
  server = await serveSources(listener);
  count += 1;
  const path = join(folder, String(count));
  const bounds = {
    rules: rulesFor(options),
    maximumBytes: options.sourceBytes ?? 1000,
    seconds: options.seconds ?? 10,
    signal: new AbortController().signal,
  };
  const saved = await saveUrl((options.as ?? '') === '' ? `${server.url}/a` : (options.as ?? ''), path, bounds);
  return { ...saved, text: await readFile(path, 'utf8') };
}

const redirect =
  (location: string): RequestListener =>
  (request, response) =>
    request.url === '/a' ? response.writeHead(302, { location }).end() : response.end('there');

describe('a file', () => {
  test('is written with its hash; redirects are followed', async () => {
    expect(await save(redirect('/b'))).toMatchObject({ text: 'there', bytes: 5 });
    expect(server?.requests).toEqual(['GET /a', 'GET /b']);
  });

  test('of a mirror may lie inside the network, its redirects elsewhere may not', async () => {
    const closed = { privateAddresses: false };
    const other = await serveSources((_request, response) => response.end('secret'));
    try {
      const listener: RequestListener = (request, response) =>
        request.url === '/m/away'
          ? redirect(`${other.url}/x`)({ url: '/a' } as never, response as never)
          : response.end('near');
      server = await serveSources(listener);
      const rules = rulesFor({ git: { mirrors: { 'https://up.example/': `${server.url}/m/` } }, sources: closed });
      const bounds = { rules, maximumBytes: 100, seconds: 5, signal: new AbortController().signal };
      expect(await saveUrl('https://up.example/x', join(folder, 'near'), bounds)).toMatchObject({ bytes: 4 });
      await expect(saveUrl('https://up.example/away', join(folder, 'away'), bounds)).rejects.toThrow(/not public/);
      expect(other.requests).toEqual([]);
    } finally {
      await other.close();
    }
  });
});

describe('refused is', () => {
  test.each<[string, RequestListener, RegExp, (FetchOptions & { as?: string })?]>([
    [
      'a private address',
      redirect('/b'),
      /leads to 127.0.0.1, an address that is not public/,
      { sources: { privateAddresses: false } },
    ],
    [
      'a redirect to a file',
      redirect('file:///etc/passwd'),
      /redirects to file:\/\/\/etc\/passwd, which is not allowed/,
    ],
    ['a redirect with a password', redirect('http://a:b@127.0.0.1/'), /which is not allowed/],
    ['a redirect to nowhere', redirect('http://['), /redirects to http:\/\/\[, which is not allowed/],
    ['a circle of redirects', redirect('/a'), /redirects too often/],
    [
      'an endless body',
      (_request, response) => void setInterval(() => response.write('x'.repeat(400)), 1).unref(),
      /larger than the limit of 1000 bytes/,
    ],
    [
      'a body that breaks off',
      (_request, response) => response.writeHead(200, { 'content-length': 9 }).end('x'),
      /cannot be fetched|broke off/,
    ],
    ['silence', () => undefined, /did not arrive within 0.3 s/, { seconds: 0.3 }],
    [
      'a drip',
      (_request, response) => void setInterval(() => response.write('x'), 20).unref(),
      /did not arrive within 0.3 s/,
      { seconds: 0.3 },
    ],
    ['an error', (_request, response) => response.writeHead(503).end(), /answers 503/],
    ['plain http', redirect('/b'), /may come from/, { git: { protocols: ['https'] } }],
    [
      'a host that nobody knows',
      redirect('/b'),
      /the host nowhere.invalid is not known/,
      { as: 'https://nowhere.invalid/x' },
    ],
  ])('%s', async (_name, listener, message, options) => {
    await expect(save(listener, options)).rejects.toThrow(message);
  });

  test('an answer that is no JSON', async () => {
    server = await serveSources((_request, response) => response.end('<html>'));
    const bounds = { rules: rulesFor(), maximumBytes: 100, seconds: 5, signal: new AbortController().signal };
    await expect(readJson(server.url, bounds)).rejects.toThrow('does not answer with JSON');
  });
});

test('an abort ends it with its own reason', async () => {
  server = await serveSources(() => undefined);
  const stop = new AbortController();
  const bounds = { rules: rulesFor(), maximumBytes: 100, seconds: 5, signal: stop.signal };
  const saving = saveUrl(server.url, join(folder, 'aborted'), bounds);
  stop.abort(new Error('canceled by somebody'));
  await expect(saving).rejects.toThrow('canceled by somebody');
});

describe('what is sent', () => {
  const bounds = () => ({ rules: rulesFor(), maximumBytes: 1000, seconds: 5, signal: new AbortController().signal });

  test('is JSON by POST, and goes to no other place than the address', async () => {
    const listener: RequestListener = async (request, response) => {
      if (request.url === '/moved') return void response.writeHead(307, { location: '/a' }).end();
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      response.end(JSON.stringify({ accept: request.headers.accept, text: Buffer.concat(chunks).toString() }));
    };
    server = await serveSources(listener);
    const sent = { headers: { accept: 'x/y' }, body: { a: 1 } };
    expect(await readJson(`${server.url}/a`, bounds(), sent)).toEqual({ accept: 'x/y', text: '{"a":1}' });
    await expect(readJson(`${server.url}/moved`, bounds(), sent)).rejects.toThrow(/redirects what is sent to it to/);
    expect(server.requests).toEqual(['POST /a', 'POST /moved']);
  });

  test('as headers is not told to where a redirect leads', async () => {
    const seen: unknown[] = [];
    const listener: RequestListener = (request, response) => {
      seen.push(request.headers.authorization);
      redirect('/b')(request, response);
    };
    server = await serveSources(listener);
    const headers = { authorization: 'Basic x' };
    await saveUrl(`${server.url}/a`, join(folder, 'with-headers'), bounds(), { headers });
    expect(seen).toEqual(['Basic x', undefined]);
  });
});
