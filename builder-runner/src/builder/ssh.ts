// One SSH connection to a builder: its host key pinned, its end noticed, commands as argument lists.
import { readFile } from 'node:fs/promises';
import { NodeSSH } from 'node-ssh';
import type { Client, ClientChannel } from 'ssh2';
import { describeError, RunnerError } from '../base/errors.ts';
import type { Builder } from './spawn.ts';

interface CommandEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The output of a command that runs. */
export interface Stream {
  /** Resolves when there is no more. */
  readonly ended: Promise<void>;
  stop(): void;
}

export interface Connection {
  /** The connection under it, for streams and forwarding. */
  readonly client: Client;
  /** Rejects with RunnerError `lost` when the builder goes away; never resolves. */
  readonly lost: Promise<never>;
  /** Runs a command to its end; rejects when the builder goes away. */
  run(argv: readonly string[]): Promise<CommandEnd>;
  /** As `run`, and throws RunnerError `builder` unless it exits with 0; resolves with its output. */
  must(argv: readonly string[]): Promise<string>;
  /** Calls `take` with what the command prints as it comes, until it ends or `stop` is called. */
  stream(argv: readonly string[], take: (chunk: Buffer) => void): Promise<Stream>;
  close(): void;
}

const connectSeconds = 20;
const keepaliveSeconds = 5;
const keepaliveMisses = 3;

/**
 * Connects as `user`, within `seconds`. Throws RunnerError `connect`, or `host-key` when the builder shows another key
 * than the pinned one.
 */
export async function connectBuilder(
  builder: Builder,
  user: string,
  signal: AbortSignal,
  seconds = connectSeconds,
): Promise<Connection> {
  const { host, port, hostKey } = builder.instance;
  const pinned = Buffer.from(hostKey.split(' ')[1] ?? '', 'base64');
  const ssh = new NodeSSH();
  let shown: Buffer | undefined;
  try {
    await abortable(
      signal,
      ssh.connect({
        host,
        port,
        username: user,
        privateKey: await readFile(builder.keyFile, 'utf8'),
        readyTimeout: Math.ceil(seconds * 1000),
        keepaliveInterval: keepaliveSeconds * 1000,
        keepaliveCountMax: keepaliveMisses,
        algorithms: { serverHostKey: [hostKey.split(' ')[0] as 'ssh-ed25519'] },
        hostVerifier: (key: Buffer) => {
          shown = key;
          return key.equals(pinned);
        },
      }),
    );
  } catch (cause) {
    ssh.dispose();
    signal.throwIfAborted();
    if (shown !== undefined && !shown.equals(pinned)) {
      throw new RunnerError(
        'host-key',
        `${host} port ${port} shows another host key than the one it was spawned with`,
        { cause },
      );
    }
    throw new RunnerError('connect', `no SSH connection to ${user}@${host} port ${port}: ${describeError(cause)}`, {
      cause,
    });
  }
  const client = ssh.connection as Client;
  client.setNoDelay(true);
  return openConnection(ssh, client, `${host} port ${port}`);
}

function openConnection(ssh: NodeSSH, client: Client, place: string): Connection {
  const lost = new Promise<never>((_, reject) => {
    // The listener stays for good: an `error` that nobody hears would end the service.
    client.on('error', (cause) =>
      reject(new RunnerError('lost', `lost the builder at ${place}: ${describeError(cause)}`, { cause })),
    );
    client.on('close', () => reject(new RunnerError('lost', `the builder at ${place} closed the connection`)));
  });
  lost.catch(() => undefined); // every pending command rejects with this error
  const run = (argv: readonly string[]) => Promise.race([runBounded(client, argv, place), lost]);
  return {
    client,
    lost,
    run,
    must: async (argv) => {
      const end = await run(argv);
      if (end.exitCode === 0) return end.stdout;
      throw new RunnerError(
        'builder',
        `${argv[0]} ended with ${end.exitCode} on the builder: ${describeError(end.stderr)}`,
      );
    },
    stream: (argv, take) => Promise.race([openStream(client, argv, take), lost]),
    close: () => ssh.dispose(),
  };
}

/** The most that one of our commands may print; a builder that prints more is broken. */
const printedBytes = 1024 ** 2;

/**
 * Starts a command on a channel of its own, and hands it to `use` at once: how a quick command ended may come with the
 * same packet. `refuse` gets RunnerError `lost` when the connection is gone.
 */
function open(
  client: Client,
  argv: readonly string[],
  use: (channel: ClientChannel) => void,
  refuse: (error: RunnerError) => void,
): void {
  const lost = (cause: unknown) => refuse(new RunnerError('lost', describeError(cause), { cause }));
  try {
    client.exec(shellWords(argv), (error, channel) => (error === undefined ? use(channel) : lost(error)));
  } catch (cause) {
    lost(cause); // it was closed before
  }
}

/**
 * As `open`, for a command that does not end before something is written to it or read from it: how it ends is not
 * missed then.
 */
export function openChannel(client: Client, argv: readonly string[]): Promise<ClientChannel> {
  return new Promise((resolve, reject) => open(client, argv, resolve, reject));
}

function runBounded(client: Client, argv: readonly string[], place: string): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const use = (channel: ClientChannel) => {
      const printed = { stdout: '', stderr: '' };
      let end: { readonly code: number | null } | undefined;
      const take = (stream: keyof typeof printed) => (chunk: Buffer) => {
        printed[stream] += chunk.toString();
        if (printed[stream].length <= printedBytes) return;
        channel.destroy();
        reject(new RunnerError('builder', `${argv[0]} prints without end on the builder at ${place}`));
      };
      channel.on('data', take('stdout'));
      channel.stderr.on('data', take('stderr'));
      channel.on('exit', (code: number | null) => {
        end = { code };
      });
      channel.on('error', () => undefined); // `lost` tells
      channel.on('close', () => {
        // A channel that closes without a word on how the command ended closes with its connection.
        if (end !== undefined) resolve({ exitCode: end.code, ...printed });
        else reject(new RunnerError('lost', `the builder at ${place} closed the connection`));
      });
      channel.end();
    };
    open(client, argv, use, reject);
  });
}

function openStream(client: Client, argv: readonly string[], take: (chunk: Buffer) => void): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const use = (channel: ClientChannel) => {
      let isOver = false;
      const ended = new Promise<void>((over) => {
        channel.on('close', () => over());
      });
      channel.on('data', (chunk: Buffer) => {
        if (!isOver) take(chunk);
      });
      channel.stderr.resume();
      channel.on('error', () => undefined); // `lost` tells
      const stop = () => {
        isOver = true;
        channel.close();
      };
      resolve({ ended, stop });
    };
    open(client, argv, use, reject);
  });
}

/** What `work` comes to, or the reason of the abort when that is earlier. */
export function abortable<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Arguments as one line of POSIX sh in which nothing is special. Pure. */
export function shellWords(argv: readonly string[]): string {
  return argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}
