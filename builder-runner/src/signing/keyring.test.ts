import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test, vi } from 'vitest';
import { endLeftKeyrings, isKeyringWanted, openKeyring } from './keyring.ts';
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
