// Fetches results from a builder with rsync: top-level RPMs and logs only, no links or devices, bounded in size and time.
import { mkdir, rm } from 'node:fs/promises';
import { execa } from 'execa';
import { sshOptions } from '../builder/provision.ts';
import type { Builder } from '../builder/spawn.ts';
import { describeError, RunnerError } from '../errors.ts';

export interface CollectOrder {
  readonly builder: Builder;
  readonly user: string;
  /** Absolute path of the result folder on the builder. */
  readonly from: string;
  /** Folder of this machine that gets the files; made anew. */
  readonly to: string;
  /** Globs of file names. */
  readonly patterns: readonly string[];
  readonly fileBytes: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** What rsync exits with when its connection failed: a socket, the protocol's stream, a timeout, its remote shell. */
const connectionExits: ReadonlySet<number | undefined> = new Set([10, 12, 30, 35, 255]);

/** Throws RunnerError `collect`, or `lost` when the connection failed: it may be done again. What arrives is hostile still: see check-results.ts. */
export async function collect(order: CollectOrder): Promise<void> {
  await rm(order.to, { recursive: true, force: true });
  await mkdir(order.to, { recursive: true, mode: 0o700 });
  const { host, port } = order.builder.instance;
  const remoteShell = ['ssh', ...sshOptions(order.builder), '-i', order.builder.keyFile, '-p', String(port)];
  const address = host.includes(':') ? `[${host}]` : host;
  const limits = [`--fsize=${Math.floor(order.fileBytes)}`, '--core=0', '--'];
  const done = await execa(
    'prlimit',
    [
      ...limits,
      ...['rsync', '--dirs', '--times', '--no-links', '--no-devices', '--no-specials', '--chmod=D700,F644'],
      ...['--timeout=60', `--max-size=${Math.floor(order.fileBytes)}`],
      ...order.patterns.flatMap((pattern) => ['--include', pattern]),
      ...['--exclude', '*', '-e', remoteShell.map(rsyncWord).join(' ')],
      ...['--', `${order.user}@${address}:${order.from}/`, `${order.to}/`],
    ],
    {
      stdin: 'ignore',
      timeout: order.seconds * 1000,
      cancelSignal: order.signal,
      forceKillAfterDelay: 1000,
      reject: false,
    },
  );
  order.signal.throwIfAborted();
  if (done.timedOut) throw new RunnerError('collect', `fetching the results took longer than ${order.seconds} s`);
  if (done.exitCode === 0) return;
  const code = connectionExits.has(done.exitCode) ? 'lost' : 'collect';
  throw new RunnerError(code, `rsync failed: ${describeError(done.stderr)}`, { cause: done });
}

/** rsync splits the words of its remote shell itself; a quote inside quotes is doubled (see rsync(1), `--rsh`). */
function rsyncWord(word: string): string {
  return /^[A-Za-z0-9_./=:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "''")}'`;
}
