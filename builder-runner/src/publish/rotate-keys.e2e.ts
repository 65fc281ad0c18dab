// Keys that follow each other, as real dnf meets them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildId, defaultTerms, published, type SigningTerms } from '@coppice/config';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { needRoot } from '../../testing/need-root.ts';
import { publishTiny, testChroot } from '../../testing/publish-builds.ts';
import { ensureKey, isMetadataBehind, keyFolder, rotateKey } from '../signing/keys.ts';
import { closeAllSigning } from '../signing/sign.ts';
import { askRotation } from './key-requests.ts';
import { deleteBuild, signMetadata } from './project-life.ts';
import { removeDue } from './remove-later.ts';
import { freezeProject, unfreezeProject } from './takedown.ts';
import { type KeyTender, startKeyTending } from './tend-keys.ts';

needRoot();

let home: string;
let terms: SigningTerms;
let publisher: { home: string; url: string; signing: () => SigningTerms };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-rotate-'));
  terms = defaultTerms;
  publisher = { home, url: 'https://build.example.org', signing: () => terms };
});
afterEach(async () => {
  await closeAllSigning(home);
  await rm(home, { recursive: true, force: true });
});

const keyFile = () => join(home, 'published', published.publicKey('acme', 'tools'));
const repository = () => join(home, 'published', published.repository('acme', 'tools', testChroot));
const rotate = (atOnce: boolean) => rotateKey(home, 'acme', 'tools', { terms, atOnce });
const rolesNow = async () => (await ensureKey(home, 'acme', 'tools', { terms })).keys.map(({ role }) => role);

/** A machine that checks packages and metadata, as an administrator runs dnf with `-y`. */
async function makeClient() {
  const folder = await mkdtemp(join(home, 'client-'));
  const root = join(folder, 'root');
  const about = ['[tools]', 'name=tools', `baseurl=file://${repository()}`, 'gpgcheck=1', 'repo_gpgcheck=1'];
  await mkdir(join(folder, 'repos'));
  await writeFile(
    join(folder, 'repos/tools.repo'),
    [...about, `gpgkey=file://${keyFile()}`, 'metadata_expire=0', 'skip_if_unavailable=0', ''].join('\n'),
  );
  const options = ['-y', '--disableplugin=local', '--releasever=12', `--installroot=${root}`];
  const settings = [`--setopt=cachedir=${join(folder, 'cache')}`, `--setopt=reposdir=${join(folder, 'repos')}`];
  const rpm = async (...args: string[]) => {
    const { stdout } = await execa('rpm', ['--root', root, ...args]);
    return stdout.split('\n').sort();
  };
  return {
    dnf: (...args: string[]) => execa('dnf', [...options, ...settings, ...args], { stdin: 'ignore' }),
    installed: () => rpm('-q', '--qf', '%{VERSION}\n', 'one'),
    trusted: () => rpm('-q', '--qf', '%{VERSION}\n', 'gpg-pubkey'),
  };
}

const shortId = (fingerprint: string) => fingerprint.slice(-8).toLowerCase();

describe('when the key changes', () => {
  test('clients that know the old key, both, or none yet go on installing and updating', async () => {
    await publishTiny(publisher, 1, 'one', '1.0');
    const { fingerprint: old } = await ensureKey(home, 'acme', 'tools');
    const [early, late] = [await makeClient(), await makeClient()];
    for (const client of [early, late]) await client.dnf('install', 'one');

    const { keys, wasUnderWay } = await rotate(false);
    expect(wasUnderWay).toBe(false);
    expect(keys.map(({ role }) => role)).toEqual(['signing', 'next']);
    const next = keys[1]?.fingerprint ?? '';
    expect(await rotate(false)).toMatchObject({ wasUnderWay: true, keys: [{}, { fingerprint: next }] });
    const [block, ...more] = readFileSync(keyFile(), 'utf8').match(/-BEGIN PGP PUBLIC KEY BLOCK-/g) ?? [];
    expect([block, more.length]).toEqual(['-BEGIN PGP PUBLIC KEY BLOCK-', 1]);
    await publishTiny(publisher, 2, 'one', '2.0');
    await publishTiny(publisher, 3, 'two', '1.0');
    await early.dnf('upgrade');
    expect([await early.installed(), await early.trusted()]).toEqual([['2.0'], [shortId(old)]]);
    const between = await makeClient();
    await between.dnf('install', 'one');
    expect(await between.trusted()).toEqual([old, next].map(shortId).sort());

    const overlapIsOver = Date.now() + (terms.overlapSeconds + 1) * 1000;
    expect(await ensureKey(home, 'acme', 'tools', { terms, now: overlapIsOver })).toMatchObject({
      fingerprint: next,
      keys: [{ role: 'signing' }, { role: 'former', fingerprint: old }],
    });
    await publishTiny(publisher, 4, 'one', '3.0');
    const fresh = await makeClient();
    // One package is signed with each key.
    await fresh.dnf('install', 'one', 'two');
    for (const client of [early, late, between, fresh]) {
      await client.dnf('upgrade');
      expect([await client.installed(), await client.trusted()]).toEqual([['3.0'], [old, next].map(shortId).sort()]);
    }
    const secret = await execa('gpg', ['--homedir', keyFolder(home, 'acme', 'tools'), '--list-secret-keys'], {
      env: { LC_ALL: 'C' },
    });
    expect(secret.stdout).toContain(next);
    expect(secret.stdout).not.toContain(old);
  }, 120_000);

  test('one that has ended signs nothing and says what to do; the next one signs at once, and clients go on', async () => {
    await publishTiny(publisher, 1, 'one', '1.0');
    const client = await makeClient();
    await client.dnf('install', 'one');
    await closeAllSigning(home);
    const folder = keyFolder(home, 'acme', 'tools');
    const { fingerprint } = await ensureKey(home, 'acme', 'tools');
    const gpg = ['--homedir', folder, '--batch', '--pinentry-mode', 'loopback', '--passphrase', ''];
    await execa('gpg', [...gpg, '--quick-set-expire', fingerprint, 'seconds=1']);
    await execa('gpgconf', ['--homedir', folder, '--kill', 'gpg-agent']);
    for (const name of ['keys.json', 'pubkey.gpg']) await rm(join(folder, name));
    const isOver = async () => Date.parse((await ensureKey(home, 'acme', 'tools')).keys[0]?.endsAt ?? '') < Date.now();
    await expect.poll(isOver, { timeout: 30_000 }).toBe(true);
    const refused = publishTiny(publisher, 2, 'one', '2.0');
    await expect(refused).rejects.toThrow(/key of acme\/tools ended on \d.+: .+ coppice rotate-key acme\/tools$/);
    terms = defaultTerms;
    expect((await rotate(false)).keys.map(({ role }) => role)).toEqual(['signing', 'former']);
    await signMetadata(publisher, { owner: 'acme', name: 'tools' });
    await publishTiny(publisher, 3, 'one', '3.0');
    await client.dnf('upgrade');
    expect(await client.installed()).toEqual(['3.0']);
  }, 120_000);

  test('another kind is for the next key, and a keyring whose notes are lost is read again', async () => {
    await publishTiny(publisher, 1, 'one', '1.0');
    terms = { ...defaultTerms, kind: 'ed25519' };
    expect((await ensureKey(home, 'acme', 'tools', { terms })).keys).toMatchObject([{ kind: 'rsa4096' }]);
    await rotate(false);
    const folder = keyFolder(home, 'acme', 'tools');
    const before = await ensureKey(home, 'acme', 'tools', { terms });
    expect(before.keys).toMatchObject([{ kind: 'rsa4096' }, { kind: 'ed25519', role: 'next' }]);
    for (const name of ['keys.json', 'pubkey.gpg', 'fingerprint']) await rm(join(folder, name));
    expect(await ensureKey(home, 'acme', 'tools', { terms })).toEqual(before);
    await rotate(true);
    expect(await rolesNow()).toEqual(['signing', 'former']);
    await publishTiny(publisher, 2, 'one', '2.0');
    const client = await makeClient();
    await client.dnf('install', 'one');
    expect(await client.installed()).toEqual(['2.0']);
  }, 60_000);
});

describe('the service', () => {
  const tools = { owner: 'acme', name: 'tools' };
  let changes: number;
  let now: number;
  let tender: KeyTender;
  const said: string[] = [];

  beforeEach(async () => {
    changes = 0;
    now = Date.now();
    await publishTiny(publisher, 1, 'one', '1.0');
    tender = await startKeyTending({
      ...{ publisher, projects: () => [tools], now: () => new Date(now), askMilliseconds: 20 },
      onChange: () => {
        changes += 1;
      },
      log: (_level, message) => void said.push(message),
    });
  });
  afterEach(() => tender.stop());

  test('makes a next key when a command asks, and lets it sign all metadata when the overlap is over', async () => {
    const { fingerprint } = await ensureKey(home, 'acme', 'tools');
    const answer = await askRotation(home, { owner: 'acme', project: 'tools', atOnce: false }, 30_000);
    expect(answer).toMatchObject({ kind: 'rotated', keys: [{ role: 'signing', fingerprint }, { role: 'next' }] });
    await expect.poll(() => tender.states()[0]?.keys.length, { timeout: 10_000 }).toBe(2);
    expect(changes).toBeGreaterThan(0);
    now += (terms.overlapSeconds + 60) * 1000;
    await tender.look();
    const [signing] = tender.states()[0]?.keys ?? [];
    expect(signing?.fingerprint).not.toBe(fingerprint);
    expect(await isMetadataBehind(home, 'acme', 'tools')).toBe(false);
    expect(await signerOfMetadata()).toBe(signing?.fingerprint);
    expect(readdirSync(join(home, 'state/key-requests'))).toEqual([]);
  }, 60_000);

  test('answers why it cannot, and leaves no answer to who has gone', async () => {
    const answer = await askRotation(home, { owner: 'acme', project: 'other', atOnce: false }, 30_000);
    expect(answer).toEqual({ kind: 'failed', why: 'there is no project acme/other' });
    expect(existsSync(keyFolder(home, 'acme', 'other'))).toBe(false);
  }, 60_000);

  test('lets a former key go when no package is signed with it, and not before', async () => {
    await rotate(true);
    await publishTiny(publisher, 2, 'one', '2.0');
    const fingerprintFile = join(keyFolder(home, 'acme', 'tools'), 'fingerprint');
    await tender.look();
    await deleteBuild(publisher, 'acme', 'tools', 1 as BuildId);
    // Its packages stay for a while, for who has read the metadata before.
    await removeDue(home, new Date(Date.now() + 601_000));
    await tender.look();
    // Something that was signed before may be on its way still.
    expect(await rolesNow()).toEqual(['signing', 'former']);
    await utimes(fingerprintFile, now / 1000 - 8 * 86_400, now / 1000 - 8 * 86_400);
    await tender.look();
    expect(await rolesNow()).toEqual(['signing']);
    const client = await makeClient();
    await client.dnf('install', 'one');
    expect(await client.installed()).toEqual(['2.0']);
  }, 60_000);

  test('leaves the keys of a frozen project alone, and what it has once it is put back can be installed', async () => {
    await rotate(true);
    await freezeProject(publisher, 'acme', 'tools');
    const fingerprintFile = join(keyFolder(home, 'acme', 'tools'), 'fingerprint');
    await utimes(fingerprintFile, now / 1000 - 8 * 86_400, now / 1000 - 8 * 86_400);
    await tender.look();
    expect(await rolesNow()).toEqual(['signing', 'former']);
    expect(existsSync(keyFile())).toBe(false);
    await unfreezeProject(publisher, 'acme', 'tools');
    await tender.look();
    const { fingerprint, keys } = await ensureKey(home, 'acme', 'tools', { terms });
    expect(keys.map(({ role }) => role)).toEqual(['signing', 'former']);
    expect(await signerOfMetadata()).toBe(fingerprint);
    const client = await makeClient();
    await client.dnf('install', 'one');
    expect(await client.installed()).toEqual(['1.0']);
  }, 60_000);

  /** The key that has signed the metadata that is there. */
  async function signerOfMetadata(): Promise<string | undefined> {
    const ring = await mkdtemp(join(home, 'ring-'));
    const gpg = (...args: string[]) => execa('gpg', ['--homedir', ring, '--batch', '--no-autostart', ...args]);
    await gpg('--import', keyFile());
    const repomd = join(repository(), 'repodata/repomd.xml');
    const { stdout } = await gpg('--status-fd', '1', '--verify', `${repomd}.asc`, repomd);
    return /VALIDSIG ([0-9A-F]{40})/.exec(stdout)?.[1];
  }
});
