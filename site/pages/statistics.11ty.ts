// `/statistics/`: builds of the last days, how many succeeded, how long they waited and took.
import { page } from '../layouts/page.ts';
import { type Html, html } from '../src/markup/html.ts';
import { formatSeconds } from '../src/view/format.ts';
import type { DayView, StatisticsView } from '../src/view/service-view.ts';

export const data = {
  pagination: { data: 'site.statistics', size: 1, alias: 'statistics' },
  permalink: '/statistics/index.html',
};

export function render({ statistics }: { statistics: StatisticsView }): string {
  const { days, builds, success } = statistics;
  const frame = {
    title: 'Statistics',
    description: 'Builds of the last days.',
    trail: [{ label: 'Queue', href: '/queue/' }],
  };
  return page(
    frame,
    html`<div class="title"><h1>Statistics</h1><p class="lead">${builds} builds in ${days.length} days${success !== null && html`, ${success} % of those that could succeed did`}.</p></div>
${
  days.length === 0
    ? html`<p class="empty">Nothing has ended yet.</p>`
    : html`<section><h2>Builds a day</h2>${chart(days)}</section>
<section><h2>Waiting and building, in the mean</h2>${times(days)}</section>
<details><summary>As a table</summary>${table(days)}</details>`
}`,
  );
}

const [width, height] = [10, 120];

function chart(days: readonly DayView[]): Html {
  const most = Math.max(1, ...days.map(({ good, failed, other }) => good + failed + other));
  const high = (count: number) => (count / most) * height;
  return html`<figure class="bars"><svg viewBox="0 0 ${days.length * width} ${height}" preserveAspectRatio="none" role="img" aria-label="Builds a day, at most ${most}">${days.map(
    ({ day, good, failed, other }, index) => {
      const [g, f, o] = [high(good), high(failed), high(other)];
      const at = index * width + 1;
      return html`<g><title>${day}: ${good} succeeded, ${failed} failed, ${other} others</title><rect class="bar-good" x="${at}" y="${height - g}" width="8" height="${g}"/><rect class="bar-bad" x="${at}" y="${height - g - f}" width="8" height="${f}"/><rect class="bar-other" x="${at}" y="${height - g - f - o}" width="8" height="${o}"/></g>`;
    },
  )}</svg><figcaption class="quiet"><span>${days[0]?.day}</span><span class="key-good">succeeded</span><span class="key-bad">failed</span><span class="key-other">others</span><span>${days.at(-1)?.day}</span></figcaption></figure>`;
}

function times(days: readonly DayView[]): Html {
  const most = Math.max(1, ...days.map(({ waited, worked }) => (waited ?? 0) + (worked ?? 0)));
  const high = (seconds: number | null) => ((seconds ?? 0) / most) * height;
  return html`<figure class="bars"><svg viewBox="0 0 ${days.length * width} ${height}" preserveAspectRatio="none" role="img" aria-label="Mean seconds a build waited and took, at most ${formatSeconds(most)}">${days.map(
    ({ day, waited, worked }, index) => {
      const [w, b] = [high(waited), high(worked)];
      const at = index * width + 1;
      const told =
        waited === null ? 'nothing ended' : `waited ${formatSeconds(waited)}, took ${formatSeconds(worked ?? 0)}`;
      return html`<g><title>${day}: ${told}</title><rect class="bar-busy" x="${at}" y="${height - b}" width="8" height="${b}"/><rect class="bar-wait" x="${at}" y="${height - b - w}" width="8" height="${w}"/></g>`;
    },
  )}</svg><figcaption class="quiet"><span>${days[0]?.day}</span><span class="key-wait">waiting</span><span class="key-busy">building</span><span>${days.at(-1)?.day}</span></figcaption></figure>`;
}

function table(days: readonly DayView[]): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Builds by day"><table><thead><tr><th>Day (UTC)</th><th class="number">Succeeded</th><th class="number">Failed</th><th class="number">Others</th><th class="number">Waited</th><th class="number">Took</th></tr></thead><tbody>${days
    .filter(({ waited }) => waited !== null)
    .toReversed()
    .map(
      ({ day, good, failed, other, waited, worked }) =>
        html`<tr><th scope="row">${day}</th><td class="number">${good}</td><td class="number">${failed}</td><td class="number">${other}</td><td class="number">${formatSeconds(waited ?? 0)}</td><td class="number">${formatSeconds(worked ?? 0)}</td></tr>`,
    )}</tbody></table></div>`;
}
