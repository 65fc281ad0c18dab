// Sources from Git repositories that nobody here controls, dist-git among them.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommitRecord, GitMethod, PinnedSource } from '@coppice/config';
import { fail, type Outcome, succeed } from '../base/outcome.ts';
import { recentCommits } from '../remote/recent-commits.ts';
import { cloneForMethod, cloneSubmodule } from './clone-for-method.ts';
import { fetchLfsFiles, filesOfTree, findPointers, type LfsTree, lfsDeadline } from './fetch-lfs.ts';
import type { FetchOrder } from './fetch-order.ts';
import { fetchSpecSources, type SpecOrder } from './fetch-spec-sources.ts';
import { describeSubmodules, fetchSubmodules, recordSubmodules } from './fetch-submodules.ts';
import type { FetchedFile, FetchedSource } from './fetched-source.ts';
import { enterSubdirectory, flattenTree, onlySpecAmong, reachOfSpec } from './flatten-tree.ts';
import { type MirrorOrder, withMirror } from './git-mirror.ts';
import { groupByFolder, reachInto } from './paths-below.ts';
import { writeGitTree } from './write-git-tree.ts';

type GitSource = Extract<PinnedSource, { type: 'git' }>;
type DistgitSource = Extract<PinnedSource, { type: 'distgit' }>;

/** The pinned commit: the spec with its sources, or a clone where another method makes the source package. */
export async function fetchFromGit(order: FetchOrder, source: GitSource): Promise<Outcome<FetchedSource>> {
  const { url, ref, commit, method = 'spec', subdirectory, spec } = source;
  if (method !== 'spec') return fetchClone(order, source, method);
  const wanted = { url, ref, commit, history: 'commit', subdirectory, spec } as const;
  return fetchSpec(order, wanted, { stated: source.sources, lookaside: undefined });
}

/** The spec of a dist-git's branch, with its sources from the lookaside cache. */
export async function fetchFromDistgit(order: FetchOrder, source: DistgitSource): Promise<Outcome<FetchedSource>> {
  const { url, branch, commit, spec } = source;
  const wanted = { url, ref: branch, commit, history: 'commit', subdirectory: undefined, spec } as const;
  const lookaside = { template: source.lookaside, name: source.package };
  return fetchSpec(order, wanted, { stated: source.sources, lookaside });
}

interface SpecPlace extends MirrorOrder {
  readonly subdirectory: string | undefined;
  readonly spec: string | undefined;
}

/** The spec's folder, with what its links lead to, submodules and LFS included; nothing else of the repository. */
async function fetchSpec(
  order: FetchOrder,
  wanted: SpecPlace,
  stated: Pick<SpecOrder, 'stated' | 'lookaside'>,
): Promise<Outcome<FetchedSource>> {
  const { url, subdirectory, spec } = wanted;
  const tree = join(order.folder, 'tree');
  const written = await writeTree(order, wanted, tree);
  if (!written.ok) return written;
  const { bytes, commits } = written.value;
  const reach = () => reachOfSpec({ tree, subdirectory, spec });
  const reached = await reach();
  const submodules = await fetchSubmodules(
    order,
    { ...wanted, folder: tree },
    {
      bytes,
      isWanted: reachInto(reached),
      write: async (repository, { commit, folder }) => {
        const end = await writeGitTree(order, { repository, tree: commit, folder });
        return end.ok ? { ok: true, output: '' } : { ok: false, why: end.why, final: true };
      },
    },
  );
  if (!submodules.ok) return submodules;
  const { modules, bytesLeft } = submodules.value;
  const places = (modules.length === 0 ? reached : await reach()).map((path) => join(tree, path));
  const trees = [{ folder: tree, url }, ...modules];
  const own = groupByFolder(
    places,
    trees.map(({ folder }) => folder),
  );
  const stored = await fetchStored(order, trees, async ({ folder }) => own.get(folder) ?? [], bytesLeft);
  if (!stored.ok) return stored;
  const flat = await flattenTree({ tree, folder: join(order.folder, 'flat'), subdirectory, spec, name: url });
  if (!flat.ok) return flat;
  const fetched = await fetchSpecSources(order, { ...flat.value, ...stated });
  if (!fetched.ok) return fetched;
  const notes = [...describeSubmodules(modules), ...flat.value.notes, ...fetched.value.notes];
  const files = [...stored.value, ...fetched.value.fetched];
  return succeed({ ...fetched.value, notes, fetched: files, submodules: recordSubmodules(modules), commits });
}

type FilesOf = (tree: LfsTree) => Promise<readonly string[]>;

/** Fetches what is in LFS of some files of each tree. `bytes`: what all of it may have. */
async function fetchStored(
  order: FetchOrder,
  trees: readonly LfsTree[],
  filesOf: FilesOf,
  bytes: number,
): Promise<Outcome<readonly FetchedFile[]>> {
  const fetched: FetchedFile[] = [];
  const until = lfsDeadline(order);
  let left = bytes;
  for (const tree of trees) {
    const pointers = await pointersOf(order, tree, filesOf);
    if (!pointers.ok) return pointers;
    const files = await fetchLfsFiles(order, tree, pointers.value, { bytes: left, until });
    if (!files.ok) return files;
    left -= files.value.reduce((sum, each) => sum + each.bytes, 0);
    fetched.push(...files.value);
  }
  return succeed(fetched);
}

async function pointersOf(order: FetchOrder, tree: LfsTree, filesOf: FilesOf) {
  const pointers = await findPointers(order, tree.folder, await filesOf(tree));
  if (typeof pointers !== 'string') return succeed(pointers);
  return fail('source', `It cannot be told which files of ${tree.url} are in Git LFS: ${pointers}.`);
}

/** What was taken out of a mirror. */
interface Taken {
  readonly bytes: number;
  readonly commits: readonly CommitRecord[];
}

/** Writes the files of a commit to a new folder. `place` is that of the package. */
async function writeTree(order: FetchOrder, place: SpecPlace, folder: string): Promise<Outcome<Taken>> {
  const { url, commit, subdirectory } = place;
  return withMirror(order, place, async (repository) => {
    await rm(folder, { recursive: true, force: true });
    const written = await writeGitTree(order, { repository, tree: commit, folder });
    if (written.ok) {
      const commits = await recentCommits(repository, commit, subdirectory);
      return succeed({ bytes: written.bytes, commits });
    }
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
  const { url, ref, commit, subdirectory } = source;
  const folder = join(order.folder, 'clone');
  const wanted = { url, ref, commit, history: 'full' } as const;
  const taken = await withMirror(order, wanted, async (repository): Promise<Outcome<Taken>> => {
    const bytes = await cloneForMethod(order, { repository, url, ref, commit, folder });
    if (!bytes.ok) return bytes;
    return succeed({ bytes: bytes.value, commits: await recentCommits(repository, commit, subdirectory) });
  });
  if (!taken.ok) return taken;
  const { bytes, commits } = taken.value;
  const submodules = await fetchSubmodules(
    order,
    { ...wanted, folder },
    {
      ...{ bytes, isWanted: () => true },
      write: (repository, module) => cloneSubmodule(order, repository, module),
    },
  );
  if (!submodules.ok) return submodules;
  const { modules, bytesLeft } = submodules.value;
  const place = await enterSubdirectory(folder, subdirectory, url);
  if (!place.ok) return place;
  const trees = [{ folder, url }, ...modules];
  const inside = new Set(modules.map((each) => each.folder));
  const filesOf = (tree: LfsTree) => filesOfTree(tree.folder, inside);
  const stored =
    method === 'make_srpm'
      ? await fetchStored(order, trees, filesOf, bytesLeft)
      : await refuseStored(order, trees, filesOf, method);
  if (!stored.ok) return stored;
  // The others look for a spec themselves.
  const found = method === 'make_srpm' ? onlySpecAmong(await filesOf({ folder, url }), subdirectory) : undefined;
  return succeed({
    kind: 'tree',
    method,
    folder,
    spec: source.spec ?? found,
    subdirectory,
    // tito packs what is in Git; the other two run what the packager wrote.
    needsNetwork: method !== 'tito' && order.network,
    fetched: stored.value,
    submodules: recordSubmodules(modules),
    commits,
    notes: describeSubmodules(modules),
  });
}

/** These methods pack what Git has, which is the pointers. */
async function refuseStored(
  order: FetchOrder,
  trees: readonly LfsTree[],
  filesOf: FilesOf,
  method: GitMethod,
): Promise<Outcome<readonly FetchedFile[]>> {
  for (const tree of trees) {
    const pointers = await pointersOf(order, tree, filesOf);
    if (!pointers.ok) return pointers;
    const names = pointers.value.slice(0, 5).map(({ path }) => path);
    if (names.length === 0) continue;
    const more = pointers.value.length > names.length ? ` and ${pointers.value.length - names.length} more` : '';
    const what = `The method ${method} packs what Git has, and of ${names.join(', ')}${more} of ${tree.url} that is a pointer of Git LFS`;
    return fail('source', `${what}: take the method spec or make_srpm, or keep the files in Git itself.`);
  }
  return succeed([]);
}
