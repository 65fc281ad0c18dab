// The gate for lists of folders, which the web server makes when somebody asks: results, `.repo` files, distributions.
// They look like the pages of the site, and lead back to it.
import { isPathOwner, isPathProject, published } from '@coppice/config';
import { html, siteHref } from '../src/markup/html.ts';
import { formatBytes } from '../src/view/format.ts';
import { page } from './page.ts';

/** What is in a folder. */
export interface ListedEntry {
  readonly name: string;
  readonly folder: boolean;
  readonly bytes: number;
  readonly changed: Date;
}

/**
 * The page of one folder. `path` is decoded, with a slash at its start and its end; `rows` stand in the order given.
 * Names are outside text.
 */
export function listingPage(path: string, rows: readonly ListedEntry[]): string {
  const steps = path.split('/').filter((step) => step !== '');
  const folders = steps.map((label, index) => {
    return { label, href: `${siteHref(steps.slice(0, index + 1).join('/'))}/` };
  });
  const frame = {
    title: `Index of ${path}`,
    description: `Files in ${path}`,
    trail: [{ label: 'Projects', href: '/' }, ...folders.slice(0, -1)],
    unlisted: true,
  };
  return page(
    frame,
    html`<div class="title"><h1 class="folder">${steps.at(-1) ?? ''}/</h1>${projectLink(steps)}</div>
<table class="listing"><thead><tr><th>Name</th><th>Changed (UTC)</th><th class="number">Size</th></tr></thead><tbody>
<tr><td><a href="../">../</a></td><td></td><td></td></tr>
${rows.map(rowOf)}
</tbody></table>
${rows.length === 0 && html`<p class="empty">There is nothing in this folder.</p>`}`,
  );
}

function rowOf({ name, folder, bytes, changed }: ListedEntry) {
  const slash = folder ? '/' : '';
  const iso = changed.toISOString();
  return html`<tr><td><a href="./${encodeURIComponent(name.toWellFormed())}${slash}">${name}${slash}</a></td><td><time datetime="${iso}" data-exact>${iso.slice(0, 19).replace('T', ' ')}</time></td><td class="number">${!folder && html`<span title="${bytes} bytes">${formatBytes(bytes)}</span>`}</td></tr>
`;
}

function projectLink([top = '', owner = '', project = '']: readonly string[]) {
  if (!['results', 'coprs'].includes(top) || !isPathOwner(owner) || !isPathProject(project)) return false;
  return html`<p class="links"><a href="${siteHref(published.projectPage(owner, project))}">${owner}/${project}</a></p>`;
}
