// `/queue/`: what runs and what waits, oldest first: why, and until when.
import type { BrokenPool } from '@coppice/config';
import { page } from '../layouts/page.ts';
import { chrootName, exactTime, stateBadge, time } from '../layouts/parts.ts';
import { type Html, html } from '../src/markup/html.ts';
import type { QueueRow, QueueView } from '../src/view/queue-view.ts';

export const data = {
  pagination: { data: 'site.queue', size: 1, alias: 'queue' },
  permalink: '/queue/index.html',
};

/** A page of more rows helps nobody; the JSON has all. */
const shownWaiting = 100;

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
    html`<div class="title"><h1>Queue</h1><p class="lead">${running.length} running, ${waiting.length} waiting. <a href="/builders/">Builders</a> · <a href="/statistics/">Statistics</a> · <a href="/status/">Status</a> · as JSON: <a href="/api/v1/queue.json">queue.json</a></p></div>
${brokenPools.map(brokenPool)}
<section id="running"><h2>Running</h2>${running.length === 0 ? html`<p class="empty">No build is running.</p>` : runningTable(running)}</section>
<section id="waiting"><h2>Waiting</h2>${waiting.length === 0 ? html`<p class="empty">Nothing waits: a new request starts at once.</p>` : waitingTable(waiting.slice(0, shownWaiting))}
${waiting.length > shownWaiting && html`<p class="quiet">And ${waiting.length - shownWaiting} more.</p>`}</section>`,
  );
}

/** Says it as people who wait for a build need it; the operators' issue has the details. */
function brokenPool({ name, since, failures, retryAt }: BrokenPool): Html {
  return html`<p class="note">No builders can be made in the pool <strong>${name}</strong> since ${time(since)} (${failures} failures in a row). Builds that need it wait, and no package is blamed for it. The next try is at ${exactTime(retryAt)}.</p>`;
}

function names({ row }: QueueRow): Html {
  return html`<td><a class="strong" href="${row.href}">#${row.id}</a></td><td><a href="${row.packageHref}">${row.package}</a></td><td><a href="${row.projectHref}">${row.project}</a></td>`;
}

function runningTable(rows: readonly QueueRow[]): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Builds that run"><table><thead><tr><th>Build</th><th>Package</th><th>Project</th><th>State</th><th>What it does</th><th>Expected end</th><th>Asked for by</th></tr></thead><tbody>${rows.map(
    (one) => html`<tr>${names(one)}<td>${stateBadge(one.row.state)}</td>
<td>${one.doing.map(({ chroot, title, since }) => html`<div>${chrootName(chroot)}: ${title.toLowerCase()} <span class="quiet">since ${time(since)}</span></div>`)}</td>
<td>${expected(one.expectedEnd)}${one.isOvertime && html` <span class="overtime">longer than usual</span>`}</td><td>${one.row.requestedBy}</td></tr>`,
  )}</tbody></table></div>`;
}

function waitingTable(rows: readonly QueueRow[]): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Builds that wait"><table><thead><tr><th class="number">Place</th><th>Build</th><th>Package</th><th>Project</th><th>Waits</th><th>Expected start</th><th>Asked for by</th></tr></thead><tbody>${rows.map(
    (one) =>
      html`<tr><td class="number">${one.position}</td>${names(one)}<td>${one.why} <span class="quiet">since ${time(one.row.time)}</span></td><td>${expected(one.expectedStart)}</td><td>${one.row.requestedBy}</td></tr>`,
  )}</tbody></table></div>`;
}

function expected(at: string | null): Html {
  return at === null ? html`<span class="quiet">not known</span>` : html`about ${exactTime(at)}`;
}
