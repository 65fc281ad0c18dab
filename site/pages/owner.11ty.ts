// `/<owner>/`: the projects of an owner.
import { cards } from '../layouts/cards.ts';
import { page } from '../layouts/page.ts';
import { type Html, html } from '../src/markup/html.ts';
import type { OwnerView } from '../src/view/home-view.ts';

export const data = {
  pagination: { data: 'site.owners', size: 1, alias: 'owner' },
  permalink: ({ owner }: { owner: OwnerView }) => {
    const path = owner.hrefs[owner.page - 1] ?? '';
    return `${path}${path.endsWith('/') ? 'index.html' : ''}`;
  },
};

export function render({ owner }: { owner: OwnerView }): string {
  const { projects } = owner;
  const sandboxes = projects.filter(({ pull }) => pull !== null);
  const others = projects.filter(({ pull }) => pull === null);
  const frame = {
    title: owner.owner,
    description: `RPM repositories of ${owner.owner}`,
    trail: [{ label: 'Projects', href: '/' }],
  };
  return page(
    frame,
    html`<div class="title"><h1>${owner.owner}</h1></div>
<section><h2>Projects</h2>${others.length === 0 ? html`<p class="empty">No projects on this page.</p>` : cards(others)}</section>
${sandboxes.length > 0 && html`<section><h2>Pull requests</h2><p class="quiet">What is built to try a change before it is merged.</p>${cards(sandboxes)}</section>`}
${owner.pages > 1 && pager(owner)}`,
  );
}

function pager({ page: here, hrefs }: OwnerView): Html {
  return html`<nav class="pager" aria-label="Pages">${hrefs.map(
    (href, index) => html`<a href="${href}"${index + 1 === here && html` aria-current="page"`}>${index + 1}</a>`,
  )}</nav>`;
}
