// Processes that belong together because they were started with the same mark in their environment, whatever group or
// session they are in.
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const variable = 'COPPICE_RUN';
const pauseMilliseconds = 50;
const tries = 100;

/** A mark that no other run has, as a variable of the environment. */
export function newMark(): Readonly<Record<string, string>> {
  return { [variable]: randomUUID() };
}

/**
 * Ends all processes with this mark by force; resolves when there are none, or after seconds when the kernel does not
 * let go of one. Those
 * that have emptied their environment, and those of other users, are not found.
 */
export async function endMarked(mark: Readonly<Record<string, string>>): Promise<void> {
  for (let round = 0; round < tries; round += 1) {
    const left = await markedProcesses(mark);
    if (left.length === 0) return;
    for (const pid of left) kill(pid);
    await delay(pauseMilliseconds);
  }
}

async function markedProcesses(mark: Readonly<Record<string, string>>): Promise<readonly number[]> {
  const word = `${variable}=${mark[variable]}`;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // It may have ended meanwhile, or belong to somebody else.
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
      return environment.split('\0').includes(word) ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
