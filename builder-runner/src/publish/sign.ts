// Signs packages and metadata with a project's key.
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describeError, RunnerError } from '../base/errors.ts';
import { inTurn } from '../base/in-turn.ts';
import { keyFolder, type OpenKeyring, openKeyring } from './keys.ts';

export interface Signer {
  readonly home: string;
  readonly owner: string;
  readonly project: string;
  readonly fingerprint: string;
}

/**
 * Signs each of `files` in `folder` with the project's key, in place; whoever signed them before does so no more.
 * Throws RunnerError `sign`.
 */
export async function signRpms(signer: Signer, folder: string, files: readonly string[]): Promise<void> {
  if (files.length === 0) return;
  await useKey(signer, async ({ environment }) => {
    const macros = { __gpg: '/usr/bin/gpg', _gpg_name: signer.fingerprint, _gpg_path: environment.GNUPGHOME };
    const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
    const done = await execa('rpmsign', [...defines, '--resign', ...files.map((file) => join(folder, file))], {
      env: environment,
      extendEnv: false,
      stdin: 'ignore',
      timeout: 300_000,
      reject: false,
    });
    if (done.code === 'ENOENT')
      throw new RunnerError('tool-missing', 'rpmsign is missing: install rpm', { cause: done });
    if (done.exitCode !== 0)
      throw new RunnerError('sign', `rpmsign failed: ${describeError(done.stderr)}`, { cause: done });
  });
}

/** Writes the armored signature of `file` to `target`, by rename: gpg itself writes the file. */
export async function signDetached(signer: Signer, file: string, target: string): Promise<void> {
  const fresh = `${target}.new`;
  await useKey(signer, ({ gpg }) =>
    gpg([
      '--local-user',
      signer.fingerprint,
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

/**
 * A build signs its packages and a moment later its repository, and the next build is not far: so long a keyring stays
 * open.
 */
const openSeconds = 1;
interface WarmKeyring {
  readonly ring: OpenKeyring;
  readonly timer: NodeJS.Timeout;
}
/** Open keyrings that nobody uses at the moment, by folder. */
const warm = new Map<string, WarmKeyring>();

const turnOf = (folder: string) => `key ${folder}`;

/** One use of a key at a time. */
function useKey<T>(signer: Signer, use: (ring: OpenKeyring) => Promise<T>): Promise<T> {
  const folder = keyFolder(signer.home, signer.owner, signer.project);
  return inTurn(turnOf(folder), async () => {
    const known = warm.get(folder);
    clearTimeout(known?.timer);
    const ring = known?.ring ?? (await openKeyring(folder));
    try {
      return await use(ring);
    } finally {
      const timer = setTimeout(() => void closeSigning(folder), openSeconds * 1000);
      warm.set(folder, { ring, timer });
    }
  });
}

/** Closes the keyring in `folder`, which is about to be moved or not needed any more, if it is open. */
export function closeSigning(folder: string): Promise<void> {
  return inTurn(turnOf(folder), async () => {
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
