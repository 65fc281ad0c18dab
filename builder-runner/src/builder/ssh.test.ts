import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { ChrootName } from '@coppice/config';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { lendControl } from './reach.ts';
import type { Builder } from './spawn.ts';
import { connectBuilder } from './ssh.ts';

const user = userInfo().username;
const never = new AbortController().signal;
let folder: string;
let server: ChildProcess;
let builder: Builder;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-ssh-'));
  for (const name of ['host', 'key', 'other']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(folder, name)]);
  }
  const port = await freePort();
  const options = [
    `Port ${port}\nListenAddress 127.0.0.1\nHostKey ${folder}/host\nAuthorizedKeysFile ${folder}/key.pub\nPidFile none\nUsePAM no`,
    'PermitRootLogin prohibit-password\nStrictModes no\nSubsystem sftp internal-sftp\nAllowTcpForwarding remote\n',
  ];
  writeFileSync(join(folder, 'config'), options.join('\n'));
  if (user === 'root') mkdirSync('/run/sshd', { recursive: true });
  server = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'config')], { stdio: 'ignore' });
  await vi.waitFor(async () => expect(await answers(port)).toBe(true), { timeout: 10_000 });
  builder = builderOf(port, 'host');
});
afterAll(async () => {
  server.kill();
  await rm(folder, { recursive: true, force: true });
});

function publicKey(name: string): string {
  return readFileSync(join(folder, `${name}.pub`), 'utf8')
    .split(' ')
    .slice(0, 2)
    .join(' ')
    .trim();
}

function builderOf(port: number, hostKey: string): Builder {
  const instance = { instance: 'b', host: '127.0.0.1', port, user, hostKey: publicKey(hostKey) };
  const chroot = 'sapling-12-x86_64' as ChrootName;
  return {
    name: 'b',
    chroot,
    instance,
    publicKey: publicKey('key'),
    keyFile: join(folder, 'key'),
    knownHostsFile: '',
    folder,
  };
}

async function freePort(): Promise<number> {
  const held = createTcpServer();
  await new Promise<void>((resolve) => held.listen(0, '127.0.0.1', resolve));
  const { port } = held.address() as AddressInfo;
  await new Promise((resolve) => held.close(resolve));
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => resolve(false)).once('data', () => socket.destroy());
  });
}

test('commands get their arguments, files arrive, streams flow', async () => {
  const connection = await connectBuilder(builder, user, never);
  try {
    expect(await connection.run(['sh', '-c', 'printf %s "$1"; exit 3', 'x', "it's $HOME"])).toMatchObject({
      exitCode: 3,
      stdout: "it's $HOME",
    });
    await expect(connection.must(['sh', '-c', 'echo bad >&2; exit 1'])).rejects.toMatchObject({ code: 'builder' });
    await expect(connection.run(['yes'])).rejects.toMatchObject({ code: 'builder' });
    await connection.upload([{ local: join(folder, 'key.pub'), remote: join(folder, 'copy') }]);
    expect(readFileSync(join(folder, 'copy'), 'utf8')).toBe(readFileSync(join(folder, 'key.pub'), 'utf8'));
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
    const lent = [await lendControl(connection, port), await lendControl(second, port)];
    expect(new Set(lent).size).toBe(2); // the usual port was taken by the first: another one is given
    for (const each of lent)
      expect(await (await fetch(`http://127.0.0.1:${each}`)).text()).toBe('from the control host');
    await expect(lendControl(second, port, lent[0])).rejects.toMatchObject({ code: 'connect' });
  } finally {
    connection.close();
    second.close();
    control.closeAllConnections();
    control.close();
  }
});

test('another host key than the pinned one is refused, before anything is said', async () => {
  const impostor = builderOf(builder.instance.port, 'other');
  await expect(connectBuilder(impostor, user, never)).rejects.toMatchObject({ code: 'host-key' });
});

test('a key that does not open it, and a port that nobody listens on', async () => {
  const stranger = { ...builder, keyFile: join(folder, 'other') };
  await expect(connectBuilder(stranger, user, never)).rejects.toMatchObject({ code: 'connect' });
  const nobody = builderOf(await freePort(), 'host');
  await expect(connectBuilder(nobody, user, never)).rejects.toMatchObject({ code: 'connect' });
});

test('a builder that goes away is noticed by whoever waits for a command', async () => {
  const connection = await connectBuilder(builder, user, never);
  const pid = (await connection.must(['sh', '-c', 'ps -o ppid= -p $PPID'])).trim();
  const waiting = connection.run(['tail', '-f', `--pid=${server.pid}`, '/dev/null']); // ends with the server at the latest;
  const session = (await connection.must(['sh', '-c', 'echo $PPID'])).trim();
  for (const each of new Set([session, pid])) if (Number(each) !== server.pid) process.kill(Number(each), 'SIGKILL');
  await expect(waiting).rejects.toMatchObject({ code: 'lost' });
  connection.close();
});
