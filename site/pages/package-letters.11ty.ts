// `/packages/`: the letters under which all packages are listed.
import { page } from '../layouts/page.ts';
import { html } from '../src/markup/html.ts';
import type { PackageLettersView } from '../src/view/list-view.ts';

export const data = {
  pagination: { data: 'site.packageLetters', size: 1, alias: 'list' },
  permalink: '/packages/index.html',
};

export function render({ list }: { list: PackageLettersView }): string {
  const frame = {
    title: 'All packages',
    description: 'All packages, A to Z.',
    trail: [{ label: 'Projects', href: '/' }],
  };
  return page(
    frame,
    html`<div class="title"><h1>All packages</h1><p class="lead">A to Z. <a href="/projects/">All projects</a></p></div>
${
  list.letters.length === 0
    ? html`<p class="empty">No package yet.</p>`
    : html`<ul class="letters">${list.letters.map(({ title, href, count }) => html`<li><a href="${href}"><strong>${title}</strong> <span class="quiet">${count}</span></a></li>`)}</ul>`
}`,
  );
}
