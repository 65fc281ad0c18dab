import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type HttpServer, healthOf, startHttpServer } from './http-server.ts';

const repository = 'results/acme/tools/sapling-12-x86_64';
let folder: string;
let server: HttpServer;

const inRepository = (path: string) => join(folder, 'published', repository, path);

async function show(number: number): Promise<void> {
  await symlink(String(number), inRepository('generations/fresh'));
  await rename(inRepository('generations/fresh'), inRepository('generations/current'));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-index-'));
  for (const number of [1, 2]) {
    await mkdir(inRepository(`generations/${number}`), { recursive: true });
    for (const name of ['repomd.xml', 'repomd.xml.asc'])
      await writeFile(inRepository(`generations/${number}/${name}`), `${name} ${number}`);
  }
  await mkdir(inRepository('repodata'));
  for (const name of ['repomd.xml', 'repomd.xml.asc'])
    await symlink(`../generations/current/${name}`, inRepository(`repodata/${name}`));
  const published = join(folder, 'published');
  server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    published,
    health: () => healthOf(true, []),
    metrics: async () => '',
  });
});
beforeEach(() => show(1));
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** Asks on one connection for as long as it is the same agent. */
function client(headers: Record<string, string> = {}) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (name: string, method = 'GET') =>
    new Promise<string>((resolve, reject) => {
      const path = `/${repository}/repodata/${name}`;
      request({ port: server.port, host: '127.0.0.1', path, method, headers, agent }, (response) => {
        text(response).then((body) => resolve(`${response.statusCode} ${body}`), reject);
      })
        .on('error', reject)
        .end();
    });
  return { ask, close: () => agent.destroy() };
}

const dnf = { 'User-Agent': 'libdnf' };

test('on one connection the signature belongs to the index that was given before', async () => {
  const reader = client();
  expect(await reader.ask('repomd.xml')).toBe('200 repomd.xml 1');
  await show(2);
  expect(await reader.ask('repomd.xml.asc')).toBe('200 repomd.xml.asc 1');
  expect(await reader.ask('repomd.xml')).toBe('200 repomd.xml 2');
  expect(await reader.ask('repomd.xml.asc')).toBe('200 repomd.xml.asc 2');
  reader.close();
});

test('so it does on another connection of the same client, and of no other one', async () => {
  const [one, same, other] = [client(dnf), client(dnf), client({ 'User-Agent': 'zypper' })];
  await one.ask('repomd.xml');
  await show(2);
  expect(await same.ask('repomd.xml.asc')).toBe('200 repomd.xml.asc 1');
  expect(await other.ask('repomd.xml.asc')).toBe('200 repomd.xml.asc 2');
  for (const each of [one, same, other]) each.close();
});

test('a signature that is gone with its generation is the present one', async () => {
  const reader = client();
  await reader.ask('repomd.xml');
  await show(2);
  await rename(inRepository('generations/1'), inRepository('generations/gone'));
  expect(await reader.ask('repomd.xml.asc')).toBe('200 repomd.xml.asc 2');
  await rename(inRepository('generations/gone'), inRepository('generations/1'));
  reader.close();
});

test('clients behind a proxy are told apart by their addresses', async () => {
  const [one, other] = ['192.0.2.1', '192.0.2.2'].map((address) => client({ 'X-Forwarded-For': address }));
  await one?.ask('repomd.xml');
  await show(2);
  await other?.ask('repomd.xml');
  expect(await one?.ask('repomd.xml.asc')).toBe('200 repomd.xml.asc 1');
  expect(await other?.ask('repomd.xml.asc')).toBe('200 repomd.xml.asc 2');
  one?.close();
  other?.close();
});

test('a client that only looks whether the index has changed gets its signature, too', async () => {
  const reader = client();
  expect(await reader.ask('repomd.xml', 'HEAD')).toBe('200 ');
  await show(2);
  expect(await reader.ask('repomd.xml.asc')).toBe('200 repomd.xml.asc 1');
  reader.close();
});
