// A real SSH server on a port of 127.0.0.1 that lets the user of the tests in: what a builder is to its connection.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { ChrootName } from '@coppice/config';
import { expect, vi } from 'vitest';
import type { Builder } from '../src/builder/spawn.ts';

export interface TestServer {
  readonly user: string;
  /** Holds the key pairs `host`, `key` and `other`; tests may write here. */
  readonly folder: string;
  readonly process: ChildProcess;
  readonly builder: Builder;
  /** The same, said to be at that port with that host key. */
  builderOf(port: number, hostKey: 'host' | 'other'): Builder;
  stop(): Promise<void>;
}

/** `more`: lines of its configuration. */
export async function startSshd(more = ''): Promise<TestServer> {
  const user = userInfo().username;
  const folder = await mkdtemp(join(tmpdir(), 'coppice-ssh-'));
  for (const name of ['host', 'key', 'other']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(folder, name)]);
  }
  const publicKey = (name: string) =>
    readFileSync(join(folder, `${name}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ')
      .trim();
  const builderOf = (port: number, hostKey: string): Builder => ({
    ...{ name: 'b', chroot: 'sapling-12-x86_64' as ChrootName },
    instance: { instance: 'b', host: '127.0.0.1', port, user, hostKey: publicKey(hostKey) },
    ...{ publicKey: publicKey('key'), keyFile: join(folder, 'key'), knownHostsFile: '', folder },
  });
  const port = await freePort();
  const options = [
    `Port ${port}\nListenAddress 127.0.0.1\nHostKey ${folder}/host\nAuthorizedKeysFile ${folder}/key.pub\nPidFile none\nUsePAM no`,
    'PermitRootLogin prohibit-password\nStrictModes no\nAllowTcpForwarding remote\n',
    more,
  ];
  writeFileSync(join(folder, 'config'), options.join('\n'));
  if (user === 'root') mkdirSync('/run/sshd', { recursive: true });
  const server = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'config')], { stdio: 'ignore' });
  await vi.waitFor(async () => expect(await answers(port)).toBe(true), { timeout: 10_000 });
  const stop = async () => {
    server.kill();
    await rm(folder, { recursive: true, force: true });
  };
  return { user, folder, process: server, builder: builderOf(port, 'host'), builderOf, stop };
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const held = createServer();
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
