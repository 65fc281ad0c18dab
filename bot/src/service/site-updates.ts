// Keeps the public JSON and the pages in step with the queue: each change is written once, as soon as the last writing
// ended.
import { join } from 'node:path';
import type { Queue } from '@coppice/builder-runner/queue';
import { replaceFile } from '@coppice/builder-runner/replace-file';
import type { Log } from '@coppice/builder-runner/runner';
import { type BrokenPool, published as layout, type QueuedBuild } from '@coppice/config';
import { regenerate, type SiteChange } from '@coppice/site/regenerate';

export interface SiteUpdates {
  /** Everything, for instance after a change of the config. Resolves when it is written. */
  all(): Promise<void>;
  /** Resolves when nothing is left to write. */
  idle(): Promise<void>;
  /** Stops watching and finishes what is under way. */
  stop(): Promise<void>;
}

/**
 * Watches `queue` and the pools that cannot make builders, and writes `api/v1/queue.json` and the pages below
 * `published`. Faults are logged; the next change tries again.
 */
export function startSiteUpdates(options: {
  readonly queue: Queue;
  /** Asked every `lookMilliseconds`. */
  readonly brokenPools: () => readonly BrokenPool[];
  /** Default: 5000. */
  readonly lookMilliseconds?: number;
  readonly published: string;
  readonly url: string;
  readonly now: () => Date;
  readonly log: Log;
}): SiteUpdates {
  const { queue, brokenPools, lookMilliseconds = 5000, published, url, now, log } = options;
  let waiting = new Map<number, SiteChange>();
  let everything = false;
  /** The broken pools as they were written last. */
  let toldPools = JSON.stringify([]);
  let running: Promise<void> | undefined;

  const work = async () => {
    while (everything || waiting.size > 0 || toldPools !== JSON.stringify(brokenPools())) {
      const changes = everything ? 'all' : [...waiting.values()];
      everything = false;
      waiting = new Map();
      const broken = brokenPools();
      toldPools = JSON.stringify(broken);
      try {
        await writeQueueSnapshot(published, { builds: queue.builds(), brokenPools: broken }, now());
        const { problems } = await regenerate({ published, changes, url, now: now() });
        for (const problem of problems) log('warn', problem);
      } catch (error) {
        log('error', 'The site could not be written', { error });
      }
    }
  };
  const start = () => {
    running ??= work().finally(() => {
      running = undefined;
    });
    return running;
  };
  const forget = queue.onChange(({ build }) => {
    const { id, owner, project } = build;
    waiting.set(id, { id, owner, project, package: build.package });
    void start();
  });
  const looking = setInterval(() => void start(), lookMilliseconds);
  looking.unref();
  const idle = async () => {
    while (running !== undefined) await running;
  };
  return {
    all() {
      everything = true;
      return start();
    },
    idle,
    async stop() {
      clearInterval(looking);
      forget();
      await idle();
    },
  };
}

async function writeQueueSnapshot(
  published: string,
  state: { readonly builds: readonly QueuedBuild[]; readonly brokenPools: readonly BrokenPool[] },
  now: Date,
): Promise<void> {
  const path = join(published, layout.queueJson);
  // Each change of the queue writes it anew.
  await replaceFile(path, `${JSON.stringify({ generatedAt: now.toISOString(), ...state })}\n`, { sync: false });
}
