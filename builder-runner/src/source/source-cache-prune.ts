// Bounds the cache of sources: what was not used for the longest time goes first. Files go one by one, Git mirrors as a whole.
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inTurn } from '../in-turn.ts';

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
export async function pruneCache(folder: string, maximumBytes: number): Promise<void> {
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

function nothingWhenAbsent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}
