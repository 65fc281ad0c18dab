// Sources from Git repositories that nobody here controls, dist-git among them.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitMethod, PinnedSource } from '@coppice/config';
import { fail, type Outcome, succeed } from '../base/outcome.ts';
import { cloneForMethod } from './clone-for-method.ts';
import type { FetchOrder } from './fetch-order.ts';
import { fetchSpecSources } from './fetch-spec-sources.ts';
import type { FetchedSource } from './fetched-source.ts';
import { flattenTree } from './flatten-tree.ts';
import { type MirrorOrder, withMirror } from './git-mirror.ts';
import { writeGitTree } from './write-git-tree.ts';

type GitSource = Extract<PinnedSource, { type: 'git' }>;
type DistgitSource = Extract<PinnedSource, { type: 'distgit' }>;

/** The pinned commit: the spec with its sources, or a clone where another method makes the source package. */
export async function fetchFromGit(order: FetchOrder, source: GitSource): Promise<Outcome<FetchedSource>> {
  const { url, ref, commit, method = 'spec', subdirectory, spec } = source;
  if (method !== 'spec') return fetchClone(order, source, method);
  const tree = await writeTree(order, { url, ref, commit, history: 'commit' });
  if (!tree.ok) return tree;
  const place = { tree: tree.value, folder: join(order.folder, 'flat'), subdirectory, spec, name: url };
  const flat = await flattenTree(place);
  return flat.ok ? fetchSpecSources(order, { ...flat.value, stated: source.sources, lookaside: undefined }) : flat;
}

/** The spec of a dist-git's branch, with its sources from the lookaside cache. */
export async function fetchFromDistgit(order: FetchOrder, source: DistgitSource): Promise<Outcome<FetchedSource>> {
  const { url, branch, commit, spec } = source;
  const tree = await writeTree(order, { url, ref: branch, commit, history: 'commit' });
  if (!tree.ok) return tree;
  const flat = await flattenTree({ tree: tree.value, folder: join(order.folder, 'flat'), spec, name: url });
  if (!flat.ok) return flat;
  const lookaside = { template: source.lookaside, name: source.package };
  return fetchSpecSources(order, { ...flat.value, stated: source.sources, lookaside });
}

/** The files of a commit in a folder of their own. */
async function writeTree(order: FetchOrder, wanted: MirrorOrder): Promise<Outcome<string>> {
  const folder = join(order.folder, 'tree');
  const { url, commit } = wanted;
  return withMirror(order, wanted, async (repository) => {
    await rm(folder, { recursive: true, force: true });
    const written = await writeGitTree(order, { repository, tree: commit, folder });
    if (written.ok) return succeed(folder);
    if (written.what === 'too-large')
      return fail('source', `${url} is larger than the limit of ${order.sourceBytes} bytes.`);
    return fail('source', `${commit.slice(0, 12)} cannot be checked out of ${url}: ${written.why}.`);
  });
}

async function fetchClone(
  order: FetchOrder,
  source: GitSource,
  method: Exclude<GitMethod, 'spec'>,
): Promise<Outcome<FetchedSource>> {
  const { url, ref, commit, subdirectory, spec } = source;
  const folder = join(order.folder, 'clone');
  const cloned = await withMirror(order, { url, ref, commit, history: 'full' }, (repository) =>
    cloneForMethod(order, { repository, url, ref, commit, subdirectory, folder }),
  );
  if (!cloned.ok) return cloned;
  return succeed({
    kind: 'tree',
    method,
    folder,
    spec,
    subdirectory,
    // tito packs what is in Git; the other two run what the packager wrote.
    needsNetwork: method !== 'tito' && order.network,
    fetched: [],
    notes: cloned.value,
  });
}
