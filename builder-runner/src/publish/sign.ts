// Signs packages and metadata with a project's key.
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describeError, RunnerError } from '../errors.ts';
import { keyFolder, withKeyring } from './keys.ts';
import { oneAtATime } from './one-at-a-time.ts';

export interface Signer {
  readonly home: string;
  readonly owner: string;
  readonly project: string;
  readonly fingerprint: string;
}

/** Adds the project's signature to each of `files` in `folder`, in place. Throws RunnerError `sign`. */
export async function signRpms(signer: Signer, folder: string, files: readonly string[]): Promise<void> {
  if (files.length === 0) return;
  await useKey(signer, async (_gpg, environment) => {
    const macros = { __gpg: '/usr/bin/gpg', _gpg_name: signer.fingerprint, _gpg_path: environment.GNUPGHOME };
    const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
    const done = await execa('rpmsign', [...defines, '--addsign', ...files.map((file) => join(folder, file))], {
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

/** Writes the armored signature of `file` to `target`, by rename. */
export async function signDetached(signer: Signer, file: string, target: string): Promise<void> {
  const fresh = `${target}.new`;
  await useKey(signer, (gpg) =>
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

/** One use of a key at a time: each ends the key's agent. */
function useKey<T>(signer: Signer, use: Parameters<typeof withKeyring<T>>[1]): Promise<T> {
  const folder = keyFolder(signer.home, signer.owner, signer.project);
  return oneAtATime(`key ${folder}`, () => withKeyring(folder, use));
}
