// `/status/`: whether the service does what it should.
import { page } from '../layouts/page.ts';
import { buildBadge, time } from '../layouts/parts.ts';
import { html } from '../src/markup/html.ts';
import type { StatusView } from '../src/view/service-view.ts';

export const data = {
  pagination: { data: 'site.status', size: 1, alias: 'status' },
  permalink: '/status/index.html',
};

export function render({ status }: { status: StatusView }): string {
  const { parts, lastBuild } = status;
  const bad = parts.filter(({ isGood }) => !isGood);
  const frame = {
    title: bad.length === 0 ? 'Status' : 'Status: trouble',
    description: 'Whether the service works.',
    trail: [{ label: 'Queue', href: '/queue/' }],
    live: 'idle',
  } as const;
  const lead =
    parts.length === 0
      ? 'The service has said nothing of itself yet.'
      : bad.length === 0
        ? 'All is well.'
        : `${bad.length} of ${parts.length} parts ${bad.length === 1 ? 'is' : 'are'} in trouble.`;
  return page(
    frame,
    html`<div class="title"><h1>Status</h1><p class="lead">${lead}${parts.length > 0 && html` As JSON: <a href="/api/v1/service.json">service.json</a>`}</p></div>
<section id="parts"><h2>Parts</h2><ul class="lines">${parts.map(
      ({ isGood, name, text, since }) =>
        html`<li><span class="${isGood ? 'fine' : 'trouble'}">${isGood ? 'fine' : 'trouble'}</span> <strong>${name}</strong> ${text}${since !== null && html` <span class="quiet">since ${time(since)}</span>`}</li>`,
    )}</ul></section>
<section id="last"><h2>Last build</h2>${lastBuild === null ? html`<p class="empty">Nothing has been built yet.</p>` : html`<p>${buildBadge(lastBuild)} <a href="${lastBuild.href}">${lastBuild.package} #${lastBuild.id}</a> of <a href="${lastBuild.projectHref}">${lastBuild.project}</a>, ${time(lastBuild.time)}</p>`}</section>`,
  );
}
