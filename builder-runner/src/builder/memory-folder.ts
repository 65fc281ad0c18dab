// A private folder for what must work when the disk is full: small files for as long as one program runs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** In memory on every Linux that has it mounted. */
const sharedMemory = '/dev/shm';

/**
 * What `use` comes to, with a new folder (mode 0700) that is removed afterwards: in memory, or, where that is not to be
 * had, in the system's temporary folder. Throws what the file system says when neither takes it.
 */
export async function withMemoryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(sharedMemory, 'coppice-')).catch(() => mkdtemp(join(tmpdir(), 'coppice-')));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
