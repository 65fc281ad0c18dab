// The task of building for one chroot, in order: build on a builder, then sign, then publish. After a restart it can
// resume after each step.
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { chrootOf } from '@coppice/config';
import { Left, ShuttingDown } from '../base/abort.ts';
import type { Failure } from '../base/outcome.ts';
import { noteChange } from '../base/published-changes.ts';
import { type ChrootTask, enter } from '../context/runner-context.ts';
import type { Lease } from '../pool/pool.ts';
import { removeAccounts } from '../provenance/attest.ts';
import { writePackageHeaders } from '../provenance/write-package-headers.ts';
import { moveFiles, publishPackages } from '../publish/publish.ts';
import { chrootFolder, findSrpm } from '../publish/publisher.ts';
import { type Ending, frozenEnding } from '../publish/record.ts';
import { remarkLower } from '../publish/remark-lower.ts';
import { type DescribedBuilds, describeAhead, signerOf } from '../publish/repository-of.ts';
import { describeArtifacts } from '../rpm/describe-artifacts.ts';
import { readRpmHeader } from '../rpm/rpm-header.ts';
import { signRpms } from '../signing/sign.ts';
import { attestTask } from './attest-task.ts';
import { checkPayloads } from './check-payloads.ts';
import { checkResults } from './check-results.ts';
import { buildOnBuilder, logBytes } from './on-builder.ts';
import { promoteChroot, sayPromoted } from './promote-chroot.ts';
import { clearStaging, type StagedMark, stagingFolder, writeMark } from './staged.ts';

/**
 * What an earlier run of the service left of a chroot's build: a builder that it runs on, or results that came from
 * one.
 */
export type Rest = { readonly lease: Lease } | { readonly mark: StagedMark };

/**
 * How the chroot ended; its files are published, its record is not, and its staging folder is the caller's to clear
 * after that. Throws RunnerError, the reason of the abort, or `Left` when the service ends and the next start takes it
 * up.
 */
export async function buildChroot(task: ChrootTask, rest?: Rest): Promise<Ending> {
  const { context, build, chroot } = task;
  if (rest === undefined) {
    await rm(chrootFolder(context, build, chroot.chroot), { recursive: true, force: true });
    noteChange(chrootFolder(context, build, chroot.chroot));
    await clearStaging(placeOf(task));
    const promoted = await promoteChroot(task);
    if (promoted !== undefined) return publish(task, promoted);
  }
  const mark =
    rest !== undefined && 'mark' in rest
      ? rest.mark
      : await buildOnBuilder(task, rest === undefined ? rest : rest.lease);
  if (mark.step === 'signed') return publish(task, mark);
  if (mark.failure !== null) return keepLogs(task, mark.engine, mark.failure);
  const signed = await checkAndSign(task, mark);
  return 'mark' in signed ? publish(task, signed.mark, signed.metadata) : signed;
}

type Signed = Extract<StagedMark, { step: 'signed' }>;

/** Of a chroot's build, in its staging folder. */
interface Files {
  readonly rpms: readonly string[];
  readonly logs: readonly string[];
}

interface Described {
  readonly mark: Signed;
  /** What the repository is to say of the packages. */
  readonly metadata: DescribedBuilds;
}

async function checkAndSign(
  task: ChrootTask,
  { engine, driver }: Extract<StagedMark, { step: 'collected' }>,
): Promise<Described | Ending> {
  const { context, build, chroot } = task;
  const folder = stagingFolder(placeOf(task));
  await removeAccounts(folder);
  const source = await readRpmHeader(await findSrpm(context, build, chroot.chroot));
  const checked = await checkResults(folder, {
    architecture: chrootOf(chroot.chroot).architecture,
    sourceName: source.nevra.name,
    totalBytes: build.diskBytes,
  });
  if (!checked.ok) return { ...failedEnding(task, checked.failure), engine };
  const { rpms, logs } = checked.value;
  leaveOrStop(task);
  enter(task, 'sign');
  const [signing] = await Promise.allSettled([signRpms(await signerOf(context, build), folder, rpms)]);
  // A key signs bytes. Whether rpm can unpack them is found out while what is said of them is written, and comes first:
  // what cannot be unpacked may not be signed or described either.
  const [damage, described] = await Promise.allSettled([
    findDamage(task, rpms),
    signing.status === 'rejected' ? Promise.reject(signing.reason) : describe(task, { rpms, logs }, { engine, driver }),
  ]);
  const damaged = settled(damage);
  if (damaged !== undefined) return { ...failedEnding(task, damaged), engine };
  const all = settled(described);
  leaveOrStop(task); // from here on it is too late to cancel
  await writeMark(placeOf(task), all.mark);
  return all;
}

function settled<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

type Builder = Pick<Extract<StagedMark, { step: 'collected' }>, 'engine' | 'driver'>;

/** What is said of signed packages: beside them, in the build's record and in the repository. */
async function describe(task: ChrootTask, files: Files, builder: Builder): Promise<Described> {
  const { context, build, chroot } = task;
  const name = basename(chrootFolder(context, build, chroot.chroot));
  const [metadata, mark] = await Promise.allSettled([
    describeAhead(stagingFolder(placeOf(task)), name, files.rpms),
    writeAccounts(task, files, builder),
  ]);
  return { mark: settled(mark), metadata: settled(metadata) };
}

async function writeAccounts(task: ChrootTask, { rpms, logs }: Files, { engine, driver }: Builder): Promise<Signed> {
  const { context, build, chroot } = task;
  const folder = stagingFolder(placeOf(task));
  const artifacts = await describeArtifacts(folder, rpms);
  const accounts = await attestTask(task, { folder, artifacts, logs }, { engine, driver });
  const packageHeaders = await writePackageHeaders(folder, artifacts, build.package);
  const files = [...logs, accounts.attestation.file, accounts.sbom.file, packageHeaders.file, ...rpms];
  const remark = await remarkLower(context, build, chroot.chroot, artifacts);
  return {
    step: 'signed',
    engine,
    files,
    artifacts: [...artifacts],
    ...remark,
    accounts: { ...accounts, packageHeaders },
  };
}

async function findDamage(task: ChrootTask, rpms: readonly string[]): Promise<Failure | undefined> {
  const { context, build, signal } = task;
  const { collectSeconds: seconds } = context.settings.timeouts;
  const folder = stagingFolder(placeOf(task));
  try {
    return await checkPayloads({ folder, files: rpms, unpackedBytes: build.diskBytes, seconds, signal });
  } catch (error) {
    leaveOrStop(task);
    throw error;
  }
}

async function publish(task: ChrootTask, signed: Signed, described?: DescribedBuilds): Promise<Ending> {
  const { engine, files, artifacts, remark, accounts = {}, promotedFrom } = signed;
  const { context, build, chroot } = task;
  enter(task, 'publish');
  const folder = stagingFolder(placeOf(task));
  const published = await publishPackages(context, build, chroot.chroot, { folder, files, described });
  if (published === 'frozen') return { ...frozenEnding(build, context.now()), engine };
  if (published !== 'published') {
    await removeAccounts(chrootFolder(context, build, chroot.chroot)); // the packages that they speak of are not there
    return { ...failedEnding(task, published), engine };
  }
  const ended = { reason: null, excerpt: [], endedAt: context.now() } as const;
  const good = { state: 'succeeded', ...ended, engine, artifacts, accounts } as const;
  return promotedFrom === undefined
    ? { ...good, message: remark ?? null }
    : { ...good, message: sayPromoted(promotedFrom, build), promotedFrom };
}

/** A shutdown leaves what was collected to the next start; a cancellation ends it. */
function leaveOrStop({ signal }: ChrootTask): void {
  if (!signal.aborted) return;
  if (signal.reason instanceof ShuttingDown) throw new Left('its results are in the staging folder');
  throw signal.reason;
}

async function keepLogs(task: ChrootTask, engine: StagedMark['engine'], failure: Failure): Promise<Ending> {
  const { context, build, chroot } = task;
  const folder = stagingFolder(placeOf(task));
  // Nothing but logs is published of a failed build; what else came is not even looked at.
  const checked = await checkResults(folder, {
    architecture: '',
    sourceName: '',
    totalBytes: 8 * logBytes,
    logsOnly: true,
  });
  if (!checked.ok) return { ...failedEnding(task, checked.failure), engine };
  await moveFiles(folder, chrootFolder(context, build, chroot.chroot), checked.value.logs);
  return { ...failedEnding(task, failure), engine };
}

function failedEnding(task: ChrootTask, failure: Failure): Ending {
  return { state: 'failed', ...failure, engine: null, artifacts: [], endedAt: task.context.now() };
}

function placeOf({ context, build, chroot }: ChrootTask) {
  return { home: context.home, id: build.id, chroot: chroot.chroot };
}
