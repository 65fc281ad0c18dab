// `/<owner>/<project>/builds/`, `…/builds/3/`: all builds of a project, the newest first.
import { programFiles } from '@coppice/config';
import { page } from '../layouts/page.ts';
import { buildBadge, chrootName, icon, stateWord, time } from '../layouts/parts.ts';
import { type Html, html, siteHref } from '../src/markup/html.ts';
import type { BuildsView, ListedBuild } from '../src/view/builds-view.ts';

export const data = {
  pagination: { data: 'site.buildLists', size: 1, alias: 'list' },
  permalink: ({ list }: { list: BuildsView }) => `/${list.path}index.html`,
};

export function render({ list, siteUrl }: { list: BuildsView; siteUrl: string }): string {
  const { owner, name, number, count, rows } = list;
  const key = `${owner}/${name}`;
  const frame = {
    title: number === null ? `Builds of ${key}` : `Builds of ${key}, page ${number}`,
    description: number === null ? `All builds of ${key}.` : `Builds of ${key} from ${list.from} to ${list.until}.`,
    trail: [
      { label: 'Projects', href: '/' },
      { label: key, href: list.projectHref },
      ...(list.newest === null ? [] : [{ label: 'Builds', href: list.newest }]),
    ],
    live: list.live,
    wide: true,
    address: `${siteUrl}${siteHref(list.path)}`,
    feeds: [{ title: `Builds of ${key}`, href: siteHref(programFiles.projectFeed(owner, name)) }],
  };
  const days = list.from === list.until ? list.from : `${list.from} – ${list.until}`;
  const shown = count === rows.length ? '' : `; the newest ${rows.length} are here`;
  const lead = count === null ? days : `${count} ${count === 1 ? 'build' : 'builds'}${shown}.`;
  return page(
    frame,
    html`<div class="title"><h1>Builds</h1><p class="lead">${lead}</p></div>
<section>${table(rows)}
${pages(list, days)}</section>`,
  );
}

/** On a phone each row becomes a few lines of its own, so that nothing is beyond the edge. */
function table(rows: readonly ListedBuild[]): Html {
  return html`<div class="scroll"><table class="all-builds"><thead><tr><th>Build</th><th>State</th><th>Package</th><th>Version</th><th>Chroots</th><th>Asked for by</th><th>When</th><th class="number">Took</th></tr></thead>
<tbody>${rows.map(
    (row) => html`<tr>
<td class="id"><a class="strong" href="${row.href}">#${row.id}</a></td>
<td class="went">${buildBadge(row)}</td>
<td class="what"><a href="${row.packageHref}">${row.package}</a></td>
<td class="which">${row.version ?? html`<span class="quiet">–</span>`}</td>
<td class="where">${standing(row)}</td>
<td class="who">${row.requestHref === null ? row.requestedBy : html`<a href="${row.requestHref}" rel="nofollow noopener" title="The request">${row.requestedBy}</a>`}</td>
<td class="when">${time(row.time)}</td>
<td class="number">${row.duration ?? html`<span class="quiet">–</span>`}</td>
</tr>`,
  )}</tbody></table></div>`;
}

/** Few are named, many are counted; where all went alike the state of the build has said how. */
const named = 3;

function standing({ standing: groups }: ListedBuild): Html {
  const names = (chroots: readonly string[]) =>
    chroots.length <= named
      ? html`${chroots.map((chroot, index) => html`${index > 0 && ', '}${chrootName(chroot)}`)}`
      : html`<span title="${chroots.join(', ')}">${chroots.length} chroots</span>`;
  const [only, ...others] = groups;
  if (only !== undefined && others.length === 0) return names(only.chroots);
  return html`${groups.map(
    ({ state, chroots }) =>
      html`<span class="stood stood-${state}">${icon(state)}<span>${stateWord(state)}: ${names(chroots)}</span></span>`,
  )}`;
}

function pages({ newest, newer, older, oldest }: BuildsView, days: string): Html {
  if (newest === null && older === null) return html``;
  const link = (href: string | null, label: string, rel?: string) =>
    href !== null && html`<a href="${href}"${rel !== undefined && html` rel="${rel}"`}>${label}</a>`;
  return html`<nav class="pager" aria-label="Pages">${link(newest, 'Newest')}${link(newer, 'Newer', 'prev')}<span>${days}</span>${link(older, 'Older', 'next')}${link(oldest, 'Oldest')}</nav>`;
}
