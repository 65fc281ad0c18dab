// Files that an operator names: settings, secrets, what is imported.
import { realpath } from 'node:fs/promises';
import { readRegularFile } from '@coppice/builder-runner/regular-file';

/**
 * The text of a regular file, or of one that a link leads to: a FIFO would be waited for, a device read without end.
 * Throws what `sayFileFault` puts into words.
 */
export async function readGivenFile(path: string, maximumBytes: number): Promise<string> {
  const read = await readRegularFile(await realpath(path), maximumBytes);
  if (read?.kind === 'text') return read.text;
  const why = read?.why ?? 'it was removed just now';
  throw Object.assign(new Error(why), why === 'it is a folder' ? { code: 'EISDIR' } : {});
}
