// `/<owner>/<project>/package/<name>/`: what it is and how to install it, how it stands, what its headers say, its
// builds.
import { programFiles } from '@coppice/config';
import { builtPackages, changelogSection, dependentsSection, upstreamLink } from '../layouts/about-packages.ts';
import { badges } from '../layouts/badges.ts';
import { historyBars } from '../layouts/history-bars.ts';
import { installSection } from '../layouts/install.ts';
import { page } from '../layouts/page.ts';
import { buildTable, chrootName, departedNote, partlyBadge, stateCell } from '../layouts/parts.ts';
import { html, siteHref } from '../src/markup/html.ts';
import { aboutPackage } from '../src/view/about.ts';
import type { PackageView } from '../src/view/package-view.ts';

export const data = {
  pagination: { data: 'site.packages', size: 1, alias: 'package' },
  permalink: (given: { package: PackageView }) => `/${given.package.path}index.html`,
};

export function render(given: { package: PackageView; siteUrl: string }): string {
  const { package: view, siteUrl } = given;
  const { about } = view;
  const key = `${view.owner}/${view.project}`;
  const frame = {
    title: `${view.name} in ${key}`,
    description: about?.summary ?? `Builds of ${view.name} in ${key}`,
    trail: [
      { label: 'Projects', href: '/' },
      { label: key, href: view.projectHref },
    ],
    live: view.live,
    address: `${siteUrl}${siteHref(view.path)}`,
    feeds: [{ title: `Builds of ${key}`, href: siteHref(programFiles.projectFeed(view.owner, view.project)) }],
    about: aboutPackage(view, siteUrl),
  };
  const unknown = html`<span class="quiet">–</span>`;
  return page(
    frame,
    html`<div class="title"><h1>${view.name}${view.version !== null && html` <span class="version">${view.version}</span>`}</h1>${about !== undefined && about.summary !== null && html`<p class="lead">${about.summary}</p>`}${view.notes.map((note) => html`<p class="lead">${note}</p>`)}${view.departed !== undefined && html`<p class="lead">${departedNote(view.departed)}</p>`}</div>
<div class="columns"><div>
${installSection(view.install)}
<section><h2>State${view.partly !== null && html` ${partlyBadge(view.partly)}`}</h2><div class="scroll"><table><thead><tr><th>Chroot</th><th>Users get</th><th>Newest build</th></tr></thead><tbody>${view.chroots.map(
      ({ chroot, version, cell }) =>
        html`<tr><th scope="row">${chrootName(chroot)}</th><td>${version ?? unknown}</td><td>${stateCell(cell)}</td></tr>`,
    )}</tbody></table></div></section>
${about !== undefined && builtPackages(about)}
${dependentsSection(view.dependents)}
${about !== undefined && changelogSection(about)}
<section><h2>Builds</h2>${view.history.length === 0 ? html`<p class="empty">It has not been built yet.</p>` : html`${historyBars(view.bars)}${buildTable(view.history, { project: false, package: false })}`}
${view.buildCount > view.history.length && html`<p class="quiet">The newest ${view.history.length} of ${view.buildCount} builds.</p>`}</section></div>
<aside><dl class="facts">${
      about !== undefined &&
      html`<dt>Upstream</dt><dd>${about.upstream === null ? unknown : upstreamLink(about.upstream)}</dd>
<dt>Licence</dt><dd>${about.license ?? unknown}</dd>`
    }<dt>Source</dt><dd>${view.source === null ? html`<span class="quiet">no longer in the config repository</span>` : html`<code>${view.source}</code>`}</dd>
<dt>Needs</dt><dd>${
      view.needs.length === 0
        ? html`<span class="quiet">nothing of this project, as far as its spec is known here</span>`
        : view.needs.map(
            ({ name, href }) => html`<div>${href === null ? name : html`<a href="${href}">${name}</a>`}</div>`,
          )
    }</dd><dt>Project</dt><dd><a href="${view.projectHref}">${key}</a></dd></dl>${badges({ owner: view.owner, project: view.project, package: view.name, url: siteUrl })}</aside></div>`,
  );
}
