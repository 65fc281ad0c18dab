import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTo, createServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePort, startSshd, type TestServer } from '../../testing/sshd-for-tests.ts';
import { lendControl } from './reach.ts';
import { openLine } from './session.ts';
import type { Builder } from './spawn.ts';
import { connectBuilder, shellWords } from './ssh.ts';

const never = new AbortController().signal;
let server: TestServer;
let builder: Builder;
let user: string;

beforeAll(async () => {
  server = await startSshd();
  ({ builder, user } = server);
});
afterAll(() => server.stop());

test('commands get their arguments, streams flow', async () => {
  const connection = await connectBuilder(builder, user, never);
  try {
    expect(await connection.run(['sh', '-c', 'printf %s "$1"; exit 3', 'x', "it's $HOME"])).toMatchObject({
      exitCode: 3,
      stdout: "it's $HOME",
    });
    await expect(connection.must(['sh', '-c', 'echo bad >&2; exit 1'])).rejects.toMatchObject({ code: 'builder' });
    await expect(connection.run(['yes'])).rejects.toMatchObject({ code: 'builder' });
    let seen = '';
    const stream = await connection.stream(['sh', '-c', 'echo one; exec cat'], (chunk) => {
      seen += chunk.toString();
    });
    await expect.poll(() => seen).toBe('one\n');
    stream.stop();
  } finally {
    connection.close();
  }
});

test('how a command ended is known, however quick it was', async () => {
  const connection = await connectBuilder(builder, user, never);
  try {
    for (let round = 0; round < 3; round++) {
      const ends = await Promise.all([0, 1, 2, 3].map((code) => connection.run(['sh', '-c', `exit ${code}`])));
      expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 1, 2, 3]);
    }
  } finally {
    connection.close();
  }
});

/** A server that hears prefaces and requests, of each connection one text, and answers. */
async function startControl() {
  const heard: string[] = [];
  const control = createServer((socket) => {
    const at = heard.push('') - 1;
    socket.on('error', () => undefined);
    socket.on('data', (piece) => {
      heard[at] += String(piece);
      if (heard[at]?.includes('\r\n\r\n')) socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nanswer');
    });
  });
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void control.close());
  return { heard, controlPort: (control.address() as AddressInfo).port };
}

test("the control host's server is reached through the connection", async () => {
  const { controlPort } = await startControl();
  const connection = await connectBuilder(builder, user, never);
  const second = await connectBuilder(builder, user, never);
  try {
    const lent = [await lendControl(connection, { controlPort }), await lendControl(second, { controlPort })];
    expect(new Set(lent).size).toBe(2); // the usual port was taken by the first: another one is given
    for (const each of lent) expect(await (await fetch(`http://127.0.0.1:${each}`)).text()).toBe('answer');
    await expect(lendControl(second, { controlPort }, lent[0])).rejects.toMatchObject({ code: 'connect' });
  } finally {
    connection.close();
    second.close();
  }
});

test('what a builder sees is said before all that comes from it, as it is when the connection begins', async () => {
  const begun: string[] = [];
  let generations: Record<string, number> = {};
  for (const project of ['acme/tools:pr:7', 'acme/tools']) {
    const { heard, controlPort } = await startControl();
    const connection = await connectBuilder(builder, user, never);
    const lent = await lendControl(connection, { controlPort, project, generations: async () => generations });
    await fetch(`http://127.0.0.1:${lent}/x`);
    generations = { 'acme/tools/fedora-42-x86_64': 7 };
    await fetch(`http://127.0.0.1:${lent}/y`);
    connection.close();
    begun.push(...heard.map((text) => text.slice(0, text.indexOf(' HTTP'))));
    generations = {};
  }
  expect(begun).toEqual([
    'COPPICE {"sandbox":"acme/tools:pr:7","generations":{}}\nGET /x',
    'COPPICE {"sandbox":"acme/tools:pr:7","generations":{"acme/tools/fedora-42-x86_64":7}}\nGET /y',
    'COPPICE {"generations":{}}\nGET /x',
    'COPPICE {"generations":{"acme/tools/fedora-42-x86_64":7}}\nGET /y',
  ]);
});

test.each([
  [true, 'COPPICE {"generations":{"acme/tools/fedora-42-x86_64":7}}'],
  [false, 'COPPICE {"generations":{}}'],
])('with a command at work there (%s) nothing is seen before it is known what', async (resumes, expected) => {
  const { heard, controlPort } = await startControl();
  const line = await openLine({ builder, user, controlPort, reconnectSeconds: 1, resumes, signal: never });
  try {
    const session = line.session(() => undefined);
    const answered = fetch(`${session.controlUrl}/x`);
    // A round trip on the same connection: what was to be passed on has come.
    for (let trips = 0; trips < 3; trips += 1) await session.run((connection) => connection.must(['true']), never);
    if (!resumes) await answered;
    session.see({ 'acme/tools/fedora-42-x86_64': 7 });
    expect(await (await answered).text()).toBe('answer');
    expect(heard.map((text) => text.split('\n', 1)[0])).toEqual([expected]);
  } finally {
    line.close();
  }
});

test('what a builder says of itself stands behind what the control host says of it', async () => {
  const { heard, controlPort } = await startControl();
  const connection = await connectBuilder(builder, user, never);
  const lent = await lendControl(connection, { controlPort, project: 'acme/tools' });
  const socket = connectTo(lent, '127.0.0.1').on('error', () => undefined);
  socket.write('COPPICE {"sandbox":"a/b:pr:1","generations":{}}\nGET / HTTP/1.1\r\n\r\n');
  socket.resume();
  await once(socket, 'close');
  connection.close();
  expect(heard.map((text) => text.split('\n', 1)[0])).toEqual(['COPPICE {"generations":{}}']);
});

test('another host key than the pinned one is refused, before anything is said', async () => {
  const impostor = server.builderOf(builder.instance.port, 'other');
  await expect(connectBuilder(impostor, user, never)).rejects.toMatchObject({ code: 'host-key' });
});

test('a key that does not open it, and a port that nobody listens on', async () => {
  const stranger = { ...builder, keyFile: join(server.folder, 'other') };
  await expect(connectBuilder(stranger, user, never)).rejects.toMatchObject({ code: 'connect' });
  const nobody = server.builderOf(await freePort(), 'host');
  await expect(connectBuilder(nobody, user, never)).rejects.toMatchObject({ code: 'connect' });
});

test('a builder that goes away is noticed by whoever waits for a command', async () => {
  const connection = await connectBuilder(builder, user, never);
  const above = (await connection.must(['sh', '-c', 'ps -o ppid= -p $PPID'])).trim();
  // Ends with the server at the latest.
  const waiting = connection.run(['tail', '-f', `--pid=${server.process.pid}`, '/dev/null']);
  const session = (await connection.must(['sh', '-c', 'echo $PPID'])).trim();
  // One of them may end with the other.
  for (const pid of new Set([session, above].map(Number))) {
    try {
      if (pid !== server.process.pid) process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  await expect(waiting).rejects.toMatchObject({ code: 'lost' });
  connection.close();
});

test('any arguments arrive unchanged through a shell', () => {
  const word = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
      const line = shellWords(['printf', '%s\\0', ...words]);
      const printed = execFileSync('sh', ['-c', line], { encoding: 'utf8' });
      expect(printed.split('\0').slice(0, -1)).toEqual(words);
    }),
    { numRuns: 30 },
  );
});
