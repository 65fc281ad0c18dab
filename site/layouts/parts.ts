// Pieces that several pages show: states, times, commands, rows of builds. A state is always an icon and a word.
import type { BuildState, FailureReason } from '@coppice/config';
import { type Html, html } from '../src/markup/html.ts';
import { chrootLabel, formatTime } from '../src/view/format.ts';
import type { BuildRow, MatrixCell, MatrixRow } from '../src/view/rows.ts';
import { reasonTitles } from '../src/view/verdict.ts';

const shapes: Readonly<Record<BuildState | 'partly', Html>> = {
  succeeded: html`<path d="M3.500 8.500l3 3 6-7"/>`,
  failed: html`<path d="M4 4l8 8M12 4l-8 8"/>`,
  partly: html`<circle cx="8" cy="8" r="5.500"/><path d="M8 5v3.500M8 10.800v.2"/>`,
  running: html`<path d="M8 2a6 6 0 1 1-6 6"/>`,
  starting: html`<path d="M8 2a6 6 0 0 1 6 6"/><circle cx="8" cy="8" r="1"/>`,
  pending: html`<circle cx="8" cy="8" r="5.500"/><path d="M8 5v3l2 1.500"/>`,
  canceled: html`<circle cx="8" cy="8" r="5.500"/><path d="M4.200 4.200l7.600 7.600"/>`,
  skipped: html`<path d="M3 4l5 4-5 4zM12 4v8"/>`,
};

const words: Readonly<Record<BuildState, string>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  running: 'running',
  starting: 'starting',
  pending: 'waiting',
  canceled: 'canceled',
  skipped: 'skipped',
};

/** That a package is in the config no more, and when what it has published goes. */
export function departedNote(departed: string | null | undefined): Html {
  if (departed === undefined) return html``;
  return html`<span class="quiet">no longer in the config${departed !== null && html`; goes on ${departed}`}</span>`;
}

/** Icon of a state; it never stands without its word. */
export function icon(state: BuildState | 'partly'): Html {
  return html`<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${shapes[state]}</svg>`;
}

/** The word of a state, for those who see no icon. */
export function stateWord(state: BuildState): string {
  return words[state];
}

/** Icon and word; the reason of a failure as a tooltip. */
export function stateBadge(state: BuildState, reason: FailureReason | null = null): Html {
  const title = reason === null ? undefined : html` title="${reasonTitles[reason]}"`;
  return html`<span class="state state-${state}"${title}>${icon(state)}${words[state]}</span>`;
}

/** An absolute time; the script adds how long ago that was. */
export function time(iso: string): Html {
  return html`<time datetime="${iso}">${formatTime(iso)}</time>`;
}

/** An absolute time that stays absolute. */
export function exactTime(iso: string): Html {
  return html`<time datetime="${iso}" data-exact>${formatTime(iso)}</time>`;
}

/** A command to copy. The button appears with the script. */
export function command(text: string): Html {
  return html`<div class="command"><code>${text}</code><button type="button" class="copy" data-copy="${text}" hidden>Copy</button></div>`;
}

/** A chroot as label, its full name as a tooltip. */
export function chrootName(chroot: string): Html {
  return html`<span title="${chroot}">${chrootLabel(chroot)}</span>`;
}

/** What was built of a package and users do not get. */
export function versionNotes({ notes }: Pick<MatrixRow, 'notes'>): Html {
  return html`${notes.map((note) => html`<br><span class="quiet">${note}</span>`)}`;
}

/** Of a build that failed for some of its chroots: for how many; of all others as `stateBadge`. */
export function buildBadge({ state, reason, partly }: Pick<BuildRow, 'state' | 'reason' | 'partly'>): Html {
  return partly === null ? stateBadge(state, reason) : partlyBadge(partly, reason);
}

/** What failed in some chroots and not in others is a state of its own. */
export function partlyBadge(partly: string, reason: FailureReason | null = null): Html {
  const title = reason === null ? undefined : html` title="${reasonTitles[reason]}"`;
  return html`<span class="state state-partly"${title}>${icon('partly')}${partly}</span>`;
}

/** Cell of a matrix of what users get: the version first, then how the newest build went. */
export function standingCell(version: string | null, cell: MatrixCell | null | 'absent'): Html {
  if (version === null) return stateCell(cell);
  return html`<span class="got">${version}</span>${cell !== null && cell !== 'absent' && html`<br>${stateCell(cell)}`}`;
}

/** Cell of a matrix. */
export function stateCell(cell: MatrixCell | null | 'absent'): Html {
  if (cell === 'absent') return html`<span class="quiet">not built here</span>`;
  if (cell === null) return html`<span class="quiet">never built</span>`;
  return html`<a class="cell" href="${cell.href}" title="Build #${cell.id}">${stateBadge(cell.state, cell.reason)}<span class="quiet">#${cell.id}</span></a>`;
}

/** A table of builds, newest first. */
export function buildTable(
  rows: readonly BuildRow[],
  show: { readonly project: boolean; readonly package: boolean },
): Html {
  return html`<div class="scroll"><table class="builds">
<thead><tr><th>Build</th><th>State</th>${show.package && html`<th>Package</th>`}<th>Version</th>${show.project && html`<th>Project</th>`}<th>For</th><th>When</th><th class="number">Took</th></tr></thead>
<tbody>${rows.map(
    (row) => html`<tr>
<td><a class="strong" href="${row.href}">#${row.id}</a></td>
<td>${buildBadge(row)}</td>
${show.package && html`<td><a href="${row.packageHref}">${row.package}</a></td>`}
<td>${row.version ?? html`<span class="quiet">–</span>`}</td>
${show.project && html`<td><a href="${row.projectHref}">${row.project}</a></td>`}
<td>${chrootsOfRow(row)}</td>
<td class="when">${time(row.time)}</td>
<td class="number">${row.duration ?? html`<span class="quiet">–</span>`}</td>
</tr>`,
  )}</tbody></table></div>`;
}

function chrootsOfRow(row: BuildRow): Html {
  if (row.chroots.length <= 2) {
    return html`${row.chroots.map(({ chroot }, index) => html`${index > 0 && ', '}${chrootName(chroot)}`)}`;
  }
  const good = row.chroots.filter(({ state }) => state === 'succeeded').length;
  return html`<span title="${row.chroots.map(({ chroot }) => chroot).join(', ')}">${good} of ${row.chroots.length} chroots</span>`;
}
