// Copies a local folder to a builder in one stream through one command; file by file would cost a round trip each.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ClientChannel } from 'ssh2';
import { describeError, RunnerError } from '../base/errors.ts';
import { type Connection, openChannel } from './ssh.ts';

const unpack = 'rm -rf -- "$0" && mkdir -p -- "$0" && cd "$0" && exec tar -xf - --no-same-owner';
/** For tar: executable or not is all that is left of modes, whatever umask this service runs with. */
export const plainModes = 'u+rwX,go+rX,go-w';
const complaintBytes = 4096;

/**
 * Puts what is in `local`, and the files `beside` (absolute), into `remote` (absolute, made anew). Throws RunnerError
 * `lost` when the builder goes away, `builder` when it cannot take the files.
 */
export async function uploadTree(
  connection: Connection,
  local: string,
  remote: string,
  beside: readonly string[] = [],
): Promise<void> {
  const channel = await Promise.race([openChannel(connection.client, ['sh', '-c', unpack, remote]), connection.lost]);
  const complaint = takeComplaint(channel);
  const ended = once(channel, 'close');
  let exitCode: number | null = null;
  channel.on('exit', (code: number | null) => {
    exitCode = code;
  });
  const files = beside.flatMap((path) => ['-C', dirname(path), `./${basename(path)}`]);
  // Temporary folders are closed to others; on the builder mock's own user has to come in.
  const mode = ['--owner=0', '--group=0', `--mode=${plainModes}`];
  const pack = spawn('tar', ['-cf', '-', ...mode, '-C', local, '.', ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const packed = once(pack, 'close');
  try {
    // A builder that takes no more ends the command, and that tells why; the broken stream does not.
    await Promise.race([pipeline(pack.stdout, channel, { end: true }).catch(() => undefined), connection.lost]);
    await Promise.race([ended, connection.lost]);
    const [packCode] = await packed;
    // A channel that closes without a word on how the command ended closes with its connection.
    if (exitCode === null) throw new RunnerError('lost', 'the builder went away while it was given its files');
    if (exitCode !== 0) {
      const why = describeError(complaint.text === '' ? `its command ended with ${exitCode}` : complaint.text);
      throw new RunnerError('builder', `the builder does not take what it needs: ${why}`);
    }
    if (packCode !== 0) throw new RunnerError('builder', `tar ended with ${packCode} on the control host`);
  } finally {
    pack.kill('SIGKILL');
    channel.destroy();
  }
}

/** What the command says on its standard error, cut. */
function takeComplaint(channel: ClientChannel): { text: string } {
  const complaint = { text: '' };
  channel.resume();
  channel.on('error', () => undefined); // `lost` tells
  channel.stderr.on('data', (chunk: Buffer) => {
    complaint.text = (complaint.text + chunk.toString()).slice(0, complaintBytes);
  });
  return complaint;
}
