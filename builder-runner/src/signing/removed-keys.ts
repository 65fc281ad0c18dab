// The keys of projects that are gone: kept for a year, closed with the backup key where there is one, and given back to
// a project that comes again under its name.
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readSandbox } from '@coppice/config';
import { execa } from 'execa';
import { exists, nothingWhenAbsent } from '../base/absent.ts';
import { describeError, RunnerError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { readRegularFile } from '../base/regular-file.ts';
import { replaceFile, syncFolder } from '../base/replace-file.ts';
import { hasEnded, noteHeldKeys, readListing } from './key-notes.ts';
import { type RunGpg, withKeyring } from './keyring.ts';

const keptDays = 365;
const dayMilliseconds = 86_400_000;
const fingerprintPattern = /^[0-9A-F]{40,64}$/;
const maximumNoteBytes = 64 * 1024;
/** In a removed keyring: when it was removed, ISO 8601 UTC. */
const removedFile = 'removed';

const removedFolder = (home: string) => join(home, 'state', 'keys-removed');

interface ProjectName {
  readonly owner: string;
  readonly name: string;
}

/** A key that was kept when its project went. */
export interface RemovedKey extends ProjectName {
  readonly fingerprint: string;
  /** Absolute: a keyring, or a file that only the holder of the backup key can read. */
  readonly path: string;
  readonly isEncrypted: boolean;
  /** Milliseconds. */
  readonly removedAt: number;
}

/**
 * Takes the keyring in `folder` from a project that goes, or gives way; nobody uses it any more. That of a sandbox is
 * destroyed. Throws RunnerError `keys`, and nothing has happened, when no key is in it.
 */
export async function setKeyringAside(
  home: string,
  { owner, name }: ProjectName,
  folder: string,
  now = Date.now(),
): Promise<void> {
  if (readSandbox(name) !== undefined) return await shredKeyring(folder);
  const fingerprint = await fingerprintIn(folder);
  await writeFile(join(folder, removedFile), `${new Date(now).toISOString()}\n`, { mode: 0o600 });
  const target = join(removedFolder(home), owner, `${name}-${fingerprint}`);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await rm(target, { recursive: true, force: true });
  await rename(folder, target);
}

/** Of the key that signs: as it is noted, or else of the first secret one, for the next key came after it. */
async function fingerprintIn(folder: string): Promise<string> {
  const file = join(folder, 'fingerprint');
  const read = await readRegularFile(file, maximumNoteBytes);
  const noted = read?.kind === 'text' ? read.text.trim() : '';
  if (fingerprintPattern.test(noted)) return noted;
  const list = (gpg: RunGpg) => gpg(['--with-colons', '--list-secret-keys']);
  const [first] = readListing(await withKeyring(folder, list).catch(() => ''));
  if (first !== undefined) return first.fingerprint;
  const what = `${file} names no key and no secret key is in its folder, which stays as it is`;
  throw new RunnerError('keys', `${what}: put the folder back from a backup, or move it away`);
}

/** All that are kept, the newest first. */
export async function listRemovedKeys(home: string): Promise<readonly RemovedKey[]> {
  const found: RemovedKey[] = [];
  for (const owner of await readdir(removedFolder(home)).catch(() => [])) {
    for (const entry of await readdir(join(removedFolder(home), owner)).catch(() => [])) {
      const [, name, fingerprint, ending] = /^(.+)-([0-9A-F]{40,64})(\.asc)?$/.exec(entry) ?? [];
      if (name === undefined || fingerprint === undefined) continue;
      const path = join(removedFolder(home), owner, entry);
      const removedAt = await removalOf(path);
      if (removedAt !== undefined)
        found.push({ owner, name, fingerprint, path, isEncrypted: ending !== undefined, removedAt });
    }
  }
  return found.sort((one, other) => other.removedAt - one.removedAt);
}

/** Undefined when it is gone meanwhile. */
async function removalOf(path: string): Promise<number | undefined> {
  const stated = Date.parse(await readFile(join(path, removedFile), 'utf8').catch(() => ''));
  if (!Number.isNaN(stated)) return stated;
  const about = await stat(path).catch(nothingWhenAbsent);
  // A keyring from before that was noted: renaming it was the last that happened to it.
  return about && (about.isDirectory() ? about.ctimeMs : about.mtimeMs);
}

/**
 * Puts the newest key that a removed project of this name had back to `folder`, which is not there. False when there is
 * none, or it has ended; one that only the operator can open is told.
 */
export async function takeBackKey(
  home: ProjectName & { readonly home: string },
  folder: string,
  now: number,
  log: Log | undefined,
): Promise<boolean> {
  const { owner, name } = home;
  const newest = (await listRemovedKeys(home.home)).find((key) => key.owner === owner && key.name === name);
  if (newest === undefined) return false;
  const { path, fingerprint } = newest;
  if (newest.isEncrypted) {
    const how = `Whoever has the backup key may bring it back: stop the service, remove ${folder}, mkdir -m 700 ${folder}, then gpg --decrypt ${path} | gpg --homedir ${folder} --import`;
    log?.('warn', `${owner}/${name} gets another signing key than the one that it had (${fingerprint}). ${how}`);
    return false;
  }
  const held = await withKeyring(path, (gpg) => noteHeldKeys(path, gpg)).catch(() => []);
  const key = held.find((one) => one.fingerprint === fingerprint);
  if (key === undefined || hasEnded(key, now)) return false;
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  await rm(join(path, 'pubkey.gpg'), { force: true });
  await rename(path, folder);
  await rm(join(folder, removedFile), { force: true });
  return true;
}

export interface RemovedKeysOptions {
  /** A file with the public key that removed keys are encrypted to. Default: they stay as they are. */
  readonly backupKeyFile?: string | undefined;
  /** Milliseconds. */
  readonly now: number;
}

/** Deletes what was kept for a year, and keys of sandboxes; encrypts the others. Throws RunnerError `keys`. */
export async function tendRemovedKeys(home: string, { backupKeyFile, now }: RemovedKeysOptions): Promise<void> {
  const faults: unknown[] = [];
  for (const key of await listRemovedKeys(home)) {
    const isOver = key.removedAt + keptDays * dayMilliseconds <= now;
    try {
      if (isOver || readSandbox(key.name) !== undefined) await deleteRemoved(key);
      else if (backupKeyFile !== undefined && !key.isEncrypted) await encryptRemoved(key, backupKeyFile);
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 0) throw faults[0];
}

async function deleteRemoved({ path, isEncrypted }: RemovedKey): Promise<void> {
  if (isEncrypted) await rm(path, { force: true });
  else await shredKeyring(path);
}

/** The whole keyring as one message to the holder of the backup key; then what could be read goes. */
async function encryptRemoved({ path, fingerprint, removedAt }: RemovedKey, backupKeyFile: string): Promise<void> {
  const exported = await withKeyring(path, async (gpg) => {
    // The one that signs comes first: a keyring that is made of this takes the first for it.
    const keys = [await gpg(['--armor', '--export-secret-keys', fingerprint])];
    keys.push(await gpg(['--armor', '--export-secret-keys']), await gpg(['--armor', '--export']));
    return keys.join('');
  });
  if (!exported.includes('BEGIN PGP PRIVATE KEY BLOCK'))
    throw new RunnerError('keys', `gpg exported no secret key of ${path}`);
  const message = await encryptTo(backupKeyFile, exported);
  const target = `${path}.asc`;
  await replaceFile(target, message, { sync: true });
  await utimes(target, removedAt / 1000, removedAt / 1000);
  await syncFolder(dirname(target));
  await shredKeyring(path);
}

/** Throws RunnerError `keys` when the file holds no key that can be encrypted to. */
async function encryptTo(backupKeyFile: string, text: string): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'coppice-encrypt-'));
  try {
    const to = ['--trust-model', 'always', '--recipient-file', backupKeyFile];
    const done = await execa('gpg', ['--batch', '--no-tty', '--quiet', '--armor', ...to, '--encrypt'], {
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', GNUPGHOME: scratch, HOME: scratch, LC_ALL: 'C.UTF-8' },
      extendEnv: false,
      input: text,
      timeout: 60_000,
      stripFinalNewline: false,
      reject: false,
    });
    if (done.exitCode === 0 && done.stdout.includes('BEGIN PGP MESSAGE')) return done.stdout;
    const why = describeError(done.stderr);
    throw new RunnerError('keys', `nothing can be encrypted to the backup key in ${backupKeyFile}: ${why}`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Overwrites the secret keys before they are deleted, as far as the disk lets one: copies that a file system made stay
 * out of reach.
 */
async function shredKeyring(folder: string): Promise<void> {
  const secrets = join(folder, 'private-keys-v1.d');
  if (await exists(secrets)) {
    const files = (await readdir(secrets)).filter((name) => name.endsWith('.key')).map((name) => join(secrets, name));
    if (files.length > 0) await execa('shred', ['--remove', '--force', '--', ...files], { stdin: 'ignore' });
  }
  await rm(folder, { recursive: true, force: true });
}
