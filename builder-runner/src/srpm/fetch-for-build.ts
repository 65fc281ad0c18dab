// The sources of one build of the queue: what the queue and the settings say about fetching them.
import { join } from 'node:path';
import { isFinal, type QueuedBuild, type QueuedChroot } from '@coppice/config';
import type { Outcome } from '../base/outcome.ts';
import type { RunnerContext } from '../context/runner-context.ts';
import type { SpecReader } from '../source/fetch-order.ts';
import { fetchSource } from '../source/fetch-source.ts';
import type { FetchedSource } from '../source/fetched-source.ts';
import { readConfigFile } from '../source/read-config-file.ts';
import { openSourceCache } from '../source/source-cache.ts';

/** Fetches to the empty folder `folder` of this machine; see fetchSource. */
export async function fetchForBuild(
  context: RunnerContext,
  build: QueuedBuild,
  folder: string,
  signal: AbortSignal,
): Promise<Outcome<FetchedSource>> {
  const { settings, home } = context;
  const configRepository = join(home, 'state', 'config.git');
  return fetchSource({
    source: build.source,
    configRepository,
    folder,
    cache: openSourceCache(join(home, 'state', 'cache')),
    rules: settings,
    sourceBytes: build.sourceBytes,
    seconds: settings.timeouts.sourceSeconds,
    readers: await Promise.all(chrootsToMake(build).map((each) => readerOf(configRepository, build, each))),
    // The plan held the package's `network` against the policy; it is the same for all chroots.
    network: build.chroots.some(({ buildroot }) => buildroot.network),
    signal,
  });
}

/** The chroots that the source package is for, those that nobody gave up first: in the first of all it is made. */
export function chrootsToMake({ chroots }: QueuedBuild): readonly QueuedChroot[] {
  const live = chroots.filter(isLive);
  return live.length === 0 ? chroots.slice(0, 1) : live;
}

export function isLive({ state, cancelRequestedBy }: QueuedChroot): boolean {
  return !isFinal(state) && cancelRequestedBy === null;
}

async function readerOf(
  configRepository: string,
  { configCommit }: QueuedBuild,
  { chroot, buildroot }: QueuedChroot,
): Promise<SpecReader> {
  const config = (await readConfigFile(configRepository, configCommit, `chroots/${chroot}.cfg`)) ?? '';
  return { chroot, buildroot, config };
}
