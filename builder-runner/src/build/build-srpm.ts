// The SRPM task: fetch the source, have a builder make the source package, publish it with its log and record.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ChrootName,
  type FetchedFileRecord,
  isFinal,
  plainBuildroot,
  published,
  type QueuedBuild,
} from '@coppice/config';
import type { BuilderNeed, Lease } from '../builder/pool.ts';
import { describeError, isBuilderFault, RunnerError } from '../errors.ts';
import { type Ending, recordOfSrpm, writeRecord } from '../publish/record.ts';
import { describeArtifacts } from './check-results.ts';
import { fetchForBuild } from './fetch-for-build.ts';
import { type MadeSrpm, makeSrpm, type SrpmOrder } from './make-srpm.ts';
import { fail, type Outcome, succeed } from './outcome.ts';
import type { MakeableSource } from './srpm-plan.ts';
import { packSource } from './srpm-upload.ts';
import { nameBuild, type Workshop } from './work.ts';

/** How the source package came about; its file, where there is one, is in `folder`. */
interface Attempt {
  readonly folder: string;
  readonly made: Outcome<string>;
  readonly log: string;
  readonly fetched: readonly FetchedFileRecord[];
  /** Of the builder. */
  readonly builder: string | null;
}

/** Makes and publishes the build's source package; resolves with its file name. Throws RunnerError for faults of the machinery. */
export async function buildSrpm(shop: Workshop, build: QueuedBuild, signal: AbortSignal): Promise<Outcome<string>> {
  const startedAt = shop.now();
  const staging = join(shop.home, 'state', 'staging', `${build.id}-srpm`);
  try {
    await rm(staging, { recursive: true, force: true });
    await mkdir(join(staging, 'sources'), { recursive: true, mode: 0o700 });
    const attempt = await makeFromSource(shop, build, staging, signal);
    await publish(shop, build, startedAt, attempt);
    return attempt.made;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function publish(shop: Workshop, build: QueuedBuild, startedAt: Date, attempt: Attempt): Promise<void> {
  const { folder, made, fetched, builder } = attempt;
  const target = join(shop.home, 'published', published.srpmBuild(build));
  await mkdir(target, { recursive: true });
  if (made.ok) await rename(join(folder, made.value), join(target, made.value));
  const why = made.ok ? '' : `${made.failure.message}\n`;
  await writeFile(join(target, 'srpm.log'), `${attempt.log}${why}`);
  const artifacts = made.ok ? await describeArtifacts(target, [made.value]) : [];
  await writeFile(join(target, made.ok ? 'success' : 'fail'), '');
  const record = recordOfSrpm(build, startedAt, endingOf(made, artifacts, shop.now()), fetched);
  await writeRecord(join(target, 'result.json'), { ...record, builder });
}

async function makeFromSource(
  shop: Workshop,
  build: QueuedBuild,
  staging: string,
  signal: AbortSignal,
): Promise<Attempt> {
  const fetched = await fetchForBuild(shop, build, join(staging, 'sources'), signal);
  const nothing = { folder: staging, log: '', fetched: [], builder: null };
  if (!fetched.ok) return { ...nothing, made: fetched };
  const source = fetched.value;
  const notes = source.notes.map((note) => `${note}\n`).join('');
  if (source.kind === 'srpm') {
    const log = `${notes}${source.file} has the hash that the package names.\n`;
    return { ...nothing, ...source, made: succeed(source.file), log };
  }
  const upload = await packSource(source, staging);
  const target = join(staging, 'made');
  const order = { shop, build, chroot: chrootFor(build, source), source, upload, target, signal };
  const attempt = await makeOnBuilder(order);
  return { ...attempt, folder: target, log: `${notes}${attempt.log}`, fetched: source.fetched };
}

/** The chroot that a script names, or the first one that is still to be built for. */
function chrootFor(build: QueuedBuild, source: MakeableSource): SrpmOrder['chroot'] {
  const wanted = source.kind === 'script' ? source.chroot : undefined;
  const same = build.chroots.find(({ chroot }) => chroot === wanted);
  if (same !== undefined) return same;
  if (wanted !== undefined) return { chroot: wanted as ChrootName, buildroot: plainBuildroot };
  const live = build.chroots.find(({ state, cancelRequestedBy }) => !isFinal(state) && cancelRequestedBy === null);
  return (live ?? build.chroots[0]) as SrpmOrder['chroot'];
}

/** What making a source package wants of a builder. `tail`: for what comes before and after the command itself. */
function needOf({ shop, build, chroot }: SrpmOrder): BuilderNeed {
  const { owner, project } = build;
  const { srpmSeconds, collectSeconds } = shop.settings.timeouts;
  return { chroot: chroot.chroot, owner, project, trust: 'source', labels: [], seconds: srpmSeconds + collectSeconds };
}

/** On another builder when one fails, as often as the settings say. */
async function makeOnBuilder(order: SrpmOrder): Promise<Pick<Attempt, 'made' | 'log' | 'builder'>> {
  const { shop, build, signal } = order;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const lease = await shop.pool.take(needOf(order), signal);
      return { ...(await makeWith(order, lease)), builder: lease.builder.name };
    } catch (error) {
      if (signal.aborted || !isBuilderFault(error) || attempt >= shop.settings.builders.attempts) throw error;
      shop.log('warn', `the source package of ${nameBuild(build)} is tried again: ${describeError(error)}`);
    }
  }
}

async function makeWith(order: SrpmOrder, lease: Lease): Promise<Pick<MadeSrpm, 'made' | 'log'>> {
  const { source, shop, build } = order;
  let how: 'reuse' | 'end' = 'end';
  try {
    if (source.needsNetwork && !lease.builder.network) {
      how = 'reuse';
      return { made: withoutNetwork(lease), log: '' };
    }
    const made = await makeSrpm(order, lease);
    if (made.isClean) how = 'reuse';
    return made;
  } finally {
    // Nobody waits for it: the builds can begin meanwhile.
    lease.release(how).catch((error) => {
      const message = `builder ${lease.builder.name} could not be given back: ${describeError(error)}`;
      shop.log('error', message, { build: nameBuild(build) });
    });
  }
}

function withoutNetwork(lease: Lease): Outcome<string> {
  const why = `the builder ${lease.builder.name} has none`;
  return fail(
    'source',
    `Making this source package needs a network, and ${why}: use a driver whose builders have one.`,
  );
}

function endingOf(made: Outcome<unknown>, artifacts: Ending['artifacts'], endedAt: Date): Ending {
  if (made.ok) {
    return { state: 'succeeded', reason: null, message: null, excerpt: [], engine: null, artifacts, endedAt };
  }
  return { state: 'failed', ...made.failure, engine: null, artifacts, endedAt };
}

/** Absolute path of the published source package of a build. */
export function srpmPath(shop: Workshop, build: QueuedBuild): string {
  return join(shop.home, 'published', published.srpmBuild(build), build.srpm ?? '');
}
