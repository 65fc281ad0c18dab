// The SRPM task: fetch the source, have a builder make the source package, publish it with its log and record.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ChrootName,
  type FetchedFileRecord,
  isFinal,
  plainBuildroot,
  published,
  type QueuedBuild,
  type QueuedChroot,
} from '@coppice/config';
import { describeError, isBuilderFault } from '../base/errors.ts';
import { fail, type Outcome, succeed } from '../base/outcome.ts';
import { readDriverFacts } from '../builder/driver-facts.ts';
import { needOf as needOfChroot } from '../chroot-build/need.ts';
import { nameBuild, type RunnerContext } from '../context/runner-context.ts';
import type { BuilderNeed, Lease } from '../pool/pool.ts';
import { type Ending, forPublic, recordOfSrpm, writeRecord } from '../publish/record.ts';
import { describeArtifacts } from '../rpm/describe-artifacts.ts';
import { readRpmHeader } from '../rpm/rpm-header.ts';
import { fetchForBuild } from './fetch-for-build.ts';
import { findReturnFault } from './line-ends.ts';
import { type MadeSrpm, makeSrpm, packSource, type SrpmOrder } from './make-srpm.ts';
import { composeSrpmLog, type SrpmLogParts } from './srpm-log.ts';
import type { MakeableSource } from './srpm-plan.ts';
import { sourcesLeftOut } from './srpm-verdict.ts';

/** How the source package came about; its file, where there is one, is in `folder`. */
interface Attempt extends SrpmLogParts {
  readonly folder: string;
  readonly fetched: readonly FetchedFileRecord[];
  /** Of the builder. */
  readonly builder: string | null;
}

/**
 * Makes and publishes the build's source package; resolves with its file name. Throws RunnerError for faults of the
 * machinery.
 */
export async function buildSrpm(
  context: RunnerContext,
  build: QueuedBuild,
  signal: AbortSignal,
): Promise<Outcome<string>> {
  const startedAt = context.now();
  const staging = join(context.home, 'state', 'staging', `${build.id}-srpm`);
  try {
    await rm(staging, { recursive: true, force: true });
    await mkdir(join(staging, 'sources'), { recursive: true, mode: 0o700 });
    const attempt = await makeFromSource(context, build, staging, signal);
    return await publish(context, build, startedAt, attempt);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Resolves with what was made, or why not and where that is said in the published log. */
async function publish(
  context: RunnerContext,
  build: QueuedBuild,
  startedAt: Date,
  attempt: Attempt,
): Promise<Outcome<string>> {
  const { folder, fetched, builder } = attempt;
  const { text, made: composed } = composeSrpmLog(attempt);
  const made = composed.ok ? composed : { ...composed, failure: forPublic(composed.failure, context.home) };
  const target = join(context.home, 'published', published.srpmBuild(build));
  await mkdir(target, { recursive: true });
  if (made.ok) await rename(join(folder, made.value), join(target, made.value));
  await writeFile(join(target, 'srpm.log'), text);
  const artifacts = made.ok ? await describeArtifacts(target, [made.value]) : [];
  await writeFile(join(target, made.ok ? 'success' : 'fail'), '');
  const record = recordOfSrpm(build, startedAt, endingOf(made, artifacts, context.now()), fetched);
  await writeRecord(join(target, 'result.json'), { ...record, builder });
  return made;
}

async function makeFromSource(
  context: RunnerContext,
  build: QueuedBuild,
  staging: string,
  signal: AbortSignal,
): Promise<Attempt> {
  const fetched = await fetchForBuild(context, build, join(staging, 'sources'), signal);
  const none = { folder: staging, notes: '', log: '', fetched: [], builder: null };
  if (!fetched.ok) return { ...none, made: fetched };
  const source = fetched.value;
  const notes = source.notes.map((note) => `${note}\n`).join('');
  if (source.kind === 'srpm') {
    const log = `${source.file} has the hash that the package names.\n`;
    const { leavesOut } = await readRpmHeader(join(source.folder, source.file));
    const made = leavesOut ? fail('source', sourcesLeftOut) : succeed(source.file);
    return { ...none, ...source, made, notes, log };
  }
  if (source.needsNetwork && !(await isNetworkOffered(context))) {
    return {
      ...none,
      made: withoutNetwork(build, 'the builders of this service have none'),
      fetched: source.fetched,
    };
  }
  const returns = await findReturnFault(source);
  if (returns !== undefined) {
    return { ...none, made: { ok: false, failure: returns }, notes, fetched: source.fetched };
  }
  const firstLine = await firstLineOf(source);
  for (const chroot of build.chroots) if (isLive(chroot)) context.pool.expect(needOfChroot(build, chroot));
  const upload = await packSource(source, staging);
  const target = join(staging, 'made');
  const order = { context, build, chroot: chrootFor(build, source), source, firstLine, upload, target, signal };
  const attempt = await makeOnBuilder(order);
  return { ...attempt, folder: target, notes, fetched: source.fetched };
}

/** What a script says of the program that runs it; undefined for other sources. */
async function firstLineOf(source: MakeableSource): Promise<string | undefined> {
  if (source.kind !== 'script') return undefined;
  const text = await readFile(join(source.folder, source.script), 'utf8');
  return text.slice(0, 200).split('\n', 1)[0];
}

/** The chroot that a script names, or the first one that is still to be built for. */
function chrootFor(build: QueuedBuild, source: MakeableSource): SrpmOrder['chroot'] {
  const wanted = source.kind === 'script' ? source.chroot : undefined;
  const same = build.chroots.find(({ chroot }) => chroot === wanted);
  if (same !== undefined) return same;
  if (wanted !== undefined) return { chroot: wanted as ChrootName, buildroot: plainBuildroot };
  return (build.chroots.find(isLive) ?? build.chroots[0]) as SrpmOrder['chroot'];
}

function isLive({ state, cancelRequestedBy }: QueuedChroot): boolean {
  return !isFinal(state) && cancelRequestedBy === null;
}

/** Whether any builder that may make source packages has a network. */
async function isNetworkOffered({ settings }: RunnerContext): Promise<boolean> {
  const pools = settings.builders.pools.filter(({ trust }) => trust.includes('source'));
  const facts = await Promise.all(pools.map(({ driver }) => readDriverFacts(driver)));
  return facts.some(({ network }) => network);
}

/** What making a source package wants of a builder. */
function needOf({ context, build, chroot }: SrpmOrder): BuilderNeed {
  const { owner, project } = build;
  const { srpmSeconds, collectSeconds } = context.settings.timeouts;
  return { chroot: chroot.chroot, owner, project, trust: 'source', labels: [], seconds: srpmSeconds + collectSeconds };
}

/** On another builder when one fails, as often as the settings say. */
async function makeOnBuilder(order: SrpmOrder): Promise<Pick<Attempt, 'made' | 'log' | 'builder'>> {
  const { context, build, signal } = order;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const lease = await context.pool.take(needOf(order), signal);
      return { ...(await makeWith(order, lease)), builder: lease.builder.name };
    } catch (error) {
      if (signal.aborted || !isBuilderFault(error) || attempt >= context.settings.builders.attempts) throw error;
      context.log('warn', `the source package of ${nameBuild(build)} is tried again: ${describeError(error)}`);
    }
  }
}

async function makeWith(order: SrpmOrder, lease: Lease): Promise<Pick<MadeSrpm, 'made' | 'log'>> {
  const { source, context, build } = order;
  let how: 'reuse' | 'end' = 'end';
  try {
    if (source.needsNetwork && !lease.builder.network) {
      how = 'reuse';
      return { made: withoutNetwork(build, `${lease.builder.name} has none`), log: '' };
    }
    const made = await makeSrpm(order, lease);
    if (made.isClean) how = 'reuse';
    return made;
  } finally {
    // Nobody waits for it: the builds can begin meanwhile.
    lease.release(how).catch((error) => {
      const message = `builder ${lease.builder.name} could not be given back: ${describeError(error)}`;
      context.log('error', message, { build: nameBuild(build) });
    });
  }
}

function withoutNetwork({ source }: QueuedBuild, why: string): Outcome<string> {
  const message = `A source of the type ${source.type} that uses the network needs a builder with one, and ${why}: take \`network\` out of the package, or give the service a pool with another driver.`;
  return fail('source', message);
}

function endingOf(made: Outcome<unknown>, artifacts: Ending['artifacts'], endedAt: Date): Ending {
  if (made.ok) {
    return { state: 'succeeded', reason: null, message: null, excerpt: [], engine: null, artifacts, endedAt };
  }
  return { state: 'failed', ...made.failure, engine: null, artifacts, endedAt };
}
