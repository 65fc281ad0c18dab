// Decides which new builders get their base root before anybody has them, and has drivers keep what was made for later
// builders.
import type { Settings } from '@coppice/config';
import { describeError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { readDriverFacts } from '../builder/driver-facts.ts';
import { type Builder, type Driver, keepRoots, sourceOf } from '../builder/spawn.ts';
import { prepareRoot } from './prepare-root.ts';

export interface ReadyRootsOptions {
  /** COPPICE_HOME, absolute. */
  readonly home: string;
  readonly settings: () => Settings;
  /** Local port of the HTTP server that serves `published/`. */
  readonly controlPort: number;
  readonly log: Log;
  readonly now: () => Date;
}

export interface NewBuilder {
  readonly builder: Builder;
  /** Somebody waits for just this one. */
  readonly isAwaited: boolean;
}

/**
 * Makes the base root of a new builder where that is worth it. To be called only for builders that nobody has had: what
 * is kept of one is there for the builders of all projects. Only an abort makes it reject: a builder without its root
 * is as good as any, and the build says what is wrong with it.
 */
export type ReadyRoots = (driver: Driver, made: NewBuilder, signal: AbortSignal) => Promise<void>;

/** What is kept of a chroot grows old; to look after it once an hour holds up one build. */
const triedSeconds = 3600;

export function openReadyRoots(options: ReadyRootsOptions): ReadyRoots {
  const tried = new Map<string, number>();
  const isLately = (at: number | undefined) => at !== undefined && options.now().getTime() - at < triedSeconds * 1000;
  return async (driver, { builder, isAwaited }, signal) => {
    const { driver: path, options: driverOptions } = sourceOf(driver);
    const key = JSON.stringify([path, driverOptions, builder.chroot]);
    try {
      const facts = await readDriverFacts(path);
      const keepsRoots = facts.keepsRoots ?? false;
      const isKept = builder.instance.roots?.includes(builder.chroot) ?? false;
      const isWorth = isWorthMaking({ isAwaited, keepsRoots, isKept, wasTried: isLately(tried.get(key)) });
      // What is made for no chroot in particular is called after none that exists.
      if (builder.chroot.startsWith('any-') || !isWorth) return;
      tried.set(key, options.now().getTime());
      const { timeouts, builders } = options.settings();
      const { home, controlPort, now } = options;
      await prepareRoot({
        ...{ home, builder, builderHasNetwork: facts.network, controlPort, now, signal },
        seconds: timeouts.provisionSeconds,
        reconnectSeconds: builders.reconnectSeconds,
        warn: (message) => options.log('warn', message, { builder: builder.name }),
      });
      if (keepsRoots) await keepRoots(driver, builder, signal);
    } catch (error) {
      signal.throwIfAborted();
      options.log('warn', `builder ${builder.name} begins without a base root: ${describeError(error)}`);
    }
  };
}

/**
 * Whoever waits for a builder is served best by getting it at once: their build makes the root, which takes as long.
 * Unless later builders gain by it, now and then. Pure.
 */
export function isWorthMaking(situation: {
  readonly isAwaited: boolean;
  /** The driver keeps roots for later builders. */
  readonly keepsRoots: boolean;
  /** It has kept the one of this chroot, not long ago, and this builder has it. */
  readonly isKept: boolean;
  /** The root of this chroot was to be kept before, not long ago. */
  readonly wasTried: boolean;
}): boolean {
  const { isAwaited, keepsRoots, isKept, wasTried } = situation;
  if (isKept) return false;
  return !isAwaited || (keepsRoots && !wasTried);
}
