// The pools of the settings, opened: what each driver offers, and how its circuit breaker stands.
import { createHash } from 'node:crypto';
import type { PoolSettings, Settings } from '@coppice/config';
import type { Log } from '../base/log.ts';
import { type DriverFacts, type DriverOffer, offerOf, readDriverFacts, thisMachine } from '../builder/driver-facts.ts';
import { afterFailure, type Breaker, closedBreaker, gateOf, retryPause } from './circuit-breaker.ts';
import type { PoolRules } from './rules.ts';

export interface OpenPool {
  /** Another one when the driver or its options change: builders of another kind are not mixed. */
  readonly id: string;
  readonly settings: PoolSettings;
  readonly facts: DriverFacts;
  readonly offer: DriverOffer;
  /** Labels that all of its builders have. */
  readonly commonLabels: readonly string[];
  breaker: Breaker;
  /** When a builder was made last; milliseconds since 1970. */
  madeAt: number | undefined;
}

/** Throws RunnerError `spawn` when what the driver says of itself is not good. */
export async function openSource(settings: PoolSettings): Promise<OpenPool> {
  const facts = await readDriverFacts(settings.driver);
  const offer = offerOf(facts, settings.options, thisMachine());
  return {
    id: poolId(settings),
    settings,
    facts,
    offer: {
      architectures: settings.architectures ?? offer.architectures,
      labels: [...new Set([...offer.labels, ...settings.labels])],
    },
    commonLabels: [...facts.labels, ...settings.labels],
    breaker: closedBreaker,
    madeAt: undefined,
  };
}

/** Names a pool and what its builders are made of. Pure. */
export function poolId({ name, driver, options }: Pick<PoolSettings, 'name' | 'driver' | 'options'>): string {
  const kind = createHash('sha256')
    .update(JSON.stringify([driver, options]))
    .digest('hex');
  return `${name}/${kind.slice(0, 8)}`;
}

/** What the rules need to know of a pool. Pure. */
export function rulesOf({ id, settings, offer, breaker }: OpenPool, now: number): PoolRules {
  const { min, max, trust, idleSeconds } = settings;
  return {
    ...{ name: id, ...offer, trust, min, max, idleMilliseconds: idleSeconds * 1000 },
    gate: gateOf(breaker, now),
    probeAt: breaker.openSince === null ? 0 : breaker.probeAt,
    aheadAt: breaker.failedAt + retryPause(breaker.failures),
  };
}

interface Told {
  readonly log: Log;
  /** In milliseconds since 1970. */
  readonly now: () => number;
}

/** Builders of the pool can be made: its breaker is closed. */
export function noteMade(pool: OpenPool, { log, now }: Told): void {
  if (pool.breaker.openSince !== null) log('info', `builders of the pool ${pool.settings.name} can be made again`);
  pool.breaker = closedBreaker;
  pool.madeAt = now();
}

/** One could not be made; after several in a row the pool is left alone for a while. */
export function noteFailed(
  pool: OpenPool,
  failure: { readonly isProbe: boolean; readonly message: string },
  limits: Settings['builders']['breaker'],
  { log, now }: Told,
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
