// What a pool tells of itself. Pure.
import { withoutPaths } from '../base/public-text.ts';
import { iso, type OpenPool } from './configured-pools.ts';
import type { PoolState } from './pool.ts';
import type { PooledBuilder } from './pooled-builder.ts';
import type { MemberState } from './rules.ts';

/** Of all pools and their builders; `waiting`: how many needs wait for one. */
export function stateOf(pools: readonly OpenPool[], all: readonly PooledBuilder[], waiting: number): PoolState {
  return { pools: pools.map((pool) => stateOfPool(pool, all)), waiting };
}

function stateOfPool(
  { id, settings, offer, breaker, madeAt }: OpenPool,
  all: readonly PooledBuilder[],
): PoolState['pools'][number] {
  const count = (...states: MemberState[]) =>
    all.filter(({ poolId, state }) => poolId === id && states.includes(state)).length;
  const { name, driver, min, max } = settings;
  const builders = {
    making: count('making'),
    idle: count('idle', 'cleaning'),
    leased: count('leased'),
    kept: count('kept'),
    ending: count('ending'),
  };
  const { openSince, failures, message, probeAt } = breaker;
  const told = { failures, message: withoutPaths(message), retryAt: iso(probeAt) };
  const fault = openSince === null ? undefined : { since: iso(openSince), ...told };
  const { architectures, labels } = offer;
  const made = madeAt === undefined ? undefined : iso(madeAt);
  return { name, driver, architectures, labels, min, max, builders, madeAt: made, fault };
}
