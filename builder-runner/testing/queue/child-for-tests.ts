// A TypeScript program of ours as a child process, whose standard output is read line by line.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface ChildForTests {
  readonly process: ChildProcess;
  /** Its lines so far. */
  readonly lines: readonly string[];
  /** Resolves with the first line; rejects when there is none. */
  readonly firstLine: Promise<string>;
  /** Resolves when it has ended and every line was read; with its exit code, null when it was killed. */
  readonly ended: Promise<number | null>;
}

/**
 * For `unshare`: mounting needs a mount namespace of one's own, and for users other than root a user namespace as well.
 */
export const ownMounts = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];

/** Runs `program`; what it writes to standard error is seen with the test's own. */
export function startChild(program: string, args: readonly string[]): ChildForTests {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const read = once(reader, 'close');
  const ended = once(child, 'close').then(async ([code]) => {
    await read;
    return code as number | null;
  });
  const firstLine = Promise.race([
    once(reader, 'line').then(([line]) => line as string),
    ended.then((code) => {
      if (lines[0] !== undefined) return lines[0];
      throw new Error(`${program} ended (exit code ${code}) without a word`);
    }),
  ]);
  firstLine.catch(() => undefined);
  return { process: child, lines, firstLine, ended };
}
