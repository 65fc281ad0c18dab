// `/<owner>/<project>/build/<id>/<chroot>/`: the log in folds with an anchor on each line; readable without a script.
import { page } from '../layouts/page.ts';
import { stateBadge } from '../layouts/parts.ts';
import { type Html, html } from '../src/markup/html.ts';
import type { LogFold } from '../src/view/log-folds.ts';
import type { LogView } from '../src/view/log-view.ts';

export const data = {
  pagination: { data: 'site.logs', size: 1, alias: 'log' },
  permalink: ({ log }: { log: LogView }) => `/${log.path}index.html`,
};

export function render({ log }: { log: LogView }): string {
  const { row } = log;
  const frame = {
    title: `Log of ${row.package} #${row.id} on ${log.chroot}`,
    description: `Build log of ${row.package} #${row.id} on ${log.chroot}`,
    trail: [
      { label: row.project, href: row.projectHref },
      { label: row.package, href: row.packageHref },
      { label: `#${row.id}`, href: row.href },
    ],
    wide: true,
    unlisted: true,
  };
  // While the build runs every fold is open: the newest lines are what people came for.
  const open = (fold: LogFold, index: number) =>
    log.live ||
    fold.failed ||
    fold.lines.some(({ number }) => number === log.firstError) ||
    log.folds.length === 1 ||
    (!log.folds.some((other) => other.failed) && index === log.folds.length - 1);
  return page(
    frame,
    html`<div class="title logtitle"><h1>${row.package} <span class="version">${log.label}</span></h1>${stateBadge(log.state)}
<p class="links"><a href="${log.rawHref}">${log.file} as text</a>${log.otherLogs.map(({ file, href }) => html`<a href="${href}">${file}</a>`)}${log.firstError !== null && html`<a class="button" href="#L${log.firstError}">To the first error</a>`}</p></div>
${log.message !== null && html`<p class="message">${log.message}</p>`}
${log.live && html`<p class="note" role="status">This build is still running. <span class="with-script">New lines appear by themselves.</span><noscript>Load the page again to see more.</noscript></p>`}
${log.shownLines < log.lineCount && html`<p class="note">This log is long: ${log.lineCount - log.shownLines} of ${log.lineCount} lines are left out here. <a href="${log.rawHref}">The whole log</a> has them.</p>`}
<div class="folds">${log.folds.map((fold, index) => foldOf(fold, open(fold, index), log.rawHref))}</div>
${log.live && html`<pre class="log follow" data-follow="${log.rawHref}" data-from="${log.bytes}" data-line="${log.lineCount}" hidden></pre>`}`,
  );
}

function foldOf(fold: LogFold, open: boolean, rawHref: string): Html {
  const errors = fold.lines.filter((line) => line.tone === 'error').length;
  const count = `${fold.lines.length} line${fold.lines.length === 1 ? '' : 's'}`;
  return html`${fold.skippedBefore > 0 && html`<p class="gap">${fold.skippedBefore} lines are left out: see <a href="${rawHref}">the whole log</a>.</p>`}<details class="fold${fold.failed && ' failed'}"${open && html` open`}><summary><span class="foldtitle">${fold.title}</span>${fold.failed && stateBadge('failed')}<span class="quiet">${count}${errors > 0 && `, ${errors} with errors`}</span></summary><pre class="log">${fold.lines.map(
    (line) =>
      html`<span class="line tone-${line.tone}" id="L${line.number}"><a href="#L${line.number}">${line.number}</a>${line.text}\n</span>`,
  )}</pre></details>`;
}
