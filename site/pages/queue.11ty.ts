// `/queue/`: what runs and what waits, oldest first.
import type { BrokenPool } from '@coppice/config';
import { page } from '../layouts/page.ts';
import { chrootName, exactTime, stateBadge, time } from '../layouts/parts.ts';
import { type Html, html } from '../src/markup/html.ts';
import type { QueueRow, QueueView } from '../src/view/home-view.ts';

export const data = {
  pagination: { data: 'site.queue', size: 1, alias: 'queue' },
  permalink: '/queue/index.html',
};

/** A page of more rows helps nobody; the JSON has all. */
const shownWaiting = 200;

export function render({ queue }: { queue: QueueView }): string {
  const { running, waiting, brokenPools } = queue;
  const frame = {
    title: 'Queue',
    description: 'Builds that run and builds that wait.',
    current: 'queue',
    live: true,
  } as const;
  return page(
    frame,
    html`<div class="title"><h1>Queue</h1><p class="lead">${running.length} running, ${waiting.length} waiting. As JSON: <a href="/api/v1/queue.json">queue.json</a></p></div>
${brokenPools.map(brokenPool)}
<section><h2>Running</h2>${running.length === 0 ? html`<p class="empty">No build is running.</p>` : table(running)}</section>
<section><h2>Waiting</h2>${waiting.length === 0 ? html`<p class="empty">Nothing waits: a new request starts at once.</p>` : table(waiting.slice(0, shownWaiting))}
${waiting.length > shownWaiting && html`<p class="quiet">And ${waiting.length - shownWaiting} more.</p>`}</section>`,
  );
}

/** Says it as people who wait for a build need it; the operators' issue has the details. */
function brokenPool({ name, since, failures, retryAt }: BrokenPool): Html {
  return html`<p class="note">No builders can be made in the pool <strong>${name}</strong> since ${time(since)} (${failures} failures in a row). Builds that need it wait, and no package is blamed for it. The next try is at ${exactTime(retryAt)}.</p>`;
}

function table(rows: readonly QueueRow[]): Html {
  return html`<div class="scroll"><table><thead><tr><th>Build</th><th>State</th><th>Package</th><th>Project</th><th>What it does</th><th>Asked for by</th></tr></thead><tbody>${rows.map(
    ({
      row,
      doing,
      after,
    }) => html`<tr><td><a class="strong" href="${row.href}">#${row.id}</a></td><td>${stateBadge(row.state)}</td><td><a href="${row.packageHref}">${row.package}</a></td><td><a href="${row.projectHref}">${row.project}</a></td>
<td>${doing.map(({ chroot, title, since }) => html`<div>${chrootName(chroot)}: ${title.toLowerCase()} <span class="quiet">since ${time(since)}</span></div>`)}${after.length > 0 && html`<div class="quiet">after ${after.map((id) => `#${id}`).join(', ')}</div>`}</td><td>${row.requestedBy}</td></tr>`,
  )}</tbody></table></div>`;
}
