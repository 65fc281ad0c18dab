// `/`: what this is, what runs, what broke, the projects, what was built last.
import { cards } from '../layouts/cards.ts';
import { page } from '../layouts/page.ts';
import { buildTable, chrootName, stateBadge } from '../layouts/parts.ts';
import { type Html, html } from '../src/markup/html.ts';
import type { HomeView } from '../src/view/home-view.ts';
import type { QueueRow } from '../src/view/queue-view.ts';

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
    // What comes shows up by itself, the very first build too.
    live: live || 'idle',
    address: `${siteUrl}/`,
    about: { '@type': 'WebSite', name: 'Coppice', url: `${siteUrl}/` },
  } as const;
  return page(
    frame,
    html`<section class="hero"><h1>RPM repositories from Git</h1>
<p>Coppice builds the packages that a Git repository describes and publishes them as signed repositories for dnf.</p>
<dl class="figures" id="figures"><div><dt>Projects</dt><dd>${home.projectCount}</dd></div><div><dt>Packages</dt><dd>${home.packageCount}</dd></div><div><dt><a href="/statistics/">Builds</a></dt><dd>${home.buildCount}</dd></div><div><dt><a href="/queue/">In the queue</a></dt><dd>${queue.running.length + queue.waiting.length}</dd></div></dl></section>
<div id="in-progress">${live && queueStrip(home)}</div>
${home.regressions.length > 0 && regressions(home)}
<section id="projects"><h2>Projects</h2>
${home.projects.length === 0 ? noProjects(home) : cards(home.projects)}
${home.projectCount > home.projects.length && html`<p>${home.projectCount} projects in all: look at those of ${owners(home)}</p>`}</section>
<section id="latest"><h2>Latest builds</h2>
${home.latest.length === 0 ? html`<p class="empty">Nothing has been built yet. The first result shows up here by itself.</p>` : buildTable(home.latest, { project: true, package: true })}</section>`,
  );
}

function owners({ projects }: HomeView): Html {
  const names = [...new Set(projects.map(({ key }) => key.slice(0, key.indexOf('/'))))];
  return html`${names.map((name, index) => html`${index > 0 && ', '}<a href="/${name}/">${name}</a>`)}`;
}

function regressions({ regressions: rows }: HomeView): Html {
  return html`<section id="regressions"><h2>Built before, failed now</h2><ul class="lines">${rows.map(
    ({ package: name, href, project, chroot, build, good }) =>
      html`<li>${stateBadge('failed', build.reason)} <a href="${href}">${name}</a> <span class="quiet">${project}, ${chrootName(chroot)}:</span> <a href="${build.href}">#${build.id}</a> <span class="quiet">last good <a href="${good.href}">#${good.id}</a></span></li>`,
  )}</ul></section>`;
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

function queueStrip({ queue }: HomeView): Html {
  const shown = queue.running.slice(0, 5);
  return html`<section><h2>In progress</h2><ul class="lines">${shown.map(
    ({ row, doing }) =>
      html`<li>${stateBadge(row.state)} <a href="${row.href}">${row.package} #${row.id}</a> <span class="quiet">${row.project}${sayDoing(doing)}</span></li>`,
  )}</ul><p>${queue.running.length} running, ${queue.waiting.length} waiting. <a href="/queue/">See the queue</a></p></section>`;
}
