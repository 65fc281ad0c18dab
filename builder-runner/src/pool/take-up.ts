// Builders that an earlier run of the service has left: kept for somebody, or to its builds.
import { readDriverFacts } from '../builder/driver-facts.ts';
import { poolId } from './configured-pools.ts';
import type { Fleet } from './fleet.ts';
import type { BuilderNeed } from './pool.ts';
import { isLeftFor } from './pooled-builder.ts';
import { type BuilderRecord, readBuilder, readRecord, recordedNames } from './records.ts';
import { takenUp } from './transitions.ts';

/** Those that are kept survive the service. */
export async function takeUpKept(fleet: Fleet, home: string): Promise<void> {
  for (const name of await recordedNames(home)) {
    const record = await readRecord(home, name);
    if (record === undefined || record.keptUntil === null || Date.parse(record.keptUntil) <= fleet.now()) continue;
    await takeUp(fleet, home, { name, record, state: 'kept' });
  }
}

/** The one of this name that was given to the project and trust of the need. True when it is in the fleet now. */
export async function takeUpLeft(fleet: Fleet, home: string, name: string, need: BuilderNeed): Promise<boolean> {
  const record = await readRecord(home, name);
  if (record === undefined || !isLeftFor(record, need) || Date.parse(record.deadline) <= fleet.now()) return false;
  if (!(await fleet.operations.list(record)).includes(name)) return false;
  return await takeUp(fleet, home, { name, record, state: 'leased' });
}

interface Left {
  readonly name: string;
  readonly record: BuilderRecord;
  readonly state: 'kept' | 'leased';
}

async function takeUp(fleet: Fleet, home: string, { name, record, state }: Left): Promise<boolean> {
  const builder = await readBuilder(home, name, record);
  if (builder === undefined) return false;
  const { pool, driver, options } = record;
  const facts = await readDriverFacts(driver);
  const id = poolId({ name: pool, driver, options });
  fleet.add(takenUp({ name, poolId: id, facts, record, builder }, state, fleet.now()));
  return true;
}
