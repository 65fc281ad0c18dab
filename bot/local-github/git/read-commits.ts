// Reads commits out of a bare repository in the shapes that webhooks and REST answers are made of.
import { gitIn } from './git-in.ts';

interface Signature {
  readonly name: string;
  readonly email: string;
  /** ISO 8601 with the author's own offset. */
  readonly date: string;
}

export interface Commit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  /** Without the line break at its end. */
  readonly message: string;
}

export interface ChangedNames {
  readonly added: string[];
  readonly modified: string[];
  readonly removed: string[];
}

const FIELDS = ['%H', '%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'];

/** The commits that `git log` selects with `selection`, newest first. */
export async function readCommits(folder: string, selection: readonly string[]): Promise<Commit[]> {
  const text = await gitIn(folder).text(['log', '-z', `--format=${FIELDS.join('%x00')}`, ...selection]);
  const parts = text.split('\0');
  const commits: Commit[] = [];
  for (let at = 0; at + FIELDS.length <= parts.length; at += FIELDS.length) {
    const [sha, tree, parents, an, ae, ad, cn, ce, cd, message] = parts.slice(at, at + FIELDS.length) as string[];
    commits.push({
      sha: sha!,
      tree: tree!,
      parents: parents ? parents.split(' ') : [],
      author: { name: an!, email: ae!, date: ad! },
      committer: { name: cn!, email: ce!, date: cd! },
      message: message!.replace(/\n+$/, ''),
    });
  }
  return commits;
}

/** The names that each selected commit added, modified and removed, by its sha. */
export async function readChangedNames(
  folder: string,
  selection: readonly string[],
): Promise<ReadonlyMap<string, ChangedNames>> {
  const args = ['log', '-z', '--no-renames', '--name-status', '--format=%H', ...selection];
  const tokens = (await gitIn(folder).text(args)).split('\0');
  const found = new Map<string, ChangedNames>();
  let current: ChangedNames = { added: [], modified: [], removed: [] };
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at]!.trim();
    if (token === '') continue;
    if (token.length === 1) {
      at += 1;
      const list = token === 'A' ? current.added : token === 'D' ? current.removed : current.modified;
      list.push(tokens[at] ?? '');
    } else {
      current = { added: [], modified: [], removed: [] };
      found.set(token, current);
    }
  }
  return found;
}

/** The commit that a branch, tag or (short) id names; undefined when there is none. */
export async function resolveCommit(folder: string, ref: string): Promise<string | undefined> {
  if (ref.startsWith('-') || /[\s:^~?*[\\]|\.\.|@\{/.test(ref)) return undefined;
  const names = /^[0-9a-f]{40}$/.test(ref)
    ? [ref]
    : [`refs/heads/${ref}`, `refs/tags/${ref}`, `refs/${ref}`, ref].filter((name) => name !== '');
  for (const name of names) {
    const sha = await gitIn(folder)
      .text(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`])
      .catch(() => '');
    // rev-parse prints the `--end-of-options` it was given before Git 2.30 learned better.
    const last = sha.split('\n').at(-1) ?? '';
    if (/^[0-9a-f]{40}$/.test(last)) return last;
  }
  return undefined;
}
