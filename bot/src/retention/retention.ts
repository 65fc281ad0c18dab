// Retention of a running service: a pass a day by itself, and one whenever somebody asks.
import type { Log } from '@coppice/builder-runner/runner';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { PruneReport } from '../vocabulary/prune-report.ts';
import { describePrune, type PruneContext, pruneAll, touchedBy } from './prune-all.ts';

export interface RetentionContext extends PruneContext {
  readonly config: () => ConfigAtCommit | undefined;
  /** Called when something has gone of these projects (`owner/name`). */
  readonly changed: (projects: ReadonlySet<string>) => Promise<unknown>;
  readonly log: Log;
}

export interface RetentionPasses {
  /** Undefined while no config is in force. Passes follow each other. Rejects on faults of the machinery. */
  prune(options: { readonly dryRun: boolean }): Promise<PruneReport | undefined>;
  /** Begins a pass now, and one each day from now on; one that was bounded goes on a little later. */
  start(): void;
  /** Ends after the pass that is under way. */
  stop(): Promise<void>;
}

const dayMilliseconds = 86_400_000;
const pauseMilliseconds = 60_000;

export function createRetention(context: RetentionContext): RetentionPasses {
  let running: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const stopping = new AbortController();
  const { signal } = stopping;
  const pass = (options: { readonly dryRun: boolean; readonly once?: boolean }) => {
    const done = running.then(async () => {
      const at = context.config();
      if (at === undefined || signal.aborted) return undefined;
      const report = await pruneAll(at, { ...context, signal }, options);
      for (const problem of report.problems) context.log('warn', problem);
      const touched = touchedBy(report);
      if (options.dryRun || touched.size === 0) return report;
      context.log('info', describePrune(report));
      await context.changed(touched);
      return report;
    });
    running = done.catch(() => undefined);
    return done;
  };
  const look = async () => {
    const isCut = await pass({ dryRun: false, once: true }).then(
      (report) => report?.isCut === true,
      (error: unknown) => context.log('error', 'What nobody needs any more could not be removed', { error }),
    );
    if (!signal.aborted) timer = setTimeout(look, isCut ? pauseMilliseconds : dayMilliseconds).unref();
  };
  return {
    async prune({ dryRun }) {
      const report = await pass({ dryRun });
      if (report === undefined) return undefined;
      const { isCut: _, ...said } = report;
      return said;
    },
    start: () => void look(),
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
