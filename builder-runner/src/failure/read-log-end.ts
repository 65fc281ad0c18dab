// Reads the end of a log: the whole may be hundreds of megabytes, and the cause of a failure is near the end.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogEnd } from './log-lines.ts';

const endBytes = 4 * 1024 ** 2;

/**
 * The last 4 MiB of a log and the number of its first line; empty when there is no such file. Throws what `read`
 * throws.
 */
export async function readLogEnd(folder: string, name: string): Promise<LogEnd> {
  const file = await open(join(folder, name), 'r').catch(() => undefined);
  if (file === undefined) return { text: '', firstLine: 1 };
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - endBytes);
    let newlines = 0;
    const buffer = Buffer.alloc(endBytes);
    for (let from = 0; from < start; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(endBytes, start - from), from);
      if (bytesRead === 0) break;
      newlines += countNewlines(buffer.subarray(0, bytesRead));
      from += bytesRead;
    }
    const { bytesRead } = await file.read(buffer, 0, size - start, start);
    return { text: buffer.toString('utf8', 0, bytesRead), firstLine: newlines + 1 };
  } finally {
    await file.close();
  }
}

function countNewlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}
