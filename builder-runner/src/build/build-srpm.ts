// The SRPM task: fetch the source, make the source package in the sandbox, publish it with its log and record.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { published, type QueuedBuild } from '@coppice/config';
import { type Ending, recordOfSrpm, writeRecord } from '../publish/record.ts';
import { describeArtifacts } from './check-results.ts';
import { fetchSource } from './fetch-source.ts';
import { makeSrpm } from './make-srpm.ts';
import { type Outcome, succeed } from './outcome.ts';
import type { Workshop } from './work.ts';

interface Srpm {
  readonly folder: string;
  readonly file: string;
  readonly log: string;
}

/** Makes and publishes the build's source package; resolves with its file name. Throws RunnerError for faults of the machinery. */
export async function buildSrpm(shop: Workshop, build: QueuedBuild, signal: AbortSignal): Promise<Outcome<string>> {
  const startedAt = shop.now();
  const staging = join(shop.home, 'state', 'staging', `${build.id}-srpm`);
  const target = join(shop.home, 'published', published.srpmBuild(build));
  try {
    await rm(staging, { recursive: true, force: true });
    await mkdir(join(staging, 'sources'), { recursive: true, mode: 0o700 });
    const made = await makeFromSource(shop, build, staging, signal);
    await mkdir(target, { recursive: true });
    if (made.ok) await rename(join(made.value.folder, made.value.file), join(target, made.value.file));
    const log = made.ok ? made.value.log : `${made.failure.message}\n${made.failure.excerpt.join('\n')}\n`;
    await writeFile(join(target, 'srpm.log'), log);
    const artifacts = made.ok ? await describeArtifacts(target, [made.value.file]) : [];
    const ending = endingOf(made, artifacts, shop.now());
    await writeFile(join(target, made.ok ? 'success' : 'fail'), '');
    await writeRecord(join(target, 'result.json'), recordOfSrpm(build, startedAt, ending));
    return made.ok ? succeed(made.value.file) : made;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function makeFromSource(
  shop: Workshop,
  build: QueuedBuild,
  staging: string,
  signal: AbortSignal,
): Promise<Outcome<Srpm>> {
  const { settings } = shop;
  const fetched = await fetchSource({
    source: build.source,
    configRepository: join(shop.home, 'state', 'config.git'),
    folder: join(staging, 'sources'),
    sourceBytes: build.sourceBytes,
    seconds: settings.timeouts.sourceSeconds,
    git: settings.git,
    signal,
  });
  if (!fetched.ok) return fetched;
  const source = fetched.value;
  if (source.kind === 'srpm') {
    const log = `${source.file} was downloaded; its hash is the one that the package names.\n`;
    return succeed({ folder: join(staging, 'sources'), file: source.file, log });
  }
  const output = join(staging, 'out');
  const made = await makeSrpm({
    sources: source.folder,
    spec: source.spec,
    output,
    seconds: settings.timeouts.srpmSeconds,
    sourceBytes: build.sourceBytes,
    signal,
  });
  return made.ok ? succeed({ folder: output, ...made.value }) : made;
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
