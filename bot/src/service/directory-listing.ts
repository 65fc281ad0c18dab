// Directory indexes of results, in the plain form that people know from repositories on web servers.
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { resolvePublished } from './open-published.ts';

const atOnce = 32;

/**
 * A page that lists the folder which `urlPath` (still percent-encoded) names below `root`.
 * Undefined when there is no such folder, when the path leaves `root`, or when it lacks the slash that relative links
 * need.
 */
export async function listDirectory(root: string, urlPath: string): Promise<string | undefined> {
  if (!urlPath.endsWith('/')) return undefined;
  const decoded = decode(urlPath);
  if (decoded === undefined) return undefined;
  if (decoded.split('/').some((part) => part.startsWith('.'))) return undefined;
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
  return renderListing(decoded, rows);
}

/** Undefined for what is not served either: FIFOs, links that lead elsewhere. Only links have to be followed. */
async function rowOf(root: string, folder: string, path: string, name: string): Promise<ListedEntry | undefined> {
  const own = await lstat(join(folder, name)).catch(() => undefined);
  const target = own?.isSymbolicLink() ? await resolvePublished(root, path).catch(() => undefined) : undefined;
  const about = target === undefined ? own : await lstat(target.path).catch(() => undefined);
  if (about === undefined || !(about.isFile() || about.isDirectory())) return undefined;
  return { name, folder: about.isDirectory(), bytes: about.size, changed: about.mtime };
}

interface ListedEntry {
  readonly name: string;
  readonly folder: boolean;
  readonly bytes: number;
  readonly changed: Date;
}

/** Pure: the page of one folder. Names are outside text and are escaped. */
function renderListing(path: string, rows: readonly ListedEntry[]): string {
  const lines = rows.map((row) => {
    const slash = row.folder ? '/' : '';
    const time = row.changed.toISOString().replace(/\.\d+Z$/, 'Z');
    const link = `<a href="./${encodeURIComponent(row.name)}${slash}">${escapeHtml(row.name)}${slash}</a>`;
    return `<tr><td>${link}</td><td>${time}</td><td class="number">${row.folder ? '' : row.bytes}</td></tr>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Index of ${escapeHtml(path)}</title><link rel="stylesheet" href="/assets/coppice.css"></head>
<body><main class="listing"><h1>Index of ${escapeHtml(path)}</h1>
<table><thead><tr><th>Name</th><th>Changed (UTC)</th><th class="number">Bytes</th></tr></thead><tbody>
<tr><td><a href="../">../</a></td><td></td><td></td></tr>
${lines.join('\n')}
</tbody></table></main></body></html>
`;
}

function decode(urlPath: string): string | undefined {
  try {
    const decoded = decodeURIComponent(urlPath);
    return decoded.includes('\0') ? undefined : decoded;
  } catch {
    return undefined;
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
