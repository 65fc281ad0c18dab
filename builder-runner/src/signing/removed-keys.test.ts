import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultTerms, sandboxOf } from '@coppice/config';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { removeProject } from '../publish/project-life.ts';
import { ensureKey, keyFolder, rotateKey } from './keys.ts';
import { listRemovedKeys, tendRemovedKeys } from './removed-keys.ts';

// Quicker to make; what happens to it is the same.
const terms = { ...defaultTerms, kind: 'ed25519' } as const;
const day = 86_400_000;

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-removed-'));
});
afterEach(async () => {
  for (const ring of ['backup']) {
    await execa('gpgconf', ['--homedir', join(home, ring), '--kill', 'gpg-agent'], { reject: false });
  }
  await rm(home, { recursive: true, force: true });
});

const keyOf = async (options: Parameters<typeof ensureKey>[3] = {}) =>
  await ensureKey(home, 'acme', 'tools', { terms, ...options });
const tend = (days: number, backupKeyFile?: string) =>
  tendRemovedKeys(home, { now: Date.now() + days * day, backupKeyFile });
const kept = () => readdirSync(join(home, 'state/keys-removed/acme'));

describe('the key of a project that is gone', () => {
  test('is that of a project that comes back, the newest one, and of no other', async () => {
    const { fingerprint } = await keyOf();
    await removeProject(home, 'acme', 'tools');
    expect(kept()).toEqual([`tools-${fingerprint}`]);
    const other = await ensureKey(home, 'acme', 'tools-2', { terms });
    expect(other.fingerprint).not.toBe(fingerprint);
    expect((await keyOf()).fingerprint).toBe(fingerprint);
    expect(kept()).toEqual([]);
    expect(existsSync(join(home, 'published/results/acme/tools/pubkey.gpg'))).toBe(true);
  });

  test('that was followed by another one does not come back', async () => {
    const { fingerprint: old } = await keyOf();
    const { keys } = await rotateKey(home, 'acme', 'tools', { terms, atOnce: true });
    await removeProject(home, 'acme', 'tools');
    const back = await keyOf();
    expect(back.fingerprint).toBe(keys[0]?.fingerprint);
    expect(await secretsIn(keyFolder(home, 'acme', 'tools'))).not.toContain(old);
  });

  test('that has ended does not come back', async () => {
    const { fingerprint } = await keyOf();
    await removeProject(home, 'acme', 'tools');
    const later = Date.now() + (terms.lifeSeconds + 1) * 1000;
    expect((await keyOf({ now: later })).fingerprint).not.toBe(fingerprint);
  });

  test('is kept when the note of its fingerprint is lost, and comes back', async () => {
    const { fingerprint } = await keyOf();
    await rm(join(keyFolder(home, 'acme', 'tools'), 'fingerprint'));
    await removeProject(home, 'acme', 'tools');
    expect(kept()).toEqual([`tools-${fingerprint}`]);
    expect((await keyOf()).fingerprint).toBe(fingerprint);
  });

  test('stays where it is when its folder is damaged, and the file is named', async () => {
    await keyOf();
    const folder = keyFolder(home, 'acme', 'tools');
    for (const name of ['fingerprint', 'private-keys-v1.d']) await rm(join(folder, name), { recursive: true });
    await expect(removeProject(home, 'acme', 'tools')).rejects.toThrow(`${folder}/fingerprint names no key`);
    expect(existsSync(join(folder, 'pubring.kbx'))).toBe(true);
  });

  test('of a sandbox is overwritten before it is deleted', async () => {
    const sandbox = sandboxOf('tools', 7);
    await ensureKey(home, 'acme', sandbox, { terms });
    const secrets = join(keyFolder(home, 'acme', sandbox), 'private-keys-v1.d');
    const other = join(home, 'the-same-file');
    for (const name of readdirSync(secrets)) await link(join(secrets, name), other);
    const before = readFileSync(other, 'latin1');
    expect(before).toContain('key');
    await removeProject(home, 'acme', sandbox);
    expect(readFileSync(other, 'latin1')).not.toContain(before.slice(0, 40));
  });

  test('is kept for a year, that of a sandbox not at all', async () => {
    const sandbox = sandboxOf('tools', 7);
    for (const name of ['tools', sandbox]) {
      await ensureKey(home, 'acme', name, { terms });
      await removeProject(home, 'acme', name);
    }
    expect(existsSync(keyFolder(home, 'acme', sandbox))).toBe(false);
    expect(kept()).toEqual([expect.stringMatching(/^tools-[0-9A-F]{40}$/)]);
    // One that an older service has kept.
    await mkdir(join(home, 'state/keys-removed/acme', `${sandbox}-${'A'.repeat(40)}`));
    await tend(364);
    expect(kept()).toHaveLength(1);
    await tend(366);
    expect(kept()).toEqual([]);
  });
});

describe('with a backup key', () => {
  let backup: string;
  let backupKeyFile: string;
  const gpg = (...args: string[]) => execa('gpg', ['--homedir', backup, '--batch', '--quiet', ...args]);
  beforeEach(async () => {
    backup = join(home, 'backup');
    await mkdir(backup, { mode: 0o700 });
    await gpg('--passphrase', '', '--quick-generate-key', 'Backups', 'default', 'default', 'never');
    backupKeyFile = join(home, 'backup.asc');
    await writeFile(backupKeyFile, (await gpg('--armor', '--export')).stdout);
  });

  test('it is encrypted, the operator is told how to bring it back, and can', async () => {
    const { fingerprint } = await keyOf();
    await rotateKey(home, 'acme', 'tools', { terms, atOnce: false });
    await removeProject(home, 'acme', 'tools');
    await tend(0, backupKeyFile);
    expect(kept()).toEqual([`tools-${fingerprint}.asc`]);
    expect(await listRemovedKeys(home)).toMatchObject([{ isEncrypted: true, owner: 'acme', name: 'tools' }]);
    const said: string[] = [];
    const log = (_level: string, message: string) => void said.push(message);
    expect((await keyOf({ log })).fingerprint).not.toBe(fingerprint);
    expect(said).toEqual([expect.stringContaining(`(${fingerprint}). Whoever has the backup key may bring it back`)]);
    const [, command = ''] = /stop the service, remove \S+, (.+)$/.exec(said[0] ?? '') ?? [];
    await rm(keyFolder(home, 'acme', 'tools'), { recursive: true });
    await execa('bash', ['-ec', command.replace(', then ', ' && ')], { env: { GNUPGHOME: backup } });
    await execa('gpgconf', ['--homedir', keyFolder(home, 'acme', 'tools'), '--kill', 'gpg-agent']);
    expect((await keyOf()).keys).toMatchObject([{ fingerprint, role: 'signing' }, { role: 'next' }]);
  }, 60_000);

  test('one that cannot be encrypted to is named, and nothing is lost', async () => {
    const { fingerprint } = await keyOf();
    await removeProject(home, 'acme', 'tools');
    await writeFile(backupKeyFile, 'no key');
    await expect(tend(0, backupKeyFile)).rejects.toThrow(/backup key in .+backup\.asc/);
    expect(kept()).toEqual([`tools-${fingerprint}`]);
    expect(readFileSync(join(home, 'state/keys-removed/acme', `tools-${fingerprint}`, 'removed'), 'utf8')).toMatch(
      /^\d{4}-/,
    );
  });
});

async function secretsIn(folder: string): Promise<string> {
  const { stdout } = await execa('gpg', ['--homedir', folder, '--batch', '--with-colons', '--list-secret-keys']);
  await execa('gpgconf', ['--homedir', folder, '--kill', 'gpg-agent'], { reject: false });
  return stdout;
}
