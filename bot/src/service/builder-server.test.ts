import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BuilderServer, startBuilderServer } from './builder-server.ts';

let folder = '';
let server: BuilderServer;
const repository = '/results/acme/tools/fedora-42-x86_64';
const sandbox = '/results/acme/tools:pr:7/fedora-42-x86_64';
const files = [
  'index.html',
  'api/v1/builds.json',
  'results/acme/tools/pubkey.gpg',
  `${repository}/repodata/repomd.xml`,
  `${repository}/00000001-hello/hello-1-1.x86_64.rpm`,
  `${repository}/00000001-hello/build.log`,
  `${repository}/00000001-hello/result.json`,
  `${repository}/.repodata-1/repomd.xml`,
  `${sandbox}/repodata/repomd.xml`,
  'results/acme/tools:pr:7/pubkey.gpg',
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-for-builders-'));
  for (const name of [...files.map((path) => `published/${path}`), 'mirror/fedora/repodata/repomd.xml', 'secret.rpm']) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), name);
  }
  await mkdir(join(folder, 'published/distributions'));
  await symlink(join(folder, 'mirror/fedora'), join(folder, 'published/distributions/fedora'));
  await symlink(join(folder, 'secret.rpm'), join(folder, `published${repository}/00000001-hello/link.rpm`));
  execFileSync('mkfifo', [join(folder, `published${repository}/00000001-hello/fifo.rpm`)]);
  server = await startBuilderServer(join(folder, 'published'));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** A preface, as the control host writes it. */
const says = (view: object) => [`COPPICE ${JSON.stringify(view)}\n`];
const nothing = says({ generations: {} });
const mine = says({ sandbox: 'acme/tools:pr:7', generations: {} });

/** What the control host lends to a builder that may see no sandbox. */
async function startTunnel(): Promise<Server> {
  const tunnel = createServer((incoming) => {
    const outgoing = connect(server.port, '127.0.0.1');
    outgoing.write(nothing.join(''));
    incoming.pipe(outgoing).pipe(incoming);
  });
  tunnel.listen(0, '127.0.0.1');
  await once(tunnel, 'listening');
  return tunnel;
}

/** What a connection that begins with `preface` gets for a request of `path`: the status and the body. */
async function ask(path: string, preface: readonly string[] = nothing, method = 'GET'): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  let text = '';
  socket
    .on('error', () => undefined)
    .on('data', (piece) => {
      text += piece;
    });
  // Each piece by itself, as a network may bring them.
  for (const piece of [...preface, `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`]) {
    await new Promise((resolve) => socket.write(piece, resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await once(socket, 'close');
  return `${text.slice(9, 12)} ${text.split('\r\n\r\n')[1]}`;
}

test.each<[string, string]>([
  ['metadata', `${repository}/repodata/repomd.xml`],
  ['packages', `${repository}/00000001-hello/hello-1-1.x86_64.rpm`],
  ['keys of projects', '/results/acme/tools/pubkey.gpg'],
])('builders get %s', async (_what, path) => {
  expect(await ask(path)).toBe(`200 published/${path.startsWith('/results/acme/tools/pubkey') ? path.slice(1) : path}`);
  expect(await ask(path, mine)).toMatch(/^200 /);
});

test('builders get the index and the signature of what is not published yet, and as ever what they name', async () => {
  const other = '/results/acme/other/fedora-42-x86_64';
  const root = join(folder, `published${other}`);
  for (const [path, content] of Object.entries({
    'repodata/repomd.xml': 'published',
    'repodata/repomd.xml.asc': 'signature of published',
    'repodata/primary.xml.gz': 'a list',
    'generations/4/repomd.xml': 'waiting',
    'generations/4/repomd.xml.asc': 'signature of waiting',
    'generations/4/generation.json': '{}',
  })) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  expect(await ask(`${other}/repodata/repomd.xml`)).toBe('200 published');
  await symlink('4', join(root, 'generations/newest'));
  expect(await ask(`${other}/repodata/repomd.xml`)).toBe('200 waiting');
  expect(await ask(`${other}/repodata/repomd.xml.asc`)).toBe('200 signature of waiting');
  expect(await ask(`${other}/repodata/primary.xml.gz`)).toBe('200 a list');
  // On one connection they belong together, whatever is shown meanwhile.
  const tunnel = await startTunnel();
  const { port } = tunnel.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const get = async (name: string) => {
    const path = `${other}/repodata/${name}`;
    const [answer] = await once(request({ port, host: '127.0.0.1', path, agent }).end(), 'response');
    return await text(answer);
  };
  expect(await get('repomd.xml')).toBe('waiting');
  await rm(join(root, 'generations/newest'));
  expect(await get('repomd.xml.asc')).toBe('signature of waiting');
  agent.destroy();
  tunnel.close();
  for (const inner of ['newest/repomd.xml', '4/repomd.xml', '4/generation.json'])
    expect(await ask(`${other}/generations/${inner}`)).toMatch(/^404 /);
});

test('builders get a distribution, also one that the admin keeps elsewhere', async () => {
  expect(await ask('/distributions/fedora/repodata/repomd.xml')).toBe('200 mirror/fedora/repodata/repomd.xml');
  expect(await ask('/distributions/fedora/../../secret.rpm')).toMatch(/^404 /);
});

test.each([
  '/',
  '/index.html',
  '/healthz',
  '/metrics',
  '/api/v1/builds.json',
  '/api/github/webhooks',
  `${repository}/`,
  `${repository}/repodata/`,
  `${repository}/00000001-hello/build.log`,
  `${repository}/00000001-hello/result.json`,
  `${repository}/.repodata-1/repomd.xml`,
  `${repository}/00000001-hello/fifo.rpm`,
  `${repository}/00000001-hello/link.rpm`,
  `${repository}/repodata/../00000001-hello/build.log`,
  `${repository}/repodata%2f..%2f..%2f..%2f..%2f..%2findex.html`,
  '/distributions/../index.html',
  '/results/acme/%zz/pubkey.gpg',
])('builders do not get %s', async (path) => {
  expect(await ask(path)).toBe('404 Not found.\n');
});

test('builders are told that a project is frozen, whatever of it they want, and nothing of what they may not see', async () => {
  const note = join(folder, 'published/api/v1/frozen/acme/cold.txt');
  await mkdir(dirname(note), { recursive: true });
  await writeFile(note, 'acme/cold is frozen.\n');
  const cold = '/results/acme/cold/fedora-42-x86_64';
  expect(await ask(`${cold}/repodata/repomd.xml`)).toBe('451 acme/cold is frozen.\n');
  expect(await ask('/results/acme/cold/pubkey.gpg')).toMatch(/^451 /);
  expect(await ask(`${cold}/00000001-hello/build.log`)).toMatch(/^404 /);
  expect(await ask('/api/v1/frozen/acme/cold.txt')).toMatch(/^404 /);
});

test('builders send nothing here', async () => {
  expect(await ask('/api/github/webhooks', nothing, 'POST')).toMatch(/^405 /);
});

test('the sandbox of a pull request is seen by its own builds alone', async () => {
  const path = `${sandbox}/repodata/repomd.xml`;
  expect(await ask(path)).toMatch(/^404 /);
  expect(await ask(path, says({ sandbox: 'acme/tools:pr:77', generations: {} }))).toMatch(/^404 /);
  expect(await ask(path, says({ sandbox: 'other/tools:pr:7', generations: {} }))).toMatch(/^404 /);
  expect(await ask(path, mine)).toBe(`200 published/${path}`);
  const [line = ''] = mine;
  const pieces = [line.slice(0, 4), line.slice(4, 30), line.slice(30)];
  expect(await ask('/results/acme/tools:pr:7/pubkey.gpg', pieces)).toMatch(/^200 /);
});

test('a build that is bound to generations sees their index and signature, and no other, whatever is shown', async () => {
  const bound = '/results/acme/bound/fedora-42-x86_64';
  const root = join(folder, `published${bound}`);
  for (const number of [4, 5]) {
    await mkdir(join(root, `generations/${number}`), { recursive: true });
    await writeFile(join(root, `generations/${number}/repomd.xml`), `index ${number}`);
    await writeFile(join(root, `generations/${number}/repomd.xml.asc`), `signature ${number}`);
  }
  await mkdir(join(root, 'repodata'));
  await writeFile(join(root, 'repodata/primary.xml.gz'), 'a list');
  await symlink('5', join(root, 'generations/newest'));
  const at = (number: number) => says({ generations: { 'acme/bound/fedora-42-x86_64': number } });
  const index = `${bound}/repodata/repomd.xml`;
  expect(await ask(index)).toBe('200 index 5');
  expect(await ask(index, at(4))).toBe('200 index 4');
  expect(await ask(index.replace('bound', 'b%6Fund'), at(4))).toBe('200 index 4');
  expect(await ask(`${index}.asc`, at(4))).toBe('200 signature 4');
  expect(await ask(`${bound}/repodata/primary.xml.gz`, at(4))).toBe('200 a list');
  // One that is gone is not another one.
  expect(await ask(index, at(3))).toMatch(/^404 /);
  // Another chroot of the project is another repository.
  expect(await ask(`${repository}/repodata/repomd.xml`, at(4))).toMatch(/^200 /);
});

test.each([
  ['none', []],
  ['a line that never ends', [`COPPICE ${'x'.repeat(1024 ** 2)}`]],
  ['what is no view', says({ generations: { 'acme/tools/fedora-42-x86_64': '../..' } })],
])('a connection without a preface is closed unanswered: %s', async (_what, preface) => {
  expect(await ask('/results/acme/tools/pubkey.gpg', preface)).toBe(' undefined');
});
