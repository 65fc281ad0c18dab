// The signing keys: one per project, made when it is first needed, never leaving the control host.
import { chmod, mkdir, mkdtemp, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { published } from '@coppice/config';
import { execa } from 'execa';
import { exists } from '../base/absent.ts';
import { describeError, RunnerError } from '../base/errors.ts';
import { inTurn } from '../base/in-turn.ts';
import { readRegularFile, setAside } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';

export interface ProjectKey {
  /** Long fingerprint, upper-case hexadecimal. */
  readonly fingerprint: string;
  /** Absolute path of the armored public key inside `published/`. */
  readonly publicKeyPath: string;
}

/** rsa4096: the rpm of EL 8 and older cannot read the newer kinds. It takes a third of a second, once per project. */
const keyKind = 'rsa4096';
const fingerprintFile = 'fingerprint';
const maximumKeyBytes = 1024 * 1024;

/** Where a project's keyring is; readable by the service's user alone. */
export function keyFolder(home: string, owner: string, project: string): string {
  return join(home, 'state', 'keys', owner, project);
}

/** The project's key, made and published when it is not there yet. Throws RunnerError `keys` or `tool-missing`. */
export function ensureKey(home: string, owner: string, project: string): Promise<ProjectKey> {
  const folder = keyFolder(home, owner, project);
  return inTurn(`key ${folder}`, async () => {
    const fingerprint = (await readFingerprint(folder)) ?? (await makeKey(folder, `${owner}/${project}`));
    const publicKeyPath = join(home, 'published', published.publicKey(owner, project));
    await publishKey(folder, fingerprint, publicKeyPath);
    return { fingerprint, publicKeyPath };
  });
}

const fingerprintPattern = /^[0-9A-F]{40,64}$/;

/**
 * Undefined when there is no key yet. A note that is damaged is written anew from the keyring. Throws RunnerError
 * `keys` when that holds no key either: another one would be one that no user of the project knows.
 */
async function readFingerprint(folder: string): Promise<string | undefined> {
  const path = join(folder, fingerprintFile);
  const read = await readRegularFile(path, maximumKeyBytes);
  const known = read?.kind === 'text' ? read.text.trim() : undefined;
  if (known !== undefined && fingerprintPattern.test(known)) return known;
  if (!(await exists(folder))) return undefined;
  const fingerprint = await withKeyring(folder, listFingerprint).catch(() => undefined);
  if (fingerprint === undefined) {
    const what = `the signing key in ${folder} is damaged: put the folder back from a backup, or move it away for a new key`;
    throw new RunnerError('keys', what);
  }
  if (read?.kind === 'odd') await setAside(path);
  await replaceFile(path, `${fingerprint}\n`, { sync: true });
  return fingerprint;
}

async function listFingerprint(gpg: RunGpg): Promise<string | undefined> {
  const listed = await gpg(['--with-colons', '--list-secret-keys']);
  return /^fpr:+([0-9A-F]{40,64}):/m.exec(listed)?.[1];
}

async function makeKey(folder: string, name: string): Promise<string> {
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  // Only a complete keyring gets the folder's name.
  const fresh = await mkdtemp(`${folder}.new-`);
  try {
    await chmod(fresh, 0o700);
    const fingerprint = await withKeyring(fresh, async (gpg) => {
      await gpg(['--passphrase', '', '--quick-generate-key', `${name} (Coppice)`, keyKind, 'sign', 'never']);
      return await listFingerprint(gpg);
    });
    if (fingerprint === undefined) throw new RunnerError('keys', `gpg made no key for ${name}`);
    await replaceFile(join(fresh, fingerprintFile), `${fingerprint}\n`, { sync: true });
    await rm(folder, { recursive: true, force: true });
    await rename(fresh, folder);
    return fingerprint;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function publishKey(folder: string, fingerprint: string, path: string): Promise<void> {
  const [there, cached] = await Promise.all([readKey(path), readKey(join(folder, 'pubkey.gpg'))]);
  if (there !== undefined && there === cached) return;
  const armored = cached ?? (await withKeyring(folder, (gpg) => gpg(['--armor', '--export', fingerprint])));
  if (!armored.includes('BEGIN PGP PUBLIC KEY BLOCK'))
    throw new RunnerError('keys', `gpg exported no key ${fingerprint}`);
  // On the disk: two files that a power failure emptied would look as if both were right.
  for (const target of [join(folder, 'pubkey.gpg'), path]) await replaceFile(target, armored, { sync: true });
}

/** The text of a public key; undefined when there is none, or it is damaged. */
async function readKey(path: string): Promise<string | undefined> {
  const read = await readRegularFile(path, maximumKeyBytes);
  if (read?.kind === 'odd') await setAside(path);
  return read?.kind === 'text' && read.text.includes('BEGIN PGP PUBLIC KEY BLOCK') ? read.text : undefined;
}

const shortPrefix = 'coppice-gpg-';
/** Short links that are in use now. */
const inUse = new Set<string>();

/**
 * At the start: ends the gpg-agents of this service's keyrings that an earlier run, which was killed, left behind with
 * their links.
 */
export async function endLeftKeyrings(home: string): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const short = join(tmpdir(), name);
    if (!name.startsWith(shortPrefix) || inUse.has(short)) continue;
    const target = await readlink(join(short, 'k')).catch(() => '');
    if (target.startsWith(`${join(home, 'state', 'keys')}/`)) await closeKeyring(short);
  }
}

async function closeKeyring(short: string): Promise<void> {
  const env = { ...gpgEnvironment(short) };
  await execa('gpgconf', ['--kill', 'gpg-agent'], {
    env,
    extendEnv: false,
    stdin: 'ignore',
    timeout: 60_000,
    reject: false,
  });
  await rm(short, { recursive: true, force: true });
}

function gpgEnvironment(short: string): Readonly<Record<string, string>> {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    GNUPGHOME: join(short, 'k'),
    HOME: short,
    LC_ALL: 'C.UTF-8',
  };
}

/** Runs gpg with one keyring and resolves with its output. */
type RunGpg = (args: readonly string[]) => Promise<string>;

/** A keyring that can be used; its agent is gpg's own process, which stays until `close`. */
export interface OpenKeyring {
  readonly gpg: RunGpg;
  /** For programs that call gpg themselves. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * gpg's sockets lie in its home and their paths have 107 characters at most, so the keyring in `folder` is reached by a
 * short link.
 */
export async function openKeyring(folder: string): Promise<OpenKeyring> {
  const short = await mkdtemp(join(tmpdir(), shortPrefix));
  inUse.add(short);
  await symlink(folder, join(short, 'k'));
  const environment = gpgEnvironment(short);
  const options = {
    env: environment,
    extendEnv: false,
    stdin: 'ignore',
    timeout: 60_000,
    stripFinalNewline: false,
  } as const;
  return {
    environment,
    gpg: async (args) => {
      const batch = ['--batch', '--no-tty', '--quiet', '--pinentry-mode', 'loopback', ...args];
      const done = await execa('gpg', batch, { ...options, reject: false });
      if (done.code === 'ENOENT')
        throw new RunnerError('tool-missing', 'gpg is missing: install gnupg', { cause: done });
      if (done.exitCode !== 0)
        throw new RunnerError('keys', `gpg failed: ${describeError(done.stderr)}`, { cause: done });
      return done.stdout;
    },
    close: async () => {
      await closeKeyring(short);
      inUse.delete(short);
    },
  };
}

async function withKeyring<T>(folder: string, use: (gpg: RunGpg) => Promise<T>): Promise<T> {
  const ring = await openKeyring(folder);
  try {
    return await use(ring.gpg);
  } finally {
    await ring.close();
  }
}
