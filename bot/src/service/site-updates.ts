// Keeps the public JSON and the pages in step with the queue and with what users get of repositories: each change is
// written once, as soon as the last writing ended.
import { join } from 'node:path';
import type { Queue } from '@coppice/builder-runner/queue';
import { replaceFile } from '@coppice/builder-runner/replace-file';
import { type Log, watchChanges } from '@coppice/builder-runner/runner';
import { type BrokenPool, published as layout, type QueuedBuild, type ServiceJson } from '@coppice/config';
import { closeSite, keyOfChange, regenerate, type SiteChange, stopSite } from '@coppice/site/regenerate';

export interface SiteUpdates {
  /**
   * Everything, for instance after a change of the config. Resolves when it is written; rejects when nothing can be
   * written now, which is logged and tried again all the same.
   */
  all(): Promise<void>;
  /** Resolves when nothing is left to write. */
  idle(): Promise<void>;
  /** Stops watching. What cannot be written in a few seconds stays owed, and is written after the next start. */
  stop(): Promise<void>;
}

/** At the end: the pages of the last builds come in this time, those of all builds may not. */
const lastMilliseconds = 3000;

/**
 * Watches `queue`, what users get of repositories and the pools that cannot make builders, and writes
 * `api/v1/queue.json` and the pages below `published`. Faults are logged; what could not be written stays owed and is
 * tried again, later and later.
 */
export function startSiteUpdates(options: {
  readonly queue: Queue;
  /** Asked every `lookMilliseconds`. */
  readonly brokenPools: () => readonly BrokenPool[];
  /** What `api/v1/service.json` says. */
  readonly service: () => ServiceJson;
  /** Default: 5000. */
  readonly lookMilliseconds?: number;
  /** Before what failed is tried again; each failure in a row doubles it, up to five minutes. Default: 1000. */
  readonly retryMilliseconds?: number;
  readonly published: string;
  /** The file in which the site keeps what it has read. */
  readonly history: string;
  readonly url: string;
  readonly now: () => Date;
  readonly log: Log;
}): SiteUpdates {
  const { queue, brokenPools, service, lookMilliseconds = 5000, retryMilliseconds = 1000 } = options;
  const { published, history, url, now, log } = options;
  let waiting = new Map<string | number, SiteChange>();
  let everything = false;
  /** The broken pools and the service as they were written last. */
  let told = '';
  const telling = () => JSON.stringify([brokenPools(), service()]);
  let running: Promise<void> | undefined;
  /** In a row. */
  let failures = 0;
  /** Nothing could be written: nothing is tried before the pause is over, unless somebody asks for everything. */
  let isBlocked = false;
  /** What is owed is to be tried again, although nothing has changed. */
  let isRetry = false;
  let pause: NodeJS.Timeout | undefined;
  let isStopped = false;
  /** Who waits for everything to be written. */
  let askers: PromiseWithResolvers<void>[] = [];

  const isDue = () => everything || isRetry || waiting.size > 0 || told !== telling();
  const tryLater = () => {
    const wait = Math.min(longestPauseMilliseconds, retryMilliseconds * 2 ** Math.min(failures, 20));
    failures += 1;
    clearTimeout(pause);
    if (isStopped) return;
    pause = setTimeout(() => {
      isBlocked = false;
      isRetry = true;
      void start();
    }, wait).unref();
  };
  const writeOnce = async (): Promise<'all' | 'most' | 'nothing'> => {
    const changes = waiting;
    const all = everything;
    const asking = askers;
    askers = [];
    everything = false;
    isRetry = false;
    waiting = new Map();
    const broken = brokenPools();
    const toTell = telling();
    try {
      await writeQueueSnapshot(published, { builds: queue.builds(), brokenPools: broken }, now());
      await replaceFile(join(published, layout.serviceJson), `${JSON.stringify(service())}\n`, { sync: false });
      const reported = all ? 'all' : [...changes.values()];
      const { problems, incomplete } = await regenerate({ published, history, changes: reported, url });
      told = toTell;
      for (const problem of problems) log('warn', problem);
      for (const asker of asking) asker.resolve();
      return incomplete ? 'most' : 'all';
    } catch (error) {
      log('error', 'The site could not be written, and is tried again', { error });
      everything ||= all;
      waiting = new Map([...changes, ...waiting]);
      for (const asker of asking) asker.reject(error);
      return 'nothing';
    }
  };
  const work = async () => {
    while (!isBlocked && isDue()) {
      const written = await writeOnce();
      isBlocked = written === 'nothing' && askers.length === 0;
      if (written !== 'all') tryLater();
      else {
        failures = 0;
        clearTimeout(pause);
      }
    }
  };
  const start = () => {
    running ??= work().finally(() => {
      running = undefined;
      // What was asked for since the last look.
      if (!isBlocked && isDue()) void start();
    });
    return running;
  };
  const add = (change: SiteChange) => {
    waiting.set(keyOfChange(change), change);
    void start();
  };
  const forget = queue.onChange(({ build }) => {
    const { id, owner, project } = build;
    add({ id, owner, project, package: build.package });
  });
  // Whoever publishes or takes back says what users get in a file beside the repository.
  const ignore = watchChanges(published, (path) => {
    const [, owner, project, chroot] = /^results\/([^/]+)\/([^/]+)\/([^/]+)\/shown\.json$/.exec(path) ?? [];
    if (owner !== undefined && project !== undefined && chroot !== undefined) add({ owner, project, chroot });
  });
  const looking = setInterval(() => void start(), lookMilliseconds);
  looking.unref();
  const idle = async () => {
    while (running !== undefined) await running;
  };
  return {
    all() {
      const asker = Promise.withResolvers<void>();
      askers.push(asker);
      everything = true;
      isBlocked = false;
      void start();
      return asker.promise;
    },
    idle,
    async stop() {
      isStopped = true;
      clearInterval(looking);
      clearTimeout(pause);
      forget();
      ignore();
      const tooLong = setTimeout(() => stopSite(published), lastMilliseconds);
      await idle();
      clearTimeout(tooLong);
      closeSite(published);
    },
  };
}

const longestPauseMilliseconds = 300_000;

async function writeQueueSnapshot(
  published: string,
  state: { readonly builds: readonly QueuedBuild[]; readonly brokenPools: readonly BrokenPool[] },
  now: Date,
): Promise<void> {
  const path = join(published, layout.queueJson);
  // Each change of the queue writes it anew.
  await replaceFile(path, `${JSON.stringify({ generatedAt: now.toISOString(), ...state })}\n`, { sync: false });
}
