// Writes a tree of a Git repository as files, without a shared work tree or index.
import { mkdir, rm } from 'node:fs/promises';
import type { FetchOrder } from './fetch-order.ts';
import { type GitEnd, git } from './source-git.ts';

interface TreeOrder {
  /** Folder of the bare repository. */
  readonly repository: string;
  /** A commit, or `commit:path`. */
  readonly tree: string;
  /** The new folder that gets the files. */
  readonly folder: string;
  /**
   * Files of the repository that are written instead of links: what `git update-index --index-info -z` reads, and their
   * bytes. Undefined: symbolic links are made.
   */
  readonly instead?: { readonly index: string; readonly bytes: number } | undefined;
}

/** `missing`: there is no such tree; `too-large`: nothing was written. */
export type WriteEnd =
  | { readonly ok: true; readonly bytes: number }
  | { readonly ok: false; readonly what: 'missing' | 'too-large' | 'failed'; readonly why: string };

/**
 * Writes the tree; its size is known before anything is written. checkout-index keeps modes and refuses `..` and
 * `.git`.
 */
export async function writeGitTree(
  order: FetchOrder,
  { repository, tree, folder, instead }: TreeOrder,
): Promise<WriteEnd> {
  // Not beside the folder: around a submodule lies what a stranger wrote, and git follows links.
  const index = await order.cache.temporary();
  const env = { GIT_DIR: repository, GIT_WORK_TREE: folder, GIT_INDEX_FILE: index };
  await mkdir(folder, { recursive: true });
  try {
    const size = await measureGitTree(order, repository, tree);
    if (!size.ok) return { ok: false, what: 'missing', why: size.why };
    if (size.bytes + (instead?.bytes ?? 0) > order.sourceBytes)
      return { ok: false, what: 'too-large', why: 'it is too large' };
    const read = await git(order, ['read-tree', tree], { env });
    if (!read.ok) return failed(read);
    if (instead !== undefined && instead.index !== '') {
      const replaced = await git(order, ['update-index', '-z', '--index-info'], { env, input: instead.index });
      if (!replaced.ok) return failed(replaced);
    }
    const links = instead === undefined ? [] : ['-c', 'core.symlinks=false'];
    const written = await git(order, [...links, 'checkout-index', '--all', '--force'], { env, cwd: folder });
    return written.ok ? { ok: true, bytes: size.bytes } : failed(written);
  } finally {
    await rm(index, { force: true });
  }
}

function failed({ why }: GitEnd & { readonly ok: false }): WriteEnd {
  return { ok: false, what: 'failed', why };
}

/** Content bytes of a tree, from its listing: small packs hold large files. */
export async function measureGitTree(
  order: FetchOrder,
  repository: string,
  tree: string,
): Promise<{ readonly ok: true; readonly bytes: number } | { readonly ok: false; readonly why: string }> {
  const listed = await git(order, ['ls-tree', '-r', '-l', tree], { env: { GIT_DIR: repository } });
  if (!listed.ok) return listed;
  let bytes = 0;
  for (const line of listed.output.split('\n')) bytes += Number(/^\d+ blob [0-9a-f]+ +(\d+)\t/.exec(line)?.[1] ?? 0);
  return { ok: true, bytes };
}
