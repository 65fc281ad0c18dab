// Ends builders that exist and belong to nobody: what drivers list, and what a folder on the control host tells of.
import { describeError } from '../base/errors.ts';
import type { BuilderSource } from '../builder/spawn.ts';
import type { OpenPool } from './configured-pools.ts';
import type { Fleet } from './fleet.ts';
import { readRecord, recordedNames } from './records.ts';

/** A start waits for this. To end a machine takes its cloud half a minute, and there may be as many as builds. */
const endedAtOnce = 8;

/** One round, cut short when the service stops. Never rejects: what cannot be ended now is there in the next one. */
export async function reapOnce(
  fleet: Fleet,
  pools: readonly OpenPool[],
  home: string,
  stopped: AbortSignal,
): Promise<void> {
  const { operations, log } = fleet;
  const found = new Map<string, BuilderSource>();
  for (const pool of pools) {
    for (const name of await listed(fleet, pool)) found.set(name, pool.settings);
  }
  // Also those that a driver forgot, or whose driver is not in the settings any more.
  for (const name of await recordedNames(home)) {
    const record = await readRecord(home, name);
    if (record !== undefined) found.set(name, record);
  }
  const left = found.entries(); // all take from the same
  const endNext = async () => {
    for (const [name, source] of left) {
      if (fleet.get(name) !== undefined || stopped.aborted) continue;
      try {
        await operations.end(name, source);
        log('warn', `builder ${name} belonged to nobody and was ended`);
      } catch (error) {
        log('error', `builder ${name} belongs to nobody and could not be ended: ${describeError(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: endedAtOnce }, endNext));
}

/**
 * Names of what the driver lists. What is idle and is not among them somebody else has ended: nobody should be given
 * it.
 */
async function listed(fleet: Fleet, { id, settings }: OpenPool): Promise<readonly string[]> {
  const { operations, log } = fleet;
  try {
    const before = fleet.all.filter(({ poolId, state }) => poolId === id && state === 'idle');
    const names = await operations.list(settings);
    const gone = before.filter(({ name }) => fleet.get(name)?.state === 'idle' && !names.includes(name));
    for (const { name } of gone) {
      log('warn', `builder ${name} is not there any more`, { pool: settings.name });
      void fleet.end(name);
    }
    return names;
  } catch (error) {
    log('error', `the builders of the pool ${settings.name} cannot be listed: ${describeError(error)}`);
    return [];
  }
}
