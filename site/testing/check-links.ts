// Effects: finds dead links of a generated site, for tests. An address inside the site must be a file, an anchor must
// exist.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** `page → address` for each dead link or anchor. Addresses with a scheme are outside and not looked at. */
export async function deadLinks(folder: string): Promise<readonly string[]> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.html'));
  const dead: string[] = [];
  for (const file of files) {
    const page = await readFile(join(folder, file), 'utf8');
    for (const [, , written = ''] of page.matchAll(/\s(href|src|data-follow)="([^"]*)"/g)) {
      const href = written.replaceAll('&amp;', '&').replaceAll('&#39;', "'");
      if (/^[a-z]+:/.test(href)) continue;
      const address = new URL(href, `https://site.invalid/${file.replace(/index\.html$/, '')}`);
      const path = decodeURIComponent(address.pathname).replace(/\/$/, '/index.html');
      const target = await stat(join(folder, path)).catch(() => undefined);
      const anchor = address.hash.slice(1);
      const text = anchor !== '' && target?.isFile() ? await readFile(join(folder, path), 'utf8') : '';
      if (!target?.isFile() || (anchor !== '' && !text.includes(`id="${anchor}"`))) dead.push(`${file} → ${href}`);
    }
  }
  return dead;
}
