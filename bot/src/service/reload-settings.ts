// The settings while the service runs: read again on SIGHUP and when the file changes. Workers, builders and timeouts
// follow at once.
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Log } from '@coppice/builder-runner/runner';
import type { Settings } from '@coppice/config';

/** Keys that count at once; whatever else changes waits for the next start. */
const liveKeys = ['workers', 'exitOnWorker', 'builders', 'timeouts'] as const;

export interface SettingsChange {
  /** Those in force from now on. */
  readonly settings: Settings;
  /** Keys that changed and count: `workers`, `builders.pools` … */
  readonly applied: readonly string[];
  /** Keys that changed and count after a restart only. */
  readonly waiting: readonly string[];
}

/**
 * What follows from a file that is read again. `inForce` may differ from the file that was read at the start where the
 * service fills something in; `before` and `after` are the file's. Pure.
 */
export function changeSettings(inForce: Settings, before: Settings, after: Settings): SettingsChange {
  const changed = changedKeys(before, after);
  const isLive = (key: string) => liveKeys.some((live) => key === live || key.startsWith(`${live}.`));
  return {
    settings: { ...inForce, ...liveOf(after) },
    applied: changed.filter(isLive),
    waiting: changed.filter((key) => !isLive(key)),
  };
}

function liveOf({ workers, exitOnWorker, builders, timeouts }: Settings): Pick<Settings, (typeof liveKeys)[number]> {
  return { workers, exitOnWorker, builders, timeouts };
}

/** Names of the keys that differ, two levels deep. */
function changedKeys(before: Settings, after: Settings): readonly string[] {
  const keys: string[] = [];
  const [one, other] = [before, after] as unknown as Record<string, unknown>[];
  for (const key of allKeys(one, other)) {
    const [was, is] = [one?.[key], other?.[key]];
    if (isDeepStrictEqual(was, is)) continue;
    if (!isGroup(was) || !isGroup(is)) keys.push(key);
    else
      keys.push(
        ...allKeys(was, is)
          .filter((inner) => !isDeepStrictEqual(was[inner], is[inner]))
          .map((inner) => `${key}.${inner}`),
      );
  }
  return keys;
}

function allKeys(one: object | undefined, other: object | undefined): readonly string[] {
  return [...new Set([...Object.keys(one ?? {}), ...Object.keys(other ?? {})])];
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An editor writes a file in several steps. */
const settleMilliseconds = 200;

export interface SettingsReload {
  stop(): Promise<void>;
}

/**
 * Watches the file at `path` and listens for SIGHUP. `read` gives the settings as the file states them and throws what
 * people are to read when they are wrong: then those in force stay. `apply` is called with each change that counts.
 */
export function startSettingsReload(options: {
  readonly path: string;
  /** As the file stated them at the start. */
  readonly stated: Settings;
  readonly inForce: Settings;
  readonly read: () => Promise<Settings>;
  readonly apply: (settings: Settings) => void;
  readonly log: Log;
}): SettingsReload {
  const { path, read, apply, log } = options;
  let { stated, inForce } = options;
  let reading: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const reload = async (asked: boolean): Promise<void> => {
    try {
      const after = await read();
      const change = changeSettings(inForce, stated, after);
      // What waits is compared with what the service started with, so it is told again until the restart.
      stated = { ...stated, ...liveOf(after) };
      inForce = change.settings;
      if (change.applied.length > 0) {
        apply(inForce);
        log('info', `The settings were read again; these count from now on: ${change.applied.join(', ')}`);
      } else if (asked && change.waiting.length === 0) log('info', 'The settings were read again: nothing has changed');
      if (change.waiting.length > 0) {
        log(
          'warn',
          `These settings have changed and count after the next start of the service: ${change.waiting.join(', ')}`,
        );
      }
    } catch (error) {
      log('error', 'The settings were read again and cannot be used; those from before stay in force', { error });
    }
  };
  const soon = (asked: boolean) => {
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        reading = reading.then(() => reload(asked));
      },
      asked ? 0 : settleMilliseconds,
    );
  };
  const hangUp = () => soon(true);
  process.on('SIGHUP', hangUp);
  // The folder, not the file: many programs write another file and rename it.
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(dirname(path), (_, name) => {
      if (name === null || name === basename(path)) soon(false);
    });
    watcher.on('error', (error) =>
      log('warn', 'The settings file is not watched any more; SIGHUP still works', { error }),
    );
  } catch (error) {
    log('warn', 'The settings file cannot be watched; SIGHUP makes the service read it again', { error });
  }
  return {
    async stop() {
      process.off('SIGHUP', hangUp);
      watcher?.close();
      clearTimeout(timer);
      await reading;
    },
  };
}
