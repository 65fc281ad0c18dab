// The config repo on this machine: a bare mirror, fetched with the app's own token and read commit by commit.
import { mkdir } from 'node:fs/promises';
import { type Git, openGit } from '@coppice/builder-runner/remote';
import { type ConfigTree, isConfigYaml, maximumYamlBytes, type SpecRequires } from '@coppice/config';
import { appAccess } from './app-access.ts';
import { createSpecScanner, isPackageSpec } from './package-specs.ts';

/** The files of one commit that matter to the bot. */
export interface ConfigFiles {
  readonly tree: ConfigTree;
  /** `packages/<owner>/<project>/<package>` → the Git object id of that folder. */
  readonly packageTrees: ReadonlyMap<string, string>;
  /** Chroot name → the Git object id of `chroots/<chroot>.cfg`. */
  readonly chrootConfigDigests: ReadonlyMap<string, string>;
  /** Path → what the spec there says of the order of builds. */
  readonly specs: ReadonlyMap<string, SpecRequires>;
}

export interface ConfigRepoMirror {
  /** Fetches a branch. Gives the commit it points at now. Throws GitError. */
  fetch(branch: string): Promise<string>;
  /** Fetches the head of a pull request and the branch that it goes into, and gives their commits. Throws GitError. */
  fetchPull(number: number, branch: string): Promise<{ readonly head: string; readonly base: string }>;
  /** The message of a commit. Throws GitError when the commit is not here. */
  message(commit: string): Promise<string>;
  /** What a pull request changes. Throws GitError when the commits are not here. */
  changes(base: string, head: string): Promise<PullChanges>;
  /** True when `commit` is here and `later` contains it. */
  isContained(commit: string, later: string): Promise<boolean>;
  /** Throws GitError when the commit is not here. */
  read(commit: string): Promise<ConfigFiles>;
}

/** `from` is the commit that both sides come from; the base itself when they share none. */
export interface PullChanges {
  readonly from: string;
  /** Every path that differs between `from` and the head, those that are gone included. */
  readonly paths: readonly string[];
}

interface ConfigRepoOptions {
  /** `home/state/config.git`; made when missing. */
  readonly folder: string;
  /** Address of the repository, without user or token. */
  readonly url: string;
  /** A fresh installation token. */
  readonly token: () => Promise<string>;
}

const fetchSeconds = 120;
const readSeconds = 60;
/** All config files of one commit together. */
const maximumTotalBytes = 64 * 1024 * 1024;

export async function openConfigRepo(options: ConfigRepoOptions): Promise<ConfigRepoMirror> {
  const { folder, url } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await openGit({ timeoutSeconds: readSeconds }).text(['init', '--quiet', '--bare', folder]);
  const git = openGit({ repository: folder, timeoutSeconds: readSeconds, maximumBytes: maximumTotalBytes });
  const ask = async (...args: readonly string[]): Promise<string> => (await git.text(args)).trim();
  const scanSpecs: SpecScanner = createSpecScanner((entries) => readTexts(git, entries));
  /** Fetches refs to where they are on GitHub; gives their commits. */
  const fetchRefs = async (...refs: readonly string[]): Promise<readonly string[]> => {
    const access = appAccess(url, await options.token());
    const fetching = openGit({ repository: folder, ...access, timeoutSeconds: fetchSeconds });
    const wanted = refs.map((ref) => `+${ref}:${ref}`);
    await fetching.text(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', url, ...wanted]);
    return await Promise.all(refs.map((ref) => ask('rev-parse', '--verify', `${ref}^{commit}`)));
  };
  return {
    async fetch(branch) {
      const [commit = ''] = await fetchRefs(`refs/heads/${branch}`);
      return commit;
    },
    async fetchPull(number, branch) {
      const [head = '', base = ''] = await fetchRefs(`refs/pull/${number}/head`, `refs/heads/${branch}`);
      return { head, base };
    },
    message: (commit) => ask('log', '--max-count=1', '--format=%B', commit),
    async changes(base, head) {
      // Without a common commit there is nothing to print, and git ends with 1.
      const from = (await ask('merge-base', base, head).catch(() => '')) || base;
      const listed = await ask('diff-tree', '-r', '-z', '--no-renames', '--name-only', from, head);
      return { from, paths: listed.split('\0').filter((path) => path !== '') };
    },
    async isContained(commit, later) {
      return await git.text(['merge-base', '--is-ancestor', commit, later]).then(
        () => true,
        () => false,
      );
    },
    read: (commit) => readFiles(git, commit, scanSpecs),
  };
}

interface Entry {
  readonly type: string;
  readonly id: string;
  readonly bytes: number;
  readonly path: string;
}

type SpecScanner = ReturnType<typeof createSpecScanner<Entry>>;

async function readFiles(git: Git, commit: string, scanSpecs: SpecScanner): Promise<ConfigFiles> {
  const entries = parseTreeListing(await git.text(['ls-tree', '-r', '-t', '-l', '-z', '--full-tree', commit]));
  const files = entries.filter(({ type }) => type === 'blob');
  const yaml = files.filter(({ path }) => isConfigYaml(path));
  const oversize = new Map(
    yaml.filter(({ bytes }) => bytes > maximumYamlBytes).map(({ path, bytes }) => [path, bytes]),
  );
  const texts = await readTexts(
    git,
    yaml.filter(({ path }) => !oversize.has(path)),
  );
  for (const path of oversize.keys()) texts.set(path, '');
  return {
    tree: { texts, oversize, paths: new Set(files.map(({ path }) => path)) },
    packageTrees: new Map(
      entries.filter(({ type, path }) => type === 'tree' && packageFolder.test(path)).map(({ path, id }) => [path, id]),
    ),
    chrootConfigDigests: new Map(
      files.flatMap(({ path, id }) => {
        const [, chroot] = chrootConfig.exec(path) ?? [];
        return chroot === undefined ? [] : [[chroot, id] as const];
      }),
    ),
    specs: await scanSpecs(files.filter(({ path }) => isPackageSpec(path))),
  };
}

const packageFolder = /^packages\/[^/]+\/[^/]+\/[^/]+$/;
const chrootConfig = /^chroots\/([^/]+)\.cfg$/;

/** `<mode> <type> <id> <bytes>\t<path>\0` of `git ls-tree -l -z`. Pure. */
function parseTreeListing(text: string): readonly Entry[] {
  return text.split('\0').flatMap((line) => {
    const [, type, id, bytes, path] = /^\d+ (\w+) ([0-9a-f]+)\s+(\d+|-)\t(.+)$/s.exec(line) ?? [];
    if (type === undefined || id === undefined || path === undefined) return [];
    return [{ type, id, bytes: bytes === '-' ? 0 : Number(bytes), path }];
  });
}

async function readTexts(git: Git, entries: readonly Entry[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  if (entries.length === 0) return texts;
  const output = await git.catFile(['--batch'], entries.map(({ id }) => `${id}\n`).join(''));
  let at = 0;
  for (const { path, bytes } of entries) {
    // `<id> blob <bytes>\n<content>\n`
    const start = output.indexOf(0x0a, at) + 1;
    texts.set(path, output.toString('utf8', start, start + bytes));
    at = start + bytes + 1;
  }
  return texts;
}
