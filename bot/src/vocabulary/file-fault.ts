// What the file system refused, in words for who named the file.

const sentences: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is no folder',
  EISDIR: 'is a folder',
  EACCES: 'may not be used by the user who runs this',
  EPERM: 'may not be used by the user who runs this',
  ENOSPC: 'cannot be written: the disk is full',
  EDQUOT: 'cannot be written: the disk quota is used up',
  EROFS: 'cannot be written: its disk is read-only',
  ELOOP: 'is a link that leads to itself',
  ENAMETOOLONG: 'has a name that is too long',
};

/** To stand behind the name of the file, without a full stop. */
export function sayFileFault(error: unknown): string {
  const { code = '', message = String(error) } = (error instanceof Error ? error : {}) as NodeJS.ErrnoException;
  return sentences[code] ?? `cannot be used: ${message}`;
}

/** A whole sentence for a fault of the file system that nobody expected; undefined of all others. */
export function sayUnexpectedFileFault(error: unknown): string | undefined {
  const { errno, path } = (error instanceof Error ? error : {}) as NodeJS.ErrnoException;
  if (errno === undefined || path === undefined) return undefined;
  return `${path} ${sayFileFault(error)}. Mend that, and try again.`;
}
