// The chroot task, in the order in which it happens: spawn, provision, root, build, check, collect, sign, publish.
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChrootName, chrootOf, type PhaseName, type QueuedBuild, type QueuedChroot } from '@coppice/config';
import { buildUserOf, provisionBuilder } from '../builder/provision.ts';
import { lendControl } from '../builder/reach.ts';
import { type Builder, builderPrefix, spawnBuilder, terminateBuilder } from '../builder/spawn.ts';
import { type Connection, connectBuilder } from '../builder/ssh.ts';
import { describeError, RunnerError } from '../errors.ts';
import { chrootFolder, moveFiles, publishPackages, signerOf } from '../publish/publish.ts';
import { type Ending, frozenEnding } from '../publish/record.ts';
import { signRpms } from '../publish/sign.ts';
import { readRpmHeader } from '../rpm-header.ts';
import { srpmPath } from './build-srpm.ts';
import { checkResults, describeArtifacts, keptLogs } from './check-results.ts';
import { collect } from './collect.ts';
import { parseEngine } from './mock-command.ts';
import { judgeMock } from './mock-exit.ts';
import type { Failure } from './outcome.ts';
import { runMock } from './run-mock.ts';
import { nameBuild, type Workshop } from './work.ts';

export interface ChrootTask {
  readonly shop: Workshop;
  readonly build: QueuedBuild;
  readonly chroot: QueuedChroot;
  readonly signal: AbortSignal;
  /** Takes what goes on after the task: ending its builder. Such work never rejects. */
  readonly later: (work: Promise<void>) => void;
}

/** More than mock-lite lets a log grow to. */
const logBytes = 300 * 1024 ** 2;
const judgedBytes = 4 * 1024 ** 2;

interface Collected {
  readonly staging: string;
  readonly engine: Ending['engine'];
  /** Undefined when mock succeeded. */
  readonly failure: Failure | undefined;
}

/** How the chroot ended; its files are published, its record is not. Throws RunnerError, or the reason of the abort. */
export async function buildChroot(task: ChrootTask): Promise<Ending> {
  const { shop, build, chroot } = task;
  const folder = chrootFolder(shop, build, chroot.chroot);
  const staging = join(shop.home, 'state', 'staging', `${build.id}-${chroot.chroot}`);
  await rm(folder, { recursive: true, force: true });
  try {
    const collected = await buildOnBuilder(task, staging);
    if (collected.failure !== undefined) return await keepLogs(task, collected, collected.failure);
    return await signAndPublish(task, collected);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function buildOnBuilder(task: ChrootTask, staging: string): Promise<Collected> {
  const { shop, build, chroot, signal } = task;
  const index = build.chroots.findIndex((each) => each.chroot === chroot.chroot);
  const name = `${builderPrefix(shop.home)}${build.id}-${index}-${shop.now().getTime().toString(36)}`;
  let connection: Connection | undefined;
  try {
    await enter(task, 'spawn', name);
    const builder = await spawnBuilder(shop, name, chroot.chroot, signal);
    await enter(task, 'provision');
    await provisionBuilder(shop, builder, signal);
    connection = await connectBuilder(builder, buildUserOf(builder), signal);
    return await mockAndCollect(task, builder, connection, staging);
  } finally {
    connection?.close();
    task.later(endBuilder(shop, build, name));
  }
}

async function mockAndCollect(
  task: ChrootTask,
  builder: Builder,
  connection: Connection,
  staging: string,
): Promise<Collected> {
  const { shop, build, chroot, signal } = task;
  const controlUrl = await lendControl(connection, shop.controlPort);
  const engine = parseEngine(await connection.must(['mock', '--version']));
  await enter(task, 'root');
  const onPhase = (phase: PhaseName) => {
    enter(task, phase).catch((error) => shop.log('warn', `phase ${phase} was not noted: ${describeError(error)}`));
  };
  const mock = await runMock({ shop, build, chroot, connection, controlUrl, onPhase, signal });
  await enter(task, 'collect');
  const succeeded = mock.exitCode === 0;
  await collect({
    builder,
    user: buildUserOf(builder),
    from: mock.resultFolder,
    to: staging,
    patterns: succeeded ? ['*.rpm', ...keptLogs] : [...keptLogs],
    fileBytes: succeeded ? build.diskBytes : logBytes,
    seconds: shop.settings.timeouts.collectSeconds,
    signal,
  });
  const verdict = judgeMock({
    exitCode: mock.exitCode,
    buildLog: await readLog(staging, 'build.log'),
    rootLog: await readLog(staging, 'root.log'),
    timeoutSeconds: build.timeoutSeconds,
    memoryBytes: build.memoryBytes,
  });
  if (verdict.kind === 'infrastructure') throw new RunnerError('builder', verdict.message);
  return { staging, engine, failure: verdict.kind === 'failed' ? verdict.failure : undefined };
}

/** The end of a log: the whole may be hundreds of megabytes, and what went wrong stands last. */
async function readLog(folder: string, name: string): Promise<string> {
  const file = await open(join(folder, name), 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, judgedBytes));
    await file.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString();
  } finally {
    await file.close();
  }
}

async function signAndPublish(task: ChrootTask, collected: Collected): Promise<Ending> {
  const { shop, build, chroot } = task;
  const { staging, engine } = collected;
  const source = await readRpmHeader(srpmPath(shop, build));
  const checked = await checkResults(staging, {
    architecture: chrootOf(chroot.chroot).architecture,
    sourceName: source.nevra.name,
    totalBytes: build.diskBytes,
  });
  if (!checked.ok) return { ...failedEnding(task, checked.failure), engine };
  const { rpms, logs } = checked.value;
  await enter(task, 'sign');
  await signRpms(await signerOf(shop, build), staging, rpms);
  const artifacts = await describeArtifacts(staging, rpms);
  task.signal.throwIfAborted(); // from here on it is too late to cancel
  await enter(task, 'publish');
  const isPublished = await publishPackages(shop, build, chroot.chroot, { folder: staging, files: [...logs, ...rpms] });
  if (!isPublished) return { ...frozenEnding(build, shop.now()), engine };
  return { state: 'succeeded', reason: null, message: null, excerpt: [], engine, artifacts, endedAt: shop.now() };
}

async function keepLogs(task: ChrootTask, collected: Collected, failure: Failure): Promise<Ending> {
  const { shop, build, chroot } = task;
  // Nothing but logs is published of a failed build; what else came is not even looked at.
  const checked = await checkResults(collected.staging, {
    architecture: '',
    sourceName: '',
    totalBytes: 8 * logBytes,
    logsOnly: true,
  });
  if (!checked.ok) return { ...failedEnding(task, checked.failure), engine: collected.engine };
  await moveFiles(collected.staging, chrootFolder(shop, build, chroot.chroot), checked.value.logs);
  return { ...failedEnding(task, failure), engine: collected.engine };
}

function failedEnding(task: ChrootTask, failure: Failure): Ending {
  return { state: 'failed', ...failure, engine: null, artifacts: [], endedAt: task.shop.now() };
}

function enter(task: ChrootTask, phase: PhaseName, builder?: string): Promise<void> {
  return task.shop.queue.setPhase(task.build.id, task.chroot.chroot as ChrootName, phase, builder);
}

/** Ends a builder; one that cannot be ended is left to the next start of the service, and said so. */
async function endBuilder(shop: Workshop, build: QueuedBuild, name: string): Promise<void> {
  try {
    await terminateBuilder(shop, name);
  } catch (error) {
    shop.log('error', `builder ${name} could not be ended: ${describeError(error)}`, { build: nameBuild(build) });
  }
}
