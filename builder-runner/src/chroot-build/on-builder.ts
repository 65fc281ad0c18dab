// The part of a chroot's build that needs a builder: take one (or the one it already runs on), run mock, collect the
// results, give the builder back.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildInput, ChrootName, QueuedBuild } from '@coppice/config';
import { Canceled, Left, ShuttingDown } from '../base/abort.ts';
import { describeError, RunnerError } from '../base/errors.ts';
import { type Failure, fail } from '../base/outcome.ts';
import { collectWithin } from '../builder/collect-within.ts';
import { isShutOut } from '../builder/is-shut-out.ts';
import { buildUserOf } from '../builder/provision.ts';
import { type Received, receiveFiles } from '../builder/receive-files.ts';
import type { Line, Session } from '../builder/session.ts';
import type { Connection } from '../builder/ssh.ts';
import { type ChrootTask, enter, liveChroot, nameBuild } from '../context/runner-context.ts';
import { classifyFailure } from '../failure/classify.ts';
import { readLogEnd } from '../failure/read-log-end.ts';
import { findInputs } from '../mock/input-repositories.ts';
import { parseEngine } from '../mock/mock-command.ts';
import type { MakingStage } from '../pool/builder-operations.ts';
import type { Lease, LeasedBuilder } from '../pool/pool.ts';
import { judgeLeft, keptLogs, tooLarge } from './check-results.ts';
import { needOf } from './need.ts';
import { type MockFinished, type MockRun, runMock } from './run-mock.ts';
import { type StagedMark, stagingFolder, writeMark } from './staged.ts';
import { folderName, UploadAhead } from './upload-build.ts';

/** More than mock-lite lets a log grow to. */
export const logBytes = 300 * 1024 ** 2;
type Collected = Extract<StagedMark, { step: 'collected' }>;

/**
 * Builds, and resolves when what is wanted of the results is in the staging folder and marked. The builder is given
 * back when mock has ended: the next build of the project begins while the results of this one come. Throws
 * RunnerError, `Left` when the service ends and the build goes on, or the reason of the abort.
 */
export async function buildOnBuilder(task: ChrootTask, adopted?: Lease): Promise<Collected> {
  const { context, build, chroot, signal } = task;
  const ahead = new UploadAhead();
  const makeReady = (line: Line, { network }: LeasedBuilder) => {
    const session = line.session((message) => warn(task, message));
    ahead.begin({ context, build, chroot, session, builderHasNetwork: network }, signal);
  };
  const note = (stage: MakingStage, name: string) => enter(task, stage, name);
  try {
    const lease = adopted ?? (await context.pool.take(needOf(build, chroot), signal, note, makeReady));
    return await buildWithLease(task, lease, ahead, adopted !== undefined);
  } finally {
    ahead.forget(task);
  }
}

async function buildWithLease(
  task: ChrootTask,
  lease: Lease,
  ahead: UploadAhead,
  resumes: boolean,
): Promise<Collected> {
  const { context, build, chroot, signal } = task;
  const { builder } = lease;
  let session: Session | undefined;
  try {
    session = await lease.session({
      user: buildUserOf(builder),
      controlPort: context.controlPort,
      project: `${build.owner}/${build.project}`,
      reconnectSeconds: context.settings.builders.reconnectSeconds,
      ...{ resumes, signal, warn: (message) => warn(task, message) },
    });
    const upload = { context, build, chroot, session, builderHasNetwork: builder.network };
    const folder = session.useFolder(folderName(build, chroot));
    // One whose engine has ended leaves it to the next on its builder what is seen there.
    if (resumes && chroot.phase !== 'collect') see(chroot.chroot, session, chroot.inputs ?? []);
    const prepare = async (connection: Connection) => {
      await ahead.complete(upload, connection, folder);
      await pinInputs(task, session as Session);
    };
    const collected = await mockAndCollect(task, lease, { ...upload, folder, resumes, prepare });
    session.leaveFolder(folderName(build, chroot));
    return collected;
  } catch (error) {
    if (goesOn(task, lease)) throw new Left(`it goes on on ${builder.name}`, { cause: error });
    session?.leaveFolder(folderName(build, chroot));
    let how: 'reuse' | 'end' = 'end';
    try {
      const shutOut = session === undefined ? undefined : await judgeLoss(task, session, error);
      if (shutOut !== undefined) return shutOut;
      // Whoever was canceled has cleaned up: see run-detached.ts.
      if (error instanceof Canceled) how = 'reuse';
    } finally {
      giveBack(task, lease, how);
    }
    throw error;
  }
}

/**
 * Decides what the build sees of this service's repositories, once for as long as it has its builder, whatever is
 * published meanwhile. Nothing of it goes from the disk from now on, and this is on the disk before the engine starts.
 */
async function pinInputs({ context, build, chroot: { chroot, buildroot } }: ChrootTask, session: Session) {
  const known = liveChroot(context, build, chroot)?.inputs;
  const place = { published: join(context.home, 'published'), chroot };
  const repos = [...build.repos, ...buildroot.repos];
  const inputs = known ?? (await findInputs(place, `${build.owner}/${build.project}`, repos));
  if (known === undefined) await context.queue.pin(build.id, chroot, inputs);
  see(chroot, session, inputs);
}

function see(chroot: ChrootName, session: Session, inputs: readonly BuildInput[]): void {
  session.see(Object.fromEntries(inputs.map(({ project, generation }) => [`${project}/${chroot}`, generation])));
}

/**
 * A builder that was lost while the package was built, although it is there and well: what runs on it as the build user
 * ends everything else of that user. It would on any other.
 */
async function judgeLoss(task: ChrootTask, session: Session, error: unknown): Promise<Collected | undefined> {
  const { context, build, chroot, signal } = task;
  const isLoss = error instanceof RunnerError && error.code === 'lost' && !signal.aborted;
  const phase = liveChroot(context, build, chroot.chroot)?.phase;
  if (!isLoss || (phase !== 'build' && phase !== 'check')) return undefined;
  if (!(await isShutOut(session.builder, session.user, signal))) return undefined;
  const section = phase === 'check' ? '%check' : '%build or another section';
  const what = `The build lets nobody onto its builder any more, in ${section}`;
  const message = `${what}: does it kill all processes (kill -1, pkill, killall), or start more and more of them?`;
  const answer = await readFile(engineFile(session), 'utf8').catch(() => '');
  await mkdir(stagingFolder({ home: context.home, id: build.id, chroot: chroot.chroot }), { recursive: true });
  return {
    step: 'collected',
    engine: parseEngine(answer),
    failure: { ...fail('unbuildable', message).failure, excerpt: [] },
  };
}

/** The service ends, and the builder does not. */
function goesOn({ signal }: ChrootTask, { builder }: Lease): boolean {
  return signal.aborted && signal.reason instanceof ShuttingDown && builder.outlivesService;
}

async function mockAndCollect(
  task: ChrootTask,
  lease: Lease,
  run: Omit<MockRun, 'onPhase' | 'signal'>,
): Promise<Collected> {
  const { signal } = task;
  if (!run.resumes) enter(task, 'root', lease.builder.name);
  const engine = engineOf(run.session, signal);
  engine.catch(() => undefined); // it is waited for below, unless mock fails first
  const mock = await runMock({ ...run, onPhase: (phase) => enter(task, phase), signal });
  enter(task, 'collect');
  const collected = collectAndJudge(task, run.session, mock, engine, lease.builder.driver);
  const fetched = collected.then(
    () => 'fetched' as const,
    (error) => {
      if (goesOn(task, lease)) return 'left' as const;
      if (error instanceof Canceled) return 'fetched' as const;
      throw error;
    },
  );
  giveBack(task, lease, 'reuse', fetched);
  return await collected;
}

/** Nobody waits for it: this worker has other things to do meanwhile. */
function giveBack(
  { context, build }: ChrootTask,
  lease: Lease,
  how: 'reuse' | 'end',
  fetched?: Promise<'fetched' | 'left'>,
): void {
  lease.release(how, fetched).catch((error) => {
    const message = `builder ${lease.builder.name} could not be given back: ${describeError(error)}`;
    context.log('error', message, { build: nameBuild(build) });
  });
}

function warn({ context, build, chroot }: ChrootTask, message: string): void {
  context.log('warn', message, { build: nameBuild(build), chroot: chroot.chroot });
}

function engineFile({ builder }: Session): string {
  return join(builder.folder, 'engine');
}

/** Which mock it is; asked once for each builder, while the build runs. */
async function engineOf(session: Session, signal: AbortSignal): Promise<StagedMark['engine']> {
  const file = engineFile(session);
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return parseEngine(known);
  const answer = await session.run((connection) => connection.must(['mock', '--version']), signal);
  await writeFile(file, answer);
  return parseEngine(answer);
}

async function collectAndJudge(
  task: ChrootTask,
  session: Session,
  mock: MockFinished,
  asked: Promise<StagedMark['engine']>,
  driver: string,
): Promise<Collected> {
  const { context, build, chroot, signal } = task;
  const place = { home: context.home, id: build.id, chroot: chroot.chroot };
  const folder = stagingFolder(place);
  const { collectSeconds } = context.settings.timeouts;
  const [engine, refused] = await collectWithin(collectSeconds, signal, (ends) =>
    Promise.all([asked, fetchResults(build, session, mock, folder, ends)]),
  );
  const isLastTry = chroot.attempts > 1 && chroot.attempts >= context.settings.builders.attempts;
  const failure = refused ?? (await judge(build, mock, folder, isLastTry));
  if (failure?.reason === 'unbuildable') await assertStaysUp(session, signal);
  const mark = {
    step: 'collected',
    engine,
    failure: failure && { ...failure, excerpt: [...failure.excerpt] },
    driver,
  } as const;
  await writeMark(place, mark);
  return mark;
}

/** Resolves with why the packages were left where they are; the logs come in any case. */
async function fetchResults(
  { diskBytes }: QueuedBuild,
  session: Session,
  { exitCode, resultFolder }: MockFinished,
  folder: string,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const fetch = (patterns: readonly string[], fileBytes: number, totalBytes: number) => {
    const order = { from: resultFolder, patterns, to: folder, fileBytes, totalBytes, signal };
    return session.run((connection) => receiveFiles(connection, order), signal);
  };
  const refused =
    exitCode === 0 ? judgeReceived(await fetch(['*.rpm', ...keptLogs], diskBytes, diskBytes), diskBytes) : undefined;
  if (exitCode !== 0 || refused !== undefined) await fetch(keptLogs, logBytes, keptLogs.length * logBytes);
  return refused;
}

/** A machine that goes down kills builds as they kill themselves. Throws RunnerError `builder` or `lost`. */
async function assertStaysUp(session: Session, signal: AbortSignal): Promise<void> {
  const look = '[ ! -e /run/nologin ] && [ "$(systemctl is-system-running 2>/dev/null)" != stopping ]';
  const { exitCode } = await session.run((connection) => connection.run(['sh', '-c', look]), signal);
  if (exitCode !== 0) throw new RunnerError('builder', 'the builder goes down, and mock was ended with it');
}

function judgeReceived(received: Received, limit: number): Failure | undefined {
  return received.kind === 'too-large' ? tooLarge(limit, received.largest) : judgeLeft(received.left, limit);
}

/** Why it failed, or null. Throws RunnerError `builder` when that is not the package's fault. */
async function judge(
  build: QueuedBuild,
  { exitCode, wasInstalling, wasKilledWithAll }: MockFinished,
  folder: string,
  isLastTry: boolean,
): Promise<Failure | null> {
  const verdict = classifyFailure({
    exitCode,
    wasInstalling,
    logs: { build: await readLogEnd(folder, 'build.log'), root: await readLogEnd(folder, 'root.log') },
    timeoutSeconds: build.timeoutSeconds,
    memoryBytes: build.memoryBytes,
    wasKilledWithAll,
  });
  if (verdict.kind === 'infrastructure' && isLastTry && verdict.suspicion !== undefined) return verdict.suspicion;
  if (verdict.kind === 'infrastructure') throw new RunnerError('builder', verdict.message);
  return verdict.kind === 'failed' ? verdict.failure : null;
}
