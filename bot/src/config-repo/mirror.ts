// The config repo on this machine: a bare mirror, fetched with the app's own token and read commit by commit.
import { mkdir } from 'node:fs/promises';
import {
  type Git,
  GitError,
  gitEnvironment,
  listTree,
  openGit,
  readContents,
  readLinks,
  readTexts,
  runLimitedGit,
  type TreeEntry,
} from '@coppice/builder-runner/remote';
import { type ConfigTree, isConfigYaml, isMetadataFile, maximumYamlBytes } from '@coppice/config';
import { type RepositoryAccess, withAccess } from './app-access.ts';
import { createMetadataLook } from './metadata-files.ts';
import { followPackageLinks } from './package-links.ts';
import { createSpecScanner, isPackageSpec, type KnownSpec } from './package-specs.ts';

/** The files of one commit that matter to the bot. */
export interface ConfigFiles {
  readonly tree: ConfigTree;
  /** `packages/<owner>/<project>/<package>` → the `tree` of a pinned source: what that folder and its links hold. */
  readonly packageTrees: ReadonlyMap<string, string>;
  /** Chroot name → the Git object id of `chroots/<chroot>.cfg`. */
  readonly chrootConfigDigests: ReadonlyMap<string, string>;
  /** Path → what the spec there says of the order of builds. */
  readonly specs: ReadonlyMap<string, KnownSpec>;
  /** Path → the Git object id of each file that may be metadata of repositories. */
  readonly metadataIds?: ReadonlyMap<string, string>;
}

/** What is here already, without asking GitHub. All throw GitError. */
export interface ConfigRepoReader {
  /** The message of a commit. Throws GitError when the commit is not here. */
  message(commit: string): Promise<string>;
  /** What a pull request changes. Throws GitError when the commits are not here. */
  changes(base: string, head: string): Promise<PullChanges>;
  /**
   * Paths at which a merge of the two would conflict, in Git's order; undefined when Git could not try it within its
   * limits (before 2.38 it cannot at all).
   */
  conflicts(base: string, head: string): Promise<readonly string[] | undefined>;
  /** True when `commit` is here and `later` contains it. */
  isContained(commit: string, later: string): Promise<boolean>;
  /** Throws GitError when the commit is not here. */
  read(commit: string): Promise<ConfigFiles>;
  /** The content of a file, by its Git object id. */
  content(id: string): Promise<Buffer>;
}

export interface ConfigRepoMirror extends ConfigRepoReader {
  /** Where it is. */
  readonly folder: string;
  /** Fetches a branch. Gives the commit it points at now. Throws GitError. */
  fetch(branch: string): Promise<string>;
  /** Fetches the head of a pull request and the branch that it goes into, and gives their commits. Throws GitError. */
  fetchPull(number: number, branch: string): Promise<{ readonly head: string; readonly base: string }>;
  /** Fetches a commit that a merge queue would merge, by its ref, and gives that of the branch that it goes into. */
  fetchGroup(group: { readonly ref: string; readonly commit: string }, branch: string): Promise<string>;
}

/** `from` is the commit that both sides come from; the base itself when they share none. */
export interface PullChanges {
  readonly from: string;
  /**
   * Every path that differs between `from` and the head, those that are gone included; also where links of packages
   * lead to one of those.
   */
  readonly paths: readonly string[];
}

interface ConfigRepoOptions extends RepositoryAccess {
  /** `home/state/config.git`; made when missing. */
  readonly folder: string;
  /** It is another's, and only read: nothing is made. Default: false. */
  readonly existing?: boolean;
}

const fetchSeconds = 120;
const readSeconds = 60;
/** All config files of one commit together. */
const maximumTotalBytes = 64 * 1024 * 1024;

export async function openConfigRepo(options: ConfigRepoOptions): Promise<ConfigRepoMirror> {
  const { folder } = options;
  if (options.existing !== true) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await openGit({ timeoutSeconds: readSeconds }).text(['init', '--quiet', '--bare', folder]);
  }
  const git = openReading(folder);
  const fetchAll = async (wanted: readonly string[]): Promise<void> => {
    await withAccess(options, async (url, access) => {
      const fetching = openGit({ repository: folder, ...access, timeoutSeconds: fetchSeconds });
      await fetching.text(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', url, ...wanted]);
    });
  };
  /** Fetches refs to where they are on GitHub; gives their commits. */
  const fetchRefs = async (...refs: readonly string[]): Promise<readonly string[]> => {
    await fetchAll(refs.map((ref) => `+${ref}:${ref}`));
    return await Promise.all(refs.map((ref) => ask(git, 'rev-parse', '--verify', `${ref}^{commit}`)));
  };
  return {
    folder,
    async fetch(branch) {
      const [commit = ''] = await fetchRefs(`refs/heads/${branch}`);
      return commit;
    },
    async fetchPull(number, branch) {
      const [head = '', base = ''] = await fetchRefs(`refs/pull/${number}/head`, `refs/heads/${branch}`);
      return { head, base };
    },
    async fetchGroup({ ref, commit }, branch) {
      const base = `refs/heads/${branch}`;
      // Its branch lives for minutes: no ref of ours names it.
      await fetchAll([ref, `+${base}:${base}`]);
      await ask(git, 'rev-parse', '--verify', `${commit}^{commit}`);
      return await ask(git, 'rev-parse', '--verify', `${base}^{commit}`);
    },
    ...openConfigReader(folder),
  };
}

/** Reads the mirror in `folder`, which must be there. */
export function openConfigReader(folder: string): ConfigRepoReader {
  const git = openReading(folder);
  const scanners: Scanners = {
    specs: createSpecScanner((entries) => readTexts(git, entries)),
    metadata: createMetadataLook((entries) => readContents(git, entries)),
  };
  return {
    message: (commit) => ask(git, 'log', '--max-count=1', '--format=%B', commit),
    async changes(base, head) {
      // Without a common commit there is nothing to print, and git ends with 1.
      const from = await unlessNo(ask(git, 'merge-base', base, head), base);
      const listed = await ask(git, 'diff-tree', '-r', '-z', '--no-renames', '--name-only', from, head);
      const paths = new Set(listed.split('\0').filter((path) => path !== ''));
      for (const commit of [from, head]) {
        for (const place of await placesOf(git, commit, new Set(paths))) paths.add(place);
      }
      return { from, paths: [...paths].sort() };
    },
    conflicts: (base, head) => findConflicts(folder, base, head),
    async isContained(commit, later) {
      const here = await git.text(['cat-file', '--batch-check'], `${commit}\n`);
      if (!here.includes(' commit ')) return false;
      const contained = git.text(['merge-base', '--is-ancestor', commit, later]);
      return await unlessNo(
        contained.then(() => true),
        false,
      );
    },
    read: (commit) => readFiles(git, commit, scanners),
    content: (id) => git.catFile(['blob', id]),
  };
}

function openReading(folder: string): Git {
  return openGit({ repository: folder, timeoutSeconds: readSeconds, maximumBytes: maximumTotalBytes });
}

async function ask(git: Git, ...args: readonly string[]): Promise<string> {
  return (await git.text(args)).trim();
}

/** `no` when git says so by ending with 1. Throws GitError for all else that is wrong. */
async function unlessNo<T>(asked: Promise<T>, no: T): Promise<T> {
  return await asked.catch((error: unknown) => {
    if (error instanceof GitError && error.exitCode === 1) return no;
    throw error;
  });
}

const mergeSeconds = 30;
const mergeFileBytes = 64 * 1024 * 1024;

/** What is merged are files of strangers. https://git-scm.com/docs/git-merge-tree#OUTPUT */
async function findConflicts(folder: string, base: string, head: string): Promise<readonly string[] | undefined> {
  const how = ['--write-tree', '-z', '--name-only', '--no-messages', '--allow-unrelated-histories'];
  const { exitCode, stdout } = await runLimitedGit(['merge-tree', ...how, base, head], {
    environment: { ...gitEnvironment([]), GIT_DIR: folder },
    seconds: mergeSeconds,
    fileBytes: mergeFileBytes,
  });
  if (exitCode === 0) return [];
  const [tree = '', ...paths] = stdout.split('\0');
  // It ends with 1 for a commit that is not there as well, and then prints no tree.
  return exitCode === 1 && /^[0-9a-f]{40,64}$/.test(tree) ? paths.filter((path) => path !== '') : undefined;
}

interface Scanners {
  readonly specs: ReturnType<typeof createSpecScanner<TreeEntry>>;
  readonly metadata: ReturnType<typeof createMetadataLook<TreeEntry>>;
}

async function readFiles(git: Git, commit: string, scanners: Scanners): Promise<ConfigFiles> {
  const entries = await listTree(git, commit);
  const files = entries.filter(({ type }) => type === 'blob');
  const yaml = files.filter(({ path, mode }) => isConfigYaml(path) && mode !== '120000');
  const oversize = new Map(
    yaml.filter(({ bytes }) => bytes > maximumYamlBytes).map(({ path, bytes }) => [path, bytes]),
  );
  const texts = await readTexts(
    git,
    yaml.filter(({ path }) => !oversize.has(path)),
  );
  for (const path of oversize.keys()) texts.set(path, '');
  const ofMetadata = files.filter(({ path, mode }) => isMetadataFile(path) && mode !== '120000');
  const tree = {
    metadataFiles: await scanners.metadata(ofMetadata),
    ...{ texts, oversize, paths: new Set(files.map(({ path }) => path)), links: await readLinks(git, files) },
    submodules: new Set(entries.filter(({ type }) => type === 'commit').map(({ path }) => path)),
  };
  const linked = followPackageLinks(tree, entries);
  return {
    tree,
    packageTrees: linked.trees,
    chrootConfigDigests: new Map(
      files.flatMap(({ path, id }) => {
        const [, chroot] = chrootConfig.exec(path) ?? [];
        return chroot === undefined ? [] : [[chroot, id] as const];
      }),
    ),
    specs: await scanners.specs(linked.files.filter(({ path }) => isPackageSpec(path))),
    metadataIds: new Map(ofMetadata.map(({ path, id }) => [path, id])),
  };
}

/** Where links of packages put one of these files. */
async function placesOf(git: Git, commit: string, targets: ReadonlySet<string>): Promise<readonly string[]> {
  const entries = await listTree(git, commit);
  const files = entries.filter(({ type }) => type === 'blob');
  const tree = { paths: new Set(files.map(({ path }) => path)), links: await readLinks(git, files) };
  return followPackageLinks(tree, entries).linked.flatMap(({ place, target }) => (targets.has(target) ? [place] : []));
}

const chrootConfig = /^chroots\/([^/]+)\.cfg$/;
