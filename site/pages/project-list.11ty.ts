// `/projects/`, `/projects/2/` …: all projects by owner. It serves where there is no search.
import { page } from '../layouts/page.ts';
import { pager } from '../layouts/pager.ts';
import { html } from '../src/markup/html.ts';
import type { ProjectListView } from '../src/view/list-view.ts';

export const data = {
  pagination: { data: 'site.projectLists', size: 1, alias: 'list' },
  permalink: ({ list }: { list: ProjectListView }) => `/${list.path}index.html`,
};

export function render({ list }: { list: ProjectListView }): string {
  const frame = {
    title: list.number === 1 ? 'All projects' : `All projects, page ${list.number}`,
    description: 'All projects by owner.',
    trail: [{ label: 'Projects', href: '/' }],
  };
  return page(
    frame,
    html`<div class="title"><h1>All projects</h1><p class="lead">By owner. <a href="/packages/">All packages</a></p></div>
${list.owners.length === 0 && html`<p class="empty">No project yet.</p>`}
${list.owners.map(
  ({ owner, projects }) =>
    html`<section><h2>${owner}</h2><div class="scroll"><table class="listed"><thead><tr><th>Project</th><th>Description</th><th class="number">Packages</th></tr></thead><tbody>${projects.map(
      ({ name, href, description, packages }) =>
        html`<tr><th scope="row"><a href="${href}">${name}</a></th><td class="break">${description}</td><td class="number">${packages}</td></tr>`,
    )}</tbody></table></div></section>`,
)}
${pager(list)}`,
  );
}
