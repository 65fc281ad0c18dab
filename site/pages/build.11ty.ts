// `/<owner>/<project>/build/<id>/`: the verdict, then each chroot with its time line and files, then where it came
// from.
import { toneClass } from '../layouts/log-lines.ts';
import { page } from '../layouts/page.ts';
import { buildBadge, exactTime, icon, stateBadge, time } from '../layouts/parts.ts';
import type { PackageChange } from '../src/last-good/compare-buildroots.ts';
import type { CommitLine, Fact } from '../src/last-good/compare-sources.ts';
import { type Html, html, siteHref } from '../src/markup/html.ts';
import type { BuildView, RunView } from '../src/view/build-view.ts';
import { formatSeconds } from '../src/view/format.ts';
import { drawLine } from '../src/view/log-text.js';

export const data = {
  pagination: { data: 'site.builds', size: 1, alias: 'build' },
  permalink: ({ build }: { build: BuildView }) => `/${build.path}index.html`,
};

export function render({ build, siteUrl }: { build: BuildView; siteUrl: string }): string {
  const { row } = build;
  const shown = row.partly === null ? row.state : 'partly';
  const frame = {
    title: `${row.package} #${row.id} ${row.partly ?? row.state}`,
    description: build.verdict,
    trail: [
      { label: 'Projects', href: '/' },
      { label: row.project, href: row.projectHref },
      { label: row.package, href: row.packageHref },
    ],
    follows: build.live ? { href: build.liveHref, revision: build.revision } : undefined,
    address: `${siteUrl}${siteHref(build.path)}`,
  };
  return page(
    frame,
    html`<div class="verdict state-${shown}"><span class="seal">${icon(shown)}</span><div><h1>${row.package} <span class="version">#${row.id}</span></h1><p>${build.verdict}</p>${build.notes.map((note) => html`<p>${note.charAt(0).toUpperCase()}${note.slice(1)}.</p>`)}</div>${buildBadge(row)}</div>
<div class="columns"><div>${build.runs.length > 1 ? runTable(build.runs) : build.runs.map(runSection)}${build.srpm !== null && srpmSection(build.srpm)}</div>
<aside>${provenance(build)}</aside></div>`,
  );
}

/** With one chroot the verdict has said the message already, but for one that succeeded. */
function runSection(run: RunView): Html {
  return html`<section class="run" id="${run.chroot}"><h2>${run.label} <code class="quiet">${run.chroot}</code> ${stateBadge(run.state, run.reason)}</h2>
${run.state === 'succeeded' && message(run)}
${details(run, false)}
</section>`;
}

/** A line for each chroot, which opens; its log stands beside, for a link may not be within what is pressed. */
function runTable(runs: readonly RunView[]): Html {
  return html`<div class="runs"><p class="runhead" aria-hidden="true"><span>Chroot</span><span>State</span><span>Made, or reached</span><span class="number">Took</span></p>
${runs.map(
  (run) =>
    html`<section class="run" id="${run.chroot}"><details${run.isOpen && html` open`}${run.state === 'failed' && html` data-failed`}><summary><h2 title="${run.chroot}">${run.label}</h2> ${stateBadge(run.state, run.reason)} <span class="reached"${run.reached !== null && html` title="${run.reached}"`}>${run.reached ?? '–'}</span> <span class="number">${run.took ?? html`<span class="quiet">–</span>`}</span></summary>
<div class="opened">${message(run)}${details(run, true)}</div></details>
${run.logHref !== null && html`<a class="runlog" href="${run.logHref}" aria-label="Log of ${run.label}">Log</a>`}</section>`,
)}</div>`;
}

function message(run: RunView): Html {
  return html`${run.message !== null && html`<p class="message">${run.message}</p>`}`;
}

function details(run: RunView, several: boolean): Html {
  return html`${excerpt(run)}
${sinceGood(run)}
${timeline(run, several)}
${tail(run)}
${run.artifacts.length > 0 && artifacts(run)}
<p class="links">${run.logHref !== null && html`<a class="button" href="${run.logHref}">Read the log${run.logLine !== null && ` at line ${run.logLine}`}</a>`}${logLinks(run)}</p>
<dl class="facts inline"><div><dt>Builder</dt><dd>${run.builder ?? '–'}</dd></div><div><dt>Engine</dt><dd>${run.engine ?? '–'}</dd></div><div><dt>Attempts</dt><dd>${run.attempts}</dd></div>${inputs(run)}<div><dt>Input digest</dt><dd><code title="${run.inputDigest}">${run.inputDigest.slice(0, 16) || '–'}</code></dd></div>${several && html`<div><dt>Chroot</dt><dd><code>${run.chroot}</code></dd></div>`}${accounts(run)}</dl>`;
}

/** What may have made it fail; of one that is good a quiet line. */
function sinceGood({ since, state }: RunView): Html {
  if (since === null) return html``;
  const { id, href, source, facts, commits, buildroot } = since;
  const isBad = state === 'failed';
  const line = html`Since <a href="${href}">#${id}</a>${isBad && ', which was good'}: ${source.join(', ')}${buildroot !== null && sayBuildroot(buildroot)}`;
  const rows = buildroot?.rows ?? [];
  const isMore = facts.length + commits.length + rows.length > 0;
  return html`<div class="since${isBad ? ' bad' : ''}"><p>${line}</p>${isMore && html`<details><summary>What has changed since #${id}</summary>${facts.length > 0 && factList(facts)}${commits.length > 0 && commitList(commits)}${rows.length > 0 && packageTable(rows)}${buildroot !== null && buildroot.left > 0 && html`<p class="quiet">and ${buildroot.left} more packages of the buildroot</p>`}</details>`}</div>`;
}

function sayBuildroot({ leads, more }: NonNullable<NonNullable<RunView['since']>['buildroot']>): string {
  if (leads.length === 0) return '; the same buildroot';
  return `; buildroot: ${leads.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}

function factList(facts: readonly Fact[]): Html {
  return html`<dl class="facts inline">${facts.map(
    ({ label, from, to, href }) =>
      html`<div><dt>${label}</dt><dd>${from === null ? 'added' : to === null ? 'removed' : `${from} → ${to}`}${href !== null && html` <a href="${href}" rel="nofollow noopener">compare</a>`}</dd></div>`,
  )}</dl>`;
}

function commitList(commits: readonly CommitLine[]): Html {
  return html`<ul class="lines">${commits.map(
    ({ id, subject, href }) =>
      html`<li>${href === null ? html`<code>${id}</code>` : html`<a href="${href}" rel="nofollow noopener"><code>${id}</code></a>`} ${subject}</li>`,
  )}</ul>`;
}

function packageTable(rows: readonly PackageChange[]): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Packages of the buildroot that changed"><table class="buildroot"><thead><tr><th>Buildroot</th><th>Was</th><th>Is</th></tr></thead><tbody>${rows.map(
    ({ name, from, to, how }) =>
      html`<tr><td>${name}</td><td>${from ?? '–'}</td><td>${to ?? '–'}${changeNotes[how]}</td></tr>`,
  )}</tbody></table></div>`;
}

/** What the two versions do not say by themselves. */
const changeNotes: Readonly<Record<PackageChange['how'], Html | null>> = {
  up: null,
  down: html` <span class="quiet">lower</span>`,
  rebuilt: html` <span class="quiet">built anew</span>`,
  added: null,
  removed: null,
};

function inputs({ inputs: generations }: RunView): Html {
  if (generations === null) return html``;
  return html`<div><dt>Generations read</dt><dd>${generations || 'none'}</dd></div>`;
}

function accounts({ accounts: links }: RunView): Html {
  if (links.length === 0) return html``;
  return html`<div><dt>Provenance</dt><dd>${links.map(({ title, href, size }, index) => html`${index > 0 && ' · '}<a href="${href}">${title}</a> <span class="quiet">${size}</span>`)}</dd></div>`;
}

function srpmSection(run: RunView): Html {
  return html`<section class="run" id="srpm"><h2>Source package ${stateBadge(run.state, run.reason)}</h2>
${run.message !== null && html`<p class="message">${run.message}</p>`}${excerpt(run)}${run.artifacts.length > 0 && artifacts(run)}
<p class="links">${run.logHref !== null && html`<a class="button" href="${run.logHref}">Read the log${run.logLine !== null && ` at line ${run.logLine}`}</a>`}${logLinks(run)}</p></section>`;
}

function logLinks(run: RunView): Html {
  return html`${run.logs.map(({ file, href, size }) => html`<span><a href="${href}">${file}</a>${size !== null && html` <span class="quiet">${size}</span>`}</span>`)}`;
}

/** The end of the log that grows; the script fills it, and shows it then. */
function tail({ tail: log, chroot, label }: RunView): Html {
  if (log === null) return html``;
  return html`<div class="tail" id="tail-${chroot}-${log.file}" data-own data-log="${log.rawHref}" hidden><p class="tailhead"><span class="foldtitle">${log.file}</span><label class="follow"><input type="checkbox" checked> Follow</label></p><pre class="log" tabindex="0" role="group" aria-label="The end of ${log.file} of ${label}"></pre></div>`;
}

function excerpt(run: RunView): Html {
  if (run.excerpt.length === 0) return html``;
  return html`<pre class="log excerpt" tabindex="0" aria-label="The lines that say why">${run.excerpt.map((line) => html`<span class="line${toneClass(drawLine(line).text)}">${drawLine(line).text}\n</span>`)}</pre>`;
}

/** `brief`: the names of the phases are folded away, for builds with several chroots. */
function timeline(
  { timeline: { bars, totalSeconds, waitedSeconds, current }, expected }: RunView,
  brief: boolean,
): Html {
  const now =
    current &&
    html`<p class="now">${icon(current.name === 'queued' ? 'pending' : 'running')} ${current.title} <span class="quiet">since ${time(current.since)}</span>${expectedEnd(expected)}</p>`;
  if (bars.length === 0) return html`${now}`;
  const legend = html`<ol>${bars.map(
    (bar) =>
      html`<li><svg class="key" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true"><rect class="phase-${bar.name}" width="10" height="10" rx="2"/></svg><span>${bar.title}</span> <b>${formatSeconds(bar.seconds)}</b></li>`,
  )}</ol>`;
  return html`${now}<figure class="timeline"><svg class="chart" width="100%" height="14" role="img" aria-label="Phases of ${formatSeconds(totalSeconds)}">${bars.map(
    (bar) =>
      html`<rect class="phase-${bar.name}" x="${bar.left}%" y="0" width="${bar.width}%" height="14"><title>${bar.title}: ${formatSeconds(bar.seconds)}</title></rect>`,
  )}</svg>${brief ? html`<details><summary>${formatSeconds(totalSeconds)} in ${bars.length} phases</summary>${legend}</details>` : legend}${waitedSeconds >= 1 && html`<p class="quiet">Before that it waited for ${formatSeconds(waitedSeconds)}.</p>`}</figure>`;
}

function expectedEnd(expected: RunView['expected']): Html {
  if (expected === null) return html``;
  const took = `the last good builds took ${formatSeconds(expected.seconds)}`;
  if (expected.endAt === null) return html`<span class="quiet">${took}</span>`;
  return html`<span class="quiet" title="${took}">expected to end at ${exactTime(expected.endAt)}</span>`;
}

function artifacts(run: RunView): Html {
  return html`<div class="scroll"><table class="artifacts"><thead><tr><th>Package</th><th class="number">Size</th><th>SHA-256</th></tr></thead><tbody>${run.artifacts.map(
    ({ file, href, nevra, size, sha256 }) =>
      html`<tr><td><a href="${href}" title="${file}">${nevra}</a></td><td class="number">${size}</td><td><code class="hash" title="${sha256}">${sha256}</code></td></tr>`,
  )}</tbody></table></div>`;
}

function provenance(build: BuildView): Html {
  const asked = build.requestHref;
  return html`<dl class="facts">
<dt>Source</dt><dd class="break">${build.sourceHref === null ? build.source : html`<a href="${build.sourceHref}" rel="nofollow noopener">${build.source}</a>`}</dd>
${build.sourceCommit !== null && build.sourceCommit !== build.configCommit && html`<dt>Commit</dt><dd><code title="${build.sourceCommit}">${build.sourceCommit.slice(0, 12)}</code></dd>`}
${(build.srpm?.artifacts ?? []).map(({ href, nevra, sha256 }) => html`<dt>Source package</dt><dd class="break"><a href="${href}">${nevra}</a> <code class="hash" title="${sha256}">${sha256}</code></dd>`)}
<dt>Config commit</dt><dd><code title="${build.configCommit}">${build.configCommit.slice(0, 12)}</code></dd>
<dt>Asked for by</dt><dd>${build.requestedBy}${asked !== null && html` · <a href="${asked}" rel="nofollow noopener">the request</a>`}</dd>
<dt>Asked for</dt><dd>${exactTime(build.requestedAt)}</dd>
${build.startedAt !== null && html`<dt>Started</dt><dd>${exactTime(build.startedAt)}</dd>`}
${build.endedAt !== null && html`<dt>Ended</dt><dd>${exactTime(build.endedAt)}</dd>`}
${build.after.length > 0 && html`<dt>Waits for</dt><dd>${build.after.map((id) => `#${id}`).join(', ')}</dd>`}
<dt>Project</dt><dd><a href="${build.row.projectHref}">${build.row.project}</a></dd></dl>`;
}
