// `/builders/`: where builds are made, and how many builders there are.
import { page } from '../layouts/page.ts';
import { exactTime, time } from '../layouts/parts.ts';
import { type Html, html } from '../src/markup/html.ts';
import type { BuildersView } from '../src/view/service-view.ts';

export const data = {
  pagination: { data: 'site.builderPools', size: 1, alias: 'builders' },
  permalink: '/builders/index.html',
};

export function render({ builders }: { builders: BuildersView }): string {
  const { pools, limits } = builders;
  const alive = pools.reduce((sum, { builders: of }) => sum + of.idle + of.leased + of.kept, 0);
  const frame = {
    title: 'Builders',
    description: 'Where packages are built.',
    trail: [{ label: 'Queue', href: '/queue/' }],
    live: 'idle',
  } as const;
  return page(
    frame,
    html`<div class="title"><h1>Builders</h1><p class="lead">${alive} alive.${pools.length > 0 && html` As JSON: <a href="/api/v1/service.json">service.json</a>`}</p></div>
<section id="pools"><h2>Pools</h2>${pools.length === 0 ? html`<p class="empty">The service has not told of its pools yet.</p>` : table(pools)}</section>
<section id="limits"><h2>Limits</h2><dl class="facts"><dt>Of one owner</dt><dd>${limits.perOwner === null ? 'none' : `${limits.perOwner} chroots at once`}</dd>
${Object.entries({ ...limits.perChroot, ...limits.perArchitecture }).map(([name, most]) => html`<dt>${name}</dt><dd>${most} at once</dd>`)}</dl></section>`,
  );
}

function table(pools: BuildersView['pools']): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Pools of builders"><table><thead><tr><th>Pool</th><th>Driver</th><th>For</th><th>Labels</th><th class="number">At work</th><th class="number">Idle</th><th class="number">Being made</th><th class="number">At most</th><th>State</th></tr></thead><tbody>${pools.map(
    ({ name, driver, architectures, labels, builders, max, madeAt, fault }) =>
      html`<tr><th scope="row">${name}</th><td>${driver}</td><td>${architectures.join(', ')}</td><td>${labels.length === 0 ? html`<span class="quiet">–</span>` : labels.join(', ')}</td><td class="number">${builders.leased + builders.kept}</td><td class="number">${builders.idle}</td><td class="number">${builders.making}</td><td class="number">${max}</td>
<td>${fault === null ? (madeAt === null ? html`<span class="quiet">none made yet</span>` : html`last made ${time(madeAt)}`) : html`<strong>cannot be made</strong> since ${time(fault.since)}; next try ${exactTime(fault.retryAt)}`}</td></tr>`,
  )}</tbody></table></div>`;
}
