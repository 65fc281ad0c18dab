// `/search/?q=`: the script looks into `search/terms/` and shows what it finds. Without it the lists serve.
import { page } from '../layouts/page.ts';
import { html } from '../src/markup/html.ts';

export const data = {
  pagination: { data: 'site.search', size: 1, alias: 'search' },
  permalink: '/search/index.html',
};

export function render(): string {
  const frame = { title: 'Search', description: 'Search projects, packages and files.' };
  return page(
    frame,
    html`<div class="title"><h1>Search</h1><p class="lead">Projects, packages, versions, files and descriptions. Or look through <a href="/projects/">all projects</a> and <a href="/packages/">all packages</a>.</p></div>
<noscript><p class="note">The search needs JavaScript. All there is, is listed under <a href="/projects/">projects</a> and <a href="/packages/">packages</a>.</p></noscript>
<p id="found" class="quiet" role="status"></p>
<div id="results"></div>`,
  );
}
