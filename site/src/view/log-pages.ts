// Which logs of a build have pages, and which log the main page of a run shows. Pure.
import { type ChrootName, isFinal, published } from '@coppice/config';
import type { Build, ChrootRun } from '../model/site-model.ts';

/** The page of one log of one run. */
export interface LogPage {
  readonly run: ChrootRun;
  /** The name of the log; null: the run has none and gets none any more. */
  readonly file: string | null;
  /** Inside `published/`, with a slash at the end. */
  readonly path: string;
}

/** The runs of a build that may have a log: its SRPM and its chroots. */
export function runsOf(build: Build): readonly ChrootRun[] {
  return [...(build.srpm === null ? [] : [build.srpm]), ...build.chroots];
}

/** Logs that a run writes while it goes on, that of the build first. */
function liveLogs(run: ChrootRun): readonly string[] {
  return run.chroot === 'srpm' ? ['srpm.log'] : ['build.log', 'root.log', 'state.log'];
}

/** The order in which people look for them. */
const usual = ['srpm.log', 'build.log', 'root.log', 'state.log'];

/** The logs of a run that have pages; those that are still to be written too. */
export function logsOf(run: ChrootRun): readonly string[] {
  const filled = run.logs.filter((log) => log.bytes > 0).map((log) => log.file);
  const names = new Set([...(isFinal(run.state) ? [] : liveLogs(run)), ...filled.filter(isPlainName)]);
  const rank = (name: string) => (usual.includes(name) ? usual.indexOf(name) : usual.length);
  return [...names].sort((one, other) => rank(one) - rank(other) || one.localeCompare(other, 'en'));
}

/** Others could not be told from pages of other kinds by their paths. */
function isPlainName(file: string): boolean {
  return /^[\w][\w+.-]{0,80}\.log$/.test(file);
}

/**
 * The log that the main page of a run shows: build.log, or what ended the build before there was one. While the run
 * goes on it stays the same one. Undefined when there is none.
 */
export function mainLog(run: ChrootRun): string | undefined {
  if (!isFinal(run.state)) return liveLogs(run)[0];
  const logs = logsOf(run);
  if (run.where !== null && logs.includes(run.where.log)) return run.where.log;
  const preferred =
    run.reason === 'dependencies' ? ['root.log', 'build.log'] : ['build.log', 'srpm.log', 'root.log', 'state.log'];
  return preferred.find((file) => logs.includes(file)) ?? logs[0];
}

/** The path of the main page of the logs of one run, inside `published/`. */
export function logPagePath(build: Build, run: ChrootRun): string {
  return published.logPage(build, run.chroot as ChrootName);
}

/** The path of the page of one log, inside `published/`. */
export function pageOfLog(build: Build, run: ChrootRun, file: string): string {
  const main = logPagePath(build, run);
  return file === mainLog(run) ? main : `${main}${file}/`;
}

/** All pages of logs of a build: each run has one at least, for it is linked from elsewhere before there is a log. */
export function logPagesOf(build: Build): readonly LogPage[] {
  return runsOf(build).flatMap((run): readonly LogPage[] => {
    const logs = logsOf(run);
    if (logs.length === 0) return [{ run, file: null, path: logPagePath(build, run) }];
    return logs.map((file) => ({ run, file, path: pageOfLog(build, run, file) }));
  });
}
