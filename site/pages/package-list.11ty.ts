// `/packages/a/`, `/packages/a/2/` …: all packages whose names begin with a letter.
import { page } from '../layouts/page.ts';
import { pager } from '../layouts/pager.ts';
import { html } from '../src/markup/html.ts';
import type { PackageListView } from '../src/view/list-view.ts';

export const data = {
  pagination: { data: 'site.packageLists', size: 1, alias: 'list' },
  permalink: ({ list }: { list: PackageListView }) => `/${list.path}index.html`,
};

export function render({ list }: { list: PackageListView }): string {
  const frame = {
    title: list.number === 1 ? `Packages ${list.title}` : `Packages ${list.title}, page ${list.number}`,
    description: `Packages whose names begin with ${list.title}.`,
    trail: [{ label: 'Packages', href: '/packages/' }],
  };
  return page(
    frame,
    html`<div class="title"><h1>Packages: ${list.title}</h1></div>
<section><div class="scroll"><table class="listed"><thead><tr><th>Package</th><th>Version</th><th>Project</th><th>Summary</th></tr></thead><tbody>${list.rows.map(
      ({ name, href, project, projectHref, version, summary }) =>
        html`<tr><th scope="row"><a href="${href}">${name}</a></th><td>${version ?? html`<span class="quiet">–</span>`}</td><td><a href="${projectHref}">${project}</a></td><td class="break">${summary}</td></tr>`,
    )}</tbody></table></div></section>
${pager(list)}`,
  );
}
