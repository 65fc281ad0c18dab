import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect as connectTo, createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, startSshd, type TestServer } from '../../testing/sshd-for-tests.ts';
import { lendControl } from './reach.ts';
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

test("the control host's server is reached through the connection", async () => {
  const control = createServer((_request, response) => response.end('from the control host'));
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
  const connection = await connectBuilder(builder, user, never);
  const second = await connectBuilder(builder, user, never);
  try {
    const { port } = control.address() as AddressInfo;
    const lent = [
      await lendControl(connection, { controlPort: port }),
      await lendControl(second, { controlPort: port }),
    ];
    expect(new Set(lent).size).toBe(2); // the usual port was taken by the first: another one is given
    for (const each of lent)
      expect(await (await fetch(`http://127.0.0.1:${each}`)).text()).toBe('from the control host');
    await expect(lendControl(second, { controlPort: port }, lent[0])).rejects.toMatchObject({ code: 'connect' });
  } finally {
    connection.close();
    second.close();
    control.closeAllConnections();
    control.close();
  }
});

test('whose sandbox a builder may see is said before all that comes from it, and of another project nothing', async () => {
  const begun: string[] = [];
  const control = createSocketServer((socket) => {
    socket.once('data', (piece) => {
      begun.push(String(piece).split('\n', 1)[0] ?? '');
      socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
    });
  });
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
  const { port: controlPort } = control.address() as AddressInfo;
  for (const project of ['acme/tools:pr:7', 'acme/tools']) {
    const connection = await connectBuilder(builder, user, never);
    const lent = await lendControl(connection, { controlPort, project });
    // The answer may come before the request has left.
    await fetch(`http://127.0.0.1:${lent}/x`).catch(() => undefined);
    connection.close();
  }
  control.close();
  expect(begun).toEqual(['COPPICE-SANDBOX acme/tools:pr:7', 'GET /x HTTP/1.1\r']);
});

test('a builder of no sandbox that names one, in whatever pieces, is not let through', async () => {
  const heard: string[] = [];
  const control = createSocketServer((socket) => {
    socket.on('data', (piece) => heard.push(String(piece))).on('error', () => undefined);
  });
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
  const { port: controlPort } = control.address() as AddressInfo;
  const connection = await connectBuilder(builder, user, never);
  const lent = await lendControl(connection, { controlPort, project: 'acme/tools' });
  for (const pieces of [['COPPICE-SANDBOX a/b:pr:1\nGET / HTTP/1.1\r\n\r\n'], ['C', 'OPPICE-SANDBOX a/b:pr:1\n']]) {
    const socket = connectTo(lent, '127.0.0.1').on('error', () => undefined);
    for (const piece of pieces) socket.write(piece);
    await once(socket, 'close');
  }
  connection.close();
  control.close();
  expect(heard).toEqual([]);
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
