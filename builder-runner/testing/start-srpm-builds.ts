// What makes source packages, without the rest of the line, for tests: a home, a queue, a pool of real builders of this
// machine.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { published, type QueuedBuild, type Result, resultSchema, settingsSchema } from '@coppice/config';
import type { Outcome } from '../src/base/outcome.ts';
import type { RunnerContext } from '../src/context/runner-context.ts';
import { openPool } from '../src/pool/open-pool.ts';
import type { BuilderPool } from '../src/pool/pool.ts';
import { openQueue } from '../src/queue/index.ts';
import { buildSrpm } from '../src/srpm/build-srpm.ts';
import type { PackageFiles } from './packages.ts';
import { makeTestHome, type TestHome, type TestRequest } from './start-test-service.ts';

export interface SrpmBuilds {
  readonly place: TestHome;
  readonly pool: BuilderPool;
  readonly lines: readonly string[];
  /** What is built from now on takes the chroots' configurations from this commit of the config repo. */
  useConfig(commit: string): void;
  /** Puts a build in and makes its source package. */
  make(request: TestRequest, options?: MakeOptions): Promise<MadeForTest>;
  stop(): Promise<void>;
}

export interface MakeOptions {
  readonly signal?: AbortSignal;
  /** Default: the settings' own. */
  readonly srpmSeconds?: number;
  readonly sourceBytes?: number;
}

export interface MadeForTest {
  readonly build: QueuedBuild;
  readonly outcome: Outcome<string>;
  readonly record: Result;
  readonly log: string;
  /** Absolute path of a file that was published with it. */
  path(name: string): string;
}

/** Starts it; `packages` are folders of the config repo, `settings` as YAML would hold them. */
export async function startSrpmBuilds(
  packages: Readonly<Record<string, PackageFiles>>,
  settings: unknown = {},
): Promise<SrpmBuilds> {
  const place = await makeTestHome(packages);
  const { home, url, port } = place;
  const now = () => new Date();
  const lines: string[] = [];
  const log: RunnerContext['log'] = (level, message, fields) =>
    lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
  const queue = await openQueue({ folder: join(home, 'state', 'queue'), now });
  const parsed = settingsSchema.parse(settings);
  const pool = await openPool({ settings: parsed, home, controlPort: port, log, now });
  let configCommit: string | undefined;
  return {
    place,
    pool,
    lines,
    useConfig: (commit) => {
      configCommit = commit;
    },
    make: async (wanted, options = {}) => {
      const plain = place.request(wanted);
      const { sourceBytes = plain.sourceBytes } = options;
      const request = { ...plain, sourceBytes, configCommit: configCommit ?? plain.configCommit };
      const [build] = (await queue.enqueue([request])) as readonly [QueuedBuild];
      const timeouts = { ...parsed.timeouts, srpmSeconds: options.srpmSeconds ?? parsed.timeouts.srpmSeconds };
      const context = { home, url, queue, pool, controlPort: port, log, now, settings: { ...parsed, timeouts } };
      const outcome = await buildSrpm(context, build, options.signal ?? new AbortController().signal);
      const path = (name: string) => join(home, 'published', published.srpmBuild(build), name);
      const record = resultSchema.parse(JSON.parse(await readFile(path('result.json'), 'utf8')));
      return { build, outcome, record, path, log: await readFile(path('srpm.log'), 'utf8') };
    },
    stop: async () => {
      await pool.stop({ keepLeased: false });
      await queue.close();
      await place.remove();
    },
  };
}
