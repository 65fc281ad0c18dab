// `/<owner>/<project>/`: how to install from it first, then what it holds.
import { programFiles } from '@coppice/config';
import { badges } from '../layouts/badges.ts';
import { installSection } from '../layouts/install.ts';
import { page } from '../layouts/page.ts';
import { buildTable, chrootName, departedNote, partlyBadge, standingCell, versionNotes } from '../layouts/parts.ts';
import { type Html, html, siteHref } from '../src/markup/html.ts';
import { renderMarkdown } from '../src/markup/markdown.ts';
import { aboutProject } from '../src/view/about.ts';
import type { Reference } from '../src/view/project-facts.ts';
import type { ProjectView } from '../src/view/project-view.ts';
import type { Matrix } from '../src/view/rows.ts';

export const data = {
  pagination: { data: 'site.projects', size: 1, alias: 'project' },
  permalink: ({ project }: { project: ProjectView }) => `/${project.path}index.html`,
};

export function render({ project, siteUrl }: { project: ProjectView; siteUrl: string }): string {
  const key = `${project.owner}/${project.name}`;
  const frame = {
    title: key,
    description: project.description || `RPM repository ${key}`,
    trail: [{ label: 'Projects', href: '/' }],
    live: project.live || (project.latest.length === 0 && ('idle' as const)),
    address: `${siteUrl}${siteHref(project.path)}`,
    feeds: [{ title: `Builds of ${key}`, href: siteHref(programFiles.projectFeed(project.owner, project.name)) }],
    about: aboutProject(project, siteUrl),
  };
  return page(
    frame,
    html`<div class="title"><h1><span class="owner">${project.owner}/</span>${project.name}</h1>
<p class="lead prose">${project.description || html`<span class="quiet">No description</span>`}</p></div>
${gone(project)}
${project.facts.leavesAt !== null && html`<p class="note">The file of this project is gone from the config repository. All that is here is deleted after ${project.facts.leavesAt} UTC, unless <code>projects/${key}.yaml</code> is put back before.</p>`}
${project.facts.frozen !== null && html`<p class="note">This project is frozen: it builds and publishes nothing, and its packages, logs and source packages are out of reach. ${project.facts.frozen}</p>`}
${project.facts.publish !== null && html`<p class="note">${project.facts.publish}</p>`}
${project.facts.deleteAfter !== null && html`<p class="note">This project is deleted on ${project.facts.deleteAfter}.</p>`}
<div class="columns"><div>
${installSection(project.install)}
${project.instructions !== '' && html`<section><h2>Instructions</h2><div class="prose-doc">${renderMarkdown(project.instructions)}</div></section>`}
<section><h2>Packages</h2>${matrix(project.matrix)}</section>
<section><h2>Latest builds</h2>${project.latest.length === 0 ? html`<p class="empty">Nothing has been built yet.</p>` : buildTable(project.latest, { project: false, package: true })}
${project.buildsHref !== null && html`<p class="more"><a href="${project.buildsHref}">${project.buildCount > project.latest.length ? `All ${project.buildCount} builds` : 'All builds'}</a></p>`}</section>
</div>
<aside>${side(project)}${badges({ owner: project.owner, project: project.name, url: siteUrl })}</aside></div>`,
  );
}

function gone({ owner, stated, sandbox, endsWhen }: ProjectView): Html {
  if (sandbox !== null) {
    return html`<p class="note">These are the builds of ${sandbox.href === null ? html`pull request ${sandbox.pull}` : html`<a href="${sandbox.href}" rel="nofollow noopener">pull request ${sandbox.pull}</a>`} to <code>${owner}/${sandbox.project}</code>, to try it. They are deleted ${endsWhen ?? 'some days after it is closed'}; nobody who uses the project gets them.</p>`;
  }
  if (stated) return html``;
  return html`<p class="note">This project has left the config repository. What it built is still here.</p>`;
}

/** Fewer packages are seen at once. */
const filteredFrom = 12;

function matrix({ chroots, rows }: Matrix): Html {
  if (rows.length === 0) return html`<p class="empty">No packages yet.</p>`;
  const filter =
    rows.length > filteredFrom &&
    html`<p class="filter with-script"><label>Filter <input type="search" data-filter="matrix" autocomplete="off"></label></p>`;
  return html`${filter}<div class="scroll" tabindex="0" role="region" aria-label="Packages by chroot"><table class="matrix${chroots.length > 2 && ' many'}" id="matrix"><thead><tr><th>Package</th>${chroots.map((chroot) => html`<th>${chrootName(chroot)}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) =>
      html`<tr><th scope="row"><a href="${row.href}">${row.package}</a>${row.departed !== undefined && html` ${departedNote(row.departed)}`}${row.partly !== null && html`<br>${partlyBadge(row.partly)}`}${versionNotes(row)}</th>${row.cells.map((cell, index) => html`<td>${standingCell(row.versions[index] ?? null, cell)}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

function side(project: ProjectView): Html {
  const people = (names: readonly string[]) =>
    names.length === 0 ? html`<span class="quiet">none</span>` : names.join(', ');
  const { facts } = project;
  return html`<dl class="facts">
${fact('Home page', facts.homepage)}${fact('Contact', facts.contact)}${fact('Forked from', facts.forkedFrom)}
<dt>Signing key</dt><dd>${
    project.stated && project.keys.length === 0
      ? html`<span class="quiet">made with the first build</span>`
      : html`${project.keys.map(({ fingerprint, note }) => html`<div><code class="fingerprint">${fingerprint}</code>${note !== null && html` <span class="quiet">${note}</span>`}</div>`)}<a href="${project.publicKeyHref}">pubkey.gpg</a>`
  }</dd>
<dt>Chroots</dt><dd>${facts.chroots.map(({ chroot, note }) => html`<div><code>${chroot}</code>${note !== null && html` <span class="quiet">${note}</span>`}</div>`)}</dd>
${
  project.stated &&
  html`<dt>Maintainers</dt><dd>${people(project.maintainers)}</dd>
<dt>May build, too</dt><dd>${people(project.builders)}</dd>`
}
<dt>Builds</dt><dd>${project.buildsHref === null ? project.buildCount : html`<a href="${project.buildsHref}">${project.buildCount}</a>`}</dd></dl>`;
}

function fact(label: string, reference: Reference | null): Html {
  if (reference === null) return html``;
  const { text, href } = reference;
  return html`<dt>${label}</dt><dd>${href === null ? text : html`<a href="${href}" rel="nofollow">${text}</a>`}</dd>`;
}
