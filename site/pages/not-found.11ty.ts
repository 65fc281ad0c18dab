// `404.html`, for web servers that can be told of one.
import { page } from '../layouts/page.ts';
import { html } from '../src/markup/html.ts';

export const data = {
  pagination: { data: 'site.notFound', size: 1, alias: 'notFound' },
  permalink: '/404.html',
};

export function render(): string {
  const frame = { title: 'Not found', description: 'This page does not exist.', unlisted: true };
  return page(
    frame,
    html`<section class="hero"><h1>Not found</h1><p>There is no page at this address. A project that left the config repository and has no builds any more is gone, too, and so is an old build that nobody needs.</p>
<form class="find" action="/search/" method="get" role="search" aria-label="Search for what is missing"><label for="find">Search for a project or a package</label><div><input id="find" name="q" type="search" required><button type="submit">Search</button></div></form>
<p><a href="/projects/">All projects</a> · <a href="/packages/">All packages</a> · <a href="/queue/">Queue</a> · <a href="/docs/">Docs</a></p></section>`,
  );
}
