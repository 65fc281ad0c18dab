// Puts the files that a work tree has in Git LFS in the places of their pointers, held against the hash of each.
import { chmod, copyFile, lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, type Outcome, succeed } from '../base/outcome.ts';
import { duration } from '../base/sentence-parts.ts';
import { Refused } from '../remote/addresses.ts';
import {
  type LfsDownload,
  type LfsPointer,
  lfsBatchUrl,
  lfsMediaType,
  lfsRequest,
  maximumPointerBytes,
  parseLfsAnswer,
  parseLfsPointer,
} from '../remote/git-lfs.ts';
import { readJson, saveUrl } from '../remote/http.ts';
import type { FetchOrder } from './fetch-order.ts';
import type { FetchedFile } from './fetched-source.ts';
import { git } from './source-git.ts';

const maximumFiles = 500;
const filesPerRequest = 100;
const maximumAnswerBytes = 2 * 1024 ** 2;
/** All files of all trees together may take this many times what one server may. */
const timesOfSeconds = 3;

/** A pointer in a work tree. */
export interface PointerFile extends LfsPointer {
  /** Relative to the work tree. */
  readonly path: string;
}

/** A work tree, and the address of its repository. */
export interface LfsTree {
  readonly folder: string;
  readonly url: string;
}

/** Those of the files that look like pointers, whatever `.gitattributes` say. */
export async function pointersAmong(folder: string, paths: readonly string[]): Promise<readonly PointerFile[]> {
  const found: PointerFile[] = [];
  for (const path of paths) {
    const status = await lstat(join(folder, path)).catch(() => undefined);
    if (status?.isFile() !== true || status.size > maximumPointerBytes) continue;
    const pointer = parseLfsPointer(await readFile(join(folder, path), 'utf8'));
    if (pointer !== undefined) found.push({ path, ...pointer });
  }
  return found;
}

/**
 * Those of the files that are pointers, and that the `.gitattributes` of the tree give to LFS: other files may look
 * like one (tests of LFS itself). A text says why nobody knows.
 */
export async function findPointers(
  order: FetchOrder,
  folder: string,
  paths: readonly string[],
): Promise<readonly PointerFile[] | string> {
  const found = await pointersAmong(folder, paths);
  if (found.length === 0) return [];
  // Only what the tree itself says counts.
  const repository = `${order.folder}/attributes.git`;
  const made = await git(order, ['init', '--quiet', '--bare', '--template=', repository]);
  if (!made.ok) return made.why;
  const asked = await git(order, ['check-attr', '--stdin', '-z', 'filter'], {
    env: { GIT_DIR: repository, GIT_WORK_TREE: folder },
    cwd: folder,
    input: found.map(({ path }) => `${path}\0`).join(''),
  });
  if (!asked.ok) return asked.why;
  // `PATH\0filter\0VALUE\0` each
  const words = asked.output.split('\0');
  const ours = new Set(words.flatMap((path, at) => (at % 3 === 0 && words[at + 2] === 'lfs' ? [path] : [])));
  return found.filter(({ path }) => ours.has(path));
}

/** All files of a work tree but those of its submodules, relative to it. */
export async function filesOfTree(folder: string, submodules: ReadonlySet<string>): Promise<readonly string[]> {
  const found: string[] = [];
  const open = [''];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const entry of await readdir(join(folder, at), { withFileTypes: true })) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      if (entry.isFile()) found.push(path);
      else if (entry.isDirectory() && entry.name !== '.git' && !submodules.has(join(folder, path))) open.push(path);
    }
  }
  return found;
}

/** When what is begun now has to be done; milliseconds of the clock. */
export function lfsDeadline({ seconds }: FetchOrder): number {
  return Date.now() + seconds * timesOfSeconds * 1000;
}

/** What is left of the time for one more request. Throws Refused. */
function secondsLeft({ seconds }: FetchOrder, until: number): number {
  const left = (until - Date.now()) / 1000;
  if (left > 0) return Math.min(seconds, left);
  throw new Refused(`is left: all files of Git LFS together take longer than ${duration(seconds * timesOfSeconds)}`);
}

/**
 * Writes the files over their pointers, at most `bytes` of them and before `until`. What is wrong is a failure that
 * names the file.
 */
export async function fetchLfsFiles(
  order: FetchOrder,
  { folder, url }: LfsTree,
  pointers: readonly PointerFile[],
  { bytes, until }: { readonly bytes: number; readonly until: number },
): Promise<Outcome<readonly FetchedFile[]>> {
  if (pointers.length === 0) return succeed([]);
  if (pointers.length > maximumFiles)
    return fail('source', `${url} has ${pointers.length} files in Git LFS; ${maximumFiles} at most.`);
  if (pointers.reduce((sum, each) => sum + each.bytes, 0) > bytes)
    return fail('source', `${url} is, with its files of Git LFS, larger than the limit of ${order.sourceBytes} bytes.`);
  try {
    const missing: PointerFile[] = [];
    for (const pointer of pointers) if (!(await fromCache(order, folder, pointer))) missing.push(pointer);
    for (let at = 0; at < missing.length; at += filesPerRequest)
      await fromServer(order, { folder, url, until }, missing.slice(at, at + filesPerRequest));
  } catch (error) {
    if (error instanceof Refused) return fail('source', `${error.message}.`);
    throw error;
  }
  return succeed(pointers.map(({ path, sha256, bytes: size }) => ({ url, file: path, sha256, bytes: size })));
}

async function fromCache({ cache }: FetchOrder, folder: string, { path, sha256 }: PointerFile): Promise<boolean> {
  const fresh = await cache.temporary();
  try {
    if ((await cache.take(sha256, fresh)) === undefined) return false;
    await replaceContent(fresh, join(folder, path));
    return true;
  } finally {
    await rm(fresh, { force: true });
  }
}

/** Copying takes the mode along; that of the pointer is the one that Git has. */
async function replaceContent(from: string, to: string): Promise<void> {
  const { mode } = await lstat(to);
  await copyFile(from, to);
  await chmod(to, mode & 0o777);
}

/** Throws Refused, whose message is a whole sentence but for its full stop. */
async function fromServer(
  order: FetchOrder,
  { folder, url, until }: LfsTree & { readonly until: number },
  pointers: readonly PointerFile[],
): Promise<void> {
  const { rules, signal, cache } = order;
  const batch = lfsBatchUrl(url);
  const names = pointers
    .slice(0, 3)
    .map(({ path }) => path)
    .join(', ');
  const what = `${names}${pointers.length > 3 ? ` and ${pointers.length - 3} more` : ''} of ${url}`;
  const headers = { accept: lfsMediaType, 'content-type': lfsMediaType };
  const answer = await about(`${what} cannot be had from Git LFS: ${batch}`, () => {
    const bounds = { rules, signal, seconds: secondsLeft(order, until), maximumBytes: maximumAnswerBytes };
    return readJson(batch, bounds, { headers, body: lfsRequest(pointers) });
  });
  const places = parseLfsAnswer(answer);
  if (places === undefined)
    throw new Refused(`${what} cannot be had from Git LFS: ${batch} does not answer as LFS does`);
  for (const pointer of pointers) {
    const place = places.get(pointer.sha256) ?? { why: 'is not in the answer of its server' };
    const name = `${pointer.path} of ${url}, which is in Git LFS,`;
    if ('why' in place) throw new Refused(`${name} ${place.why}`);
    const fresh = await cache.temporary();
    try {
      await about(name, () => download({ ...order, seconds: secondsLeft(order, until) }, place, pointer, fresh));
      await replaceContent(fresh, join(folder, pointer.path));
      await cache.put(fresh, pointer.sha256);
    } finally {
      await rm(fresh, { force: true });
    }
  }
}

async function download(
  { rules, seconds, signal }: FetchOrder,
  { url, headers }: LfsDownload,
  { sha256, bytes }: LfsPointer,
  path: string,
): Promise<void> {
  const saved = await saveUrl(url, path, { rules, seconds, signal, maximumBytes: bytes }, { headers });
  if (saved.sha256 !== sha256) throw new Refused(`has the SHA-256 ${saved.sha256}, not ${sha256} as its pointer says`);
}

async function about<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refused) throw new Refused(`${what} ${error.message}`, { cause: error });
    throw error;
  }
}
