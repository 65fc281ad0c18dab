// Directory indexes of results, as people know them from repositories on web servers.
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ListedEntry, listingPage } from '@coppice/site/listing';
import { resolvePublished } from './open-published.ts';
import { formOf } from './path-form.ts';

const atOnce = 32;

/**
 * A page that lists the folder which `urlPath` (still percent-encoded) names below `root`.
 * Undefined when there is no such folder, when the path leaves `root`, or when it lacks the slash that relative links
 * need.
 */
export async function listDirectory(root: string, urlPath: string): Promise<string | undefined> {
  if (!urlPath.endsWith('/')) return undefined;
  const decoded = formOf(urlPath)?.name;
  if (decoded === undefined) return undefined;
  const folder = await resolvePublished(root, decoded);
  if (folder?.kind !== 'folder') return undefined;
  const names = (await readdir(folder.path).catch(() => [])).filter((name) => !name.startsWith('.'));
  const rows: ListedEntry[] = [];
  // Some at a time: four threads serve the files of the whole process, and a repository may have thousands of entries.
  for (let at = 0; at < names.length; at += atOnce) {
    const some = names.slice(at, at + atOnce).map((name) => rowOf(root, folder.path, `${decoded}${name}`, name));
    rows.push(...(await Promise.all(some)).flatMap((row) => row ?? []));
  }
  rows.sort((a, b) => Number(b.folder) - Number(a.folder) || a.name.localeCompare(b.name, 'en', { numeric: true }));
  return listingPage(decoded, rows);
}

/** Undefined for what is not served either: FIFOs, links that lead elsewhere. Only links have to be followed. */
async function rowOf(root: string, folder: string, path: string, name: string): Promise<ListedEntry | undefined> {
  const own = await lstat(join(folder, name)).catch(() => undefined);
  const target = own?.isSymbolicLink() ? await resolvePublished(root, path).catch(() => undefined) : undefined;
  const about = target === undefined ? own : await lstat(target.path).catch(() => undefined);
  if (about === undefined || !(about.isFile() || about.isDirectory())) return undefined;
  return { name, folder: about.isDirectory(), bytes: about.size, changed: about.mtime };
}
