// The part of a chroot's build that needs a builder: take one (or the one on which it runs already), mock, collect, give the builder back.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PhaseName, QueuedBuild, QueuedChroot } from '@coppice/config';
import type { BuilderNeed, Lease } from '../builder/pool.ts';
import { buildUserOf } from '../builder/provision.ts';
import { openSession, type Session } from '../builder/session.ts';
import { describeError, RunnerError } from '../errors.ts';
import { keptLogs } from './check-results.ts';
import { collect } from './collect.ts';
import { classifyFailure } from './failure/classify.ts';
import { readLogEnd } from './failure/read-log-end.ts';
import { parseEngine } from './mock-command.ts';
import { leaseSeconds, type MockFinished, runMock } from './run-mock.ts';
import { type StagedMark, stagingFolder, writeMark } from './staged.ts';
import { Canceled, type ChrootTask, enter, Left, nameBuild, ShuttingDown } from './work.ts';

/** More than mock-lite lets a log grow to. */
export const logBytes = 300 * 1024 ** 2;

/**
 * What a chroot's build wants of a builder. Its labels say where it is built and not what comes of it: they are no part of the input
 * digest. Pure.
 */
export function needOf(build: QueuedBuild, { chroot }: Pick<QueuedChroot, 'chroot'>): BuilderNeed {
  const { owner, project, builderLabels } = build;
  return { chroot, owner, project, trust: 'build', labels: builderLabels, seconds: leaseSeconds(build) };
}

/**
 * Builds, and resolves when what is wanted of the results is in the staging folder and marked. The builder is given back by then; who cares
 * for it does so meanwhile. Throws RunnerError, `Left` when the service ends and the build goes on, or the reason of the abort.
 */
export async function buildOnBuilder(
  task: ChrootTask,
  adopted?: Lease,
): Promise<Extract<StagedMark, { step: 'collected' }>> {
  const { shop, build, chroot, signal } = task;
  const lease =
    adopted ??
    (await shop.pool.take(needOf(build, chroot), signal, (stage, name) => {
      enter(task, stage, name);
    }));
  try {
    const collected = await withSession(task, lease, adopted !== undefined);
    giveBack(task, lease, 'reuse');
    return collected;
  } catch (error) {
    if (error instanceof Left) throw error;
    // Whoever was canceled has cleaned up: see run-detached.ts.
    giveBack(task, lease, error instanceof Canceled ? 'reuse' : 'end');
    throw error;
  }
}

/** Nobody waits for it: this worker has other things to do meanwhile. */
function giveBack({ shop, build }: ChrootTask, lease: Lease, how: 'reuse' | 'end'): void {
  lease.release(how).catch((error) => {
    const message = `builder ${lease.builder.name} could not be given back: ${describeError(error)}`;
    shop.log('error', message, { build: nameBuild(build) });
  });
}

async function withSession(task: ChrootTask, lease: Lease, resumes: boolean) {
  const { shop, build, chroot, signal } = task;
  const { builder } = lease;
  const session = await openSession({
    builder,
    user: buildUserOf(builder),
    controlPort: shop.controlPort,
    reconnectSeconds: shop.settings.builders.reconnectSeconds,
    resumes,
    signal,
    warn: (message) => shop.log('warn', message, { build: nameBuild(build), chroot: chroot.chroot }),
  });
  try {
    if (!resumes) enter(task, 'root', builder.name);
    const engine = engineOf(session, signal);
    engine.catch(() => undefined); // it is waited for below, unless mock fails first
    const onPhase = (phase: PhaseName) => enter(task, phase);
    const builderHasNetwork = builder.network;
    const mock = await runMock({ shop, build, chroot, session, builderHasNetwork, onPhase, signal });
    enter(task, 'collect');
    return await collectAndJudge(task, session, mock, await engine);
  } catch (error) {
    const goesOn = signal.aborted && signal.reason instanceof ShuttingDown && builder.outlivesService;
    throw goesOn ? new Left(`it goes on on ${builder.name}`, { cause: error }) : error;
  } finally {
    session.close();
  }
}

/** Which mock it is; asked once for each builder, while the build runs. */
async function engineOf(session: Session, signal: AbortSignal): Promise<StagedMark['engine']> {
  const file = join(session.builder.folder, 'engine');
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
  engine: StagedMark['engine'],
): Promise<Extract<StagedMark, { step: 'collected' }>> {
  const { shop, build, chroot, signal } = task;
  const place = { home: shop.home, id: build.id, chroot: chroot.chroot };
  const folder = stagingFolder(place);
  const succeeded = mock.exitCode === 0;
  const fetchAll = () =>
    collect({
      builder: session.builder,
      user: session.user,
      from: mock.resultFolder,
      to: folder,
      patterns: succeeded ? ['*.rpm', ...keptLogs] : [...keptLogs],
      fileBytes: succeeded ? build.diskBytes : logBytes,
      seconds: shop.settings.timeouts.collectSeconds,
      signal,
    });
  await session.run(fetchAll, signal);
  const verdict = classifyFailure({
    exitCode: mock.exitCode,
    logs: { build: await readLogEnd(folder, 'build.log'), root: await readLogEnd(folder, 'root.log') },
    timeoutSeconds: build.timeoutSeconds,
    memoryBytes: build.memoryBytes,
  });
  if (verdict.kind === 'infrastructure') throw new RunnerError('builder', verdict.message);
  const failure = verdict.kind === 'failed' ? { ...verdict.failure, excerpt: [...verdict.failure.excerpt] } : null;
  const mark = { step: 'collected', engine, failure } as const;
  await writeMark(place, mark);
  return mark;
}
