// A builder that is about to be made, and what it means for its pool whether that went well.
import { randomBytes } from 'node:crypto';
import type { ChrootName, Settings } from '@coppice/config';
import { builderPrefix } from '../builder/spawn.ts';
import { afterFailure, closedBreaker, gateOf } from './circuit-breaker.ts';
import type { OpenPool } from './configured-pools.ts';
import { type Held, newHeld } from './held.ts';
import type { LeaseOffice } from './lease.ts';
import type { Action } from './rules.ts';

type Plan = Extract<Action, { kind: 'make' }> & { readonly chroot: ChrootName };

/** For a builder of which nobody knows yet what will be built on it. Pure. */
export function anyChroot(architecture: string): ChrootName {
  return `any-0-${architecture}` as ChrootName;
}

/** The builder, under a new name; `now` in milliseconds since 1970. */
export function plannedBuilder(pool: OpenPool, plan: Plan, home: string, lifetimeSeconds: number, now: number): Held {
  const { architecture, chroot, labels, want, isProbe } = plan;
  const { driver, options, name: poolName } = pool.settings;
  const record = {
    ...{ pool: poolName, driver, options, architecture, chroot },
    labels: labels.filter((label) => !pool.commonLabels.includes(label)),
    spawnedAt: iso(now),
    deadline: iso(now + lifetimeSeconds * 1000),
    ...{ publicKey: null, provisioned: false, need: null, leased: false, keptUntil: null },
  };
  const held = {
    name: `${builderPrefix(home)}${now.toString(36)}-${randomBytes(3).toString('hex')}`,
    labels: [...new Set([...pool.commonLabels, ...labels])],
    ...{ poolId: pool.id, facts: pool.facts, record, builder: undefined, madeFor: want, isProbe },
  };
  return newHeld({ ...held, state: 'making' }, now);
}

/** Builders of the pool can be made: its breaker is closed. */
export function noteMade(pool: OpenPool, { log, now }: Pick<LeaseOffice, 'log' | 'now'>): void {
  if (pool.breaker.openSince !== null) log('info', `builders of the pool ${pool.settings.name} can be made again`);
  pool.breaker = closedBreaker;
  pool.madeAt = now();
}

/** One could not be made; after several in a row the pool is left alone for a while. */
export function noteFailed(
  pool: OpenPool,
  failure: { readonly isProbe: boolean; readonly message: string },
  limits: Settings['builders']['breaker'],
  { log, now }: Pick<LeaseOffice, 'log' | 'now'>,
): void {
  const { name } = pool.settings;
  const wasClosed = pool.breaker.openSince === null;
  pool.breaker = afterFailure(pool.breaker, failure, limits, now());
  log('warn', `a builder of the pool ${name} could not be made: ${failure.message}`);
  if (wasClosed && gateOf(pool.breaker, now()) !== 'closed') {
    const { failures, probeAt } = pool.breaker;
    log('error', `the pool ${name} is left alone after ${failures} failures in a row, until ${iso(probeAt)}`);
  }
}

/** Milliseconds since 1970 → ISO 8601, UTC. */
export function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
