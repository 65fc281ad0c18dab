// Ends builders that exist and belong to nobody: what drivers list, and what a folder on the control host tells of.
import { describeError } from '../base/errors.ts';
import type { BuilderSource } from '../builder/spawn.ts';
import type { BuilderOperations } from './builder-operations.ts';
import type { OpenPool } from './configured-pools.ts';
import type { Held } from './held.ts';
import type { PoolOptions } from './pool.ts';
import { readRecord, recordedNames } from './records.ts';

export interface ReaperView extends Pick<PoolOptions, 'home' | 'log'> {
  readonly operations: BuilderOperations;
  readonly pools: readonly OpenPool[];
  readonly held: ReadonlyMap<string, Held>;
  readonly end: (held: Held) => Promise<void>;
  readonly isStopped: () => boolean;
}

/** One round. Never rejects: what cannot be ended now is there in the next one. */
export async function reapOnce(view: ReaperView): Promise<void> {
  const { home, operations, log, held, isStopped } = view;
  const found = new Map<string, BuilderSource>();
  for (const pool of view.pools) await listPool(view, pool, found);
  // Also those that a driver forgot, or whose driver is not in the settings any more.
  for (const name of await recordedNames(home)) {
    const record = await readRecord(home, name);
    if (record !== undefined) found.set(name, record);
  }
  for (const [name, source] of found) {
    if (held.has(name) || isStopped()) continue;
    try {
      await operations.end(name, source);
      log('warn', `builder ${name} belonged to nobody and was ended`);
    } catch (error) {
      log('error', `builder ${name} belongs to nobody and could not be ended: ${describeError(error)}`);
    }
  }
}

async function listPool(
  { operations, log, held, end }: ReaperView,
  { id, settings }: OpenPool,
  found: Map<string, BuilderSource>,
): Promise<void> {
  try {
    const before = [...held.values()].filter(({ poolId, state }) => poolId === id && state === 'idle');
    const listed = await operations.list(settings);
    for (const name of listed) found.set(name, settings);
    // Somebody else has ended it: nobody should be given it.
    const gone = before.filter(({ name, state }) => state === 'idle' && !listed.includes(name));
    for (const one of gone) {
      log('warn', `builder ${one.name} is not there any more`, { pool: settings.name });
      void end(one);
    }
  } catch (error) {
    log('error', `the builders of the pool ${settings.name} cannot be listed: ${describeError(error)}`);
  }
}
