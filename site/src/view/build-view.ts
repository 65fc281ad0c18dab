// What the page of a build shows, ready to print: verdict, chroots with phases and artifacts, provenance.
import {
  type BuildState,
  describePinnedSource,
  type FailureReason,
  isFinal,
  type LiveBuild,
  type PinnedSource,
  type PublishMode,
  published,
} from '@coppice/config';
import type { SinceGood } from '../last-good/since-good.ts';
import { siteHref, webAddress } from '../markup/html.ts';
import type { Build, ChrootRun, OtherShown } from '../model/site-model.ts';
import { chrootLabel, formatBytes, formatSeconds } from './format.ts';
import { liveBuild } from './live-build.ts';
import { logPagePath, logsOf, mainLog, pageOfLog } from './log-pages.ts';
import { type BuildRow, rowOf } from './rows.ts';
import { notShown, sayOther } from './shown-view.ts';
import { type Timeline, timelineOf } from './timeline.ts';
import { reasonTitles, verdictOf, versionIn, versionOf } from './verdict.ts';

interface ArtifactRow {
  readonly file: string;
  readonly href: string;
  readonly nevra: string;
  readonly size: string;
  readonly sha256: string;
}

export interface RunView {
  readonly chroot: string;
  readonly label: string;
  readonly state: BuildState;
  readonly reason: FailureReason | null;
  readonly message: string | null;
  /** In a few words: the version that it made, why it failed, or what it does now. */
  readonly reached: string | null;
  /** What it took without the queue; null while it goes on, and where nothing was done. */
  readonly took: string | null;
  /** Among several chroots: whether what is said of it is open from the beginning. */
  readonly isOpen: boolean;
  readonly excerpt: readonly string[];
  readonly timeline: Timeline;
  readonly artifacts: readonly ArtifactRow[];
  /** The page of the log; null while there is no log. */
  readonly logHref: string | null;
  /** Where `logHref` opens the log; null: at its beginning. */
  readonly logLine: number | null;
  /** Each log with its page. */
  readonly logs: readonly { readonly file: string; readonly href: string; readonly size: string | null }[];
  /** What it has other than the last good build before; null where there is none, or while it goes on. */
  readonly since: SinceGood | null;
  /** The log that grows now; null when none does. */
  readonly tail: { readonly file: string; readonly rawHref: string } | null;
  /** How long such a build takes, and when it should be done; null when that is not known, or it is done. */
  readonly expected: { readonly seconds: number; readonly endAt: string | null } | null;
  /** What is stated of its packages: the attestation, the bill of materials. */
  readonly accounts: readonly { readonly title: string; readonly href: string; readonly size: string }[];
  readonly attempts: number;
  readonly builder: string | null;
  readonly engine: string | null;
  readonly inputDigest: string;
  /** The repositories of this service that it read, and which generation of each; null: that is not known. */
  readonly inputs: string | null;
}

export interface BuildView {
  /** Path of the page inside `published/`, with a slash at the end. */
  readonly path: string;
  readonly row: BuildRow;
  readonly owner: string;
  readonly name: string;
  readonly verdict: string;
  /** That users do not get it, one sentence for each reason, without a full stop. */
  readonly notes: readonly string[];
  readonly live: boolean;
  /** What the page follows, and which state of it the page shows. */
  readonly liveHref: string;
  readonly revision: string;
  readonly runs: readonly RunView[];
  /** Shown apart from the chroots; null when nothing is known of it. */
  readonly srpm: RunView | null;
  readonly source: string;
  readonly sourceHref: string | null;
  readonly sourceCommit: string | null;
  readonly configCommit: string;
  readonly requestedBy: string;
  readonly requestedAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** Only http and https addresses become links. */
  readonly requestHref: string | null;
  readonly after: readonly number[];
}

/** Debug packages last, the rest by name: the order in which people look for them. */
function artifactRows(run: ChrootRun): readonly ArtifactRow[] {
  const debug = (file: string) => (/-debug(info|source)-/.test(file) ? 1 : 0);
  const sorted = [...run.artifacts].sort((a, b) => debug(a.file) - debug(b.file) || a.file.localeCompare(b.file, 'en'));
  return sorted.map(({ file, nevra, bytes, sha256 }) => ({
    file,
    href: siteHref(`${run.folder}/${file}`),
    nevra,
    size: formatBytes(bytes),
    sha256,
  }));
}

function accountLinks({ folder, attestation, sbom }: ChrootRun): RunView['accounts'] {
  const named = [
    ['attestation', attestation],
    ['SBOM', sbom],
  ] as const;
  return named.flatMap(([title, account]) =>
    account === undefined
      ? []
      : [{ title, href: siteHref(`${folder}/${account.file}`), size: formatBytes(account.bytes) }],
  );
}

/** The run whose log says why this one failed: the making of the source package, where it failed with that. */
function runThatSays(build: Build, run: ChrootRun): ChrootRun {
  return run.where?.log === 'srpm.log' ? (build.srpm ?? run) : run;
}

/** Opens the log page at the line that says why; nothing when the page shows another log. */
function lineAnchor(run: ChrootRun): string {
  return run.where !== null && mainLog(run) === run.where.log ? `#L${run.where.line}` : '';
}

function logLinks(build: Build, run: ChrootRun): RunView['logs'] {
  const bytes = new Map(run.logs.map((log) => [log.file, log.bytes]));
  return logsOf(run)
    .filter((file) => bytes.has(file))
    .map((file) => ({
      file,
      href: siteHref(pageOfLog(build, run, file)),
      // While it grows its size says nothing.
      size: isFinal(run.state) ? formatBytes(bytes.get(file) ?? 0) : null,
    }));
}

/** What a build writes while it goes on: before build.log has its own words, root.log has. */
function tailOf(run: ChrootRun): RunView['tail'] {
  if (run.state !== 'running') return null;
  const preferred = run.phase?.name === 'root' ? ['root.log'] : ['build.log', 'root.log'];
  const file = preferred.find((name) => run.logs.some((log) => log.file === name && log.bytes > 0));
  return file === undefined ? null : { file, rawHref: siteHref(`${run.folder}/${file}`) };
}

function expectedOf(run: ChrootRun, live: LiveBuild): RunView['expected'] {
  const seconds = live.runs.find(({ chroot }) => chroot === run.chroot)?.expectedSeconds ?? null;
  if (seconds === null) return null;
  const { startedAt } = run;
  return { seconds, endAt: startedAt && new Date(Date.parse(startedAt) + seconds * 1000).toISOString() };
}

/** Where more chroots than this go on at once, their lines say how far they are. */
const openAtOnce = 4;

/** What failed is what people came for, and what goes on now. Why there is no source package is said once. */
function isOpen(build: Build, run: ChrootRun): boolean {
  const lacksSource = (one: ChrootRun) => one.state === 'failed' && one.where?.log === 'srpm.log';
  if (lacksSource(run)) return build.chroots.find(lacksSource) === run;
  if (run.state === 'failed') return true;
  return isAtWork(run.state) && build.chroots.filter(({ state }) => isAtWork(state)).length <= openAtOnce;
}

function isAtWork(state: BuildState): boolean {
  return state === 'running' || state === 'starting';
}

function reachedOf(build: Build, run: ChrootRun, { bars, current }: Timeline): string | null {
  switch (run.state) {
    case 'succeeded':
      return versionIn([run], build.package) ?? null;
    case 'failed':
      return run.reason === null ? (bars.at(-1)?.title ?? null) : reasonTitles[run.reason];
    default:
      return current?.title ?? null;
  }
}

function runView(build: Build, run: ChrootRun, { live, since }: BuildFacts): RunView {
  const telling = runThatSays(build, run);
  const timeline = timelineOf(run);
  const isDone = isFinal(run.state) && timeline.totalSeconds > 0;
  return {
    chroot: run.chroot,
    label: chrootLabel(run.chroot),
    state: run.state,
    reason: run.reason,
    message: run.message,
    excerpt: run.excerpt,
    reached: reachedOf(build, run, timeline),
    took: isDone ? formatSeconds(timeline.totalSeconds) : null,
    isOpen: isOpen(build, run),
    timeline,
    artifacts: artifactRows(run),
    logHref: mainLog(telling) === undefined ? null : `${siteHref(logPagePath(build, telling))}${lineAnchor(telling)}`,
    logLine: lineAnchor(telling) === '' ? null : (telling.where?.line ?? null),
    logs: logLinks(build, run),
    tail: tailOf(run),
    since: since.get(run.chroot) ?? null,
    expected: expectedOf(run, live),
    accounts: accountLinks(run),
    attempts: run.attempts,
    builder: run.builder,
    engine: run.engine && `${run.engine.name} ${run.engine.version}`,
    inputDigest: run.inputDigest,
    inputs: run.inputs?.map(({ project, generation }) => `${project} ${generation}`).join(', ') ?? null,
  };
}

/** What failed is what people came for. */
function failedFirst(runs: readonly ChrootRun[]): readonly ChrootRun[] {
  const rank = (run: ChrootRun) => (run.state === 'failed' ? 0 : 1);
  return [...runs].sort((a, b) => rank(a) - rank(b));
}

/** What users get of the package of a build, where it is not the newest good one; and when what waits is published. */
export interface ShownTo {
  readonly others: readonly OtherShown[];
  readonly mode: PublishMode | undefined;
}

function notesOf(build: Build, { others, mode }: ShownTo): readonly string[] {
  const notes = build.chroots.flatMap((run) => {
    const other = notShown(others, build, run);
    return other === undefined ? [] : [sayOther(other, versionOf(build) ?? 'it', mode)];
  });
  return [...new Set(notes)];
}

/** What is known of a build besides itself. */
export interface BuildFacts {
  /** What its live file says. */
  readonly live: LiveBuild;
  /** By chroot: what is other than in the last good build. */
  readonly since: ReadonlyMap<string, SinceGood>;
}

/** The view of one build. */
export function buildView(build: Build, shownTo: ShownTo, facts: BuildFacts = factsOf(build)): BuildView {
  const { source } = build;
  const { live } = facts;
  return {
    path: published.buildPage(build),
    row: rowOf(build),
    owner: build.owner,
    name: build.project,
    verdict: verdictOf(build),
    notes: notesOf(build, shownTo),
    live: !isFinal(build.state),
    liveHref: siteHref(published.liveJson(build.id)),
    revision: live.revision,
    runs: failedFirst(build.chroots).map((run) => runView(build, run, facts)),
    srpm: build.srpm && runView(build, build.srpm, facts),
    source: describePinnedSource(source as PinnedSource),
    sourceHref: 'url' in source ? (webAddress(source.url) ?? null) : null,
    sourceCommit: 'commit' in source ? (source.commit ?? null) : null,
    configCommit: build.configCommit,
    requestedBy: build.requestedBy,
    requestedAt: build.requestedAt,
    startedAt: build.startedAt,
    endedAt: build.endedAt,
    requestHref: webAddress(build.request) ?? null,
    after: build.after,
  };
}

function factsOf(build: Build): BuildFacts {
  return { live: liveBuild(build, new Map()), since: new Map() };
}
