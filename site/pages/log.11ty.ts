// `/<owner>/<project>/build/<id>/<chroot>/` and `…/<log>/` below it: a log in folds with an anchor on each line;
// readable without a script.
import { logLines } from '../layouts/log-lines.ts';
import { page } from '../layouts/page.ts';
import { stateBadge, time } from '../layouts/parts.ts';
import { type Html, html } from '../src/markup/html.ts';
import { formatSeconds } from '../src/view/format.ts';
import type { LogFold, LogGap } from '../src/view/log-folds.ts';
import type { LogView } from '../src/view/log-view.ts';

export const data = {
  pagination: { data: 'site.logs', size: 1, alias: 'log' },
  permalink: ({ log }: { log: LogView }) => `/${log.path}index.html`,
};

export function render({ log }: { log: LogView }): string {
  const { row } = log;
  const frame = {
    title: `${row.package} #${row.id} ${log.live ? 'is running' : log.state}: ${log.file ?? 'no log'} of ${log.chroot}`,
    description: `Log of ${row.package} #${row.id} on ${log.chroot}`,
    trail: [
      { label: row.project, href: row.projectHref },
      { label: row.package, href: row.packageHref },
      { label: `#${row.id}`, href: row.href },
    ],
    wide: true,
    follows: log.live ? { href: log.liveHref, revision: log.revision } : undefined,
    unlisted: true,
  };
  return page(
    frame,
    html`<div class="title logtitle"><h1>${row.package} <span class="version">${log.label}</span></h1><span id="state">${stateBadge(log.state, log.reason)}</span>
<p class="links" id="links">${log.firstError !== null && html`<a class="button" href="#L${log.firstError}">To the first error</a>`}${log.rawHref !== null && log.isThere && html`<a href="${log.rawHref}">${log.file} as text</a>`}</p></div>
${tabs(log)}
${log.message !== null && html`<p class="message" id="message">${log.message}</p>`}
${notes(log)}
${log.file !== null && listing(log, log.file)}`,
  );
}

function tabs({ tabs: logs }: LogView): Html {
  if (logs.length === 0) return html``;
  return html`<nav class="tabs" id="tabs" aria-label="Logs"><ul>${logs.map(
    ({ file, href, size, isShown }) =>
      html`<li><a href="${href}"${isShown && html` aria-current="page"`}>${file}${size !== null && html` <span class="quiet">${size}</span>`}</a></li>`,
  )}</ul></nav>`;
}

/** What is to be known of the log as a whole. */
function notes(log: LogView): Html {
  if (log.file === null) return html`<p class="empty" id="note">There is no log: ${sayWhy(log)}</p>`;
  if (log.live) {
    return html`<div class="note" id="note" role="status"><span>${sayDoing(log)}</span> <span class="with-script">${log.isThere ? 'New lines appear by themselves.' : 'It appears here by itself.'}</span><noscript>Load the page again to see more.</noscript></div>`;
  }
  if (log.shownLines < log.lineCount) {
    return html`<p class="note" id="note">This log is long: ${log.lineCount - log.shownLines} of ${log.lineCount} lines are left out here. <a href="${log.rawHref ?? ''}">The whole log</a> has them.</p>`;
  }
  return html``;
}

function sayWhy({ state, row }: LogView): Html {
  if (state === 'skipped' || state === 'canceled')
    return html`this was ${state} before anything was done. <a href="${row.href}">The build</a> says why.`;
  return html`nothing was written, or it has been deleted. <a href="${row.href}">The build</a> says what is known.`;
}

function sayDoing({ state, isThere, current, file }: LogView): Html {
  const doing = current && html`${current.title} since ${time(current.since)}.`;
  if (state === 'pending' && !isThere) return html`This build waits, and has no log yet. ${doing}`;
  if (!isThere) return html`This build is running; ${file} has not begun yet. ${doing}`;
  return html`This build is still running. ${doing}`;
}

/** The script goes on from where this ends; it keeps what is in it. */
function listing(log: LogView, file: string): Html {
  const follow =
    log.live &&
    html` data-log="${log.rawHref ?? ''}" data-from="${log.bytes}" data-line="${log.lineCount}"${log.isThere && html` data-there`}`;
  return html`<div class="folds" id="folds" data-own data-file="${file}" data-raw="${log.rawHref ?? ''}" data-chroot="${log.chroot}"${follow}>${log.folds.map(
    (fold, index) => foldOf(fold, isOpen(log, fold, index), log.rawHref ?? ''),
  )}</div>
${log.live && html`<label class="follow floating with-script" id="follow" data-own><input type="checkbox"> Follow</label>`}`;
}

/** While the build runs every fold is open: the newest lines are what people came for. */
function isOpen(log: LogView, fold: LogFold, index: number): boolean {
  if (log.live || fold.failed || log.folds.length === 1) return true;
  if (fold.lines.some(({ number }) => number === log.firstError)) return true;
  return !log.folds.some((other) => other.failed) && index === log.folds.length - 1;
}

function foldOf(fold: LogFold, open: boolean, rawHref: string): Html {
  const first = fold.lines[0]?.number ?? 0;
  return html`${fold.gap !== null && gapOf(fold.gap, rawHref)}<details class="fold${fold.failed && ' failed'}" id="F${first}"${open && html` open`}><summary><span class="foldtitle">${fold.title}</span>${fold.failed && stateBadge('failed')}<span class="quiet count">${countOf(fold)}</span>${fold.seconds !== null && html`<span class="quiet took">${formatSeconds(fold.seconds)}</span>`}</summary><pre class="log" tabindex="0" role="group" aria-label="${fold.title}">${logLines(fold.lines)}</pre></details>`;
}

function countOf({ lines }: LogFold): string {
  const errors = lines.filter((line) => line.tone === 'error').length;
  return `${lines.length} line${lines.length === 1 ? '' : 's'}${errors > 0 ? `, ${errors} with errors` : ''}`;
}

function gapOf({ lines, firstLine, from, until }: LogGap, rawHref: string): Html {
  const last = firstLine + lines - 1;
  const which = lines === 1 ? `Line ${firstLine} is` : `Lines ${firstLine} to ${last} are`;
  return html`<p class="gap" data-first="${firstLine}" data-last="${last}" data-from="${from}" data-until="${until}">${which} left out: see <a href="${rawHref}">the whole log</a>.</p>`;
}
