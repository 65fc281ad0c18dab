// mock on a builder: upload, start detached, show the logs, wait for its end. Cancel and time limit end all of it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { PhaseName, QueuedBuild, QueuedChroot } from '@coppice/config';
import type { Connection } from '../builder/ssh.ts';
import { RunnerError } from '../errors.ts';
import { chrootFolder } from '../publish/publish.ts';
import { srpmPath } from './build-srpm.ts';
import { readConfigFile } from './fetch-git.ts';
import { followLogs } from './follow-logs.ts';
import { findRepositories, findRepository } from './input-repositories.ts';
import { mockCommand } from './mock-command.ts';
import { type MockConfigInput, macroFile, mockConfig } from './mock-config.ts';
import { phaseStartedBy, type StreamedLog } from './mock-log.ts';
import type { Workshop } from './work.ts';

export interface MockRun {
  readonly shop: Workshop;
  readonly build: QueuedBuild;
  readonly chroot: QueuedChroot;
  readonly connection: Connection;
  /** Address of the control host's published tree as the builder sees it. */
  readonly controlUrl: string;
  readonly onPhase: (phase: PhaseName) => void;
  readonly signal: AbortSignal;
}

export interface MockFinished {
  readonly exitCode: number;
  /** Absolute path, on the builder, of what mock left. */
  readonly resultFolder: string;
}

/** mock's own time limit counts rpmbuild alone; filling the root gets this much more before the control host ends the build. */
const rootSeconds = 1800;
/** mock's exit code when its time limit has passed. */
const timeoutExit = 11;

/** Resolves when mock has ended. Throws RunnerError when the builder fails, or the reason of the abort after everything was ended. */
export async function runMock(run: MockRun): Promise<MockFinished> {
  const { connection, signal } = run;
  const home = (await connection.must(['pwd'])).trim();
  if (!home.startsWith('/')) throw new RunnerError('builder', 'the build user has no home on the builder');
  const folder = `${home}/builds/${run.build.id}`;
  const resultFolder = `${folder}/result`;
  await prepare(run, folder);
  signal.throwIfAborted();
  const srpm = `${folder}/${basename(srpmPath(run.shop, run.build))}`;
  const script = `${folder}/detached.sh`;
  await connection.must([
    ...['sh', script, 'start', folder],
    ...mockCommand({ config: `${folder}/build.cfg`, resultFolder, srpm }),
  ]);
  const pid = (await connection.must(['cat', `${folder}/pid`])).trim();
  const logs = await followLogs(
    connection,
    resultFolder,
    pid,
    chrootFolder(run.shop, run.build, run.chroot.chroot),
    notePhases(run),
  );
  try {
    const exit = await waitForEnd(run, script, folder);
    return { exitCode: exit, resultFolder };
  } finally {
    await logs.stop();
  }
}

/** Each phase once, and in order: a log can hold any line. */
function notePhases(run: MockRun): (log: StreamedLog, line: string) => void {
  const ahead: PhaseName[] = ['build', 'check'];
  return (log, line) => {
    const phase = phaseStartedBy(log, line);
    const index = phase === undefined ? -1 : ahead.indexOf(phase);
    if (index === -1) return;
    ahead.splice(0, index + 1);
    run.onPhase(phase as PhaseName);
  };
}

async function waitForEnd(run: MockRun, script: string, folder: string): Promise<number> {
  const { connection, signal } = run;
  const { lifetimeSeconds } = run.shop.settings.builders;
  const limit = AbortSignal.timeout(Math.min(run.build.timeoutSeconds + rootSeconds, lifetimeSeconds) * 1000);
  const ends = AbortSignal.any([signal, limit]);
  const aborted = new Promise<'aborted'>((resolve) => {
    if (ends.aborted) resolve('aborted');
    ends.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
  const ended = connection.must(['sh', script, 'wait', folder]);
  ended.catch(() => undefined); // when the abort comes first, `stop` says how it went
  const outcome = await Promise.race([ended, aborted]);
  if (outcome === 'aborted') {
    await connection.must(['sh', script, 'stop', folder]);
    signal.throwIfAborted();
    return timeoutExit;
  }
  const exit = outcome.trim();
  if (!/^\d{1,3}$/.test(exit)) throw new RunnerError('builder', 'mock ended on the builder without an exit code');
  return Number(exit);
}

/** Puts everything that mock needs on the builder. */
async function prepare(run: MockRun, folder: string): Promise<void> {
  const { shop, build, chroot, connection } = run;
  const local = await mkdtemp(join(tmpdir(), 'coppice-upload-'));
  try {
    const ownConfig = await readConfigFile(
      join(shop.home, 'state', 'config.git'),
      build.configCommit,
      `chroots/${chroot.chroot}.cfg`,
    );
    const chrootConfig = ownConfig === undefined ? `/etc/mock/${chroot.chroot}.cfg` : `${folder}/chroot.cfg`;
    const macros = `${folder}/macros`;
    await writeFile(join(local, 'chroot.cfg'), ownConfig ?? '');
    await writeFile(join(local, 'macros'), macroFile(chroot.buildroot));
    await writeFile(join(local, 'build.cfg'), mockConfig({ ...(await configInput(run)), chrootConfig, macros }));
    await connection.must(['mkdir', '-p', '--', `${folder}/result`]);
    await connection.upload([
      { local: join(import.meta.dirname, '..', 'builder', 'detached.sh'), remote: `${folder}/detached.sh` },
      { local: join(local, 'chroot.cfg'), remote: `${folder}/chroot.cfg` },
      { local: join(local, 'macros'), remote: macros },
      { local: join(local, 'build.cfg'), remote: `${folder}/build.cfg` },
      { local: srpmPath(shop, build), remote: `${folder}/${basename(srpmPath(shop, build))}` },
    ]);
  } finally {
    await rm(local, { recursive: true, force: true });
  }
}

async function configInput(run: MockRun): Promise<Omit<MockConfigInput, 'chrootConfig' | 'macros'>> {
  const { shop, build, controlUrl } = run;
  const { chroot, buildroot } = run.chroot;
  const place = { published: join(shop.home, 'published'), controlUrl, chroot };
  return {
    id: build.id,
    chroot,
    controlUrl,
    timeoutSeconds: build.timeoutSeconds,
    diskBytes: build.diskBytes,
    memoryBytes: build.memoryBytes,
    buildroot,
    builderHasNetwork: shop.settings.builders.pools[0]?.driver !== 'local',
    projectRepository: (await findRepository(place, build.owner, build.project)) ?? null,
    repos: await findRepositories(place, [...build.repos, ...buildroot.repos]),
  };
}
