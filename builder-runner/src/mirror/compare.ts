// Compares places in `published/` with what the mirror has, and notes what is to be sent and what is to go.
import { link, lstat, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nothingWhenAbsent } from '../base/absent.ts';
import type { Ledger } from './ledger.ts';
import { isRepositoryFolder, isUnfinished, pinnedRanks, type Rank, rankOf, ranks } from './rank.ts';

export interface Comparison {
  readonly ledger: Ledger;
  /** `published/`, absolute. */
  readonly published: string;
  /** Where a pass keeps what it sends of files that are replaced; on the same file system. */
  readonly pins: string;
  readonly hasLinks: boolean;
  /** Milliseconds. */
  readonly now: number;
}

/**
 * First what leads somewhere, as it is now: whatever it leads to is there already, for that was written before. It is
 * pinned, so that the pass sends this and not what comes after it.
 */
export async function pinLeading(comparison: Comparison, scope: string): Promise<void> {
  for (const repository of await repositoriesOf(comparison.published, scope)) await pinIndex(comparison, repository);
  await walk(comparison, scope, (path) => pinnedRanks.includes(rankOf(path)) && !isIndex(path));
}

/** Then all else. */
export async function compareContent(comparison: Comparison, scope: string): Promise<void> {
  await walk(comparison, scope, (path) => !pinnedRanks.includes(rankOf(path)));
}

/** Pinned by itself: where there are generations, what stands there are links. */
const isIndex = (path: string) =>
  path.startsWith('results/') && (rankOf(path) === ranks.pointer || rankOf(path) === ranks.beside);

/** The repositories that have to do with a scope: those below it, or the one that it lies in. */
async function repositoriesOf(published: string, scope: string): Promise<readonly string[]> {
  const parts = scope === '' ? ['results'] : scope.split('/');
  if (parts[0] !== 'results') return [];
  if (parts.length >= 4) return [parts.slice(0, 4).join('/')];
  let found = [parts.join('/')];
  for (let depth = parts.length; depth < 4; depth += 1) {
    const below = await Promise.all(
      found.map(async (folder) => {
        const entries = await readdir(join(published, folder), { withFileTypes: true }).catch(nothingWhenAbsent);
        return (entries ?? []).filter((entry) => entry.isDirectory()).map(({ name }) => `${folder}/${name}`);
      }),
    );
    found = below.flat();
  }
  return found;
}

const indexFiles = ['repomd.xml.asc', 'repomd.xml'] as const;

/** What shows a generation: index and signature of one and the same. */
async function pinIndex(comparison: Comparison, repository: string): Promise<void> {
  const { published, hasLinks, ledger, now } = comparison;
  if (!isRepositoryFolder(repository)) return;
  const folder = join(published, repository);
  const current = await readlink(join(folder, 'generations/current')).catch(nothingWhenNoLink);
  const index = indexFiles.map((name) => `${repository}/repodata/${name}`);
  const isShown = (await lstat(join(published, index[1] ?? '')).catch(nothingWhenAbsent)) !== undefined;
  if (!isShown || current === undefined || !/^\d+$/.test(current)) {
    // No repository, one that is offline, or one from before there were generations.
    for (const path of index) await compareOne(comparison, path);
    return noteAbsent(comparison, [`${repository}/generations/current`]);
  }
  if (hasLinks) {
    for (const name of indexFiles)
      await pinLink(comparison, `${repository}/repodata/${name}`, `../generations/current/${name}`, ranks.beside);
    return pinLink(comparison, `${repository}/generations/current`, current, ranks.pointer);
  }
  const copies: { readonly path: string; readonly source: string; readonly stamp: string }[] = [];
  for (const name of indexFiles) {
    const source = join(folder, 'generations', current, name);
    const about = await lstat(source, { bigint: true }).catch(nothingWhenAbsent);
    // Swept meanwhile, so there is a newer one, of which we are told.
    if (about === undefined) return ledger.noteDirty(`${repository}/repodata/repomd.xml`, now);
    copies.push({ path: `${repository}/repodata/${name}`, source, stamp: stampOf(about) });
  }
  if (copies.every(({ path, stamp }) => ledger.stampOf(path) === stamp)) return;
  // Both, always: what is there of another generation is replaced.
  for (const { path, source, stamp } of copies) {
    ledger.isBack(path);
    if (await pin(comparison, path, source)) ledger.noteBehind({ path, rank: rankOf(path), stamp }, now);
  }
}

function nothingWhenNoLink(error: NodeJS.ErrnoException): undefined {
  return error.code === 'EINVAL' ? undefined : nothingWhenAbsent(error);
}

async function pinLink(comparison: Comparison, path: string, target: string, rank: Rank): Promise<void> {
  const { ledger, pins, now } = comparison;
  const stamp = `link:${target}`;
  ledger.isBack(path);
  if (ledger.stampOf(path) === stamp) return;
  const place = join(pins, path);
  await mkdir(dirname(place), { recursive: true });
  await rm(place, { force: true });
  await symlink(target, place);
  ledger.noteBehind({ path, rank, stamp }, now);
}

/** Files of one content have one stamp; writers put another file in place instead of changing one. */
function stampOf({ size, mtimeNs, ino }: { size: bigint; mtimeNs: bigint; ino: bigint }): string {
  return `${size}-${mtimeNs}-${ino}`;
}

/** Links are never followed, and none is sent but those that show generations. */
async function compareOne(comparison: Comparison, path: string): Promise<void> {
  const { ledger, published, now } = comparison;
  const about = await lstat(join(published, path), { bigint: true }).catch(nothingWhenAbsent);
  if (about?.isFile() !== true) return noteAbsent(comparison, [path]);
  const stamp = stampOf(about);
  ledger.isBack(path);
  if (ledger.stampOf(path) === stamp) return ledger.dropBehind(path);
  const rank = rankOf(path);
  if (pinnedRanks.includes(rank) && !(await pin(comparison, path, join(published, path)))) return;
  ledger.noteBehind({ path, rank, stamp }, now);
}

/** False when it is not there any more. */
async function pin({ pins }: Comparison, path: string, source: string): Promise<boolean> {
  const place = join(pins, path);
  await mkdir(dirname(place), { recursive: true });
  await rm(place, { force: true });
  return link(source, place).then(
    () => true,
    (error: NodeJS.ErrnoException) => nothingWhenAbsent(error) ?? false,
  );
}

function noteAbsent({ ledger }: Comparison, paths: readonly string[]): void {
  for (const path of paths) {
    ledger.dropBehind(path);
    if (ledger.stampOf(path) !== undefined) ledger.noteGone(path);
  }
}

/** Compares each file at or below `scope` for which `isMeant`, there or on the mirror. */
async function walk(comparison: Comparison, scope: string, isMeant: (path: string) => boolean): Promise<void> {
  const { published } = comparison;
  const about = scope === '' ? undefined : await lstat(join(published, scope)).catch(nothingWhenAbsent);
  if (scope !== '' && about?.isDirectory() !== true) {
    if (isMeant(scope) && !isUnfinished(scope.slice(scope.lastIndexOf('/') + 1))) await compareOne(comparison, scope);
    if (about?.isFile() === true) return;
  }
  const visited = new Set<string>();
  if (scope === '' || about?.isDirectory() === true) {
    const stack = [scope];
    for (let folder = stack.pop(); folder !== undefined; folder = stack.pop()) {
      visited.add(folder);
      for (const name of await compareFolder(comparison, folder, isMeant)) stack.push(name);
    }
  }
  for (const folder of comparison.ledger.foldersBelow(scope))
    if (!visited.has(folder)) await compareFolder(comparison, folder, isMeant);
}

/** Resolves with the folders in it. */
async function compareFolder(
  comparison: Comparison,
  folder: string,
  isMeant: (path: string) => boolean,
): Promise<readonly string[]> {
  const { published, ledger } = comparison;
  const inside = (name: string) => (folder === '' ? name : `${folder}/${name}`);
  const absent = ledger.heldIn(folder);
  const folders: string[] = [];
  for (const entry of (await readdir(join(published, folder), { withFileTypes: true }).catch(nothingWhenAbsent)) ??
    []) {
    if (isUnfinished(entry.name)) continue;
    const path = inside(entry.name);
    if (entry.isDirectory()) folders.push(path);
    if (!entry.isFile() || !isMeant(path)) continue;
    absent.delete(entry.name);
    await compareOne(comparison, path);
  }
  noteAbsent(
    comparison,
    [...absent.keys()].map(inside).filter((path) => isMeant(path)),
  );
  return folders;
}
