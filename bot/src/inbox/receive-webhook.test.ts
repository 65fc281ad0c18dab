import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createWebhookReceiver } from './receive-webhook.ts';

const secret = 'the secret';
const path = '/hook';
const limits = { bytes: 100_000, sumBytes: 150_000, seconds: 20 };
let server: Server;
let slow: Server;
const handled: string[] = [];
const logged: string[] = [];

beforeAll(async () => {
  const start = async (seconds: number) => {
    const receive = createWebhookReceiver({
      ...{ path, secret, limits: { ...limits, seconds }, now: () => new Date(0) },
      log: (_level, message) => logged.push(message),
      handle(request, response, next) {
        if (request.url !== path) return next?.();
        handled.push((request as unknown as { body: string }).body);
        response.end('ok');
      },
    });
    const made = createServer((request, response) => void receive(request, response, () => response.end('next')));
    await once(made.listen(0, '127.0.0.1'), 'listening');
    return made;
  };
  server = await start(limits.seconds);
  slow = await start(0.05);
});
afterEach(() => void handled.splice(0));
afterAll(() => {
  for (const each of [server, slow]) each.close().closeAllConnections();
});

const sign = (body: string) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
const headersOf = (signature: string, changes: Readonly<Record<string, string>> = {}) => ({
  ...{ 'Content-Type': 'application/json', 'X-GitHub-Event': 'ping', 'X-GitHub-Delivery': '1' },
  ...{ 'X-Hub-Signature-256': signature, ...changes },
});
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** Sends `body` as it stands and keeps the connection; `ended`: all that came until the service ended it. */
function open(headers: Readonly<Record<string, string>>, body: string, to = server, method = 'POST') {
  const socket = connect((to.address() as AddressInfo).port, '127.0.0.1');
  const lines = Object.entries({ Host: 'x', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  let text = '';
  socket.on('data', (piece) => {
    text += piece;
  });
  // What is still being written when the service ends the connection is nobody's.
  socket.on('error', () => undefined);
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
  const status = once(socket, 'data').then(() => Number(text.slice(9, 12)));
  return { socket, status, ended: once(socket, 'close').then(() => text) };
}

const statusOf = async (headers: Readonly<Record<string, string>>, body: string, method = 'POST') => {
  const { port } = server.address() as AddressInfo;
  const sent = method === 'GET' ? {} : { body };
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...sent });
  return `${answer.status} ${await answer.text()}`;
};

test('what is signed is handed on with its text, whole or in pieces, and other paths are none of its business', async () => {
  expect(await statusOf(headersOf(sign('{"ä":1}')), '{"ä":1}')).toBe('200 ok');
  const pieces = open(
    headersOf(sign('{"a":2}'), { 'Transfer-Encoding': 'chunked' }),
    `${chunk('{"a"')}${chunk(':2}')}`,
  );
  pieces.socket.write('0\r\n\r\n');
  expect(await pieces.status).toBe(200);
  pieces.socket.destroy();
  expect(handled).toEqual(['{"ä":1}', '{"a":2}']);
  const { port } = server.address() as AddressInfo;
  expect(await (await fetch(`http://127.0.0.1:${port}/other`)).text()).toBe('next');
});

test.each<[string, Readonly<Record<string, string>>, string, RegExp]>([
  ['signed by somebody else', headersOf(sign('{}').replace(/.$/, 'x')), 'POST', /^400 .*signature does not match/],
  ['with the signature of something else', headersOf(sign('[]')), 'POST', /^400 .*signature does not match/],
  ['with half a signature', headersOf('sha256=12'), 'POST', /^400 .*signature does not match/],
  ['compressed', headersOf(sign('{}'), { 'Content-Encoding': 'gzip' }), 'POST', /^415 .*not compressed/],
  ['a form', headersOf(sign('{}'), { 'Content-Type': 'application/x-www-form-urlencoded' }), 'POST', /^415 .*json/],
  ['nearly JSON', headersOf(sign('{}'), { 'Content-Type': 'application/jsonp' }), 'POST', /^415 .*json/],
  [
    'without a signature',
    { 'Content-Type': 'application/json', 'X-GitHub-Event': 'p' },
    'POST',
    /^400 .*delivery, x-hub/,
  ],
  ['asked for', headersOf(sign('')), 'GET', /^405 /],
])('a webhook that is %s is refused', async (_what, headers, method, expected) => {
  expect(await statusOf(headers, '{}', method)).toMatch(expected);
  expect(handled).toEqual([]);
});

test.each(['null', '"x"', '[]', '{"repository":null}'])('a signed push that holds %s is refused', async (body) => {
  const headers = headersOf(sign(body), { 'X-GitHub-Event': 'push' });
  expect(await statusOf(headers, body)).toMatch(/^400 .*not what GitHub sends for this event/);
  expect(handled).toEqual([]);
});

test.each<[string, Readonly<Record<string, string>>, string]>([
  ['by what it says', { 'Content-Length': '100001' }, ''],
  ['by what it says in figures that are none', { 'Content-Length': '9'.repeat(19) }, ''],
  ['in pieces', { 'Transfer-Encoding': 'chunked' }, chunk('x'.repeat(50_001)).repeat(2)],
])(
  'a body that is too large %s is refused before it has ended, and the connection with it',
  async (_what, more, body) => {
    const answer = await open(headersOf(sign(''), more), body).ended;
    expect(answer).toMatch(/^HTTP\/1.1 413 [\s\S]*Connection: close[\s\S]*holds at most 100000 bytes/i);
  },
);

test('a body that does not end is given up, whatever trickles in', async () => {
  const dribble = open(headersOf(sign(''), { 'Content-Length': '1000' }), '{', slow);
  const more = setInterval(() => dribble.socket.write(' '), 10);
  expect(await dribble.ended).toMatch(/^HTTP\/1.1 408 /);
  clearInterval(more);
});

test('bodies that hold too much together end, the largest first, and small ones get through', async () => {
  const large = { 'Content-Length': '99000' };
  const one = open(headersOf(sign(''), large), 'x'.repeat(98_000));
  const other = open(headersOf(sign(''), large), 'x'.repeat(90_000));
  expect(await Promise.race([one.ended, other.ended])).toMatch(/^HTTP\/1.1 503 /);
  expect(await statusOf(headersOf(sign('{}')), '{}')).toBe('200 ok');
  for (const { socket } of [one, other]) socket.destroy();
});

test('refusals are told of in one line a minute', () => {
  expect(logged.length).toBeGreaterThan(0);
  // The clock of this test stands still, for each of the two servers.
  expect(logged.length).toBeLessThanOrEqual(2);
  expect(logged[0]).toMatch(/^A webhook was refused: the signature does not match/);
});
