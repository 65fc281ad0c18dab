// The sources of one build of the queue: what the queue and the settings say about fetching them.
import { join } from 'node:path';
import type { QueuedBuild } from '@coppice/config';
import type { Outcome } from '../base/outcome.ts';
import type { RunnerContext } from '../context/runner-context.ts';
import { fetchSource } from '../source/fetch-source.ts';
import type { FetchedSource } from '../source/fetched-source.ts';
import { openSourceCache } from '../source/source-cache.ts';

/** Fetches to the empty folder `folder` of this machine; see fetchSource. */
export async function fetchForBuild(
  context: RunnerContext,
  build: QueuedBuild,
  folder: string,
  signal: AbortSignal,
): Promise<Outcome<FetchedSource>> {
  const { settings, home } = context;
  return fetchSource({
    source: build.source,
    configRepository: join(home, 'state', 'config.git'),
    folder,
    cache: openSourceCache(join(home, 'state', 'cache')),
    rules: settings,
    sourceBytes: build.sourceBytes,
    seconds: settings.timeouts.sourceSeconds,
    chroot: build.chroots[0]?.chroot ?? '',
    // The plan held the package's `network` against the policy; it is the same for all chroots.
    network: build.chroots.some(({ buildroot }) => buildroot.network),
    signal,
  });
}
