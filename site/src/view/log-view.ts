// What a log page shows: the log in folds, the other logs of the run, the raw file, and from where to follow it.
import { type BuildState, type FailureReason, isFinal, published } from '@coppice/config';
import { siteHref } from '../markup/html.ts';
import type { LogText } from '../model/read-log.ts';
import type { Build, ChrootRun } from '../model/site-model.ts';
import { chrootLabel, formatBytes } from './format.ts';
import { foldLog, type LogFold } from './log-folds.ts';
import { type LogPage, logsOf, mainLog, pageOfLog } from './log-pages.ts';
import { type BuildRow, rowOf } from './rows.ts';
import { type Timeline, timelineOf } from './timeline.ts';

interface LogTab {
  readonly file: string;
  readonly href: string;
  /** Null while there is nothing in it. */
  readonly size: string | null;
  readonly isShown: boolean;
}

export interface LogView {
  readonly path: string;
  readonly row: BuildRow;
  readonly chroot: string;
  readonly label: string;
  readonly state: BuildState;
  readonly reason: FailureReason | null;
  readonly message: string | null;
  /** The name of the log; null: there is none and there comes none. */
  readonly file: string | null;
  readonly rawHref: string | null;
  /** The file is there, be it empty. */
  readonly isThere: boolean;
  readonly tabs: readonly LogTab[];
  readonly folds: readonly LogFold[];
  readonly lineCount: number;
  readonly shownLines: number;
  /** Bytes of the raw log that this page holds, and whether more will come. */
  readonly bytes: number;
  readonly live: boolean;
  /** What it does now. */
  readonly current: Timeline['current'];
  /** Of the live file of its build: what the page follows. */
  readonly liveHref: string;
  readonly revision: string;
  /**
   * The line that the record names, else the first that looks like an error in the failed fold: where the page should
   * be opened.
   */
  readonly firstError: number | null;
}

/** The view of one log. `text` was read from it; `revision` is that of the build's live file. */
export function logView(build: Build, { run, file, path }: LogPage, text: LogText, revision: string): LogView {
  const folds = file === null ? [] : foldLog(text.parts, foldOptions(run, file));
  const failedLines = folds.filter((fold) => fold.failed).flatMap((fold) => fold.lines);
  const shows = (number: number) => folds.some(({ lines }) => lines.some((line) => line.number === number));
  const stated = run.where?.log === file && shows(run.where.line) ? run.where.line : undefined;
  return {
    path,
    row: rowOf(build),
    chroot: run.chroot,
    label: chrootLabel(run.chroot),
    state: run.state,
    reason: run.reason,
    message: run.message,
    file,
    rawHref: file === null ? null : siteHref(`${run.folder}/${file}`),
    isThere: run.logs.some((log) => log.file === file),
    tabs: logsOf(run).map((name) => tabOf(build, run, name, file)),
    folds,
    lineCount: text.lineCount,
    shownLines: text.parts.reduce((sum, part) => sum + part.lines.length, 0),
    bytes: text.bytes,
    live: !isFinal(run.state),
    current: timelineOf(run).current,
    liveHref: siteHref(published.liveJson(build.id)),
    revision,
    firstError: stated ?? failedLines.find((line) => line.tone === 'error')?.number ?? null,
  };
}

function tabOf(build: Build, run: ChrootRun, name: string, shown: string | null): LogTab {
  const bytes = run.logs.find((log) => log.file === name)?.bytes ?? 0;
  return {
    file: name,
    href: siteHref(pageOfLog(build, run, name)),
    // While it grows its size says nothing.
    size: bytes === 0 || !isFinal(run.state) ? null : formatBytes(bytes),
    isShown: name === shown,
  };
}

/** How a log is cut into folds; the time that tests took is known from outside of it. */
function foldOptions(run: ChrootRun, file: string) {
  const check = run.phases.findLast(({ name }) => name === 'check');
  const known = file === 'build.log' && check !== undefined ? { seconds: { '%check': check.seconds } } : {};
  // Where another log says what failed, this one has no part that did.
  const isElsewhere = file !== (run.where?.log ?? mainLog(run));
  return { file, failed: run.state === 'failed' && !isElsewhere, ...known };
}
