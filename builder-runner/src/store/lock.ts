// One writer at a time: a lock file held by flock(2), which the kernel lets go when its holder dies, however it dies.
// There is therefore no such thing as a stale lock, and nothing to guess from process numbers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { QueueError, toQueueError } from './store-error.ts';

/** The exit code that we ask of flock(1) when somebody else holds the lock. */
const heldElsewhere = 75;

/** A lock that is held until `release` or the end of this process. */
export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Locks `folder` (which must exist) for this process. Throws QueueError `locked` that names the folder and the holder's
 * pid.
 *
 * Node has no flock. A flock belongs to the open file, not to the process that asked for it: flock(1) (util-linux) gets
 * our open file as descriptor 3, locks it and ends; the lock lives as long as our descriptor. Node opens files
 * close-on-exec, so that no other child of ours can hold it longer than we do.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, 'lock');
  const file = await open(path, 'a+', 0o600).catch((cause: unknown) => {
    throw toQueueError(cause, `Opening the lock file ${path}`);
  });
  try {
    const exitCode = await runFlock(file);
    if (exitCode === heldElsewhere) throw await heldBySomeone(folder, path);
    if (exitCode !== 0) throw new QueueError('io', `Locking ${path}: flock ended with exit code ${exitCode}.`);
    await file.truncate(0);
    await file.write(`${process.pid}\n`);
  } catch (cause) {
    await file.close();
    throw toQueueError(cause, `Locking ${path}`);
  }
  return { release: () => file.close() };
}

async function runFlock(file: FileHandle): Promise<number | null> {
  const child = spawn('flock', ['-x', '-n', '-E', String(heldElsewhere), '3'], {
    stdio: ['ignore', 'ignore', 'ignore', file.fd],
  });
  try {
    const [exitCode] = await once(child, 'close');
    return exitCode as number | null;
  } catch (cause) {
    throw new QueueError('io', 'Running flock failed; it comes with the package util-linux.', { cause });
  }
}

async function heldBySomeone(folder: string, path: string): Promise<QueueError> {
  const holder = (await readFile(path, 'utf8')).trim();
  const who = holder === '' ? 'another process' : `the process ${holder}`;
  return new QueueError(
    'locked',
    `The folder ${folder} is in use by ${who}: only one service can write there. Stop it first, or give this one another COPPICE_HOME.`,
  );
}
