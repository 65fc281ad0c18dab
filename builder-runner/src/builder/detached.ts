// A command that runs on a builder even when the connection is lost: started, waited for, stopped and found again (see
// detached.sh).
import { join } from 'node:path';
import { RunnerError } from '../base/errors.ts';
import type { Connection } from './ssh.ts';

/** The script, on this machine: it has to be in the folder of a command before it is started. */
export const detachedScript = join(import.meta.dirname, 'detached.sh');

/**
 * How it ended: with an exit code, because its time on the builder was over, or killed together with who watched it,
 * on a builder that goes on.
 */
export type DetachedEnd =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'killed' };

/** What `timeout` of coreutils exits with when the time is over, also when it had to kill. */
const timeoutCodes: ReadonlySet<number> = new Set([124]);

/** True when the command was started, whether it still runs or not. */
export async function wasBegun(connection: Connection, folder: string): Promise<boolean> {
  return (await connection.run(['test', '-e', `${folder}/pid`])).exitCode === 0;
}

/** Starts it, unless it was started already; resolves with its process id. `folder` is absolute, on the builder. */
export async function startDetached(
  connection: Connection,
  folder: string,
  seconds: number,
  argv: readonly string[],
): Promise<string> {
  const pid = (await call(connection, 'start', folder, String(Math.ceil(seconds)), ...argv)).trim();
  if (!/^[1-9]\d{0,9}$/.test(pid))
    throw new RunnerError('builder', 'a detached command has no process id on the builder');
  return pid;
}

/** Resolves when it has ended. Throws RunnerError `builder` when nobody noted how because its machine went down. */
export async function waitForDetached(connection: Connection, folder: string): Promise<DetachedEnd> {
  const exit = (await call(connection, 'wait', folder)).trim();
  if (exit === 'killed') return { kind: 'killed' };
  if (!/^\d{1,3}$/.test(exit)) throw new RunnerError('builder', 'the builder went down, and mock with it');
  const code = Number(exit);
  return timeoutCodes.has(code) ? { kind: 'timeout' } : { kind: 'exit', code };
}

/**
 * Resolves, within seconds, when it has ended: by itself when told to (`ended`), or by force, which may leave something
 * (`killed`).
 */
export async function stopDetached(connection: Connection, folder: string): Promise<'ended' | 'killed'> {
  return (await call(connection, 'stop', folder)).trim() === 'killed' ? 'killed' : 'ended';
}

function call(connection: Connection, verb: string, folder: string, ...more: readonly string[]): Promise<string> {
  return connection.must(['sh', `${folder}/detached.sh`, verb, folder, ...more]);
}
