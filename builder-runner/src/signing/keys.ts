// The signing keys of projects: made when they are first needed, followed by others, never leaving the control host.
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { defaultTerms, type KeyNote, published, type SigningTerms } from '@coppice/config';
import { exists } from '../base/absent.ts';
import { RunnerError } from '../base/errors.ts';
import { isWithheld, withheldFolder } from '../base/frozen.ts';
import { inTurn } from '../base/in-turn.ts';
import type { Log } from '../base/log.ts';
import { noteChange } from '../base/published-changes.ts';
import { readRegularFile, setAside } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';
import { type HeldKey, hasEnded, noteHeldKeys, readHeldKeys, readListing, rolesOf } from './key-notes.ts';
import { type RunGpg, withKeyring } from './keyring.ts';
import { takeBackKey } from './removed-keys.ts';

export interface ProjectKey {
  /** Long fingerprint of the key that signs, upper-case hexadecimal. */
  readonly fingerprint: string;
  /** Absolute path of the armored public keys: inside `published/`, or where a frozen project lies. */
  readonly publicKeyPath: string;
  /** All that are published, the one that signs first. */
  readonly keys: readonly KeyNote[];
}

export interface KeyOptions {
  /** How keys are made. Default: `defaultTerms`. */
  readonly terms?: SigningTerms | undefined;
  /** Milliseconds. Default: the clock. */
  readonly now?: number;
  /** Where it is told that a removed project's key cannot be taken back. Default: nowhere. */
  readonly log?: Log | undefined;
}

const fingerprintFile = 'fingerprint';
const publicFile = 'pubkey.gpg';
const maximumKeyBytes = 1024 * 1024;

/** Where a project's keyring is; readable by the service's user alone. */
export function keyFolder(home: string, owner: string, project: string): string {
  return join(home, 'state', 'keys', owner, project);
}

/**
 * The project's keys, published. The first one is made when there is none, or is the one that a removed project of this
 * name had; a next one whose time has come signs from now on. Throws RunnerError `keys` or `tool-missing`.
 */
export function ensureKey(home: string, owner: string, project: string, options: KeyOptions = {}): Promise<ProjectKey> {
  return ofKey(keyFolder(home, owner, project), () => bringUpToDate({ home, owner, project }, options));
}

/** One change or use of a keyring at a time. */
export function ofKey<T>(folder: string, work: () => Promise<T>): Promise<T> {
  return inTurn(`key ${folder}`, work);
}

interface KeyPlace {
  readonly home: string;
  readonly owner: string;
  readonly project: string;
}

async function bringUpToDate({ home, owner, project }: KeyPlace, options: KeyOptions): Promise<ProjectKey> {
  const { terms = defaultTerms, now = Date.now(), log } = options;
  const folder = keyFolder(home, owner, project);
  let signing = await readFingerprint(folder);
  if (signing === undefined) {
    const isBack = await takeBackKey({ home, owner, name: project }, folder, now, log);
    signing = isBack ? await readFingerprint(folder) : undefined;
    signing ??= await makeKey(folder, `${owner}/${project}`, terms);
  }
  let held = await heldIn(folder, signing);
  const due = rolesOf(held, signing, terms).find(({ role }) => role === 'next');
  if (due?.signsFrom && Date.parse(due.signsFrom) <= now) {
    signing = due.fingerprint;
    held = await signWith(folder, signing);
  } else if (leftSecrets(held, signing).length > 0) held = await signWith(folder, signing);
  const keys = rolesOf(held, signing, terms);
  const publicKeyPath = await publishKeys({ home, owner, project }, folder, keys);
  return { fingerprint: signing, publicKeyPath, keys };
}

export interface Rotation {
  readonly keys: readonly KeyNote[];
  /** One was on its way already: no other one was made. */
  readonly wasUnderWay: boolean;
}

/**
 * Makes the key that follows the one that signs, and publishes it beside it. It signs when the overlap is over; at once
 * with `atOnce`, or when the one before it has ended. A second call before that makes no other key. Throws RunnerError.
 */
export function rotateKey(
  home: string,
  owner: string,
  project: string,
  options: KeyOptions & { readonly atOnce: boolean },
): Promise<Rotation> {
  const { terms = defaultTerms, now = Date.now(), atOnce } = options;
  const folder = keyFolder(home, owner, project);
  return ofKey(folder, async () => {
    const { keys, fingerprint } = await bringUpToDate({ home, owner, project }, options);
    const current = keys.find(({ role }) => role === 'signing');
    const known = keys.find(({ role }) => role === 'next');
    if (known === undefined) {
      await forgetNotes(folder);
      await withKeyring(folder, (gpg) => generate(gpg, `${owner}/${project}`, terms));
    }
    const held = await heldIn(folder, fingerprint);
    const next = rolesOf(held, fingerprint, terms).find(({ role }) => role === 'next');
    if (next === undefined) throw new RunnerError('keys', `gpg made no next key for ${owner}/${project}`);
    if (atOnce || current === undefined || hasEnded(current, now)) await signWith(folder, next.fingerprint);
    return {
      keys: (await bringUpToDate({ home, owner, project }, options)).keys,
      wasUnderWay: known !== undefined,
    };
  });
}

/** Former keys that sign nothing that is there any more leave the keyring and what is published. */
export function dropFormerKeys(
  home: string,
  owner: string,
  project: string,
  fingerprints: readonly string[],
): Promise<void> {
  const folder = keyFolder(home, owner, project);
  return ofKey(folder, async () => {
    await forgetNotes(folder);
    await withKeyring(folder, (gpg) => gpg(['--yes', '--delete-keys', ...fingerprints]));
  });
}

/** Written before another key signs, and removed when all metadata is signed with it: a crash may come between. */
const resignMark = 'metadata-to-sign';

/** Whether metadata may still be signed with a former key. */
export function isMetadataBehind(home: string, owner: string, project: string): Promise<boolean> {
  return exists(join(keyFolder(home, owner, project), resignMark));
}

/** All metadata is signed with the present key. */
export async function metadataIsSigned(home: string, owner: string, project: string): Promise<void> {
  await rm(join(keyFolder(home, owner, project), resignMark), { force: true });
}

/** Lets `fingerprint` sign from now on. No other key before it can sign any more: its secret half is deleted. */
async function signWith(folder: string, fingerprint: string): Promise<readonly HeldKey[]> {
  await writeFile(join(folder, resignMark), '', { mode: 0o600 });
  await replaceFile(join(folder, fingerprintFile), `${fingerprint}\n`, { sync: true });
  await forgetNotes(folder);
  return await withKeyring(folder, async (gpg) => {
    const left = leftSecrets(await noteHeldKeys(folder, gpg), fingerprint);
    if (left.length > 0) await gpg(['--yes', '--delete-secret-keys', ...left]);
    return await noteHeldKeys(folder, gpg);
  });
}

/** Secret keys that signed before `signing` does. */
function leftSecrets(held: readonly HeldKey[], signing: string): readonly string[] {
  const at = held.findIndex(({ fingerprint }) => fingerprint === signing);
  return held.flatMap(({ fingerprint, isSecret }, index) => (isSecret && index < at ? [fingerprint] : []));
}

async function heldIn(folder: string, signing: string): Promise<readonly HeldKey[]> {
  const known = await readHeldKeys(folder);
  if (known?.some(({ fingerprint }) => fingerprint === signing)) return known;
  const held = await withKeyring(folder, (gpg) => noteHeldKeys(folder, gpg));
  if (!held.some(({ fingerprint, isSecret }) => isSecret && fingerprint === signing)) throw damaged(folder);
  return held;
}

function damaged(folder: string): RunnerError {
  const what = `the signing key in ${folder} is damaged: put the folder back from a backup, or move it away for a new key`;
  return new RunnerError('keys', what);
}

/** What is derived from the keyring is written anew after it has changed, also when a crash comes between. */
async function forgetNotes(folder: string): Promise<void> {
  for (const name of ['keys.json', publicFile]) await rm(join(folder, name), { force: true });
}

const fingerprintPattern = /^[0-9A-F]{40,64}$/;

/** The fingerprint of the key in `folder` that signs now, as it is noted; undefined when that cannot be read. */
export async function presentFingerprint(folder: string): Promise<string | undefined> {
  const read = await readRegularFile(join(folder, fingerprintFile), maximumKeyBytes);
  const known = read?.kind === 'text' ? read.text.trim() : '';
  return fingerprintPattern.test(known) ? known : undefined;
}

/**
 * Undefined when there is no key yet. A note that is damaged is written anew from the keyring. Throws RunnerError
 * `keys` when that holds no key either: another one would be one that no user of the project knows.
 */
async function readFingerprint(folder: string): Promise<string | undefined> {
  const path = join(folder, fingerprintFile);
  const known = await presentFingerprint(folder);
  if (known !== undefined) return known;
  if (!(await exists(folder))) return undefined;
  const fingerprint = await withKeyring(folder, firstSecret).catch(() => undefined);
  if (fingerprint === undefined) throw damaged(folder);
  if ((await readRegularFile(path, maximumKeyBytes))?.kind === 'odd') await setAside(path);
  await replaceFile(path, `${fingerprint}\n`, { sync: true });
  return fingerprint;
}

/** Of two it is the one that signs: the next one came after it. */
async function firstSecret(gpg: RunGpg): Promise<string | undefined> {
  return readListing(await gpg(['--with-colons', '--list-secret-keys']))[0]?.fingerprint;
}

async function generate(gpg: RunGpg, name: string, { kind, lifeSeconds }: SigningTerms): Promise<void> {
  // A second key of the same name is what is wanted.
  const what = ['--yes', '--quick-generate-key', `${name} (Coppice)`, kind, 'sign', `seconds=${lifeSeconds}`];
  await gpg(['--passphrase', '', ...what]);
}

/** rsa4096 takes a third of a second, once per project. */
async function makeKey(folder: string, name: string, terms: SigningTerms): Promise<string> {
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  // Only a complete keyring gets the folder's name.
  const fresh = await mkdtemp(`${folder}.new-`);
  try {
    await chmod(fresh, 0o700);
    const fingerprint = await withKeyring(fresh, async (gpg) => {
      await generate(gpg, name, terms);
      return await firstSecret(gpg);
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

/**
 * All keys in one file, each in an armor of its own: gpg, rpm and dnf alike import all of them, and what reads the
 * first armor alone has the key that signs. Resolves with the path of the file.
 */
async function publishKeys(place: KeyPlace, folder: string, keys: readonly KeyNote[]): Promise<string> {
  const path = await publicPathOf(place);
  const [there, cached] = await Promise.all([readKey(path), readKey(join(folder, publicFile))]);
  if (there !== undefined && there === cached) return path;
  const armored = cached ?? (await withKeyring(folder, (gpg) => exportKeys(gpg, keys)));
  // On the disk: two files that a power failure emptied would look as if both were right.
  for (const target of [join(folder, publicFile), path]) await replaceFile(target, armored, { sync: true });
  // Frozen or put back in between: what has moved there is not looked at.
  const now = await publicPathOf(place);
  if (now === path) return path;
  await rm(path, { force: true });
  noteChange(path);
  return await publishKeys(place, folder, keys);
}

/** Absolute. */
async function publicPathOf({ home, owner, project }: KeyPlace): Promise<string> {
  const isAside = await isWithheld(home, owner, project);
  return join(isAside ? withheldFolder(home) : join(home, 'published'), published.publicKey(owner, project));
}

async function exportKeys(gpg: RunGpg, keys: readonly KeyNote[]): Promise<string> {
  const armored: string[] = [];
  for (const { fingerprint } of keys) {
    const text = await gpg(['--armor', '--export', fingerprint]);
    if (!text.includes(publicKeyMark)) throw new RunnerError('keys', `gpg exported no key ${fingerprint}`);
    armored.push(text);
  }
  return armored.join('');
}

const publicKeyMark = 'BEGIN PGP PUBLIC KEY BLOCK';

/** The text of public keys; undefined when there are none, or it is damaged. */
async function readKey(path: string): Promise<string | undefined> {
  const read = await readRegularFile(path, maximumKeyBytes);
  if (read?.kind === 'odd') await setAside(path);
  return read?.kind === 'text' && read.text.includes(publicKeyMark) ? read.text : undefined;
}
