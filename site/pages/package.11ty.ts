// `/<owner>/<project>/package/<name>/`: state per chroot, where it comes from, what it needs, its builds.
import { programFiles } from '@coppice/config';
import { badges } from '../layouts/badges.ts';
import { installSection } from '../layouts/install.ts';
import { page } from '../layouts/page.ts';
import { buildTable, chrootName, departedNote, stateCell } from '../layouts/parts.ts';
import { html, siteHref } from '../src/markup/html.ts';
import { aboutPackage } from '../src/view/about.ts';
import type { PackageView } from '../src/view/project-view.ts';

export const data = {
  pagination: { data: 'site.packages', size: 1, alias: 'package' },
  permalink: (given: { package: PackageView }) => `/${given.package.path}index.html`,
};

export function render(given: { package: PackageView; siteUrl: string }): string {
  const { package: view, siteUrl } = given;
  const key = `${view.owner}/${view.project}`;
  const frame = {
    title: `${view.name} in ${key}`,
    description: `Builds of ${view.name} in ${key}`,
    trail: [
      { label: 'Projects', href: '/' },
      { label: key, href: view.projectHref },
    ],
    live: view.live,
    address: `${siteUrl}${siteHref(view.path)}`,
    feeds: [{ title: `Builds of ${key}`, href: siteHref(programFiles.projectFeed(view.owner, view.project)) }],
    about: aboutPackage(view, siteUrl),
  };
  return page(
    frame,
    html`<div class="title"><h1>${view.name}${view.version !== null && html` <span class="version">${view.version}</span>`}</h1>${view.departed !== undefined && html`<p class="lead">${departedNote(view.departed)}</p>`}</div>
<div class="columns"><div>
${installSection(view.install)}
<section><h2>State</h2><div class="scroll"><table><thead><tr><th>Chroot</th><th>Newest build</th></tr></thead><tbody>${view.chroots.map(
      ({ chroot, cell }) => html`<tr><th scope="row">${chrootName(chroot)}</th><td>${stateCell(cell)}</td></tr>`,
    )}</tbody></table></div></section>
<section><h2>Builds</h2>${view.history.length === 0 ? html`<p class="empty">It has not been built yet.</p>` : buildTable(view.history, { project: false, package: false })}
${view.buildCount > view.history.length && html`<p class="quiet">The newest ${view.history.length} of ${view.buildCount} builds.</p>`}</section></div>
<aside><dl class="facts"><dt>Source</dt><dd>${view.source === null ? html`<span class="quiet">no longer in the config repository</span>` : html`<code>${view.source}</code>`}</dd>
<dt>Needs</dt><dd>${
      view.needs.length === 0
        ? html`<span class="quiet">nothing of this project</span>`
        : view.needs.map(
            ({ name, href }) => html`<div>${href === null ? name : html`<a href="${href}">${name}</a>`}</div>`,
          )
    }</dd><dt>Project</dt><dd><a href="${view.projectHref}">${key}</a></dd></dl>${badges({ owner: view.owner, project: view.project, package: view.name, url: siteUrl })}</aside></div>`,
  );
}
