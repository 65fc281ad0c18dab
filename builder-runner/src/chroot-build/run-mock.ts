// mock on a builder: start detached, show the logs, wait for its end. Cancel and time limit end all of it; a lost
// connection and a restart of the service do not.
import type { PhaseName, QueuedChroot } from '@coppice/config';
import { runDetached } from '../builder/run-detached.ts';
import type { Connection } from '../builder/ssh.ts';
import { withBaseRoot } from '../mock/base-root.ts';
import { mockCommand } from '../mock/mock-command.ts';
import { phaseStartedBy, type StreamedLog } from '../mock/mock-log.ts';
import { chrootFolder } from '../publish/publisher.ts';
import { followLogs } from './follow-logs.ts';
import { rootSeconds } from './need.ts';
import { remoteSrpm, type Upload } from './upload-build.ts';
import { watchSetup } from './watch-setup.ts';

export interface MockRun extends Upload {
  /** The build's folder on the builder, absolute. */
  readonly folder: string;
  /** An earlier run of the service may have started it there. */
  readonly resumes: boolean;
  /** Fills the folder; may be called again when it was interrupted. */
  readonly prepare: (connection: Connection) => Promise<void>;
  readonly onPhase: (phase: PhaseName) => void;
  readonly signal: AbortSignal;
}

export interface MockFinished {
  readonly exitCode: number;
  /** Everything of its user was killed with it, on a builder that goes on. */
  readonly wasKilledWithAll: boolean;
  /** Absolute path, on the builder, of what mock left. */
  readonly resultFolder: string;
  /** Its time was over while it installed what the build needs. */
  readonly wasInstalling: boolean;
}

/** mock's exit code when its time limit has passed. */
const timeoutExit = 11;
/** As of a program that was killed: nobody is left who could say it. */
const killedExit = 137;

/**
 * Resolves when mock has ended, be it one that an earlier run of the service started. Throws RunnerError when the
 * builder fails, or the reason of the abort: after a cancellation mock was ended, after a shutdown it goes on.
 */
export async function runMock(run: MockRun): Promise<MockFinished> {
  const { session, build, chroot, context, folder, resumes } = run;
  const resultFolder = `${folder}/result`;
  const srpm = await remoteSrpm(run, folder);
  const setup = watchSetup(build.timeoutSeconds);
  const notePhase = notePhases(run);
  const logs = await followLogs(resultFolder, chrootFolder(context, build, chroot.chroot), (log, line) => {
    setup.note(log, line);
    notePhase(log, line);
  });
  try {
    const end = await runDetached({
      session,
      folder,
      prepare: run.prepare,
      argv: withBaseRoot(folder, mockCommand({ config: `${folder}/build.cfg`, resultFolder, srpm })),
      seconds: build.timeoutSeconds + rootSeconds,
      ...{ isNew: !resumes, begunAt: beginOfRoot(chroot) },
      tooLong: setup.tooLong,
      now: context.now,
      logs,
      signal: run.signal,
    });
    const wasInstalling = end.kind === 'timeout' && setup.installs();
    const exitCode = end.kind === 'exit' ? end.code : end.kind === 'timeout' ? timeoutExit : killedExit;
    return { exitCode, wasKilledWithAll: end.kind === 'killed', resultFolder, wasInstalling };
  } finally {
    setup.stop();
    await logs.close();
  }
}

/** When mock was started, when that was before this run of the service. */
function beginOfRoot(chroot: QueuedChroot): Date | undefined {
  const root = chroot.phases.findLast(({ name }) => name === 'root')?.startedAt;
  const present = chroot.phase === 'root' ? chroot.phaseStartedAt : undefined;
  const at = present ?? root;
  return at === undefined ? undefined : new Date(at);
}

/** Each phase once, and in order: a log can hold any line. */
function notePhases(run: MockRun): (log: StreamedLog, line: string) => void {
  const phases: readonly PhaseName[] = ['build', 'check', 'collect'];
  const ahead = phases.slice(phases.indexOf(run.chroot.phase) + 1, 2);
  return (log, line) => {
    const phase = phaseStartedBy(log, line);
    const index = phase === undefined ? -1 : ahead.indexOf(phase);
    if (index === -1) return;
    ahead.splice(0, index + 1);
    run.onPhase(phase as PhaseName);
  };
}
