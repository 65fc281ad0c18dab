// Looking at files that may not be there.
import { access } from 'node:fs/promises';

/** Whether something is at `path` that this process can see. */
export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** For `catch`: undefined when nothing is there, all else is thrown. */
export function nothingWhenAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
