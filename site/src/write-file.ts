// Effects: puts files in place so that a reader never sees half of one. Nothing is synced to the disk: pages can be
// made again. The runner has a writer of its own for what cannot; the site imports nothing of it.
import { channel } from 'node:diagnostics_channel';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { publishedChanges } from '@coppice/config';

const changes = channel(publishedChanges);

/** Says that what is at `path` is new, different or gone. */
export function noteChange(path: string): void {
  changes.publish({ path });
}

let serial = 0;

/** Writes beside the target, then renames over it. Missing folders are made. */
export async function writeFileAtomically(path: string, content: string | Uint8Array): Promise<void> {
  serial += 1;
  const temporary = `${path}.${process.pid}-${serial}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
    noteChange(path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Writes it unless it holds just that: who has it need not fetch it again. Resolves to whether it was written. */
export async function writeOther(path: string, content: string | Uint8Array): Promise<boolean> {
  const before = await readFile(path).catch(() => undefined);
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  if (before?.equals(bytes)) return false;
  await writeFileAtomically(path, content);
  return true;
}

/** As many files as are written at once: each is a handful of calls that wait for the disk. */
const atOnce = 8;

/** Acts on all items, several at once. When one fails, those that are under way end, and then it throws. */
export async function forEach<T>(items: Iterable<T>, act: (item: T) => Promise<unknown>): Promise<void> {
  const left = items[Symbol.iterator]();
  const faults: unknown[] = [];
  const actOnNext = async () => {
    for (let next = left.next(); next.done !== true && faults.length === 0; next = left.next()) {
      await act(next.value).catch((error: unknown) => faults.push(error));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, actOnNext));
  if (faults.length > 0) throw faults[0];
}
