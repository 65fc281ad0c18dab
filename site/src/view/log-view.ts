// What a log page shows: the log in folds, a link to the raw file, and the position from which to follow a growing log.
import { type BuildState, isFinal } from '@coppice/config';
import { siteHref } from '../markup/html.ts';
import type { LogText } from '../model/read-log.ts';
import type { Build, ChrootRun } from '../model/site-model.ts';
import { chrootLabel } from './format.ts';
import { foldLog, type LogFold } from './log-folds.ts';
import { logPagePath } from './log-pages.ts';
import { type BuildRow, rowOf } from './rows.ts';

export interface LogView {
  readonly path: string;
  readonly row: BuildRow;
  readonly chroot: string;
  readonly label: string;
  readonly state: BuildState;
  readonly message: string | null;
  readonly file: string;
  readonly rawHref: string;
  readonly otherLogs: readonly { readonly file: string; readonly href: string }[];
  readonly folds: readonly LogFold[];
  readonly lineCount: number;
  readonly shownLines: number;
  /** Bytes of the raw log that this page holds, and whether more will come. */
  readonly bytes: number;
  readonly live: boolean;
  /**
   * The line that the record names, else the first that looks like an error in the failed fold: where the page should
   * be opened.
   */
  readonly firstError: number | null;
}

/** The view of one log. `file` is the name of the log that `text` was read from. */
export function logView(build: Build, run: ChrootRun, file: string, text: LogText): LogView {
  const folds = foldLog(text.parts, run.state === 'failed');
  const failedLines = folds.filter((fold) => fold.failed).flatMap((fold) => fold.lines);
  const shows = (number: number) => folds.some(({ lines }) => lines.some((line) => line.number === number));
  const stated = run.where?.log === file && shows(run.where.line) ? run.where.line : undefined;
  return {
    path: logPagePath(build, run),
    row: rowOf(build),
    chroot: run.chroot,
    label: chrootLabel(run.chroot),
    state: run.state,
    message: run.message,
    file,
    rawHref: siteHref(`${run.folder}/${file}`),
    otherLogs: run.logs
      .filter((log) => log.file !== file)
      .map((log) => ({ file: log.file, href: siteHref(`${run.folder}/${log.file}`) })),
    folds,
    lineCount: text.lineCount,
    shownLines: text.parts.reduce((sum, part) => sum + part.lines.length, 0),
    bytes: text.bytes,
    live: !isFinal(run.state),
    firstError: stated ?? failedLines.find((line) => line.tone === 'error')?.number ?? null,
  };
}
