// What a commit holds, by path, and the contents of its files in one go.
import type { Git } from './open-git.ts';

/** A file, folder or submodule of a tree. */
export interface TreeEntry {
  /** Git's mode: `100644`, `100755`, `120000` for a symbolic link, `040000` for a folder, `160000` for a submodule. */
  readonly mode: string;
  readonly type: string;
  readonly id: string;
  /** 0 for what is no file. */
  readonly bytes: number;
  readonly path: string;
}

/** All of a commit or tree, folders too, in the order of paths. Throws GitError. */
export async function listTree(git: Git, tree: string): Promise<readonly TreeEntry[]> {
  return parseTreeListing(await git.text(['ls-tree', '-r', '-t', '-l', '-z', '--full-tree', tree]));
}

/** `<mode> <type> <id> <bytes>\t<path>\0` of `git ls-tree -l -z`. Pure. */
function parseTreeListing(text: string): readonly TreeEntry[] {
  return text.split('\0').flatMap((line) => {
    const [, mode, type, id, bytes, path] = /^(\d+) (\w+) ([0-9a-f]+)\s+(\d+|-)\t(.+)$/s.exec(line) ?? [];
    if (mode === undefined || type === undefined || id === undefined || path === undefined) return [];
    return [{ mode, type, id, bytes: bytes === '-' ? 0 : Number(bytes), path }];
  });
}

/** The texts of files by path. Throws GitError. */
export async function readTexts(git: Git, entries: readonly TreeEntry[]): Promise<Map<string, string>> {
  const contents = await readContents(git, entries);
  return new Map([...contents].map(([path, content]) => [path, content.toString('utf8')]));
}

/** The contents of files by path. Throws GitError. */
export async function readContents(git: Git, entries: readonly TreeEntry[]): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  if (entries.length === 0) return contents;
  const output = await git.catFile(['--batch'], entries.map(({ id }) => `${id}\n`).join(''));
  let at = 0;
  for (const { path, bytes } of entries) {
    // `<id> blob <bytes>\n<content>\n`
    const start = output.indexOf(0x0a, at) + 1;
    contents.set(path, output.subarray(start, start + bytes));
    at = start + bytes + 1;
  }
  return contents;
}

const maximumLinkBytes = 4096; // as the kernel has it

/** Path → text of the symbolic links among `entries`; '' for one that is longer than any can be. Throws GitError. */
export async function readLinks(git: Git, entries: readonly TreeEntry[]): Promise<ReadonlyMap<string, string>> {
  const links = entries.filter(({ mode }) => mode === '120000');
  const texts = await readTexts(
    git,
    links.filter(({ bytes }) => bytes <= maximumLinkBytes),
  );
  return new Map(links.map(({ path }) => [path, texts.get(path) ?? '']));
}
