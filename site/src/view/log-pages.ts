// Which runs of a build have a page for their log, and which log that page shows. Pure.
import { type ChrootName, published } from '@coppice/config';
import type { Build, ChrootRun } from '../model/site-model.ts';

/** The runs of a build that may have a log: its SRPM and its chroots. */
export function runsOf(build: Build): readonly ChrootRun[] {
  return [...(build.srpm === null ? [] : [build.srpm]), ...build.chroots];
}

/** The log that the log page shows: build.log, or what ended the build before there was one. */
export function mainLog(run: ChrootRun): string | undefined {
  const filled = run.logs.filter((log) => log.bytes > 0).map((log) => log.file);
  if (run.where !== null && filled.includes(run.where.log)) return run.where.log;
  const preferred =
    run.reason === 'dependencies' ? ['root.log', 'build.log'] : ['build.log', 'srpm.log', 'root.log', 'state.log'];
  return preferred.find((file) => filled.includes(file)) ?? filled[0];
}

/** The path of the log page of one run, inside `published/`. */
export function logPagePath(build: Build, run: ChrootRun): string {
  return published.logPage(build, run.chroot as ChrootName);
}
