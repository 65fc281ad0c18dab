// The connection to a builder. When it is lost, a new one is opened and the interrupted step is repeated. Everything
// that runs on the builder shares it.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseJsonAs } from '@coppice/config';
import { z } from 'zod';
import { describeError, RunnerError } from '../base/errors.ts';
import { readRegularFile } from '../base/regular-file.ts';
import type { View } from './preface.ts';
import { type Lent, lendControl } from './reach.ts';
import type { Builder } from './spawn.ts';
import { abortable, type Connection, connectBuilder } from './ssh.ts';

export interface LineOptions extends Omit<Lent, 'generations'> {
  readonly builder: Builder;
  /** Who runs mock there. */
  readonly user: string;
  /** For so long a builder that went away is called again, with growing pauses. */
  readonly reconnectSeconds: number;
  /** A command is there already that knows the address under which it sees the control host. */
  readonly resumes: boolean;
  /** Ends the connecting. */
  readonly signal: AbortSignal;
}

/**
 * The one connection to a builder. It stays open from the first build on it to the next: to open one takes longer than
 * to start a build.
 */
export interface Line {
  readonly builder: Builder;
  /** False when the connection was lost and has not been opened again. */
  readonly isUp: boolean;
  /** Names of the folders of builds that are in use; cleaning leaves them. */
  readonly folders: ReadonlySet<string>;
  /** Names of those that fell out of use since the last call. */
  takeLeft(): readonly string[];
  /** The connection as it is now, and the process of the SSH server there that serves it. */
  present(): { readonly connection: Connection; readonly serverPid: number };
  /** For one who has the builder; `warn` is told what happens to the connection meanwhile. */
  session(warn: (message: string) => void): Session;
  close(): void;
}

/** What one build does on a builder. */
export interface Session {
  readonly builder: Builder;
  readonly user: string;
  /** The user's home folder on the builder, absolute. */
  readonly home: string;
  /** Address of the control host's published tree as the builder sees it; the same for as long as the builder lives. */
  readonly controlUrl: string;
  /**
   * From now on whatever connects from the builder sees these generations of the control host's repositories, and the
   * newest of all others. It holds for the builder as a whole: one build at a time is at work there. Before the first
   * call the newest are seen; where a command is there already (`resumes`), what connects waits for that call.
   */
  see(generations: View['generations']): void;
  /** The folder of a build of this name, absolute, which is not cleaned away until `leaveFolder`. */
  useFolder(name: string): string;
  leaveFolder(name: string): void;
  /**
   * Does `step`, and again from its start when the connection is lost on the way: it must do no harm twice. Throws
   * RunnerError `lost` when the builder does not come back in time, and the reason of `signal` when it is aborted
   * between two connections.
   */
  run<T>(step: (connection: Connection) => Promise<T>, signal: AbortSignal): Promise<T>;
}

/**
 * What is kept of a connection in the builder's folder on the control host: to end its remains, and to lend the same
 * port again.
 */
const maximumTraceBytes = 64 * 1024;
const traceSchema = z.object({ pid: z.int(), startTicks: z.int(), controlPort: z.int() });
type Trace = z.infer<typeof traceSchema>;

const connectSeconds = 20;
/** A machine that refuses connections is there, and its SSH server is not: it was ended, or it starts again at once. */
const refusedSeconds = 5;
const longestPauseSeconds = 8;
/** Losses that follow each other so fast are no accidents of the network. */
const quickLosses = { seconds: 30, most: 5 } as const;
/** Below the user's home folder. */
const buildsFolder = 'builds';

/**
 * Connects. Throws RunnerError `connect` or `host-key`, or the reason of the abort; at the first time nothing is tried
 * again.
 */
export async function openLine(given: LineOptions): Promise<Line> {
  const { builder, user } = given;
  // What is at work there already waits until somebody knows what it has seen so far.
  const first = Promise.withResolvers<View['generations']>();
  let generations = given.resumes ? first.promise : Promise.resolve<View['generations']>({});
  const options = { ...given, generations: () => generations };
  const before = await readTrace(builder);
  let present = await connect(options, before, options.resumes, connectSeconds, options.signal);
  const { home, controlPort } = present;
  const folders = new Set<string>();
  const left = new Set<string>();
  const closing = new AbortController();
  let losses: number[] = [];
  let mending: Promise<void> | undefined;
  // Nobody's own wish ends the mending: others may wait for it too.
  const mend = async (broken: Connected, error: unknown, warn: (message: string) => void) => {
    losses = [...losses.filter((at) => Date.now() - at < quickLosses.seconds * 1000), Date.now()];
    if (losses.length > quickLosses.most) throw error;
    warn(`${describeError(error)}; connecting again`);
    broken.connection.close();
    present = await reconnect(options, broken, closing.signal);
    if (closing.signal.aborted) present.connection.close();
  };
  const mended = async (broken: Connected, error: unknown, warn: (message: string) => void, signal: AbortSignal) => {
    if (present !== broken) return; // another step has done it
    mending ??= mend(broken, error, warn).finally(() => {
      mending = undefined;
    });
    await abortable(signal, mending);
  };
  const runWith = async <T>(
    step: (connection: Connection) => Promise<T>,
    warn: (message: string) => void,
    signal: AbortSignal,
  ): Promise<T> => {
    for (;;) {
      const used = present;
      try {
        return await step(used.connection);
      } catch (error) {
        if (!isLoss(error) || signal.aborted) throw error;
        await mended(used, error, warn, signal);
      }
    }
  };
  return {
    builder,
    get isUp() {
      return present.isUp();
    },
    folders,
    takeLeft: () => {
      const names = [...left];
      left.clear();
      return names;
    },
    present: () => ({ connection: present.connection, serverPid: present.pid }),
    session: (warn) => ({
      ...{ builder, user, home, controlUrl: `http://127.0.0.1:${controlPort}` },
      see: (seen) => {
        first.resolve(seen);
        generations = Promise.resolve(seen);
      },
      useFolder: (name) => {
        folders.add(name);
        left.delete(name);
        return `${home}/${buildsFolder}/${name}`;
      },
      leaveFolder: (name) => {
        if (folders.delete(name)) left.add(name);
      },
      run: (step, signal) => runWith(step, warn, signal),
    }),
    close: () => {
      closing.abort(new RunnerError('lost', `the connection to ${builder.name} was closed`));
      present.connection.close();
    },
  };
}

interface Connected extends Trace {
  readonly connection: Connection;
  readonly home: string;
  readonly isUp: () => boolean;
}

async function reconnect(options: LineOptions & Lent, before: Connected, signal: AbortSignal): Promise<Connected> {
  const began = Date.now();
  for (let pause = 0.25; ; pause = Math.min(pause * 2, longestPauseSeconds)) {
    const left = options.reconnectSeconds - (Date.now() - began) / 1000;
    try {
      return await connect(options, before, true, Math.max(1, Math.min(connectSeconds, left)), signal);
    } catch (error) {
      if (!isMendable(error) || signal.aborted) throw error;
      const limit = isRefusal(error) ? Math.min(refusedSeconds, options.reconnectSeconds) : options.reconnectSeconds;
      if ((Date.now() - began) / 1000 + pause > limit) {
        const message = `lost the builder ${options.builder.name}, and could not reach it again in ${limit} s: ${describeError(error)}`;
        throw new RunnerError('lost', message, { cause: error });
      }
    }
    await delay(pause * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function connect(
  options: LineOptions & Lent,
  before: Trace | undefined,
  samePort: boolean,
  seconds: number,
  signal: AbortSignal,
): Promise<Connected> {
  const { builder, user } = options;
  const connection = await connectBuilder(builder, user, signal, seconds);
  try {
    const { home, pid, startTicks } = await introduce(connection, before);
    const wanted = samePort ? before?.controlPort : undefined;
    const controlPort = await lendControl(connection, options, wanted);
    const trace: Trace = { pid, startTicks, controlPort };
    await writeFile(traceFile(builder), JSON.stringify(trace));
    let isUp = true;
    connection.lost.catch(() => {
      isUp = false;
    });
    return { connection, home, isUp: () => isUp, ...trace };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/**
 * Ends the SSH server process of an earlier connection (pid $1, started at $2), which may not know yet that the
 * connection is gone and still holds its ports; then says the home folder and which process serves this connection.
 */
const introduction = `
started() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
if [ "$1" -gt 1 ] && [ "$(started "$1")" = "$2" ]; then
  kill -s KILL "$1"
  n=0; while [ "$(started "$1")" = "$2" ] && [ $n -lt 40 ]; do sleep 0.05; n=$((n + 1)); done
fi
pwd
pid=$$
while [ "$pid" -gt 1 ]; do
  case $(cat "/proc/$pid/comm") in sshd*) break ;; esac
  pid=$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f2)
done
echo "$pid $(started "$pid")"`;

async function introduce(connection: Connection, before: Trace | undefined) {
  const words = [String(before?.pid ?? 0), String(before?.startTicks ?? 0)];
  const answer = await connection.must(['sh', '-c', introduction, 'sh', ...words]);
  const match = /^(\/.*)\n(\d+) (\d+)\n$/.exec(answer);
  if (match === null) throw new RunnerError('builder', 'the build user has no home on the builder');
  return { home: match[1] as string, pid: Number(match[2]), startTicks: Number(match[3]) };
}

function traceFile(builder: Builder): string {
  return join(builder.folder, 'session.json');
}

async function readTrace(builder: Builder): Promise<Trace | undefined> {
  const read = await readRegularFile(traceFile(builder), maximumTraceBytes).catch(() => undefined);
  const trace = read?.kind === 'text' ? parseJsonAs(read.text, traceSchema) : undefined;
  // Cut off by a crash: the builder is new to us.
  return trace?.kind === 'value' ? trace.value : undefined;
}

function isLoss(error: unknown): boolean {
  return error instanceof RunnerError && error.code === 'lost';
}

function isMendable(error: unknown): boolean {
  return error instanceof RunnerError && (error.code === 'lost' || error.code === 'connect');
}

function isRefusal(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
