// Effects: reads files below `published/` that are regular, and no larger than they can be: a FIFO would be waited for
// for ever. The runner has a reader of its own; the site imports nothing of it.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { nothingWhenAbsent } from './absent.ts';

/** The text; or why there is none, to stand behind the name of the file. */
export type FileReading =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'broken'; readonly why: string };

const whys: Readonly<Record<string, string>> = {
  ELOOP: 'it is a symbolic link',
  ENXIO: 'it is no regular file',
  ENODEV: 'it is no regular file',
  EACCES: 'the user of the service may not read it',
  EPERM: 'the user of the service may not read it',
};

/** Throws what says something of the process or the disk, not of the file. */
export async function readRegularFile(path: string, maximumBytes: number): Promise<FileReading> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    const why = whys[error.code ?? ''];
    if (why !== undefined) return broken(why);
    nothingWhenAbsent(error);
    return broken('it was removed just now');
  });
  if ('kind' in file) return file;
  try {
    const about = await file.stat();
    if (!about.isFile()) return broken(about.isDirectory() ? 'it is a folder' : 'it is no regular file');
    if (about.size > maximumBytes) return broken(`it is larger than ${maximumBytes} bytes`);
    return { kind: 'text', text: utf8.decode(await file.readFile()) };
  } catch (error) {
    if (error instanceof TypeError) return broken('it is not UTF-8');
    throw error;
  } finally {
    await file.close();
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function broken(why: string): Extract<FileReading, { kind: 'broken' }> {
  return { kind: 'broken', why };
}
