// Sources as people write them → pinned ones: what moves becomes what it means now.
import type { FetchRules } from '@coppice/builder-runner/remote';
import {
  branchFor,
  isScriptText,
  locateDistgit,
  type Package,
  type PinnedByChroot,
  type PinnedSource,
  type Project,
  projectKey,
  type Source,
} from '@coppice/config';
import { isCommit, lookUpCommits } from './pin-git.ts';
import { pinGem, pinPypi } from './pin-release.ts';

/**
 * What a plan needs: the pinned sources by `owner/project/package`, and one sentence for each that could not be pinned;
 * for a chroot alone by `owner/project/package/chroot`.
 */
interface PinnedSources {
  readonly pinned: ReadonlyMap<string, PinnedByChroot>;
  readonly unpinned: ReadonlyMap<string, string>;
}

interface PinContext {
  /** The commit of the config repo that is planned. */
  readonly commit: string;
  readonly packageTrees: ReadonlyMap<string, string>;
  readonly rules: FetchRules;
  /**
   * Ask other servers what branches, tags and releases are now; without it only sources that say a commit are pinned.
   */
  readonly lookUp: boolean;
}

const parallelLookUps = 8;
/** Said of a source that nobody asked about yet: nothing is wrong with it. */
export const lookedUpLater = 'its source is looked up once it may be built';

/** Pins the named packages of a project, or all of them when `names` is empty. Never throws for a source. */
export async function pinSources(
  project: Project,
  names: readonly string[],
  context: PinContext,
): Promise<PinnedSources> {
  const pinned = new Map<string, PinnedByChroot>();
  const unpinned = new Map<string, string>();
  const wanted = project.packages.filter(
    ({ name }) => names.length === 0 || names.includes(name) || names.includes(`${projectKey(project)}/${name}`),
  );
  const waiting = [...wanted];
  const lookUp = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const key = `${projectKey(project)}/${one.name}`;
      const { source } = one;
      const found =
        source.type === 'distgit'
          ? await pinBranches(source, one, key, context, unpinned)
          : await pinSource(source, `packages/${key}`, context);
      if (typeof found === 'string') unpinned.set(key, found);
      else pinned.set(key, found);
    }
  };
  await Promise.all(Array.from({ length: parallelLookUps }, lookUp));
  return { pinned, unpinned };
}

/** The pinned source, or a sentence that says why there is none. */
async function pinSource(
  source: Exclude<Source, { type: 'distgit' }>,
  folder: string,
  context: PinContext,
): Promise<PinnedSource | string> {
  switch (source.type) {
    case 'srpm':
      return source;
    case 'dir':
      return inFolder(source, folder, context);
    case 'script':
      return isScriptText(source.script) ? source : inFolder(source, folder, context);
    case 'git': {
      if (!context.lookUp && !isCommit(source.ref)) return lookedUpLater;
      const commit = (await lookUpCommits(source.url, [source.ref], context.rules)).get(source.ref) ?? lookedUpLater;
      return typeof commit === 'string' ? commit : { ...source, commit: commit.id };
    }
    case 'pypi':
      return context.lookUp ? await pinPypi(source, context.rules) : lookedUpLater;
    case 'rubygems':
      return context.lookUp ? await pinGem(source, context.rules) : lookedUpLater;
  }
}

function inFolder<T extends object>(source: T, folder: string, { commit, packageTrees }: PinContext) {
  const tree = packageTrees.get(folder);
  return tree === undefined ? `the config repo has no folder ${folder}/` : { ...source, commit, path: folder, tree };
}

/** The commit of each chroot's branch; what is wrong with one chroot goes into `unpinned`. */
async function pinBranches(
  source: Extract<Source, { type: 'distgit' }>,
  { name, chroots }: Package,
  key: string,
  context: PinContext,
  unpinned: Map<string, string>,
): Promise<PinnedByChroot | string> {
  const place = locateDistgit(source, name);
  const branches = new Map(chroots.map((chroot) => [chroot, branchFor(source, chroot)]));
  const wanted = [...new Set(branches.values())].filter((branch) => branch !== undefined);
  if (!context.lookUp && !wanted.every(isCommit)) return lookedUpLater;
  const commits = await lookUpCommits(place.url, wanted, context.rules);
  const pinned = new Map<Package['chroots'][number], PinnedSource>();
  const sources = new Map<string, PinnedSource>();
  for (const [chroot, branch] of branches) {
    const commit = branch === undefined ? `no branch is said for ${chroot}` : (commits.get(branch) ?? lookedUpLater);
    if (branch === undefined || typeof commit === 'string') {
      unpinned.set(`${key}/${chroot}`, String(commit));
      continue;
    }
    const { spec, sources: hashes } = source;
    const one = sources.get(branch) ?? {
      type: 'distgit',
      url: place.url,
      package: place.package,
      branch,
      commit: commit.id,
      ...(place.lookaside === undefined ? {} : { lookaside: place.lookaside }),
      ...(spec === undefined ? {} : { spec }),
      ...(hashes === undefined ? {} : { sources: hashes }),
    };
    sources.set(branch, one);
    pinned.set(chroot, one);
  }
  return pinned;
}
