import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { fetchCopr } from './fetch-copr.ts';
import { hashSrpms } from './hash-srpms.ts';

let server: Server | undefined;
afterEach(async () => {
  const ending = server;
  server = undefined;
  ending?.closeAllConnections();
  await new Promise<void>((resolve) => (ending === undefined ? resolve() : ending.close(() => resolve())));
});

type Answer = (url: URL, response: ServerResponse, request: IncomingMessage) => void;

/** A server on this machine; gives its address. */
async function serve(answer: Answer): Promise<URL> {
  const started = createServer((request, response) =>
    answer(new URL(request.url ?? '/', 'http://localhost'), response, request),
  );
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(started.address() as AddressInfo).port}/`);
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

const project = { name: 'apple', ownername: '@fruit', chroot_repos: { 'fedora-42-x86_64': 'https://x.example.org/' } };
const names = Array.from({ length: 7 }, (_, index) => `package-${index}`);

/** Copr as it answers: the project after a redirect, packages in pages, options of a chroot. */
const copr: Answer = (url, response) => {
  const { pathname, searchParams } = url;
  if (searchParams.get('ownername') !== '@fruit' || searchParams.get('projectname') !== 'apple') {
    return json(response, { error: 'Project @fruit/plum does not exist.' }, 404);
  }
  if (pathname === '/api_3/project')
    return void response.writeHead(308, { location: `/api_3/project/${url.search}` }).end();
  if (pathname === '/api_3/project/') return json(response, project);
  if (pathname === '/api_3/project-chroot') return json(response, { mock_chroot: searchParams.get('chrootname') });
  const [offset, limit] = [Number(searchParams.get('offset')), Number(searchParams.get('limit'))];
  const items = names.slice(offset, offset + limit).map((name) => ({ name, source_type: 'unset', source_dict: {} }));
  return json(response, { items, meta: { offset, limit, order: 'id', order_type: 'ASC' } });
};

const ask = (base: URL, more: { seconds?: number; pageSize?: number; project?: string } = {}) =>
  fetchCopr(
    { base, owner: '@fruit', project: more.project ?? 'apple' },
    { seconds: more.seconds ?? 30, pageSize: more.pageSize ?? 3 },
  );

test.each([1, 3, 7, 8])('every package comes, whatever a page holds: %i', async (pageSize) => {
  const answers = await ask(await serve(copr), { pageSize });
  expect(answers.packages.map(({ name }) => name)).toEqual(names);
  expect(answers.project.name).toBe('apple');
  expect(answers.chroots.map(({ mock_chroot }) => mock_chroot)).toEqual(['fedora-42-x86_64']);
});

test('what Copr says of a project that is not there is passed on', async () => {
  await expect(ask(await serve(copr), { project: 'plum' })).rejects.toThrow(
    /answered 404: Project @fruit\/plum does not exist\. Check the owner/,
  );
});

test.each<[string, Answer, RegExp]>([
  [
    'a page for people',
    (_, to) => void to.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    /text\/html instead of JSON/,
  ],
  ['an error of the server', (_, to) => json(to, { error: 'a\u001b[31m\nbug' }, 500), /answered 500: a\?\[31m bug/],
  [
    'an error that goes by 200',
    (_, to) => json(to, { output: 'notok', error: 'You are not allowed.' }),
    /answered an error: You are not allowed\.$/,
  ],
  [
    'an error about fields',
    (_, to) => json(to, { error: { ownername: ['no such group'] } }, 400),
    /answered 400: \{"ownername":\["no such group"\]\}\.$/,
  ],
  [
    'an error of what stands before it',
    (_, to) => json(to, { message: 'Forbidden' }, 403),
    /answered 403: Forbidden\.$/,
  ],
  [
    'a page of an error',
    (_, to) =>
      void to.writeHead(502, { 'content-type': 'text/html' }).end('<html><head><title>502 Bad\nGateway</title></head>'),
    /answered 502: 502 Bad Gateway\. The fault is on its side: try again later\.$/,
  ],
  [
    'an error in plain text',
    (_, to) => void to.writeHead(429, { 'content-type': 'text/plain' }).end('Slow down\n'),
    /answered 429: Slow down\. It was asked too often: try again later\.$/,
  ],
  ['an error without a word', (_, to) => void to.writeHead(503).end(), /answered 503\. The fault is on its side/],
  [
    'a page to log in at',
    (_, to) => void to.writeHead(200, { 'content-type': 'text/html' }).end('<title>Log in</title>'),
    /answered text\/html instead of JSON: Log in\. Is http:\S+ a Copr\?$/,
  ],
  [
    'JSON that ends too early',
    (_, to) => void to.writeHead(200, { 'content-type': 'application/json' }).end('{"name": "app'),
    /broke off in the middle of its answer\. The 13 characters of it that came are no whole JSON: try again\.$/,
  ],
  [
    'an answer that is cut off',
    (_, to) => {
      to.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"name": ');
      setImmediate(() => to.destroy());
    },
    /broke off in the middle of its answer \(.+\): try again\.$/,
  ],
  ['JSON of another shape', (_, to) => json(to, { name: 7 }), /not what Copr's API 3 answers at name/],
  ['too many redirects', (url, to) => void to.writeHead(302, { location: url.pathname }).end(), /redirects too often/],
  [
    'a redirect to another protocol',
    (_, to) => void to.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    /only https/,
  ],
  ['a connection that breaks', (_, __, request) => void request.socket.destroy(), /cannot be asked/],
])('%s ends it with one sentence', async (_, answer, message) => {
  await expect(ask(await serve(answer))).rejects.toThrow(message);
});

test('a server that never ends its answer is left', async () => {
  const base = await serve((_, response) => void response.writeHead(200).write('{'));
  await expect(ask(base, { seconds: 0.2 })).rejects.toMatchObject({ code: 'address' });
});

test('a server whose pages never end is left', async () => {
  const endless = Array.from({ length: 4000 }, (_, index) => ({ name: `p${index}` }));
  const base = await serve((url, response) =>
    json(response, url.pathname.endsWith('/list') ? { items: endless, meta: {} } : project),
  );
  await expect(ask(base, { pageSize: 4000 })).rejects.toThrow(/more than 10000 packages/);
});

test('an SRPM is hashed; what is none, or too large, says so', async () => {
  const base = await serve(({ pathname }, response) => {
    if (pathname === '/good.src.rpm') response.writeHead(200, { 'content-type': 'application/x-rpm' }).end('rpm');
    else if (pathname === '/page.src.rpm') response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    else if (pathname === '/large.src.rpm') response.writeHead(200).end('x'.repeat(100));
    else response.writeHead(404).end();
  });
  const at = (name: string) => new URL(`${name}.src.rpm`, base).href;
  const addresses = ['good', 'page', 'large', 'gone'].map(at);
  const hashes = await hashSrpms([...addresses, 'http://elsewhere.example.org/a.src.rpm'], { seconds: 30, bytes: 50 });
  expect(hashes.get(at('good'))).toEqual({ sha256: createHash('sha256').update('rpm').digest('hex') });
  expect(hashes.get(at('page'))).toMatchObject({ why: expect.stringContaining('no SRPM') });
  expect(hashes.get(at('large'))).toMatchObject({ why: expect.stringContaining('more than 50 bytes') });
  expect(hashes.get(at('gone'))).toMatchObject({ why: expect.stringContaining('404') });
  expect(hashes.get('http://elsewhere.example.org/a.src.rpm')).toMatchObject({
    why: expect.stringContaining('only https'),
  });
});
