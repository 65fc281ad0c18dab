// A builder of a pool, as a value that does not change, and what others ask of it: the rules, those who have it, those
// who wait. Pure.
import { type DriverFacts, driverName } from '../builder/driver-facts.ts';
import type { Builder } from '../builder/spawn.ts';
import { architectureFor, tenantOf } from './need.ts';
import type { BuilderNeed, LeasedBuilder } from './pool.ts';
import type { BuilderRecord } from './records.ts';
import type { Member, MemberState } from './rules.ts';

interface InState<State extends MemberState, Machine extends Builder | undefined> {
  readonly name: string;
  readonly poolId: string;
  readonly facts: Pick<DriverFacts, 'outlivesService' | 'network'>;
  /** As the rules see them. */
  readonly labels: readonly string[];
  /** As it is to be written down. */
  readonly record: BuilderRecord;
  readonly state: State;
  readonly builder: Machine;
  /** How many have it in hand. */
  readonly holders: number;
  /** From how many builds results are on their way. */
  readonly fetching: number;
  /** Nobody gets it any more. */
  readonly isDoubtful: boolean;
  /** There are results on it that the next start of the service fetches. */
  readonly hasLeft: boolean;
  /** For whom it is made, as far as that is known. */
  readonly madeFor: number | null;
  /** It is made to see whether builders can be made again. */
  readonly isProbe: boolean;
  /** In milliseconds since 1970. */
  readonly idleSince: number;
}

export type MadeBuilder = InState<'idle' | 'leased' | 'cleaning' | 'kept', Builder>;
export type PooledBuilder = InState<'making', undefined> | MadeBuilder | InState<'ending', Builder | undefined>;

/** True when it is there to be given. */
export function isFree({ state, isDoubtful }: PooledBuilder): boolean {
  return state === 'idle' && !isDoubtful;
}

/** As the rules see it. */
export function memberOf(pooled: PooledBuilder): Member {
  const { record, name, poolId, labels, state, madeFor, isProbe, idleSince } = pooled;
  const deadline = Date.parse(record.deadline);
  const kept = record.keptUntil === null ? deadline : Date.parse(record.keptUntil);
  return {
    ...{ name, pool: poolId, labels, state, madeFor, isProbe, idleSince },
    isInUse: pooled.fetching > 0,
    architecture: record.architecture,
    tenant: record.need === null ? null : tenantOf(record.need),
    chroot: record.need?.chroot ?? record.chroot,
    deadline: Math.min(deadline, kept),
  };
}

/** As those who have it see it. */
export function leasedBuilder({ builder, facts, record }: MadeBuilder): LeasedBuilder {
  return { ...builder, ...facts, driver: driverName(record.driver) };
}

/**
 * True when an earlier run of the service had given the builder to this project and trust. Several of its builds may
 * have been there, for one chroot or another: one that ran and those whose results were on their way.
 */
export function isLeftFor(record: BuilderRecord, need: BuilderNeed): boolean {
  const was = record.need;
  if (was === null || !record.leased || !record.provisioned || record.keptUntil !== null) return false;
  return tenantOf(was) === tenantOf(need);
}

/** True when somebody of the same tenant has it in hand, and it will do for the need. */
export function isNear(pooled: PooledBuilder, need: BuilderNeed): pooled is MadeBuilder {
  const { record, state, labels, isDoubtful } = pooled;
  if (state !== 'leased' || isDoubtful || record.need === null) return false;
  return (
    tenantOf(record.need) === tenantOf(need) &&
    record.architecture === architectureFor(need.chroot) &&
    need.labels.every((label) => labels.includes(label))
  );
}

/** True when the builder and what is on it is of use to the next start of the service. */
export function isWorthLeaving({ facts, state, hasLeft }: PooledBuilder): boolean {
  return facts.outlivesService && (state === 'leased' || state === 'kept' || hasLeft);
}
