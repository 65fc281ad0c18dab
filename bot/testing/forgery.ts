// Repositories as somebody makes them who has changed what a service published: real packages, real metadata, real
// signatures of the wrong key.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/** A key that can sign. */
export interface SigningKey {
  /** Signs a package in place; a signature that it has is replaced. */
  signPackage(file: string): Promise<void>;
  /** Signs the metadata of a repository. */
  signMetadata(repository: string): Promise<void>;
  remove(): Promise<void>;
}

/** A key that nobody has heard of. */
export async function makeStrangersKey(): Promise<SigningKey> {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-stranger-'));
  await gpg(folder, '--passphrase', '', '--quick-generate-key', 'A stranger', 'rsa3072', 'sign', 'never');
  return keyIn(folder);
}

/** A copy of a keyring, so that its owner's is left alone. */
export async function copyKey(keyring: string): Promise<SigningKey> {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-key-'));
  await cp(keyring, folder, { recursive: true, filter: (path) => !/\/S\.[^/]*$|\.lock$/.test(path) });
  return keyIn(folder);
}

async function keyIn(folder: string): Promise<SigningKey> {
  const listed = (await gpg(folder, '--with-colons', '--list-secret-keys')).stdout;
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? '';
  return {
    async signPackage(file) {
      const macros = { __gpg: '/usr/bin/gpg', _gpg_name: fingerprint, _gpg_path: folder };
      const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
      await execa('rpmsign', [...defines, '--resign', file], { stdin: 'ignore', env: { GNUPGHOME: folder } });
    },
    async signMetadata(repository) {
      const file = join(repository, 'repodata/repomd.xml');
      await gpg(folder, '--yes', '--armor', '--output', `${file}.asc`, '--detach-sign', file);
    },
    async remove() {
      await execa('gpgconf', ['--homedir', folder, '--kill', 'gpg-agent'], { stdin: 'ignore' });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const gpg = (folder: string, ...args: string[]) =>
  execa('gpg', ['--batch', '--quiet', '--homedir', folder, ...args], { stdin: 'ignore' });

/** Takes the signature out of a package. */
export async function unsignPackage(file: string): Promise<void> {
  await execa('rpmsign', ['--delsign', file], { stdin: 'ignore' });
}

/** Changes one byte of what a package installs; its signed header stays as it is. */
export async function changePayload(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 100) ^ 0xff, bytes.length - 100);
  await writeFile(file, bytes);
}

/** Metadata that is right about the packages as they are now, without a signature. */
export async function indexAgain(repository: string): Promise<void> {
  await rm(join(repository, 'repodata'), { recursive: true });
  await execa('createrepo_c', ['--quiet', '--no-database', repository], { stdin: 'ignore' });
}
