// mock on a builder: upload, start detached, show the logs, wait for its end. Cancel and time limit end all of it; a lost connection and a
// restart of the service do not.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { PhaseName, QueuedBuild, QueuedChroot } from '@coppice/config';
import { detachedFile } from '../builder/detached.ts';
import type { Session } from '../builder/session.ts';
import type { Connection } from '../builder/ssh.ts';
import { chrootFolder } from '../publish/publish.ts';
import { followLogs } from './follow-logs.ts';
import { mockCommand } from './mock-command.ts';
import { mockFiles } from './mock-files.ts';
import { phaseStartedBy, type StreamedLog } from './mock-log.ts';
import { runDetached } from './run-detached.ts';
import { srpmPath } from './srpm-path.ts';
import type { Workshop } from './work.ts';

export interface MockRun {
  readonly shop: Workshop;
  readonly build: QueuedBuild;
  readonly chroot: QueuedChroot;
  readonly session: Session;
  /** Whether the builder itself reaches a network. */
  readonly builderHasNetwork: boolean;
  readonly onPhase: (phase: PhaseName) => void;
  readonly signal: AbortSignal;
}

export interface MockFinished {
  readonly exitCode: number;
  /** Absolute path, on the builder, of what mock left. */
  readonly resultFolder: string;
}

/** mock's own time limit counts rpmbuild alone; filling the root gets this much more before the build is ended. */
const rootSeconds = 1800;
/** mock's exit code when its time limit has passed. */
const timeoutExit = 11;

/** For how long a build may have its builder, in seconds: mock's whole run, and what comes before and after it. */
export function leaseSeconds(build: QueuedBuild): number {
  return build.timeoutSeconds + rootSeconds + 300;
}

/** The folder of a chroot's build on its builder, absolute. */
export function remoteFolder(session: Session, build: QueuedBuild, chroot: QueuedChroot): string {
  return `${session.home}/builds/${build.id}-${chroot.chroot}`;
}

/**
 * Resolves when mock has ended, be it one that an earlier run of the service started. Throws RunnerError when the builder fails, or the
 * reason of the abort: after a cancellation mock was ended, after a shutdown it goes on.
 */
export async function runMock(run: MockRun): Promise<MockFinished> {
  const { session, build, chroot, shop } = run;
  const folder = remoteFolder(session, build, chroot);
  const resultFolder = `${folder}/result`;
  const srpm = `${folder}/${basename(srpmPath(shop, build))}`;
  const logs = await followLogs(resultFolder, chrootFolder(shop, build, chroot.chroot), notePhases(run));
  try {
    const end = await runDetached({
      session,
      folder,
      prepare: (connection) => uploadBuild(run, connection, folder),
      argv: mockCommand({ config: `${folder}/build.cfg`, resultFolder, srpm }),
      seconds: build.timeoutSeconds + rootSeconds,
      begunAt: beginOfRoot(chroot),
      now: shop.now,
      logs,
      signal: run.signal,
    });
    return { exitCode: end.kind === 'timeout' ? timeoutExit : end.code, resultFolder };
  } finally {
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

/** Puts everything that mock needs on the builder. What an interrupted upload left there goes first. */
export async function uploadBuild(
  run: Omit<MockRun, 'onPhase' | 'signal'>,
  connection: Connection,
  folder: string,
): Promise<void> {
  const { shop, build, chroot, session, builderHasNetwork } = run;
  const { controlUrl } = session;
  const emptied = connection.must(['sh', '-c', 'rm -rf -- "$1" && mkdir -p -- "$1/result"', 'sh', folder]);
  emptied.catch(() => undefined); // it is waited for below, unless the texts fail first
  const texts = await mockFiles({ shop, build, chroot, controlUrl, folder, builderHasNetwork });
  const local = await mkdtemp(join(tmpdir(), 'coppice-upload-'));
  try {
    const files = Object.entries(texts).map(([name, text]) => ({ name, text, path: join(local, name) }));
    await Promise.all(files.map(({ path, text }) => writeFile(path, text)));
    await emptied;
    await connection.upload([
      detachedFile(folder),
      ...files.map(({ name, path }) => ({ local: path, remote: `${folder}/${name}` })),
      { local: srpmPath(shop, build), remote: `${folder}/${basename(srpmPath(shop, build))}` },
    ]);
  } finally {
    await rm(local, { recursive: true, force: true });
  }
}
