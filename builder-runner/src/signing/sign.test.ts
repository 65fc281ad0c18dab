import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeRpms } from '../../testing/make-rpms.ts';
import { readSignatureKinds } from '../rpm/rpm-signatures.ts';
import { ensureKey, rotateKey } from './keys.ts';
import { closeAllSigning, type Signer, signRpms } from './sign.ts';

let home: string;
let foreign: string;
let signer: Signer;
const rpm = 'one-1.0-1.noarch.rpm';

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-sign-'));
  foreign = await mkdtemp(join(tmpdir(), 'coppice-foreign-'));
  const { fingerprint } = await ensureKey(home, 'acme', 'tools');
  signer = { home, owner: 'acme', project: 'tools', fingerprint };
});
afterAll(async () => {
  await closeAllSigning(home);
  await execa('gpgconf', ['--homedir', foreign, '--kill', 'gpg-agent'], { reject: false });
  for (const folder of [home, foreign]) await rm(folder, { recursive: true, force: true });
});

const listed = ['RSAHEADER', 'DSAHEADER', 'SIGPGP', 'SIGGPG', 'FILESIGNATURES', 'VERITYSIGNATURES'];

test('a package that others signed, header, payload and files, is signed by the key of the project alone', async () => {
  const folder = await mkdtemp(join(home, 'rpms-'));
  const files = '%install\nmkdir -p %{buildroot}/opt\necho x > %{buildroot}/opt/x\n%files\n/opt/x';
  await makeRpms(folder, 'one', '1.0', { files });
  const path = join(folder, rpm);
  expect(await readSignatureKinds(path)).toEqual(new Set());
  await signAsStranger(folder, path);
  const before = await signaturesOf(path);
  expect(before).toMatchObject({ RSAHEADER: '(none)', FILESIGNATURES: '(none)' });
  for (const tag of ['DSAHEADER', 'SIGGPG', 'VERITYSIGNATURES']) expect(before[tag], tag).not.toBe('(none)');
  expect(await readSignatureKinds(path)).toEqual(new Set(['package', 'files']));

  for (const again of [false, true]) {
    await signRpms(signer, folder, [rpm, 'one-1.0-1.src.rpm']);
    const { RSAHEADER = '', ...others } = await signaturesOf(path);
    expect(RSAHEADER, String(again)).toContain(signer.fingerprint.slice(-16).toLowerCase());
    expect(new Set(Object.values(others))).toEqual(new Set(['(none)']));
  }
  const database = await mkdtemp(join(home, 'rpmdb-'));
  const keyFile = join(home, 'published/results/acme/tools/pubkey.gpg');
  await execa('rpmkeys', ['--dbpath', database, '--import', keyFile]);
  const { stdout } = await execa('rpmkeys', ['--dbpath', database, '-Kv', path]);
  expect(stdout.match(/key ID [0-9a-f]+: \w+/g)).toEqual([`key ID ${signer.fingerprint.slice(-8).toLowerCase()}: OK`]);
}, 60_000);

test('who was given the key before another one follows signs with that one', async () => {
  const folder = await mkdtemp(join(home, 'rpms-'));
  await makeRpms(folder, 'one', '1.0');
  const { fingerprint } = await ensureKey(home, 'acme', 'late');
  const { keys } = await rotateKey(home, 'acme', 'late', { atOnce: true });
  expect(keys[0]?.fingerprint).not.toBe(fingerprint);
  await signRpms({ ...signer, project: 'late', fingerprint }, folder, ['one-1.0-1.src.rpm']);
  const { RSAHEADER } = await signaturesOf(join(folder, 'one-1.0-1.src.rpm'));
  expect(RSAHEADER).toContain(keys[0]?.fingerprint.slice(-16).toLowerCase());
});

test('what is no package is refused with a reason', async () => {
  const folder = await mkdtemp(join(home, 'rpms-'));
  await execa('cp', ['/etc/hostname', join(folder, 'x.rpm')]);
  await expect(signRpms(signer, folder, ['x.rpm'])).rejects.toMatchObject({ code: 'sign' });
});

async function signaturesOf(path: string): Promise<Readonly<Record<string, string>>> {
  const format = listed.map((tag) => `%{${tag}${tag.endsWith('SIGNATURES') ? '' : ':pgpsig'}}`).join('\u0001');
  const { stdout } = await execa('rpm', ['-qp', '--nosignature', '--qf', format, path]);
  const values = stdout.split('\u0001');
  return Object.fromEntries(listed.map((tag, index) => [tag, values[index] ?? '']));
}

/** Signatures of the first rpms, over header and payload, by a key of another algorithm; and signatures of files. */
async function signAsStranger(folder: string, path: string): Promise<void> {
  const gpg = ['--homedir', foreign, '--batch', '--quiet', '--passphrase', ''];
  await execa('gpg', [...gpg, '--quick-generate-key', 'A stranger', 'dsa2048', 'sign', 'never'], { stdin: 'ignore' });
  const macros = { __gpg: '/usr/bin/gpg', _gpg_name: 'A stranger', _gpg_path: foreign };
  const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-subj', '/CN=x', '-days', '9'];
  await execa('openssl', ['req', '-x509', ...made]);
  const verity = ['--signverity', `--fskpath=${key}`, `--certpath=${certificate}`];
  await execa('rpmsign', [...defines, '--rpmv3', ...verity, '--addsign', path], { stdin: 'ignore' });
}
