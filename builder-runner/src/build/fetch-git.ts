// Sources from Git: the config repo's own folders, and clones of repositories that nobody here controls.
import { lstat, mkdir, realpath, rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { PinnedSource, Settings } from '@coppice/config';
import { execa } from 'execa';
import { describeError } from '../errors.ts';
import type { FetchedSource, FetchOrder } from './fetch-source.ts';
import { duration } from './mock-exit.ts';
import { fail, type Outcome, succeed } from './outcome.ts';

type DirSource = Extract<PinnedSource, { type: 'dir' }>;
type GitSource = Extract<PinnedSource, { type: 'git' }>;

const commitPattern = /^[0-9a-f]{40}([0-9a-f]{24})?$/;

/** The folder `source.path` of the config repo at the pinned commit. */
export async function fetchFromConfigRepo(order: FetchOrder, source: DirSource): Promise<Outcome<FetchedSource>> {
  if (!commitPattern.test(source.commit)) return fail('source', `${JSON.stringify(source.commit)} is not a commit.`);
  // A work tree of one folder, without a copy of the history: checkout-index keeps modes and refuses `..` and `.git`.
  const env = { GIT_DIR: order.configRepository, GIT_WORK_TREE: order.folder, GIT_INDEX_FILE: `${order.folder}.index` };
  try {
    const read = await git(order, ['read-tree', `${source.commit}:${source.path}`], env);
    if (!read.ok)
      return fail('source', `${source.path} is not in the config repo at ${source.commit.slice(0, 12)}: ${read.why}.`);
    const size = await treeBytes(order, `${source.commit}:${source.path}`, env);
    if (size > order.sourceBytes) return tooLarge(source.path, order.sourceBytes);
    const written = await git(
      order,
      ['-c', 'core.symlinks=false', 'checkout-index', '--all', '--force'],
      env,
      order.folder,
    );
    if (!written.ok) return fail('source', `${source.path} cannot be written: ${written.why}.`);
  } finally {
    await rm(`${order.folder}.index`, { force: true });
  }
  return succeed({ kind: 'folder', folder: order.folder, spec: source.spec });
}

/** Content bytes of a tree, from its listing: known before anything is written. */
async function treeBytes(order: FetchOrder, tree: string, env: Readonly<Record<string, string>>): Promise<number> {
  const listed = await git(order, ['ls-tree', '-r', '-l', tree], env);
  if (!listed.ok) return 0;
  let bytes = 0;
  for (const line of listed.output.split('\n')) bytes += Number(/^\d+ blob [0-9a-f]+ +(\d+)\t/.exec(line)?.[1] ?? 0);
  return bytes;
}

/** A clone of `source.url`, the pinned commit checked out. The history is not fetched where the server can do without. */
export async function fetchFromGit(order: FetchOrder, source: GitSource): Promise<Outcome<FetchedSource>> {
  if (!commitPattern.test(source.commit)) return fail('source', `${JSON.stringify(source.commit)} is not a commit.`);
  const clone = join(order.folder, 'clone');
  await mkdir(clone, { recursive: true });
  const env = { GIT_DIR: join(clone, '.git'), GIT_WORK_TREE: clone };
  const started = await git(order, ['init', '--quiet', clone], {});
  if (!started.ok) return fail('source', `A clone cannot be made: ${started.why}.`);
  const fetched = await fetchCommit(order, source, env);
  if (!fetched.ok) return fail('source', `${source.url} cannot be fetched: ${fetched.why}.`);
  if ((await treeBytes(order, source.commit, env)) > order.sourceBytes) return tooLarge(source.url, order.sourceBytes);
  const checkedOut = await git(order, ['checkout', '--quiet', '--detach', '--force', source.commit, '--'], env);
  if (!checkedOut.ok)
    return fail('source', `${source.commit.slice(0, 12)} cannot be checked out of ${source.url}: ${checkedOut.why}.`);
  await rm(join(clone, '.git'), { recursive: true, force: true });
  return enterSubdirectory(clone, source);
}

async function fetchCommit(
  order: FetchOrder,
  source: GitSource,
  env: Readonly<Record<string, string>>,
): Promise<GitEnd> {
  const options = ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules'];
  const shallow = await git(order, [...options, '--depth=1', '--', source.url, source.commit], env);
  if (shallow.ok || shallow.final) return shallow;
  // Not every server hands out any commit by its number: take the history of the ref that led to it.
  const all = await git(order, [...options, '--', source.url, source.ref], env);
  if (!all.ok) return all;
  const there = await git(order, ['cat-file', '-e', `${source.commit}^{commit}`], env);
  return there.ok
    ? there
    : { ok: false, why: `commit ${source.commit.slice(0, 12)} is not in ${source.ref} any more`, final: true };
}

async function enterSubdirectory(clone: string, source: GitSource): Promise<Outcome<FetchedSource>> {
  const folder = join(clone, source.subdirectory ?? '');
  const real = await realpath(folder).catch(() => undefined);
  const root = await realpath(clone);
  const inside = real !== undefined && (real === root || real.startsWith(root + sep));
  if (!inside || !(await lstat(folder)).isDirectory()) {
    return fail('source', `There is no folder ${JSON.stringify(source.subdirectory)} in ${source.url}.`);
  }
  return succeed({ kind: 'folder', folder: real, spec: source.spec });
}

type GitEnd =
  | { readonly ok: true; readonly output: string }
  /** `final`: trying another way is of no use (too large, too slow). */
  | { readonly ok: false; readonly why: string; readonly final: boolean };

/** Git with nothing of this machine's or anybody's configuration, no questions, no other protocols, bounded. */
async function git(
  order: FetchOrder,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd = '/',
): Promise<GitEnd> {
  const bounds = ['--', 'git', ...args];
  const done = await execa('prlimit', [`--fsize=${fileBytes(order)}`, '--core=0', ...bounds], {
    env: { ...gitEnvironment(order.git), ...env },
    extendEnv: false,
    cwd,
    stdin: 'ignore',
    timeout: order.seconds * 1000,
    cancelSignal: order.signal,
    forceKillAfterDelay: 1000,
    maxBuffer: 64 * 1024 ** 2,
    reject: false,
  });
  order.signal.throwIfAborted();
  if (done.exitCode === 0) return { ok: true, output: done.stdout };
  if (done.timedOut) return { ok: false, why: `it took longer than ${duration(order.seconds)}`, final: true };
  const tooBig = done.signal === 'SIGXFSZ' || /signal 25|File too large/i.test(done.stderr);
  if (tooBig) return { ok: false, why: `it is larger than the limit of ${order.sourceBytes} bytes`, final: true };
  return { ok: false, why: describeGitError(done.stderr, done.shortMessage ?? 'git failed'), final: false };
}

/** A pack holds a commit's files compressed, and little else when fetched with depth 1. */
function fileBytes(order: FetchOrder): number {
  return Math.floor(order.sourceBytes * 1.2 + 1024 ** 2);
}

function gitEnvironment(settings: Settings['git']): Record<string, string> {
  const options: [string, string][] = [
    ['core.hooksPath', '/dev/null'],
    ['core.fsmonitor', 'false'],
    ['protocol.allow', 'never'],
    ...settings.protocols.map((protocol): [string, string] => [`protocol.${protocol}.allow`, 'always']),
    ['http.followRedirects', 'initial'],
    ['http.lowSpeedLimit', '1000'],
    ['http.lowSpeedTime', '30'],
    ['gc.auto', '0'],
    ['safe.directory', '*'],
    ['transfer.fsckObjects', 'true'],
    ...Object.entries(settings.mirrors).map(([from, to]): [string, string] => [`url.${to}.insteadOf`, from]),
  ];
  const environment: Record<string, string> = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    GIT_ALLOW_PROTOCOL: settings.protocols.join(':'),
    GIT_CONFIG_COUNT: String(options.length),
  };
  for (const [index, [key, value]] of options.entries()) {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return environment;
}

/** Git's own first complaint, without its prefix. */
function describeGitError(stderr: string, otherwise: string): string {
  const line =
    stderr.split('\n').find((text) => /^(fatal|error|remote): /.test(text)) ?? stderr.trim().split('\n')[0] ?? '';
  const text = line.replace(/^(fatal|error|remote): /, '');
  return describeError(text === '' ? otherwise : text).replace(/\.$/, '');
}

function tooLarge(what: string, limit: number) {
  return fail('source', `${what} is larger than the limit of ${limit} bytes.`);
}

/** The text of one file of the config repo at a commit, or undefined when it is not there. */
export async function readConfigFile(repository: string, commit: string, path: string): Promise<string | undefined> {
  if (!commitPattern.test(commit)) return undefined;
  const done = await execa('git', ['--git-dir', repository, 'cat-file', 'blob', `${commit}:${path}`], {
    env: gitEnvironment({ protocols: ['https'], mirrors: {} }),
    extendEnv: false,
    stdin: 'ignore',
    maxBuffer: 1024 ** 2,
    stripFinalNewline: false,
    reject: false,
  });
  return done.exitCode === 0 ? done.stdout : undefined;
}
