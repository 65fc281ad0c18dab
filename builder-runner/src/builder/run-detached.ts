// Runs one command on a builder from start to end. It survives a lost connection and a restart of the service, and is
// killed when its result is no longer wanted.
import { setTimeout as delay } from 'node:timers/promises';
import { ShuttingDown } from '../base/abort.ts';
import { RunnerError } from '../base/errors.ts';
import { type DetachedEnd, startDetached, stopDetached, waitForDetached, wasBegun } from './detached.ts';
import type { Session } from './session.ts';
import type { Connection } from './ssh.ts';

export interface DetachedRun {
  readonly session: Session;
  /** Absolute, on the builder; for this one command. */
  readonly folder: string;
  /** Fills the folder, detached.sh among the files; may be called again when it was interrupted. */
  readonly prepare: (connection: Connection) => Promise<void>;
  readonly argv: readonly string[];
  /** The command is ended after so long: by us, or a little later by the builder itself. */
  readonly seconds: number;
  /** False when an earlier run of the service may have started it. */
  readonly isNew: boolean;
  /** When an earlier run of the service started it, as far as is known. */
  readonly begunAt?: Date | undefined;
  /** Ends the command as its time limit does. */
  readonly tooLong?: AbortSignal;
  readonly now: () => Date;
  /** What it writes while it runs; closed by the caller. */
  readonly logs?: FollowedLogs;
  readonly signal: AbortSignal;
}

/** By so much the builder's own limit is later than ours: it is for a control host that does not come back. */
const graceSeconds = 60;
/** Ending a command takes a few seconds; a builder that says nothing for longer is gone. */
const stopSeconds = 9;

/**
 * Starts the command, unless it was started already, and resolves with its end. Throws RunnerError `lost` or `builder`
 * when the builder fails. When `signal` is aborted, throws its reason: at a ShuttingDown the command is left as it is;
 * otherwise it was ended, and the reason is thrown only when nothing of it is left (RunnerError `builder` when it had
 * to be killed).
 */
export async function runDetached(run: DetachedRun): Promise<DetachedEnd> {
  const { session, signal } = run;
  const limit = AbortSignal.timeout(Math.ceil(secondsLeft(run) * 1000));
  const ends = AbortSignal.any([signal, limit, ...(run.tooLong === undefined ? [] : [run.tooLong])]);
  let isFirst = run.isNew;
  return session.run(async (connection) => {
    const isBegun = !isFirst && (await wasBegun(connection, run.folder));
    isFirst = false;
    const pid = await begin(run, connection, isBegun);
    await run.logs?.start(connection, pid);
    try {
      const ended = waitForDetached(connection, run.folder);
      ended.catch(() => undefined); // when the abort comes first, `stop` says how it went
      const end = await Promise.race([ended, aborted(ends)]);
      if (end !== 'aborted') return end;
      return await stop(run, connection);
    } finally {
      run.logs?.stop();
    }
  }, signal);
}

async function begin(run: DetachedRun, connection: Connection, isBegun: boolean): Promise<string> {
  // One that was begun has to be ended properly, however late we come to know that nobody wants it any more.
  if (!isBegun) {
    run.signal.throwIfAborted();
    await run.prepare(connection);
    run.signal.throwIfAborted();
  }
  return startDetached(connection, run.folder, run.seconds + graceSeconds, run.argv);
}

async function stop({ signal, folder, logs }: DetachedRun, connection: Connection): Promise<DetachedEnd> {
  if (signal.aborted && signal.reason instanceof ShuttingDown) throw signal.reason;
  const how = await Promise.race([stopDetached(connection, folder), silence()]);
  await logs?.settle();
  if (signal.aborted && how === 'ended') throw signal.reason;
  if (signal.aborted) throw new RunnerError('builder', 'the build did not end when it was told to, and was killed');
  return { kind: 'timeout' };
}

async function silence(): Promise<never> {
  await delay(stopSeconds * 1000, undefined, { ref: false });
  throw new RunnerError('lost', 'the builder does not answer when its build is to be ended');
}

/** Counted from the start of the command, also when that was before a restart of the service. */
function secondsLeft({ seconds, begunAt, now }: DetachedRun): number {
  const gone = begunAt === undefined ? 0 : (now().getTime() - begunAt.getTime()) / 1000;
  return Math.max(1, seconds - Math.max(0, gone));
}

function aborted(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted');
    signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}

export interface FollowedLogs {
  /** Follows on this connection, from where the one before stopped; `pid` is the process that writes the logs. */
  start(connection: Pick<Connection, 'stream'>, pid: string): Promise<void>;
  /** Waits a little for the end of the logs, when the process has ended. */
  settle(): Promise<void>;
  /** Ends following on the present connection. */
  stop(): void;
  /** Closes the published files. */
  close(): Promise<void>;
}
