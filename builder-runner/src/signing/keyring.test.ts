import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { expect, test, vi } from 'vitest';
import { endLeftKeyrings, isKeyringWanted, openKeyring, withKeyring } from './keyring.ts';
import { keyFolder } from './keys.ts';

test('the agent that a killed service left is ended at the next start, that of another service is not', async () => {
  const homes = await Promise.all(['ours', 'theirs'].map((name) => mkdtemp(join(tmpdir(), `coppice-keys-${name}-`))));
  const left = await Promise.all(homes.map(leaveAgent));
  try {
    await endLeftKeyrings(homes[0] as string);
    await vi.waitFor(() => expect(left.map(({ pid }) => isAlive(pid))).toEqual([false, true]), { timeout: 10_000 });
    expect(left.map(({ short }) => existsSync(short))).toEqual([false, true]);
  } finally {
    for (const home of homes) await endLeftKeyrings(home);
    for (const home of homes) await rm(home, { recursive: true, force: true });
  }
});

/** As a service does that is killed while it signs. */
async function leaveAgent(home: string): Promise<{ readonly short: string; readonly pid: number }> {
  const folder = keyFolder(home, 'acme', 'tools');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const short = await mkdtemp(join(tmpdir(), 'coppice-gpg-'));
  await symlink(folder, join(short, 'k'));
  const env = { GNUPGHOME: join(short, 'k'), HOME: short };
  await execa('gpgconf', ['--launch', 'gpg-agent'], { env, stdin: 'ignore' });
  const { stdout } = await execa('gpg-connect-agent', ['GETINFO pid', '/bye'], { env, stdin: 'ignore' });
  return { short, pid: Number(/^D (\d+)$/m.exec(stdout)?.[1]) };
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** As where the machine has no folder for sockets: they lie in the keyring, which the next one to open it shares. */
function slowAgent(said: string[]): Server {
  const held = new Set<Socket>();
  const agent = createServer((socket) => {
    held.add(socket);
    socket.write('OK Pleased to meet you\n');
    socket.on('data', (line) => {
      socket.end('OK closing connection\n');
      said.push(line.toString());
      // It has promised to end, and takes connections until it does.
      setTimeout(() => {
        said.push('gone');
        agent.close();
        for (const each of held) each.destroy();
      }, 200);
    });
  });
  return agent;
}

test.each([
  ['closed when its agent is gone', false],
  ['opened when the agent that a killed run has left in it is gone', true],
])('a keyring is %s, however long that takes to end', async (_, isThereBefore) => {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-keyrings-'));
  const said: string[] = [];
  const agent = slowAgent(said);
  try {
    const listening = async () => {
      agent.listen(join(folder, 'S.gpg-agent'));
      await once(agent, 'listening');
    };
    if (isThereBefore) await listening();
    const ring = await openKeyring(folder);
    expect(said).toEqual(isThereBefore ? ['KILLAGENT\n', 'gone'] : []);
    if (!isThereBefore) await listening();
    await ring.close();
    expect(said).toEqual(['KILLAGENT\n', 'gone']);
  } finally {
    agent.close();
    await rm(folder, { recursive: true, force: true });
  }
});

test('a keyring can be opened as soon as it is closed, time and again, with the agent of gpg', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-keyrings-'));
  try {
    const sockets: string[] = [];
    const make = ['--passphrase', '', '--yes', '--quick-generate-key', 'hello', 'ed25519', 'sign', 'never'];
    await withKeyring(folder, (gpg) => gpg(make));
    const agents = new Set<string>();
    for (let time = 0; time < 40; time += 1) {
      const ring = await openKeyring(folder);
      const launched = { env: { ...ring.environment }, extendEnv: false, stdin: 'ignore' } as const;
      expect(await ring.gpg(['--with-colons', '--list-secret-keys'])).toContain('hello');
      const { stdout } = await execa('gpg-connect-agent', ['--no-autostart', 'GETINFO pid', '/bye'], launched);
      sockets.push((await execa('gpgconf', ['--list-dirs', 'agent-socket'], launched)).stdout);
      await ring.close();
      const [, pid = ''] = /^D (\d+)$/m.exec(stdout) ?? [];
      agents.add(pid);
    }
    expect(agents.size).toBe(40);
    expect(agents.has('')).toBe(false);
    // Where the machine has a place for sockets, each has had a folder of its own there.
    expect(sockets.filter((socket) => existsSync(socket))).toEqual([]);
    expect(sockets.map(dirname).filter((each) => each.includes('/gnupg/d.') && existsSync(each))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('no more keyrings are open than may be: the next one waits until another is closed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-keyrings-'));
  try {
    const open = await Promise.all(Array.from({ length: 16 }, () => openKeyring(folder)));
    const opened: string[] = [];
    const waits = openKeyring(folder).then((ring) => {
      opened.push('late');
      return ring;
    });
    await vi.waitFor(() => expect(isKeyringWanted()).toBe(true));
    expect(opened).toEqual([]);
    await open[0]?.close();
    const late = await waits;
    for (const ring of [...open.slice(1), late]) await ring.close();
    expect(isKeyringWanted()).toBe(false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
