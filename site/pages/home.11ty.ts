// `/`: what this is, the projects, what runs, what was built last.
import { page } from '../layouts/page.ts';
import { buildTable, chrootName, stateBadge, time } from '../layouts/parts.ts';
import { type Html, html } from '../src/markup/html.ts';
import type { HomeView, ProjectCard, QueueRow } from '../src/view/home-view.ts';

export const data = {
  pagination: { data: 'site.home', size: 1, alias: 'home' },
  permalink: '/index.html',
};

export function render({ home, siteUrl }: { home: HomeView; siteUrl: string }): string {
  const { queue } = home;
  const live = queue.running.length + queue.waiting.length > 0;
  const frame = {
    title: 'RPM repositories from Git',
    description: 'Signed RPM repositories, built from a Git repository.',
    current: 'home',
    live,
    address: `${siteUrl}/`,
    about: { '@type': 'WebSite', name: 'Coppice', url: `${siteUrl}/` },
  } as const;
  return page(
    frame,
    html`<section class="hero"><h1>RPM repositories from Git</h1>
<p>Coppice builds the packages that a Git repository describes and publishes them as signed repositories for dnf.</p>
<dl class="figures"><div><dt>Projects</dt><dd>${home.projects.length}</dd></div><div><dt>Packages</dt><dd>${home.packageCount}</dd></div><div><dt>Builds</dt><dd>${home.buildCount}</dd></div><div><dt><a href="/queue/">In the queue</a></dt><dd>${queue.running.length + queue.waiting.length}</dd></div></dl></section>
${live && queueBrief(home)}
<section><h2>Projects</h2>
${home.projects.length === 0 ? noProjects(home) : html`<ul class="cards">${home.projects.map(card)}</ul>`}</section>
<section><h2>Latest builds</h2>
${home.latest.length === 0 ? html`<p class="empty">Nothing has been built yet. The first result shows up here by itself.</p>` : buildTable(home.latest, { project: true, package: true })}</section>`,
  );
}

function card(project: ProjectCard): Html {
  const count = `${project.packages} package${project.packages === 1 ? '' : 's'}`;
  return html`<li class="card"><h3><a href="${project.href}">${project.key}</a></h3>
<p>${project.description || html`<span class="quiet">No description</span>`}</p>
<p class="meta"><span>${count}</span>${project.chroots.slice(0, 4).map((chroot) => html`<span class="tag">${chrootName(chroot)}</span>`)}${project.chroots.length > 4 && html`<span class="quiet">and ${project.chroots.length - 4} more</span>`}</p>
<p class="last">${
    project.last === null
      ? html`<span class="quiet">No builds yet</span>`
      : html`${stateBadge(project.last.state, project.last.reason)} <a href="${project.last.href}">${project.last.package} #${project.last.id}</a> <span class="quiet">${time(project.last.time)}</span>`
  }</p></li>`;
}

function noProjects(home: HomeView): Html {
  const where = home.configRepository;
  return html`<div class="empty"><p>No project yet. Add <code>projects/&lt;owner&gt;/&lt;project&gt;.yaml</code> to the config repository${where !== null && html` <code>${where}</code>`} and push: its page appears here.</p>
<p><a href="/docs/">Read how it works</a></p></div>`;
}

/** The furthest of its chroots speaks for a build. */
function sayDoing(doing: QueueRow['doing']): string {
  const [first] = doing;
  const shown = doing.find(({ phase }) => phase !== 'queued') ?? first;
  return shown === undefined ? '' : `: ${shown.title.toLowerCase()}`;
}

function queueBrief({ queue }: HomeView): Html {
  const shown = queue.running.slice(0, 5);
  return html`<section><h2>In progress</h2><ul class="lines">${shown.map(
    ({ row, doing }) =>
      html`<li>${stateBadge(row.state)} <a href="${row.href}">${row.package} #${row.id}</a> <span class="quiet">${row.project}${sayDoing(doing)}</span></li>`,
  )}</ul><p>${queue.running.length} running, ${queue.waiting.length} waiting. <a href="/queue/">See the queue</a></p></section>`;
}
