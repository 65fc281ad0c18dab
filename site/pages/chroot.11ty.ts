// `/chroots/<chroot>/`: how packages stand in one chroot, and which do not build there.
import { page } from '../layouts/page.ts';
import { stateBadge, time } from '../layouts/parts.ts';
import { html } from '../src/markup/html.ts';
import type { ChrootView } from '../src/view/service-view.ts';

export const data = {
  pagination: { data: 'site.chroots', size: 1, alias: 'chroot' },
  permalink: ({ chroot }: { chroot: ChrootView }) => `/chroots/${chroot.chroot}/index.html`,
};

export function render({ chroot }: { chroot: ChrootView }): string {
  const frame = {
    title: chroot.label,
    description: `Packages built for ${chroot.chroot}`,
    trail: [
      { label: 'Projects', href: '/' },
      { label: 'Chroots', href: '/chroots/' },
    ],
  };
  return page(
    frame,
    html`<div class="title"><h1>${chroot.label}</h1><p class="lead"><code>${chroot.chroot}</code>: ${chroot.good} packages are built, ${chroot.failed} failed${chroot.other > 0 && html`, ${chroot.other} others`}.</p></div>
<section><h2>Failed</h2>${
      chroot.failing.length === 0
        ? html`<p class="empty">None.</p>`
        : html`<div class="scroll" tabindex="0" role="region" aria-label="Packages that failed"><table><thead><tr><th>Package</th><th>Project</th><th>Build</th><th>State</th><th>When</th><th>Built before</th></tr></thead><tbody>${chroot.failing.map(
            ({ package: name, href, project, build, good }) =>
              html`<tr><td><a href="${href}">${name}</a></td><td><a href="${build.projectHref}">${project}</a></td><td><a href="${build.href}">#${build.id}</a></td><td>${stateBadge('failed', build.reason)}</td><td class="when">${time(build.time)}</td><td>${good.id === 0 ? html`<span class="quiet">never</span>` : html`<a href="${good.href}">#${good.id}</a>`}</td></tr>`,
          )}</tbody></table></div>`
    }</section>`,
  );
}
