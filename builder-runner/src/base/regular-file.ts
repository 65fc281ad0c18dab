// Reads files that somebody else may have put there, or that a crash left: only regular ones, only whole ones of a size
// that can be. A FIFO would be waited for for ever, a device read without end.
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';

/** The text; or why what is there is not what it should be, to stand behind its name. */
export type FileReading =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'odd'; readonly why: string };

/**
 * Undefined when nothing is there. Throws what says something of the process, not of the file: no handles left.
 */
export async function readRegularFile(path: string, maximumBytes: number): Promise<FileReading | undefined> {
  const file = await openRegularFile(path);
  if (file === undefined || 'kind' in file) return file;
  try {
    const { size } = await file.stat();
    if (size > maximumBytes) return odd(`it is larger than ${maximumBytes} bytes`);
    // It may grow meanwhile: what is read is bounded, too.
    const buffer = Buffer.alloc(Math.min(size + 1, maximumBytes + 1));
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) break;
    }
    return { kind: 'text', text: utf8.decode(buffer.subarray(0, length)) };
  } catch (error) {
    if (error instanceof TypeError) return odd('it is not UTF-8');
    return brokenOnDisk(error);
  } finally {
    await file.close();
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Opens a regular file to be read, without waiting for anybody and without following a link in its own place (links
 * above it are followed). Undefined when nothing is there.
 */
export async function openRegularFile(
  path: string,
): Promise<FileHandle | Extract<FileReading, { kind: 'odd' }> | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    switch ((error as NodeJS.ErrnoException).code) {
      case 'ENOENT':
      case 'ENOTDIR':
      case 'ENAMETOOLONG':
        return undefined;
      case 'ELOOP':
        return odd('it is a symbolic link');
      case 'ENXIO':
      case 'ENODEV':
        return odd('it is no regular file');
      case 'EACCES':
      case 'EPERM':
        return odd('the user of the service may not read it');
      default:
        return brokenOnDisk(error);
    }
  }
  try {
    const about = await file.stat();
    if (about.isFile()) return file;
    await file.close();
    return odd(about.isDirectory() ? 'it is a folder' : 'it is no regular file');
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Where the disk has lost a file, the others are still to be read. Throws all else. */
function brokenOnDisk(error: unknown): Extract<FileReading, { kind: 'odd' }> {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'EIO' || code === 'EUCLEAN' || code === 'EBADMSG') return odd(`the disk cannot read it (${code})`);
  throw error;
}

function odd(why: string): Extract<FileReading, { kind: 'odd' }> {
  return { kind: 'odd', why };
}

/** Moves what stands in the place of a file to `<path>.damaged`, where it can be looked at. One that was there goes. */
export async function setAside(path: string): Promise<void> {
  await rm(`${path}.damaged`, { recursive: true, force: true });
  await rename(path, `${path}.damaged`);
}
