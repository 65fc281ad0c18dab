// The files of the config repo that symbolic links in a package's folder lead to.
import { createLinkFollower, describeLinkFault } from '@coppice/config';
import { GitError, openGit } from '../remote/open-git.ts';
import { listTree, readLinks, type TreeEntry } from '../remote/tree-listing.ts';

/** What is to be written instead of links, as `writeGitTree` takes it. */
export interface LinkedFiles {
  readonly index: string;
  readonly bytes: number;
  /** The folder itself is a link: there is nothing but what it leads to. */
  readonly isAll: boolean;
}

const none: LinkedFiles = { index: '', bytes: 0, isAll: false };

/**
 * What the links below `folder` stand for, with paths relative to it, or a sentence without its full stop about the
 * first that cannot be followed. A folder or commit that is not there has no links. Throws GitError.
 */
export async function followConfigLinks(
  repository: string,
  commit: string,
  folder: string,
): Promise<LinkedFiles | string> {
  const git = openGit({ repository, timeoutSeconds: 60 });
  const entries = await listTree(git, commit).catch((error: unknown): readonly TreeEntry[] => {
    if (error instanceof GitError && error.code !== 'timeout') return [];
    throw error;
  });
  const isLinkHere = ({ mode, path }: TreeEntry) => mode === '120000' && path.startsWith(`${folder}/`);
  const isAll = entries.some(({ mode, path }) => mode === '120000' && path === folder);
  if (!isAll && !entries.some(isLinkHere)) return none;
  const files = new Map(entries.filter(({ type }) => type === 'blob').map((entry) => [entry.path, entry]));
  const links = await readLinks(git, [...files.values()]);
  const { files: linked, faults } = createLinkFollower({ paths: new Set(files.keys()), links })(folder);
  const [fault] = faults;
  if (fault !== undefined) return `The link ${JSON.stringify(fault.path)} ${describeLinkFault(fault.fault)}`;
  const inside = (path: string) => path.slice(folder.length + 1);
  const gone = entries.filter(isLinkHere).map(({ id, path }) => `0 ${'0'.repeat(id.length)}\t${inside(path)}\0`);
  let bytes = 0;
  const added = linked.map(({ place, target }) => {
    const { mode, id, bytes: size } = files.get(target) as TreeEntry;
    bytes += size;
    return `${mode} ${id}\t${inside(place)}\0`;
  });
  return { index: [...gone, ...added].join(''), bytes, isAll };
}
