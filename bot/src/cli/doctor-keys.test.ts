import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSettings, type Settings } from '@coppice/config';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Home, readHome } from '../service/home.ts';
import { backupKeyFinding, judgeKeys, keysFinding, removedKeysFinding } from './doctor-keys.ts';

let home: Home;
beforeEach(async () => {
  home = readHome({ COPPICE_HOME: await mkdtemp(join(tmpdir(), 'coppice-doctor-keys-')) });
  await mkdir(home.state, { mode: 0o700 });
});
afterEach(() => rm(home.folder, { recursive: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(join(home.state, path, '..'), { recursive: true, mode: 0o700 });
  await writeFile(join(home.state, path), text, { mode: 0o600 });
}

function settingsOf(text: string): Settings {
  const parsed = parseSettings(text, 'settings.yaml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

describe('keys', () => {
  const now = Date.parse('2026-06-01T00:00:00Z');
  const inDays = (days: number) => String(now / 1000 + days * 86_400);
  const key = (fingerprint: string, name: string, { ends = '', made = 1_700_000_000, validity = '-' } = {}) =>
    `pub:${validity}:4096:1:00:${made}:${ends}::-:::sc\nfpr:::::::::${fingerprint}:\nuid:-::::1::H::${name}:::::::::0:\n`;
  const judge = (listing: string, ...signing: string[]) => judgeKeys(listing, now, new Set(signing));

  test.each([
    ['never ends', '', true, '1 lasts longer than 60 days; 1 of them never ends'],
    ['ends in three months', inDays(90), true, '1 lasts longer than 60 days'],
    ['ends in two days', inDays(2), false, 'the key of acme/tools (Coppice) ends in 2 days'],
    ['has ended', String(now / 1000 - 1), false, 'the key of acme/tools (Coppice) has ended'],
  ])('one that %s', (_, ends, isGood, detail) => {
    const finding = judge(key('AB', 'acme/tools (Coppice)', { ends }), 'AB');
    expect(finding).toMatchObject({ good: isGood, detail });
    if (!isGood) expect(finding.fix).toContain('coppice rotate-key');
  });

  test('one that is followed by the next one, or that signs no more, is not named', () => {
    const ending = key('AB', 'a/b', { ends: inDays(2) });
    expect(judge(`${ending}${key('CD', 'a/b', { made: 1_700_000_001, ends: inDays(700) })}`, 'AB').good).toBe(true);
    expect(judge(`${ending}${key('CD', 'c/d', { made: 1_700_000_001 })}`, 'AB').good).toBe(false);
    expect(judge(`${ending}${key('CD', 'a/b', { ends: inDays(700) })}`, 'CD').good).toBe(true);
    expect(judge(`${key('AB', 'a/b', { ends: '1' })}${key('CD', 'a/b', { made: 2e9 })}`, 'AB').good).toBe(false);
  });

  test('one that was revoked is named, and only that one', () => {
    const { detail } = judge(key('AB', 'a/b', { validity: 'r' }) + key('CD', 'c/d'), 'AB', 'CD');
    expect(detail).toBe('the key of a/b was revoked');
  });

  test('a real key is read, and a file that is none is not taken for good', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'coppice-doctor-gpg-'));
    const gpg = (...args: string[]) =>
      execa('gpg', ['--batch', '--no-tty', ...args], { env: { GNUPGHOME: scratch }, stdin: 'ignore' });
    try {
      await gpg('--passphrase', '', '--quick-generate-key', 'acme/tools (Coppice)', 'ed25519', 'sign', '10d');
      const { stdout } = await gpg('--armor', '--export');
      const listed = (await gpg('--with-colons', '--list-keys')).stdout;
      await put('keys/acme/tools/pubkey.gpg', stdout);
      await put('keys/acme/tools/fingerprint', `${/^fpr:+(\w+):/m.exec(listed)?.[1]}\n`);
      expect(await keysFinding(home, Date.now())).toMatchObject({
        detail: 'the key of acme/tools (Coppice) ends in 10 days',
      });
      await put('keys/acme/other/pubkey.gpg', 'no key');
      expect(await keysFinding(home, Date.now())).toMatchObject({ good: false });
      // A key that only signs is none to encrypt to.
      const settings = settingsOf('backup: { publicKeyFile: state/keys/acme/tools/pubkey.gpg }');
      expect(await backupKeyFinding(home, settings, Date.now())).toMatchObject([{ good: false }]);
      await gpg('--passphrase', '', '--quick-generate-key', 'Backups', 'default', 'default', '1d');
      await put('keys/acme/tools/pubkey.gpg', (await gpg('--armor', '--export', 'Backups')).stdout);
      expect(await backupKeyFinding(home, settings, Date.now())).toMatchObject([{ good: true }]);
      expect(await backupKeyFinding(home, settings, Date.now() + 2 * 86_400_000)).toMatchObject([{ good: false }]);
    } finally {
      await execa('gpgconf', ['--homedir', scratch, '--kill', 'gpg-agent'], { reject: false });
      await rm(scratch, { recursive: true, force: true });
    }
  });
});

test('keys of removed projects are told with how they are kept, and a backup key that is not there is a fault', async () => {
  const none = settingsOf('');
  const some = settingsOf('backup: { publicKeyFile: /nonexistent/backup.asc }');
  expect(await removedKeysFinding(home, none)).toMatchObject({ good: true, detail: 'none is kept' });
  await put(`keys-removed/acme/tools-${'A'.repeat(40)}/fingerprint`, 'A');
  expect((await removedKeysFinding(home, none)).detail).toMatch(
    /^1 is kept .+ 1 of them not encrypted: .+publicKeyFile/,
  );
  expect((await removedKeysFinding(home, some)).detail).toMatch(/encrypts them within an hour$/);
  await rm(join(home.state, 'keys-removed'), { recursive: true });
  await put(`keys-removed/acme/tools-${'A'.repeat(40)}.asc`, 'A');
  expect((await removedKeysFinding(home, some)).detail).toBe('1 is kept for a year, encrypted');
  expect(await backupKeyFinding(home, none, 0)).toEqual([]);
  expect(await backupKeyFinding(home, some, 0)).toMatchObject([{ good: false, detail: expect.stringContaining('/n') }]);
});
