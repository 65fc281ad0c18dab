// The cache of fetched sources: content by its SHA-256, and which content an address had. Everything in it can be
// fetched again.
import { createHash, hash, randomUUID } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { link, lstat, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { nothingWhenAbsent } from '../base/absent.ts';
import { inTurn } from '../base/in-turn.ts';

export interface SourceCache {
  /** Of the Git mirrors: see git-mirror.ts. */
  readonly gitFolder: string;
  /** A path for a new file on the cache's file system; the caller moves or removes it. */
  temporary(): Promise<string>;
  /**
   * Copies the content to the new file `target`: its size, or undefined when the cache lacks it. What does not match
   * its hash is dropped.
   */
  take(sha256: string, target: string): Promise<number | undefined>;
  /** Moves a file, whose hash the caller has computed, into the cache. */
  put(file: string, sha256: string): Promise<void>;
  /** The SHA-256 that was remembered for a name (an address, or a hash of another kind). */
  known(name: string): Promise<string | undefined>;
  remember(name: string, sha256: string): Promise<void>;
  /** Something was added that `put` did not see: a mirror grew. */
  noteGrowth(): void;
  /**
   * Removes what was not used for the longest time until at most `bytes` are left, if anything was added by this
   * object.
   */
  prune(bytes: number): Promise<void>;
}

const hashPattern = /^[0-9a-f]{64}$/;

/** The cache in a folder that belongs to this service alone. */
export function openSourceCache(folder: string): SourceCache {
  const contentPath = (sha256: string) => {
    if (!hashPattern.test(sha256)) throw new TypeError(`not a SHA-256: ${JSON.stringify(sha256)}`);
    return join(folder, 'sources', 'sha256', sha256.slice(0, 2), sha256);
  };
  const namePath = (name: string) => {
    const key = hash('sha256', name);
    return join(folder, 'sources', 'names', key.slice(0, 2), key);
  };
  const temporary = async () => {
    const top = join(folder, 'sources', 'new');
    await mkdir(top, { recursive: true, mode: 0o700 });
    return join(top, randomUUID());
  };
  // Not `replaceFile`: what a crash leaves belongs into `new/`, where pruning finds it.
  const write = async (path: string, text: string) => {
    const fresh = await temporary();
    await writeFile(fresh, text, { flag: 'wx' });
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rename(fresh, path);
  };
  let grown = false;
  return {
    gitFolder: join(folder, 'git'),
    temporary,
    take: async (sha256, target) => copyChecked(contentPath(sha256), sha256, target),
    async put(file, sha256) {
      const path = contentPath(sha256);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await rename(file, path);
      grown = true;
    },
    async known(name) {
      const text = await readFile(namePath(name), 'utf8').catch(nothingWhenNotOurs);
      return text !== undefined && hashPattern.test(text) ? text : undefined;
    },
    remember: (name, sha256) => write(namePath(name), sha256),
    noteGrowth() {
      grown = true;
    },
    async prune(bytes) {
      if (grown) await inTurn(`prune ${folder}`, () => pruneCache(folder, bytes));
    },
  };
}

/** One pass: the bytes that are checked are those that are written. */
async function copyChecked(path: string, sha256: string, target: string): Promise<number | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(nothingWhenNotOurs);
  if (file === undefined) return undefined;
  // Beside the target may be files of any name.
  const partial = join(dirname(target), randomUUID());
  try {
    const digest = createHash('sha256');
    let bytes = 0;
    async function* seen(chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        bytes += chunk.byteLength;
        digest.update(chunk);
        yield chunk;
      }
    }
    await pipeline(file.createReadStream({ autoClose: false }), seen, createWriteStream(partial, { flags: 'wx' }));
    const good = digest.digest('hex') === sha256;
    if (!good) {
      await rm(path, { force: true });
      return undefined;
    }
    // Fails when there is a file already: nothing is overwritten.
    await link(partial, target);
    const now = new Date();
    await file.utimes(now, now);
    return bytes;
  } finally {
    await rm(partial, { force: true });
    await file.close();
  }
}

/** The cache never makes symbolic links: one (ELOOP) counts as absent. */
function nothingWhenNotOurs(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ELOOP') return nothingWhenAbsent(error);
}

/** Names of addresses are small, but there may be any number of them. */
const maximumNames = 100_000;

/** A file that a crash left behind. */
const abandonedSeconds = 24 * 3600;

interface Entry {
  readonly path: string;
  readonly bytes: number;
  readonly usedAt: number;
}

/** Brings the cache in `folder` to `maximumBytes` or less. */
async function pruneCache(folder: string, maximumBytes: number): Promise<void> {
  const contents = await filesBelow(join(folder, 'sources', 'sha256'));
  const mirrors = await mirrorsIn(join(folder, 'git'));
  await removeOldest(contents, mirrors, maximumBytes);
  const names = await filesBelow(join(folder, 'sources', 'names'));
  for (const { path } of byAge(names).slice(0, Math.max(0, names.length - maximumNames)))
    await rm(path, { force: true });
  const before = Date.now() - abandonedSeconds * 1000;
  for (const { path, usedAt } of await filesBelow(join(folder, 'sources', 'new'))) {
    if (usedAt < before) await rm(path, { force: true });
  }
}

async function removeOldest(
  contents: readonly Entry[],
  mirrors: readonly Entry[],
  maximumBytes: number,
): Promise<void> {
  const ofMirrors = new Set(mirrors);
  let bytes = [...contents, ...mirrors].reduce((sum, each) => sum + each.bytes, 0);
  for (const each of byAge([...contents, ...mirrors])) {
    if (bytes <= maximumBytes) return;
    // Nobody reads a mirror while it is removed; a file that is open stays readable.
    const remove = () => rm(each.path, { recursive: true, force: true });
    await (ofMirrors.has(each) ? inTurn(each.path, remove) : remove());
    bytes -= each.bytes;
  }
}

function byAge(entries: readonly Entry[]): readonly Entry[] {
  return entries.toSorted((a, b) => a.usedAt - b.usedAt);
}

async function filesBelow(folder: string): Promise<readonly Entry[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(nothingWhenAbsent);
  const files = (found ?? []).filter((each) => each.isFile());
  const entries = files.map(async (each): Promise<Entry | undefined> => {
    const path = join(each.parentPath, each.name);
    const status = await lstat(path).catch(nothingWhenAbsent);
    return status && { path, bytes: status.size, usedAt: status.mtimeMs };
  });
  return (await Promise.all(entries)).filter((each) => each !== undefined);
}

/** The time of a mirror's folder says when it was used. */
async function mirrorsIn(folder: string): Promise<readonly Entry[]> {
  const names = (await readdir(folder).catch(nothingWhenAbsent)) ?? [];
  const entries = names.map(async (name): Promise<Entry | undefined> => {
    const path = join(folder, name);
    const status = await lstat(path).catch(nothingWhenAbsent);
    const files = await filesBelow(path);
    return status && { path, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0), usedAt: status.mtimeMs };
  });
  return (await Promise.all(entries)).filter((each) => each !== undefined);
}
