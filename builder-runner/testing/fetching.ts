// Orders to fetch sources, for tests: a fresh folder each time, one cache.
import { execFileSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { type PinnedSource, plainBuildroot, type Settings, settingsSchema } from '@coppice/config';
import type { SpecReader } from '../src/source/fetch-order.ts';
import { fetchSource } from '../src/source/fetch-source.ts';
import { openSourceCache } from '../src/source/source-cache.ts';

export interface FetchOptions {
  readonly sourceBytes?: number;
  readonly seconds?: number;
  readonly chroot?: string;
  /** Instead of one. */
  readonly chroots?: readonly string[];
  /** Of all chroots. */
  readonly buildroot?: Partial<SpecReader['buildroot']>;
  readonly config?: string;
  readonly network?: boolean;
  readonly git?: Partial<Settings['git']>;
  readonly sources?: Partial<Settings['sources']>;
}

/** Everything is allowed that tests on one machine need; `options` says what is not. */
export function rulesFor({ git = {}, sources = {} }: FetchOptions = {}) {
  const { git: plainGit, sources: plainSources } = settingsSchema.parse({});
  return {
    git: { ...plainGit, protocols: ['https', 'http', 'file'] as Settings['git']['protocols'], ...git },
    sources: { ...plainSources, privateAddresses: true, ...sources },
  };
}

/** Fetches below `shared`, which holds `config.git` and gets the cache. */
export async function fetchInto(shared: string, source: PinnedSource, options: FetchOptions = {}) {
  return fetchSource({
    source,
    configRepository: join(shared, 'config.git'),
    folder: await mkdtemp(join(shared, 'case-')),
    cache: openSourceCache(join(shared, 'cache')),
    rules: rulesFor(options),
    sourceBytes: options.sourceBytes ?? 10_000_000,
    seconds: options.seconds ?? 20,
    readers: (options.chroots ?? [options.chroot ?? 'sapling-12-x86_64']).map((chroot) => ({
      ...{ chroot, buildroot: { ...plainBuildroot, ...options.buildroot }, config: options.config ?? '' },
    })),
    network: options.network ?? false,
    signal: new AbortController().signal,
  });
}

/** Runs git in a folder as somebody; resolves with what it prints. */
export function gitIn(folder: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'];
  return execFileSync('git', ['-C', folder, ...identity, ...args], { encoding: 'utf8' }).trim();
}
