// The SRPM task: fetch the source, have a builder make the source package, publish it with its log and record.
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type ChrootName, plainBuildroot, published, type QueuedBuild, type QueuedChroot } from '@coppice/config';
import { describeError, isBuilderFault } from '../base/errors.ts';
import { type Failure, fail, type Outcome, succeed } from '../base/outcome.ts';
import { noteChange } from '../base/published-changes.ts';
import { listed } from '../base/sentence-parts.ts';
import { readDriverFacts } from '../builder/driver-facts.ts';
import { needOf as needOfChroot } from '../chroot-build/need.ts';
import { nameBuild, type RunnerContext } from '../context/runner-context.ts';
import type { BuilderNeed, Lease } from '../pool/pool.ts';
import { type Ending, type FetchedRecords, forPublic, recordOfSrpm, writeRecord } from '../publish/record.ts';
import { describeArtifacts } from '../rpm/describe-artifacts.ts';
import { readRpmHeader } from '../rpm/rpm-header.ts';
import type { SpecSources } from '../source/fetched-source.ts';
import { chrootsToMake, fetchForBuild, isLive } from './fetch-for-build.ts';
import { findReturnFault } from './line-ends.ts';
import { type MadeSrpm, makeSrpm, packSource, type SrpmOrder } from './make-srpm.ts';
import { composeSrpmLog, type SrpmLogParts } from './srpm-log.ts';
import type { MakeableSource } from './srpm-plan.ts';
import { sourcesLeftOut } from './srpm-verdict.ts';

/** How the source package came about; its file, where there is one, is in `folder`. */
interface Attempt extends SrpmLogParts, FetchedRecords {
  readonly folder: string;
  /** Absolute paths of those that some chroots have instead. */
  readonly variants: ReadonlyMap<string, string>;
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
  const { folder, builder } = attempt;
  const { text, made: composed } = composeSrpmLog(attempt);
  const made = composed.ok ? composed : { ...composed, failure: forPublic(composed.failure, context.home) };
  const target = join(context.home, 'published', published.srpmBuild(build));
  // What an earlier try left, a source package of one chroot among it, belongs to no build any more.
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  const files = made.ok ? [made.value, ...(await publishVariants(attempt, target))] : [];
  if (made.ok) await rename(join(folder, made.value), join(target, made.value));
  await writeFile(join(target, 'srpm.log'), text);
  const artifacts = await describeArtifacts(target, files);
  await writeFile(join(target, made.ok ? 'success' : 'fail'), '');
  const record = recordOfSrpm(build, startedAt, endingOf(made, artifacts, context.now()), attempt);
  await writeRecord(join(target, 'result.json'), { ...record, builder });
  noteChange(target);
  return made;
}

/** Each in a folder of its chroot; resolves with their paths in `target`. */
async function publishVariants({ variants }: Attempt, target: string): Promise<readonly string[]> {
  const files: string[] = [];
  for (const [chroot, path] of variants) {
    const file = `${chroot}/${basename(path)}`;
    await mkdir(join(target, chroot));
    // Chroots may share one.
    await link(path, join(target, file));
    files.push(file);
  }
  return files;
}

async function makeFromSource(
  context: RunnerContext,
  build: QueuedBuild,
  staging: string,
  signal: AbortSignal,
): Promise<Attempt> {
  const fetched = await fetchForBuild(context, build, join(staging, 'sources'), signal);
  const none = {
    folder: staging,
    variants: new Map<string, string>(),
    notes: '',
    log: '',
    fetched: [],
    submodules: [],
    commits: [],
    builder: null,
  };
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
    const made = withoutNetwork(build, 'the builders of this service have none');
    return { ...none, made, ...recordsOf(source) };
  }
  const returns = await findReturnFault(source);
  if (returns !== undefined) {
    return { ...none, made: { ok: false, failure: returns }, notes, ...recordsOf(source) };
  }
  const firstLine = await firstLineOf(source);
  for (const chroot of build.chroots) if (isLive(chroot)) context.pool.expect(needOfChroot(build, chroot));
  const target = join(staging, 'made');
  const order = { context, build, firstLine, target, signal };
  const upload = await packSource(source, staging);
  const first = await makeOnBuilder({ ...order, chroot: chrootFor(build, source), source, upload });
  const attempt = { ...none, ...first, folder: target, notes, ...recordsOf(source) };
  if (source.kind !== 'tree' || source.method !== 'spec') return attempt;
  if (!first.made.ok) return { ...attempt, made: { ok: false, failure: withUntried(first.made.failure, source) } };
  return makeVariants({ ...order, source, staging }, attempt);
}

/** A build ends with the first source package that cannot be made: says for which chroots no other was tried. */
export function withUntried(
  failure: Failure,
  { variants }: { readonly variants: readonly Pick<SpecSources, 'chroots'>[] },
): Failure {
  const chroots = variants.flatMap((variant) => variant.chroots);
  if (chroots.length === 0) return failure;
  const where = listed(chroots);
  return {
    ...failure,
    message: `${failure.message} For ${where}, where the spec names other sources, none was tried.`,
  };
}

function recordsOf({ fetched, submodules = [], commits = [] }: MakeableSource): FetchedRecords {
  return { fetched, submodules, commits };
}

interface VariantOrder extends Pick<SrpmOrder, 'context' | 'build' | 'target' | 'signal'> {
  readonly source: Extract<MakeableSource, { method: 'spec' }>;
  readonly staging: string;
}

/** A source package for each group of chroots in which the spec names other sources than in the first. */
async function makeVariants({ source, staging, ...order }: VariantOrder, first: Attempt): Promise<Attempt> {
  const variants = new Map<string, string>();
  let { log } = first;
  for (const [index, variant] of source.variants.entries()) {
    const [name = ''] = variant.chroots;
    const chroot = order.build.chroots.find((each) => each.chroot === name) as QueuedChroot;
    const place = join(staging, `variant-${index}`);
    const upload = await packSource({ ...source, ...variant }, place);
    const target = join(place, 'made');
    const made = await makeOnBuilder({ ...order, chroot, source: { ...source, ...variant }, upload, target });
    log += `\nThe source package for ${variant.chroots.join(', ')}, where the spec names other sources:\n`;
    if (!made.made.ok) return { ...first, ...failedFor(name, made, log) };
    log += made.log;
    for (const each of variant.chroots) variants.set(each, join(target, made.made.value));
  }
  return { ...first, log, variants };
}

/** `above`: what the log holds before. */
function failedFor(chroot: string, { made, log }: Pick<MadeSrpm, 'made' | 'log'>, above: string) {
  if (made.ok) return { made, log };
  const { failure } = made;
  const where = failure.where && { ...failure.where, line: failure.where.line + above.split('\n').length - 1 };
  const message = `For ${chroot}: ${failure.message}`;
  return { made: { ok: false, failure: { ...failure, message, where } } as const, log: `${above}${log}` };
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
  return chrootsToMake(build)[0] as SrpmOrder['chroot'];
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
  const most = context.settings.builders.attempts;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const lease = await context.pool.take(needOf(order), signal);
      const isLastTry = attempt > 1 && attempt >= most;
      return { ...(await makeWith({ ...order, isLastTry }, lease)), builder: lease.builder.name };
    } catch (error) {
      if (signal.aborted || !isBuilderFault(error) || attempt >= most) throw error;
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
