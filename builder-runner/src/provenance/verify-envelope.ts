// Whether an envelope is signed by one of the keys that the reader trusts. gpg checks, in a keyring of its own that
// holds these keys alone.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { RunnerError } from '../base/errors.ts';
import { type Envelope, preAuthEncoding } from './dsse.ts';

/** `unsound-key`: the file of keys holds none. Otherwise `why` is a sentence. */
export type EnvelopeVerdict =
  | { readonly kind: 'good'; readonly fingerprint: string; readonly hasExpired: boolean }
  | { readonly kind: 'bad' | 'unsound-key'; readonly why: string };

/**
 * Checks an envelope against the keys of an armored file, each of which counts. Throws RunnerError `tool-missing`.
 */
export async function verifyEnvelope(envelope: Envelope, keys: string): Promise<EnvelopeVerdict> {
  const home = await mkdtemp(join(tmpdir(), 'coppice-verify-'));
  try {
    const [keyFile, signed, signature] = ['keys', 'signed', 'signature'].map((name) => join(home, name)) as Three;
    await writeFile(keyFile, keys);
    const imported = await gpg(home, ['--import', keyFile]);
    if (!/^\[GNUPG:\] IMPORT_OK /m.test(imported)) return { kind: 'unsound-key', why: 'no OpenPGP key is in it' };
    await writeFile(signed, preAuthEncoding(envelope.payloadType, envelope.payload));
    let last: EnvelopeVerdict = { kind: 'bad', why: 'nobody has signed it' };
    for (const one of envelope.signatures) {
      await writeFile(signature, one);
      last = readStatus(await gpg(home, ['--verify', signature, signed]));
      if (last.kind === 'good') break;
    }
    return last;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

type Three = [string, string, string];

/** What gpg says on its status lines; its exit code says less. */
async function gpg(home: string, args: readonly string[]): Promise<string> {
  const fixed = ['--homedir', home, '--no-options', '--no-autostart', '--batch', '--no-tty', '--status-fd', '1'];
  const done = await execa('gpg', [...fixed, ...args], {
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: home, LC_ALL: 'C.UTF-8' },
    extendEnv: false,
    stdin: 'ignore',
    timeout: 60_000,
    reject: false,
  });
  if (done.code === 'ENOENT') throw new RunnerError('tool-missing', 'gpg is missing: install gnupg', { cause: done });
  return done.stdout;
}

/** Status lines are in doc/DETAILS of GnuPG. An expired key is told, one that was revoked counts for nothing. Pure. */
export function readStatus(status: string): EnvelopeVerdict {
  const has = (word: string) => new RegExp(`^\\[GNUPG:\\] ${word}\\b`, 'm').test(status);
  const [, fingerprint] = /^\[GNUPG:\] VALIDSIG ([0-9A-F]{40,64}) /m.exec(status) ?? [];
  const hasExpired = has('EXPKEYSIG');
  if (fingerprint !== undefined && (has('GOODSIG') || hasExpired) && !has('BADSIG') && !has('REVKEYSIG')) {
    return { kind: 'good', fingerprint, hasExpired };
  }
  if (has('REVKEYSIG')) return { kind: 'bad', why: 'the key that signed it was revoked' };
  if (has('EXPSIG')) return { kind: 'bad', why: 'the signature has expired' };
  if (has('NO_PUBKEY')) return { kind: 'bad', why: 'another key has signed it' };
  if (has('BADSIG')) return { kind: 'bad', why: 'what was signed has been changed' };
  return { kind: 'bad', why: 'it holds no signature that can be read' };
}
