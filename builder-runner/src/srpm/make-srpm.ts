// The source package, made of what was fetched, on a builder of the lowest trust level, in a chroot. A spec is a
// program, and so are all the tools: nothing of them runs on the control host.
import { copyFile, mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { QueuedBuild, QueuedChroot } from '@coppice/config';
import { execa } from 'execa';
import { RunnerError } from '../base/errors.ts';
import { type Failure, fail, type Outcome } from '../base/outcome.ts';
import { collectWithin } from '../builder/collect-within.ts';
import { detachedScript } from '../builder/detached.ts';
import { buildUserOf } from '../builder/provision.ts';
import { receiveFiles } from '../builder/receive-files.ts';
import { runDetached } from '../builder/run-detached.ts';
import type { Session } from '../builder/session.ts';
import type { Connection } from '../builder/ssh.ts';
import { plainModes, uploadTree } from '../builder/upload-tree.ts';
import { checkPayloads } from '../chroot-build/check-payloads.ts';
import { judgeLeft } from '../chroot-build/check-results.ts';
import { nameBuild, type RunnerContext } from '../context/runner-context.ts';
import { baseRootScript, withBaseRoot, writeMockFiles } from '../mock/base-root.ts';
import { mockFiles } from '../mock/mock-files.ts';
import type { Lease } from '../pool/pool.ts';
import { checkSrpm } from './check-srpm.ts';
import { inChrootScript, type MakeableSource, planSrpm, type SrpmPlan, stepsScript } from './srpm-plan.ts';
import { judgeCount, judgeSrpm, type SrpmEnd, type SrpmVerdict } from './srpm-verdict.ts';

export interface SrpmOrder {
  readonly context: RunnerContext;
  readonly build: QueuedBuild;
  /** The chroot that it is made in. */
  readonly chroot: Pick<QueuedChroot, 'chroot' | 'buildroot'>;
  readonly source: MakeableSource;
  /** Of the script, where the source is one. */
  readonly firstLine?: string | undefined;
  /** What `packSource` made of the source. */
  readonly upload: string;
  /** Other builders have tried, and no more will. Default: false. */
  readonly isLastTry?: boolean;
  /** Folder of the control host that gets the source package; made anew. */
  readonly target: string;
  readonly signal: AbortSignal;
}

export interface MadeSrpm {
  /** File name in the order's target, checked; or why there is none. */
  readonly made: Outcome<string>;
  /** What the tools printed, cut at its front; hostile text. */
  readonly log: string;
  /** False when something of it may still be on the builder. */
  readonly isClean: boolean;
}

/** The payload of sources that are compressed already grows a little. */
function largestSrpm({ sourceBytes }: QueuedBuild): number {
  return Math.floor(sourceBytes * 1.1 + 1024 ** 2);
}

/**
 * Makes it on this builder. Throws RunnerError when the builder or the machinery fails, or the reason of
 * the abort: after either the builder is not to be used again.
 */
export async function makeSrpm(order: SrpmOrder, lease: Lease): Promise<MadeSrpm> {
  const { context, build, signal } = order;
  const { builder } = lease;
  const session = await lease.session({
    user: buildUserOf(builder),
    controlPort: context.controlPort,
    project: `${build.owner}/${build.project}`,
    reconnectSeconds: context.settings.builders.reconnectSeconds,
    resumes: false,
    signal,
    warn: (message) => context.log('warn', message, { build: nameBuild(build), chroot: 'srpm' }),
  });
  const name = `${build.id}-srpm`;
  try {
    return await makeInSession(order, session, session.useFolder(name), builder.network);
  } finally {
    session.leaveFolder(name);
  }
}

async function makeInSession(
  order: SrpmOrder,
  session: Session,
  folder: string,
  builderHasNetwork: boolean,
): Promise<MadeSrpm> {
  const { context, build, chroot, source, upload, signal } = order;
  const seconds = context.settings.timeouts.srpmSeconds;
  const place = { config: `${folder}/build.cfg`, folder };
  const plan = planSrpm(source, place, chroot.buildroot.packages, build);
  const buildroot = { ...chroot.buildroot, network: source.needsNetwork };
  const { controlUrl } = session;
  const instead = { timeoutSeconds: seconds, buildroot };
  const files = { home: context.home, build, chroot, controlUrl, folder, builderHasNetwork, instead };
  // Sources that are a plain spec take one command, others several in one root.
  const texts = await mockFiles({ ...files, keepsRoot: plan.upload !== 'sources' });
  const steps = `${await readFile(join(import.meta.dirname, stepsScript), 'utf8')}\n${plan.steps}`;
  await writeMockFiles(upload, { ...texts, [stepsScript]: steps });
  const end = await runDetached({
    session,
    folder,
    prepare: (connection) => uploadTree(connection, upload, folder, [baseRootScript]),
    argv: withBaseRoot(folder, ['sh', `${folder}/${stepsScript}`]),
    seconds,
    isNew: true,
    now: context.now,
    signal,
  });
  // As a shell says it of a program that was killed.
  const exitCode = end.kind === 'exit' ? end.code : end.kind === 'killed' ? 137 : undefined;
  const [logs, taken] = await collectWithin(context.settings.timeouts.collectSeconds, signal, (ends) =>
    Promise.all([
      session.run((connection) => readLogs(connection, folder), ends),
      exitCode === 0 ? takeSrpm(order, session, plan, ends) : undefined,
    ]),
  );
  const log = `${logs.output}${logs.buildLog}`;
  if (taken !== undefined) {
    const made = 'names' in taken ? judgeCount(taken.names, plan, logs.output) : await checkPayload(order, taken);
    return { made, log, isClean: true };
  }
  const spec = source.kind === 'tree' ? source.spec : undefined;
  const read = source.kind === 'tree' && source.method === 'spec' ? source : undefined;
  const { memoryBytes } = build;
  const facts = { plan, chroot: chroot.chroot, spec, read, firstLine: order.firstLine, seconds, memoryBytes };
  const verdict = judgeSrpm({ exitCode, wasKilledWithAll: end.kind === 'killed', ...logs }, facts);
  const failure = failureOf(verdict, order.isLastTry === true);
  return { made: { ok: false, failure }, log, isClean: exitCode !== undefined };
}

/** Throws RunnerError `builder` when it is not the source's fault. */
function failureOf(verdict: SrpmVerdict, isLastTry: boolean): Failure {
  if (verdict.kind === 'failed') return verdict.failure;
  if (isLastTry && verdict.suspicion !== undefined) return verdict.suspicion;
  throw new RunnerError('builder', verdict.message);
}

/** More than a tool says that is read; the end tells why it failed. */
const loggedBytes = 400_000;

/** What the steps said, where they are, and mock's own logs of the last one. A file that is not there is empty. */
async function readLogs(connection: Connection, folder: string): Promise<Omit<SrpmEnd, 'exitCode'>> {
  const read = async (name: string) => {
    const { stdout } = await connection.run(['tail', `--bytes=${loggedBytes}`, '--', `${folder}/${name}`]);
    return stdout;
  };
  const names = ['step', 'output', 'result/build.log', 'result/root.log'] as const;
  const [step = '', output = '', buildLog = '', rootLog = ''] = await Promise.all(names.map(read));
  return { step: step.trim(), output, buildLog, rootLog };
}

/** The source package, checked but for its payload; or the names of those that were found, where it is not one. */
async function takeSrpm(
  { build, target, chroot }: SrpmOrder,
  session: Session,
  plan: SrpmPlan,
  signal: AbortSignal,
): Promise<Outcome<string> | { readonly names: readonly string[] }> {
  const totalBytes = largestSrpm(build);
  const limits = { fileBytes: Number.MAX_SAFE_INTEGER - 1, totalBytes };
  const wanted = { from: plan.results, patterns: ['*src.rpm'], to: target, ...limits, signal };
  const received = await session.run((connection) => receiveFiles(connection, wanted), signal);
  if (received.kind === 'too-large') {
    return fail('source', `The source package is larger than the limit of ${totalBytes} bytes.`);
  }
  const unfit = judgeLeft(received.left, totalBytes);
  if (unfit !== undefined) return { ok: false, failure: { ...unfit, reason: 'source' } };
  const [name, ...others] = received.names;
  if (name === undefined || others.length > 0) return { names: received.names };
  return checkSrpm(target, name, chroot.chroot);
}

/** The builder's time is over: this has its own. */
async function checkPayload(
  { context, build, target, signal }: SrpmOrder,
  taken: Outcome<string>,
): Promise<Outcome<string>> {
  if (!taken.ok) return taken;
  const { collectSeconds: seconds } = context.settings.timeouts;
  const order = { folder: target, files: [taken.value], unpackedBytes: build.diskBytes, seconds, signal };
  const damage = await checkPayloads(order);
  return damage === undefined ? taken : { ok: false, failure: { ...damage, reason: 'source' } };
}

/**
 * Moves the source into a new folder of `staging` (on the same file system), which is to be uploaded as it is but for
 * mock's files, and resolves with that folder. Only plain sources for mock lie open in it: a tree of anybody's making
 * is unpacked inside the chroot alone.
 */
export async function packSource(source: MakeableSource, staging: string): Promise<string> {
  const upload = join(staging, 'upload');
  await mkdir(join(upload, 'result'), { recursive: true });
  await copyFile(detachedScript, join(upload, 'detached.sh'));
  if (source.kind === 'tree' && source.method === 'spec') {
    await rename(source.folder, join(upload, 'sources'));
    return upload;
  }
  const pack = join(staging, 'pack');
  await mkdir(pack);
  await rename(source.folder, join(pack, 'tree'));
  await copyFile(join(import.meta.dirname, inChrootScript), join(pack, inChrootScript));
  const options = ['--owner=0', '--group=0', `--mode=${plainModes}`];
  await execa('tar', ['-cf', join(upload, 'tree.tar'), ...options, '-C', pack, '.'], { stdin: 'ignore' });
  return upload;
}
