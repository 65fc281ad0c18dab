// A pinned source → a folder of this machine with all that the source package is made of. The other end is hostile.
import type { PinnedSource } from '@coppice/config';
import type { Outcome } from '../outcome.ts';
import type { FetchRules } from '../remote/addresses.ts';
import { downloadSrpm } from './download-srpm.ts';
import { fetchFromConfigRepo } from './fetch-config-folder.ts';
import { fetchFromDistgit, fetchFromGit } from './fetch-git.ts';
import { fetchGem, fetchSdist } from './fetch-release.ts';
import { fetchScript } from './fetch-script.ts';
import type { FetchedSource } from './fetched-source.ts';
import type { SourceCache } from './source-cache.ts';

export interface FetchOrder {
  readonly source: PinnedSource;
  /** Absolute path of the bare mirror of the config repo. */
  readonly configRepository: string;
  /** Empty folder that gets the sources. */
  readonly folder: string;
  readonly cache: SourceCache;
  readonly rules: FetchRules;
  /** Upper bound of all sources together. */
  readonly sourceBytes: number;
  /** For each server that is asked. */
  readonly seconds: number;
  /** The chroot whose macros the spec is read with. */
  readonly chroot: string;
  /** Whether policy and package let the making of the source package reach the network. */
  readonly network: boolean;
  readonly signal: AbortSignal;
}

/**
 * Fetches, or takes from the cache what was fetched before; everything that the source does wrong is a failure with reason `source` and
 * one sentence.
 */
export async function fetchSource(order: FetchOrder): Promise<Outcome<FetchedSource>> {
  const fetched = await fetchByType(order);
  await order.cache.prune(order.rules.sources.cacheBytes);
  return fetched;
}

async function fetchByType(order: FetchOrder): Promise<Outcome<FetchedSource>> {
  const { source } = order;
  switch (source.type) {
    case 'dir':
      return fetchFromConfigRepo(order, source);
    case 'git':
      return fetchFromGit(order, source);
    case 'distgit':
      return fetchFromDistgit(order, source);
    case 'srpm':
      return downloadSrpm(order, source);
    case 'pypi':
      return fetchSdist(order, source);
    case 'rubygems':
      return fetchGem(order, source);
    case 'script':
      return fetchScript(order, source);
  }
}
