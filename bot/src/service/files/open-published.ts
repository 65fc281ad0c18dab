// The one way to what is below `published/`: regular files and folders that really lie there. A FIFO would be waited
// for (six of them, and nothing is served any more), a link may lead to the keys.
import type { FileHandle } from 'node:fs/promises';
import { lstat, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { openRegularFile } from '@coppice/builder-runner/regular-file';

/** What a path names once all links in it are followed. */
export interface Resolved {
  /** Absolute, without links. */
  readonly path: string;
  readonly kind: 'file' | 'folder';
}

/**
 * `name` is relative to `root`, with `/`. Undefined for what is not there, hides behind a dot, leads out of `root`, or
 * is neither a regular file nor a folder. The folders directly below `distributions/` may be links to anywhere: whoever
 * runs the service puts a mirror there that lies on another disk.
 */
export async function resolvePublished(root: string, name: string): Promise<Resolved | undefined> {
  try {
    const path = await realpath(join(root, name));
    const [, mirror] = /^\/*(distributions\/[^/]+)\//.exec(`${name}/`) ?? [];
    const tops = [root, ...(mirror === undefined ? [] : [join(root, mirror)])];
    const inside = await Promise.all(tops.map(async (top) => liesBelow(path, await realpath(top))));
    if (!inside.includes(true)) return undefined;
    const about = await lstat(path);
    if (about.isFile()) return { path, kind: 'file' };
    return about.isDirectory() ? { path, kind: 'folder' } : undefined;
  } catch (error) {
    if (notThere.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** The file, opened; `folder` for one. Undefined as `resolvePublished`. */
export async function openPublished(root: string, name: string): Promise<FileHandle | 'folder' | undefined> {
  const resolved = await resolvePublished(root, name);
  if (resolved?.kind !== 'file') return resolved?.kind;
  const file = await openRegularFile(resolved.path);
  return file === undefined || 'kind' in file ? undefined : file;
}

const notThere: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EACCES', 'ELOOP', 'EINVAL']);

function liesBelow(path: string, top: string): boolean {
  const inner = relative(top, path);
  if (inner === '') return true;
  return inner !== '..' && !inner.startsWith(`..${sep}`) && !inner.split(sep).some((part) => part.startsWith('.'));
}
