// The key pair that opens one builder. OpenSSH makes it: the generator of the ssh2 library made about one malformed key
// in 200.
import { readFile, rm } from 'node:fs/promises';
import { execa } from 'execa';
import ssh2 from 'ssh2';
import { RunnerError } from '../base/errors.ts';

/**
 * Writes an ed25519 key without a passphrase to `file` (mode 0600) and `file.pub`, in place of what stands there.
 * @returns the public half as authorized_keys wants it, `ssh-ed25519 AAAA…`, without a comment.
 * Throws RunnerError `spawn` when no key is made, or when the library that is to log in with it cannot read it.
 */
export async function makeBuilderKey(file: string): Promise<string> {
  await Promise.all([rm(file, { force: true }), rm(`${file}.pub`, { force: true })]);
  const made = await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file], {
    stdin: 'ignore',
    reject: false,
  });
  if (made.failed) throw new RunnerError('spawn', 'ssh-keygen made no key for a builder', { cause: made });
  const [privateKey, publicKey] = await Promise.all([readFile(file, 'utf8'), readFile(`${file}.pub`, 'utf8')]);
  const stated = publicKey.trim().split(' ').slice(0, 2).join(' ');
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error)
    throw new RunnerError('spawn', 'the key made for a builder cannot be read', { cause: parsed });
  if (`${parsed.type} ${parsed.getPublicSSH().toString('base64')}` !== stated)
    throw new RunnerError('spawn', 'the two halves of the key made for a builder do not belong together');
  return stated;
}
