// Signs packages and metadata with a project's key.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describeError, RunnerError } from '../base/errors.ts';
import type { EnvelopeSigner } from '../provenance/dsse.ts';
import { readSignatureKinds, type SignatureKind } from '../rpm/rpm-signatures.ts';
import { hasEnded, readHeldKeys } from './key-notes.ts';
import { isKeyringWanted, type OpenKeyring, openKeyring } from './keyring.ts';
import { keyFolder, ofKey, presentFingerprint } from './keys.ts';

export interface Signer {
  readonly home: string;
  readonly owner: string;
  readonly project: string;
  readonly fingerprint: string;
}

/**
 * Signs each of `files` in `folder` in place. The project's signature is the only one that they have then, whoever
 * signed the package or its files before. Throws RunnerError `sign`.
 */
export async function signRpms(signer: Signer, folder: string, files: readonly string[]): Promise<void> {
  if (files.length === 0) return;
  const paths = files.map((file) => join(folder, file));
  const kinds = await Promise.all(paths.map(readSignatureKinds)).catch((cause: unknown) => {
    throw new RunnerError('sign', `what is to be signed cannot be read: ${describeError(cause)}`, { cause });
  });
  const having = (kind: SignatureKind) => paths.filter((_path, index) => kinds[index]?.has(kind));
  await useKey(signer, async ({ environment }, fingerprint) => {
    // Newer rpms add signatures to those that are there; file signatures (IMA, fs-verity) stay with every rpm.
    await runRpmsign(environment, '--delsign', having('package'));
    await runRpmsign(environment, '--delfilesign', having('files'));
    const macros = { __gpg: '/usr/bin/gpg', _gpg_name: fingerprint, _gpg_path: environment.GNUPGHOME };
    const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
    await runRpmsign(environment, '--addsign', paths, defines);
  });
}

async function runRpmsign(
  environment: OpenKeyring['environment'],
  what: string,
  paths: readonly string[],
  defines: readonly string[] = [],
): Promise<void> {
  if (paths.length === 0) return;
  const done = await execa('rpmsign', [...defines, what, ...paths], {
    env: environment,
    extendEnv: false,
    stdin: 'ignore',
    timeout: 300_000,
    reject: false,
  });
  if (done.code === 'ENOENT') throw new RunnerError('tool-missing', 'rpmsign is missing: install rpm', { cause: done });
  if (done.exitCode !== 0)
    throw new RunnerError('sign', `rpmsign failed: ${describeError(done.stderr)}`, { cause: done });
}

/** Writes the armored signature of `file` to `target`, by rename: gpg itself writes the file. */
export async function signDetached(signer: Signer, file: string, target: string): Promise<void> {
  const fresh = `${target}.new`;
  await useKey(signer, ({ gpg }, fingerprint) =>
    gpg([
      '--local-user',
      fingerprint,
      '--digest-algo',
      'SHA256',
      '--yes',
      '--armor',
      '--output',
      fresh,
      '--detach-sign',
      file,
    ]),
  );
  await rename(fresh, target);
}

/** The project's key as what signs envelopes. Signing throws RunnerError `keys` or `tool-missing`. */
export function envelopeSigner(signer: Signer): EnvelopeSigner {
  const sign = (bytes: Buffer) =>
    useKey(signer, async ({ environment: { HOME = '' }, gpg }, fingerprint) => {
      // A private folder that goes with the keyring.
      const [file, target] = [join(HOME, 'to-sign'), join(HOME, 'signature')];
      await writeFile(file, bytes);
      const options = ['--local-user', fingerprint, '--digest-algo', 'SHA256', '--yes'];
      await gpg([...options, '--output', target, '--detach-sign', file]);
      return { signature: await readFile(target), fingerprint };
    });
  return { sign };
}

/**
 * A build signs its packages and a moment later its repository, and the next build is a few seconds away: so long a
 * keyring stays open.
 */
const openSeconds = 3;
interface WarmKeyring {
  readonly ring: OpenKeyring;
  readonly timer: NodeJS.Timeout;
}
/** Open keyrings that nobody uses at the moment, by folder. */
const warm = new Map<string, WarmKeyring>();

/** One use of a key at a time. Throws RunnerError `sign` when it has ended: gpg would not say that. */
function useKey<T>(signer: Signer, use: (ring: OpenKeyring, fingerprint: string) => Promise<T>): Promise<T> {
  const folder = keyFolder(signer.home, signer.owner, signer.project);
  return ofKey(folder, async () => {
    // The next key may sign since the signer was asked for.
    const fingerprint = (await presentFingerprint(folder)) ?? signer.fingerprint;
    await assertLasts({ ...signer, fingerprint }, folder);
    const known = warm.get(folder);
    clearTimeout(known?.timer);
    const ring = known?.ring ?? (await openKeyring(folder));
    try {
      return await use(ring, fingerprint);
    } finally {
      warm.delete(folder);
      if (isKeyringWanted()) await ring.close();
      else warm.set(folder, { ring, timer: setTimeout(() => void closeSigning(folder), openSeconds * 1000) });
    }
  });
}

async function assertLasts({ owner, project, fingerprint }: Signer, folder: string): Promise<void> {
  const key = (await readHeldKeys(folder))?.find((one) => one.fingerprint === fingerprint);
  if (key === undefined || !hasEnded(key, Date.now())) return;
  const name = `${owner}/${project}`;
  const what = `the signing key of ${name} ended on ${key.endsAt?.slice(0, 10)}`;
  throw new RunnerError('sign', `${what}: give it the next one with: coppice rotate-key ${name}`);
}

/** Closes the keyring in `folder`, which is about to be moved or not needed any more, if it is open. */
export function closeSigning(folder: string): Promise<void> {
  return ofKey(folder, async () => {
    const known = warm.get(folder);
    if (known === undefined) return;
    clearTimeout(known.timer);
    warm.delete(folder);
    await known.ring.close();
  });
}

/** Closes all keyrings of a service that ends. They close by themselves too, if the process lives for so long. */
export async function closeAllSigning(home: string): Promise<void> {
  const folders = [...warm.keys()].filter((folder) => folder.startsWith(`${home}/`));
  await Promise.all(folders.map(closeSigning));
}
