// The config that counts: the last commit of the default branch without problems, read and kept in memory.
import { join } from 'node:path';
import { readRegularFile } from '@coppice/builder-runner/regular-file';
import { replaceFile } from '@coppice/builder-runner/replace-file';
import type { Log } from '@coppice/builder-runner/runner';
import {
  type ConfigParser,
  type ConfigRepo,
  createConfigParser,
  type KeyNote,
  type Parsed,
  projectKey,
  published,
  type SpecRequires,
} from '@coppice/config';
import type { DepartedPackage } from '../vocabulary/departed.ts';
import { countingLeaving, type LeavingProject } from '../vocabulary/leaving.ts';
import type { ConfigFiles, ConfigRepoMirror } from './mirror.ts';
import { specsOfPackages } from './package-specs.ts';
import { projectsJson } from './projects-json.ts';

/** A commit of the config repo without problems, with what pinning and planning need of it. */
export interface ConfigAtCommit {
  readonly commit: string;
  readonly config: ConfigRepo;
  readonly packageTrees: ReadonlyMap<string, string>;
  readonly chrootConfigDigests: ReadonlyMap<string, string>;
  /** By `owner/project/package`, where its spec is in the repo. */
  readonly specs?: ReadonlyMap<string, SpecRequires>;
  /** Path → the Git object id of each file that may be metadata of repositories. */
  readonly metadataIds?: ReadonlyMap<string, string>;
  /** Projects that it does not state any more and whose results are still there; only of the config in force. */
  readonly leaving?: readonly LeavingProject[];
  /** Packages that it does not state any more in projects that it states; only of the config in force. */
  readonly departed?: readonly DepartedPackage[];
}

/** A push touches few files: the parser of a mirror reads those alone again. */
const parsers = new WeakMap<ConfigRepoMirror, ConfigParser>();

/** Reads a commit and all that is wrong with it. Throws GitError. */
export async function readConfigAt(mirror: ConfigRepoMirror, commit: string): Promise<Parsed<ConfigAtCommit>> {
  const files = await mirror.read(commit);
  const parse = parsers.get(mirror) ?? createConfigParser();
  parsers.set(mirror, parse);
  const parsed = parse(files.tree);
  return parsed.ok ? { ok: true, value: configAt(commit, files, parsed.value) } : parsed;
}

/** What the files of a commit state, with what belongs to it. Pure. */
export function configAt(commit: string, files: ConfigFiles, config: ConfigRepo): ConfigAtCommit {
  const { packageTrees, chrootConfigDigests, metadataIds = new Map() } = files;
  return {
    commit,
    config,
    packageTrees,
    chrootConfigDigests,
    metadataIds,
    specs: specsOfPackages(config, files.specs),
  };
}

interface ConfigInForceOptions {
  readonly publishedFolder: string;
  /** owner/name of the config repo. */
  readonly repository: string;
  /** A project's signing keys, the one that signs first; none while it has none. */
  readonly keysOf: (owner: string, project: string) => Promise<readonly KeyNote[]>;
  readonly log: Log;
  /** Before what could not be published is tried again; doubled by each failure, up to five minutes. Default: 1000. */
  readonly retryMilliseconds?: number;
}

export interface ConfigInForce {
  /** Undefined until a commit without problems is known. */
  current(): ConfigAtCommit | undefined;
  /** Puts a config into force at once, and publishes it then; after a fault, which is logged, it is tried again. */
  adopt(config: ConfigAtCommit): void;
  /** Publishes what is in force again, after the keys of projects have changed. */
  refresh(): void;
  /** `listener` is called, and waited for, each time when `projects.json` says what is in force. */
  onChange(listener: () => unknown): void;
  /** Resolves when all that was adopted is published, or cannot be now. */
  settled(): Promise<void>;
  /** Nothing more is tried. */
  stop(): void;
}

export function createConfigInForce(options: ConfigInForceOptions): ConfigInForce {
  const listeners: (() => unknown)[] = [];
  let current: ConfigAtCommit | undefined;
  let publishing: Promise<void> = Promise.resolve();
  /** In a row. */
  let failures = 0;
  let pause: NodeJS.Timeout | undefined;
  let isStopped = false;
  const publish = async (config: ConfigAtCommit) => {
    if (config !== current || isStopped) return;
    clearTimeout(pause);
    try {
      await publishConfig(config, options);
      for (const listener of listeners) await listener();
      failures = 0;
    } catch (error) {
      options.log(
        'error',
        `The config of ${config.commit} is in force but could not be published, and is tried again`,
        { error },
      );
      const wait = Math.min(
        longestPauseMilliseconds,
        (options.retryMilliseconds ?? 1000) * 2 ** Math.min(failures, 20),
      );
      failures += 1;
      if (!isStopped) pause = setTimeout(() => later(config), wait).unref();
    }
  };
  const later = (config: ConfigAtCommit) => {
    publishing = publishing.then(() => publish(config));
  };
  return {
    current: () => current,
    adopt(config) {
      current = config;
      later(config);
    },
    refresh() {
      if (current !== undefined) later(current);
    },
    onChange: (listener) => void listeners.push(listener),
    settled: () => publishing,
    stop() {
      isStopped = true;
      clearTimeout(pause);
    },
  };
}

const longestPauseMilliseconds = 300_000;

/** Projects whose keys are asked for together; where they are to be made, that keeps a few processors busy. */
const keysAtOnce = 4;

/** Writes `api/v1/projects.json` in one step: readers see the old one or the new one. */
async function publishConfig(at: ConfigAtCommit, options: ConfigInForceOptions): Promise<void> {
  const keys = new Map<string, readonly KeyNote[]>();
  const { projects } = countingLeaving(at);
  for (let first = 0; first < projects.length; first += keysAtOnce) {
    const some = projects.slice(first, first + keysAtOnce);
    const found = await Promise.all(some.map(({ owner, name }) => options.keysOf(owner, name)));
    for (const [index, project] of some.entries()) keys.set(projectKey(project), found[index] ?? []);
  }
  const path = join(options.publishedFolder, published.projectsJson);
  const text = `${JSON.stringify(projectsJson(at, options.repository, keys), null, 2)}\n`;
  // What is as it was stays as it is: then nobody has to read it again after a start.
  const there = await readRegularFile(path, Buffer.byteLength(text));
  if (there?.kind === 'text' && there.text === text) return;
  // Each start would write it anew.
  await replaceFile(path, text, { sync: false });
}
