// Submodules of a repository that nobody here controls: their commits are pinned by the tree that holds them, their
// addresses are as hostile as all sources are.
import { lstat, readdir, rmdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { SubmoduleRecord } from '@coppice/config';
import { fail, type Outcome, succeed } from '../base/outcome.ts';
import { allowedAddress } from '../remote/addresses.ts';
import { isFolderPath, parseGitmodules, type StatedSubmodule, submoduleUrl } from '../remote/gitmodules.ts';
import type { FetchOrder } from './fetch-order.ts';
import { type MirrorOrder, withMirror } from './git-mirror.ts';
import { type GitEnd, git } from './source-git.ts';
import { measureGitTree } from './write-git-tree.ts';

const maximumDepth = 5;
const maximumSubmodules = 100;
/** All of them together may take this many times what one server may. */
const timesOfSeconds = 3;

/** A commit that is in its mirror, and was or is to be written to `folder`. */
export interface CheckedOut extends MirrorOrder {
  readonly folder: string;
}

export interface SubmoduleOrder {
  /** What of the repository's submodules is wanted; those of wanted ones all are. */
  readonly isWanted: (path: string) => boolean;
  /** Bytes that the repository itself has. */
  readonly bytes: number;
  /** Writes the commit, which the mirror holds, to the folder; `parent` is that of the repository around it. */
  readonly write: (
    repository: string,
    module: CheckedOut & { readonly name: string; readonly parent: string },
  ) => Promise<GitEnd>;
}

export interface FetchedSubmodule extends CheckedOut {
  /** From the top of the outermost repository. */
  readonly path: string;
}

export interface FetchedSubmodules {
  readonly modules: readonly FetchedSubmodule[];
  /** Of the source's limit. */
  readonly bytesLeft: number;
}

/** As the build's record names them. */
export function recordSubmodules(modules: readonly FetchedSubmodule[]): readonly SubmoduleRecord[] {
  return modules.map(({ path, url, commit }) => ({ path, url, commit }));
}

/** What people are told of submodules. */
export function describeSubmodules(modules: readonly FetchedSubmodule[]): readonly string[] {
  return modules.map(({ path, url, commit }) => `The submodule ${path} is ${url} at ${commit}.`);
}

/**
 * Fetches and writes the submodules, nested ones too, outer ones first. Whatever one has wrong is a failure that names
 * it. Call it while no mirror is held: a repository may be its own submodule.
 */
export async function fetchSubmodules(
  order: FetchOrder,
  top: CheckedOut,
  { isWanted, bytes, write }: SubmoduleOrder,
): Promise<Outcome<FetchedSubmodules>> {
  const modules: FetchedSubmodule[] = [];
  const until = Date.now() + order.seconds * timesOfSeconds * 1000;
  const open: (CheckedOut & { readonly depth: number; readonly place: string })[] = [{ ...top, depth: 0, place: '' }];
  let left = order.sourceBytes - bytes;
  let most = maximumSubmodules;
  for (let each = open.shift(); each !== undefined; each = open.shift()) {
    const { depth, place } = each;
    const found = await submodulesOf(order, each, depth === 0 ? isWanted : () => true, most);
    if (!found.ok) return found;
    if (found.value === 'too-many') return fail('source', `${top.url} has more than ${maximumSubmodules} submodules.`);
    most -= found.value.length;
    for (const { path, commit, name: stated, url, why } of found.value) {
      const name = posix.join(place, path);
      const refused = (text: string) => fail('source', `The submodule ${JSON.stringify(name)} of ${top.url} ${text}.`);
      if (url === undefined) return refused(why);
      if (depth >= maximumDepth) return refused(`is nested deeper than ${maximumDepth}`);
      if (allowedAddress(url, order.rules) === undefined)
        return refused(`has the address ${url}, which is not allowed`);
      const seconds = Math.min(order.seconds, (until - Date.now()) / 1000);
      if (seconds <= 0) return refused(`is left: all together take longer than ${timesOfSeconds * order.seconds} s`);
      const module = { url, commit, ref: 'HEAD', history: 'commit', folder: join(each.folder, path) } as const;
      const ofParent = { ...module, name: stated, parent: each.folder };
      const fault = await makeRoom(each.folder, path);
      if (fault !== undefined) return refused(fault);
      const written = await fetchOne({ ...order, seconds, sourceBytes: left }, ofParent, write);
      if (!written.ok) return refused(`cannot be had: ${written.failure.message.replace(/\.$/, '')}`);
      left -= written.value;
      modules.push({ ...module, path: name });
      open.push({ ...module, depth: depth + 1, place: name });
    }
  }
  return succeed({ modules, bytesLeft: left });
}

async function fetchOne(
  order: FetchOrder,
  module: Parameters<SubmoduleOrder['write']>[1],
  write: SubmoduleOrder['write'],
): Promise<Outcome<number>> {
  const { url, commit } = module;
  return withMirror(order, module, async (repository) => {
    const size = await measureGitTree(order, repository, commit);
    if (!size.ok) return fail('source', `${url}: ${size.why}.`);
    if (size.bytes > order.sourceBytes) return fail('source', `with ${url} it is larger than the limit.`);
    const written = await write(repository, module);
    return written.ok ? succeed(size.bytes) : fail('source', `${url}: ${written.why}.`);
  });
}

/** Git leaves an empty folder in the place of a submodule; a fault is the end of a sentence. */
async function makeRoom(folder: string, path: string): Promise<string | undefined> {
  let at = folder;
  for (const part of path.split('/')) {
    at = join(at, part);
    const status = await lstat(at).catch(() => undefined);
    if (status === undefined) return undefined;
    if (!status.isDirectory()) return 'stands where something else is';
  }
  if ((await readdir(at)).length > 0) return 'stands where something else is';
  await rmdir(at);
}

type Found = { readonly path: string; readonly commit: string; readonly name: string } & (
  | { readonly url: string; readonly why?: undefined }
  | { readonly url?: undefined; readonly why: string }
);

/** The wanted commits in the tree, each with its address or what is wrong with that. */
async function submodulesOf(
  order: FetchOrder,
  of: CheckedOut,
  isWanted: SubmoduleOrder['isWanted'],
  most: number,
): Promise<Outcome<readonly Found[] | 'too-many'>> {
  const { url, commit } = of;
  return withMirror<readonly Found[] | 'too-many'>(order, of, async (repository) => {
    const links = await gitLinks(order, repository, commit);
    if (!links.ok) return fail('source', `${url}: ${links.why}.`);
    const found = links.found.filter(({ path }) => isWanted(path));
    if (found.length > most) return succeed('too-many');
    if (found.length === 0) return succeed([]);
    const stated = await readGitmodules(order, repository, commit);
    if (typeof stated === 'string') return fail('source', `The submodules of ${url} cannot be fetched: ${stated}.`);
    return succeed(
      found.map(({ path, id }): Found => {
        const own = stated.find((each) => each.path === path);
        const link = { path, commit: id, name: own?.name ?? path };
        if (!isFolderPath(path)) return { ...link, why: 'has a path that cannot be' };
        if (own === undefined) return { ...link, why: 'has no address in .gitmodules' };
        return { ...link, ...submoduleUrl(own.url, url) };
      }),
    );
  });
}

/** The submodules of a tree, by their paths. */
async function gitLinks(
  order: FetchOrder,
  repository: string,
  tree: string,
): Promise<{ readonly ok: true; readonly found: readonly { path: string; id: string }[] } | (GitEnd & { ok: false })> {
  const listed = await git(order, ['ls-tree', '-r', '-z', tree], { env: { GIT_DIR: repository } });
  if (!listed.ok) return listed;
  const found = listed.output.split('\0').flatMap((line) => {
    const [, id, path] = /^160000 commit ([0-9a-f]+)\t(.+)$/s.exec(line) ?? [];
    return id === undefined || path === undefined ? [] : [{ path, id }];
  });
  return { ok: true, found };
}

const maximumBytes = 256 * 1024;

/** What the file says, or a sentence without its full stop. Nothing of it is ever given to git as a setting. */
async function readGitmodules(
  order: FetchOrder,
  repository: string,
  commit: string,
): Promise<readonly StatedSubmodule[] | string> {
  const env = { GIT_DIR: repository };
  const entry = await git(order, ['ls-tree', '-l', '-z', commit, '--', '.gitmodules'], { env });
  const [, mode, bytes] = /^(\d+) blob [0-9a-f]+ +(\d+)\t/.exec(entry.ok ? entry.output : '') ?? [];
  if (mode === undefined) return 'it has no file .gitmodules';
  if (mode === '120000') return '.gitmodules is a symbolic link';
  if (Number(bytes) > maximumBytes) return `.gitmodules is larger than ${maximumBytes} bytes`;
  const listed = await git(order, ['config', '--blob', `${commit}:.gitmodules`, '--no-includes', '--null', '--list'], {
    env,
  });
  return listed.ok ? parseGitmodules(listed.output) : `.gitmodules cannot be read: ${listed.why}`;
}
