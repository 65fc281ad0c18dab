// Sources that are kept in the config repo: a package's folder at the commit that was planned.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PinnedSource } from '@coppice/config';
import { fail, type Outcome, succeed } from '../base/outcome.ts';
import { recentCommits } from '../remote/recent-commits.ts';
import { pointersAmong } from './fetch-lfs.ts';
import type { FetchOrder } from './fetch-order.ts';
import { fetchSpecSources } from './fetch-spec-sources.ts';
import type { FetchedSource } from './fetched-source.ts';
import { flattenTree } from './flatten-tree.ts';
import { followConfigLinks } from './follow-config-links.ts';
import { isCommitId } from './source-git.ts';
import { writeGitTree } from './write-git-tree.ts';

type DirSource = Extract<PinnedSource, { type: 'dir' }>;

/** The folder `source.path` of the config repo at the pinned commit, with what its spec names elsewhere. */
export async function fetchFromConfigRepo(order: FetchOrder, source: DirSource): Promise<Outcome<FetchedSource>> {
  const tree = join(order.folder, 'tree');
  const written = await writeConfigFolder({ ...order, folder: tree }, source);
  if (!written.ok) return written;
  const flat = await flattenTree({ tree, folder: join(order.folder, 'flat'), spec: source.spec, name: source.path });
  if (!flat.ok) return flat;
  const [pointer] = await pointersAmong(flat.value.folder, await readdir(flat.value.folder));
  if (pointer !== undefined) {
    const what = `${pointer.path} in ${source.path} is a pointer of Git LFS, and the config repo is read without LFS`;
    return fail('source', `${what}: keep the file itself there, or let the spec name its address.`);
  }
  const fetched = await fetchSpecSources(order, { ...flat.value, stated: source.sources, lookaside: undefined });
  if (!fetched.ok) return fetched;
  return succeed({ ...fetched.value, commits: await commitsOfFolder(order, source) });
}

/** The last commits that touched a folder of the config repo. */
export function commitsOfFolder(
  { configRepository }: Pick<FetchOrder, 'configRepository'>,
  { commit, path }: { readonly commit: string; readonly path: string },
): ReturnType<typeof recentCommits> {
  return recentCommits(configRepository, commit, path);
}

/** Every repository has it, in the hash that its commits have: `git hash-object -t tree /dev/null`. */
function emptyTree(commit: string): string {
  return commit.length === 40
    ? '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
    : '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321';
}

/** Writes a folder of the config repo to the order's folder, with the files that its links lead to. */
export async function writeConfigFolder(
  order: FetchOrder,
  { commit, path }: { readonly commit: string; readonly path: string },
): Promise<Outcome<undefined>> {
  if (!isCommitId(commit)) return fail('source', `${JSON.stringify(commit)} is not a commit.`);
  const instead = await followConfigLinks(order.configRepository, commit, path);
  if (typeof instead === 'string') return fail('source', `${instead}.`);
  const written = await writeGitTree(order, {
    repository: order.configRepository,
    tree: instead.isAll ? emptyTree(commit) : `${commit}:${path}`,
    folder: order.folder,
    instead,
  });
  if (written.ok) return succeed(undefined);
  if (written.what === 'too-large')
    return fail('source', `${path} is larger than the limit of ${order.sourceBytes} bytes.`);
  if (written.what === 'failed') return fail('source', `${path} cannot be written: ${written.why}.`);
  return fail('source', `${path} is not in the config repo at ${commit.slice(0, 12)}: ${written.why}.`);
}
