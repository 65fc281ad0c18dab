// A whole runner for tests: a home, a config repo made with real git, a static server, a queue, and the real Sapling
// distribution.
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type BuildId,
  type BuildRequest,
  type Buildroot,
  type ChrootName,
  type PinnedSource,
  published as places,
  plainBuildroot,
  type QueuedBuild,
  type Result,
  resultSchema,
  settingsSchema,
} from '@coppice/config';
import { execa } from 'execa';
import { openQueue, type Queue, type QueueChange } from '../src/queue/index.ts';
import { openPool, type Runner, type RunnerOptions, startRunner } from '../src/runner.ts';
import type { PackageFiles } from './packages.ts';
import { serveFolder } from './serve-folder.ts';

const repository = join(import.meta.dirname, '..', '..');
export const sapling = 'sapling-12-x86_64' as ChrootName;
export const otherSapling = 'sapling-other-12-x86_64' as ChrootName;
const distribution = join(repository, 'var', 'test', 'distributions', sapling);

export interface TestService {
  readonly home: string;
  readonly url: string;
  readonly queue: Queue;
  readonly runner: Runner;
  readonly lines: readonly string[];
  /** Another runner on the same home; the one before must have stopped. */
  startAgain(): Promise<Runner>;
  /** Puts builds in; `after` are indexes into the same list. */
  enqueue(requests: readonly TestRequest[]): Promise<readonly QueuedBuild[]>;
  /** Resolves when the build has left the queue. */
  gone(id: BuildId): Promise<QueuedBuild>;
  /** Resolves with the first state of the build for which `fits`. */
  until(id: BuildId, fits: (build: QueuedBuild) => boolean): Promise<QueuedBuild>;
  result(build: QueuedBuild): Promise<Result>;
  stop(): Promise<void>;
}

export interface TestRequest {
  readonly package: string;
  /** Of owner acme. Default: tools. */
  readonly project?: string;
  /** Default: the package's name, so that nothing waits for another package. */
  readonly batch?: string;
  readonly buildroot?: Partial<Buildroot>;
  /** Besides Sapling, what the package asks for in it; the config repo has a configuration of this name. */
  readonly also?: { readonly chroot: string; readonly buildroot: Partial<Buildroot> };
  readonly memoryBytes?: number;
  readonly builderLabels?: readonly string[];
  readonly after?: readonly number[];
  readonly timeoutSeconds?: number;
  readonly diskBytes?: number;
  /** Default: the package's folder in the config repo. */
  readonly source?: PinnedSource;
}

/**
 * Starts everything; `packages` are the folders of the config repo, all of project acme/tools. Project acme/iced is
 * frozen. `settings` are service settings as YAML would hold them.
 */
export async function startTestService(
  packages: Readonly<Record<string, PackageFiles>>,
  settings: unknown = {},
): Promise<TestService> {
  const place = await makeTestHome(packages);
  const { home, url, root } = place;
  const now = () => new Date();
  const queue = await openQueue({ folder: join(home, 'state', 'queue'), now });
  const lines: string[] = [];
  const log: RunnerOptions['log'] = (level, message, fields) =>
    lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
  let runner: Runner;
  const start = async () => {
    runner = await startTestRunner({ home, url, port: place.port, settings, queue, log });
    return runner;
  };
  const first = await start();
  const until = (id: BuildId, fits: (build: QueuedBuild) => boolean) =>
    untilChange(queue, id, ({ build }) => fits(build));
  return {
    home,
    url,
    queue,
    runner: first,
    lines,
    startAgain: start,
    enqueue: (requests) => queue.enqueue(requests.map((request) => place.request(request))),
    until,
    gone: (id) => untilChange(queue, id, ({ gone }) => gone),
    result: async (build) => {
      const path = join(root, places.chrootBuild(build, sapling), 'result.json');
      return resultSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    },
    stop: async () => {
      await runner.stop({ drain: false });
      await queue.close();
      await place.remove();
    },
  };
}

/** What a runner needs to know to work in a test's home. */
export interface TestRunnerOptions {
  readonly home: string;
  readonly url: string;
  readonly port: number;
  /** Service settings as YAML would hold them. */
  readonly settings: unknown;
  readonly queue: Queue;
  readonly log: RunnerOptions['log'];
}

/** A runner with its pool. */
export async function startTestRunner(options: TestRunnerOptions): Promise<Runner> {
  const { home, url, port, queue, log } = options;
  const now = () => new Date();
  const settings = settingsSchema.parse(options.settings);
  const pool = await openPool({ settings, home, controlPort: port, log, now });
  const isFrozen = (_: string, project: string) => project === 'iced';
  return startRunner({ queue, pool, settings, home, url, controlPort: port, isFrozen, log, now });
}

export interface TestHome {
  /** COPPICE_HOME. */
  readonly home: string;
  /** Its published tree, served at `url`. */
  readonly root: string;
  readonly url: string;
  readonly port: number;
  request(request: TestRequest): BuildRequest;
  /** Ends the server and removes the folder. */
  remove(): Promise<void>;
}

/**
 * Everything but the queue and the runner: a home with a config repository of these packages, and a server for its
 * published tree. `prepare` gets the home while it is empty.
 */
export async function makeTestHome(
  packages: Readonly<Record<string, PackageFiles>>,
  prepare?: (home: string) => Promise<void>,
): Promise<TestHome> {
  await makeDistribution();
  const home = await mkdtemp(join(tmpdir(), 'coppice-runner-'));
  await prepare?.(home);
  const pins = await makeConfigRepository(home, packages);
  const root = join(home, 'published');
  await mkdir(join(root, 'distributions'), { recursive: true });
  await symlink(distribution, join(root, places.distribution(sapling)));
  await shareRoots(home);
  const server = await serveFolder(root);
  const { port } = server.address() as AddressInfo;
  return {
    ...{ home, root, port },
    url: `http://127.0.0.1:${port}`,
    request: (request) => fullRequest(request, pins),
    remove: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(home, { recursive: true, force: true });
    },
  };
}

/**
 * Tests have homes of their own, and base roots in common, as the services of one machine have: what one has made the
 * next ones find. A root is kept under what it is made of, so that none is ever out of date.
 */
async function shareRoots(home: string): Promise<void> {
  const roots = join(repository, 'var', 'test', 'roots');
  await mkdir(roots, { recursive: true });
  await mkdir(join(home, 'cache'), { recursive: true });
  await symlink(roots, join(home, 'cache', 'roots'));
}

/** Returns at once when it is up to date. */
async function makeDistribution(): Promise<void> {
  const program = join(repository, 'ansible', 'sapling', 'make-sapling');
  await execa(program, ['--output', distribution, '--cache', join(repository, 'var', 'test', 'cache')]);
}

interface Pins {
  readonly commit: string;
  readonly trees: ReadonlyMap<string, string>;
}

const folderOf = (name: string) => `packages/acme/tools/${name}`;

async function makeConfigRepository(home: string, packages: Readonly<Record<string, PackageFiles>>): Promise<Pins> {
  const work = await mkdtemp(join(tmpdir(), 'coppice-config-'));
  const git = async (...args: string[]) => (await execa('git', ['-C', work, ...args])).stdout;
  try {
    for (const [name, files] of Object.entries(packages)) {
      for (const [path, text] of Object.entries(files)) {
        const file = join(work, folderOf(name), path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
      }
    }
    await cp(join(repository, 'config', 'example', 'chroots'), join(work, 'chroots'), { recursive: true });
    // The same by another name, for builds of several chroots.
    await cp(join(work, 'chroots', `${sapling}.cfg`), join(work, 'chroots', `${otherSapling}.cfg`));
    await git('init', '--quiet');
    await git('add', '.');
    await git('-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '--quiet', '-m', 'Packages');
    await execa('git', ['clone', '--quiet', '--bare', work, join(home, 'state', 'config.git')]);
    const trees = new Map<string, string>();
    for (const name of Object.keys(packages)) trees.set(name, await git('rev-parse', `HEAD:${folderOf(name)}`));
    return { commit: await git('rev-parse', 'HEAD'), trees };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function fullRequest(request: TestRequest, pins: Pins): BuildRequest {
  const name = request.package;
  return {
    owner: 'acme',
    project: request.project ?? 'tools',
    package: name,
    source: request.source ?? {
      type: 'dir',
      commit: pins.commit,
      path: folderOf(name),
      tree: pins.trees.get(name) ?? '',
    },
    chroots: [
      { chroot: sapling, inputDigest: `digest of ${name}`, buildroot: { ...plainBuildroot, ...request.buildroot } },
      ...(request.also === undefined
        ? []
        : [
            {
              chroot: request.also.chroot as ChrootName,
              inputDigest: `other digest of ${name}`,
              buildroot: { ...plainBuildroot, ...request.also.buildroot },
            },
          ]),
    ],
    after: request.after ?? [],
    afterBuilds: [],
    timeoutSeconds: request.timeoutSeconds ?? 300,
    memoryBytes: request.memoryBytes ?? null,
    background: false,
    builderLabels: request.builderLabels ?? [],
    diskBytes: request.diskBytes ?? 2 * 1024 ** 3,
    sourceBytes: 10 * 1024 ** 2,
    repos: [],
    requestedBy: 'tester',
    request: 'https://example.org/request',
    configCommit: pins.commit,
    batch: request.batch ?? name,
  };
}

/** Resolves with the build when a change of it fits, or at once when it does as it is. */
export function untilChange(queue: Queue, id: BuildId, fits: (change: QueueChange) => boolean): Promise<QueuedBuild> {
  return new Promise((resolve) => {
    const look = (change: QueueChange) => {
      if (change.build.id !== id || !fits(change)) return;
      stop();
      resolve(change.build);
    };
    const stop = queue.onChange(look);
    const build = queue.build(id);
    if (build !== undefined) look({ build, gone: false });
    else if (build === undefined)
      look({ build: { id, chroots: [] as QueuedBuild['chroots'] } as QueuedBuild, gone: true });
  });
}
