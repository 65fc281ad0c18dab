// Fetches a pinned source into a local folder that holds everything the source package is made of. The server is
// hostile.
import type { Outcome } from '../base/outcome.ts';
import { downloadSrpm } from './download-srpm.ts';
import { fetchFromConfigRepo } from './fetch-config-folder.ts';
import { fetchFromDistgit, fetchFromGit } from './fetch-git.ts';
import type { FetchOrder } from './fetch-order.ts';
import { fetchGem, fetchSdist } from './fetch-release.ts';
import { fetchScript } from './fetch-script.ts';
import type { FetchedSource } from './fetched-source.ts';

/**
 * Fetches, or takes from the cache what was fetched before; everything that the source does wrong is a failure with
 * reason `source` and one sentence.
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
