// Looking at files that may not be there.

/** For `catch`: undefined when nothing is there, all else is thrown. */
export function nothingWhenAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
