// Directory indexes of results, in the plain form that people know from repositories on web servers.
import { readdir, stat } from 'node:fs/promises';
import { join, normalize, sep } from 'node:path';

/**
 * A page that lists the folder which `urlPath` (still percent-encoded) names below `root`.
 * Undefined when there is no such folder, when the path leaves `root`, or when it lacks the slash that relative links
 * need.
 */
export async function listDirectory(root: string, urlPath: string): Promise<string | undefined> {
  if (!urlPath.endsWith('/')) return undefined;
  const decoded = decode(urlPath);
  if (decoded === undefined) return undefined;
  const folder = normalize(join(root, decoded));
  if (!`${folder}${sep}`.startsWith(`${normalize(root)}${sep}`)) return undefined;
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return undefined;
  const shown = entries.filter((entry) => !entry.name.startsWith('.'));
  const rows = await Promise.all(
    shown.map(async (entry) => {
      const about = await stat(join(folder, entry.name)).catch(() => undefined);
      return {
        name: entry.name,
        folder: about?.isDirectory() ?? false,
        bytes: about?.size ?? 0,
        changed: about?.mtime,
      };
    }),
  );
  rows.sort((a, b) => Number(b.folder) - Number(a.folder) || a.name.localeCompare(b.name, 'en', { numeric: true }));
  return renderListing(decoded, rows);
}

interface ListedEntry {
  readonly name: string;
  readonly folder: boolean;
  readonly bytes: number;
  readonly changed: Date | undefined;
}

/** Pure: the page of one folder. Names are outside text and are escaped. */
function renderListing(path: string, rows: readonly ListedEntry[]): string {
  const lines = rows.map((row) => {
    const slash = row.folder ? '/' : '';
    const time = row.changed?.toISOString().replace(/\.\d+Z$/, 'Z') ?? '';
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
