// The files that differ between two commits, as pull requests, commits and comparisons list them.
import { gitIn } from '../git/git-in.ts';
import type { BridgeContext } from './api.ts';

export interface ChangedFile {
  readonly sha: string;
  readonly filename: string;
  readonly status: 'added' | 'removed' | 'modified' | 'renamed';
  readonly additions: number;
  readonly deletions: number;
  readonly changes: number;
  readonly blob_url: string;
  readonly raw_url: string;
  readonly contents_url: string;
  readonly previous_filename?: string;
  readonly patch?: string;
}

/** GitHub lists at most so many files of one comparison. */
const MOST_FILES = 3000;
/** GitHub leaves the patch of a large change out. */
const MOST_PATCH_CHARACTERS = 200_000;

const STATUSES = { A: 'added', D: 'removed', R: 'renamed' } as const;

/** Everything in `to` that differs from `from` (commits or trees), by name. */
export async function diffFiles(
  context: BridgeContext,
  folder: string,
  repository: string,
  from: string,
  to: string,
): Promise<ChangedFile[]> {
  const [raw, patches] = await Promise.all([
    gitIn(folder).text(['diff', '-z', '-M', '--raw', '--numstat', '--no-abbrev', from, to]),
    gitIn(folder).text(['diff', '-M', '--no-color', '--no-ext-diff', from, to]),
  ]);
  const { entries, counts } = parse(raw.split('\0'));
  const texts = splitPatches(patches);
  return entries.slice(0, MOST_FILES).map((entry, at) => {
    const { additions, deletions } = counts[at] ?? { additions: 0, deletions: 0 };
    const patch = texts[at];
    const place = `${context.url}/${repository}`;
    return {
      sha: entry.sha,
      filename: entry.name,
      status: entry.status,
      additions,
      deletions,
      changes: additions + deletions,
      blob_url: `${place}/blob/${to}/${encodeURI(entry.name)}`,
      raw_url: `${place}/raw/${to}/${encodeURI(entry.name)}`,
      contents_url: `${context.apiUrl}/repos/${repository}/contents/${encodeURI(entry.name)}?ref=${to}`,
      ...(entry.previous === undefined ? {} : { previous_filename: entry.previous }),
      ...(patch === undefined || patch.length > MOST_PATCH_CHARACTERS ? {} : { patch }),
    };
  });
}

interface Entry {
  readonly sha: string;
  readonly name: string;
  readonly status: ChangedFile['status'];
  readonly previous: string | undefined;
}

/** First all `:mode mode sha sha X` + names, then all `added removed name` (a rename: an empty name, then both). */
function parse(tokens: readonly string[]) {
  const entries: Entry[] = [];
  const counts: { additions: number; deletions: number }[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    if (token.startsWith(':')) {
      const [, , before, after, letter = ''] = token.split(' ');
      const renamed = letter.startsWith('R');
      const first = tokens[at + 1] ?? '';
      const name = renamed ? (tokens[at + 2] ?? '') : first;
      at += renamed ? 2 : 1;
      const status = STATUSES[letter[0] as keyof typeof STATUSES] ?? 'modified';
      const sha = (status === 'removed' ? before : after) ?? '';
      entries.push({ sha, name, status, previous: renamed ? first : undefined });
    } else if (token !== '') {
      const [additions = '', deletions = '', name] = token.split('\t');
      if (name === '') at += 2;
      counts.push({ additions: Number(additions) || 0, deletions: Number(deletions) || 0 });
    }
  }
  return { entries, counts };
}

/** The hunks of each file, in the order of the files; undefined for a file without any (binary, mode). */
function splitPatches(text: string): (string | undefined)[] {
  return text
    .split(/^diff --git .*\n/m)
    .slice(1)
    .map((part) => {
      const start = part.search(/^@@ /m);
      return start < 0 ? undefined : part.slice(start).replace(/\n$/, '');
    });
}
