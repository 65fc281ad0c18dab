// `/chroots/`: what is built for, and how the packages stand there.
import { page } from '../layouts/page.ts';
import { html } from '../src/markup/html.ts';
import type { ChrootRow } from '../src/view/service-view.ts';

export const data = {
  pagination: { data: 'site.chrootLists', size: 1, alias: 'list' },
  permalink: '/chroots/index.html',
};

export function render({ list }: { list: { readonly rows: readonly ChrootRow[] } }): string {
  const frame = {
    title: 'Chroots',
    description: 'What packages are built for.',
    trail: [{ label: 'Projects', href: '/' }],
  };
  return page(
    frame,
    html`<div class="title"><h1>Chroots</h1><p class="lead">What packages are built for, and how the newest build of each stands.</p></div>
${
  list.rows.length === 0
    ? html`<p class="empty">Nothing has been built yet.</p>`
    : html`<div class="scroll" tabindex="0" role="region" aria-label="Chroots"><table><thead><tr><th>Chroot</th><th>Name</th><th class="number">Built</th><th class="number">Failed</th><th class="number">Others</th></tr></thead><tbody>${list.rows.map(
        ({ chroot, label, href, good, failed, other }) =>
          html`<tr><th scope="row"><a href="${href}">${label}</a></th><td><code>${chroot}</code></td><td class="number">${good}</td><td class="number">${failed}</td><td class="number">${other}</td></tr>`,
      )}</tbody></table></div>`
}`,
  );
}
