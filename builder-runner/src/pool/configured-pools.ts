// The pools of the settings: what the driver of each offers, and how its circuit breaker stands.
import { createHash } from 'node:crypto';
import type { PoolSettings, Settings } from '@coppice/config';
import { describeError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import {
  type DriverFacts,
  type DriverOffer,
  mostBuilders,
  offerOf,
  readDriverFacts,
  thisMachine,
  whyNoLogins,
} from '../builder/driver-facts.ts';
import { afterFailure, afterFullDisk, type Breaker, closedBreaker, gateOf, retryPause } from './circuit-breaker.ts';
import type { PoolRules } from './rules.ts';

export interface OpenPool {
  /** Another one when the driver or its options change: builders of another kind are not mixed. */
  readonly id: string;
  readonly settings: PoolSettings;
  readonly facts: DriverFacts;
  readonly offer: DriverOffer;
  /** Labels that all of its builders have. */
  readonly commonLabels: readonly string[];
  readonly breaker: Breaker;
  /** When a builder was made last; milliseconds since 1970. */
  readonly madeAt: number | undefined;
}

/**
 * All pools of the settings, nothing known of them yet. Throws RunnerError `spawn` when what a driver says of itself is
 * not good.
 */
export async function readPools(settings: Settings): Promise<readonly OpenPool[]> {
  const pools: OpenPool[] = [];
  for (const one of settings.builders.pools) pools.push(await readPool(one));
  return pools;
}

async function readPool(settings: PoolSettings): Promise<OpenPool> {
  const facts = await readDriverFacts(settings.driver);
  const offer = offerOf(facts, settings.options, thisMachine());
  const most = (stated: number) => mostBuilders(facts, stated, process.getuid?.() === 0);
  return {
    id: poolId(settings),
    settings: { ...settings, min: most(settings.min), max: most(settings.max) },
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
function rulesOf({ id, settings, facts, offer, breaker }: OpenPool, now: number): PoolRules {
  const { min, max, trust, idleSeconds } = settings;
  return {
    ...{ name: id, ...offer, trust, min, max, idleMilliseconds: idleSeconds * 1000 },
    logins: whyNoLogins(facts, settings) === undefined,
    gate: gateOf(breaker, now),
    probeAt: breaker.openSince === null ? 0 : breaker.probeAt,
    aheadAt: Math.max(breaker.failedAt + retryPause(breaker.failures), breaker.roomAt),
  };
}

interface Told {
  readonly log: Log;
  /** In milliseconds since 1970. */
  readonly now: () => number;
}

interface FailedMaking {
  readonly isProbe: boolean;
  readonly message: string;
}

/** The settings that hold, and the pools of them in order of preference; what changes of a pool replaces it. */
export class ConfiguredPools {
  #settings: Settings;
  #all: readonly OpenPool[];
  readonly #told: Told;
  #rereading: Promise<void> = Promise.resolve();

  constructor(settings: Settings, pools: readonly OpenPool[], told: Told) {
    this.#settings = settings;
    this.#all = pools;
    this.#told = told;
  }

  get settings(): Settings {
    return this.#settings;
  }

  get all(): readonly OpenPool[] {
    return this.#all;
  }

  get(id: string): OpenPool | undefined {
    return this.#all.find((pool) => pool.id === id);
  }

  /** As the rules see them. */
  rules(now: number): readonly PoolRules[] {
    return this.#all.map((pool) => rulesOf(pool, now));
  }

  /** Builders of the pool can be made. */
  noteMade(id: string): void {
    const pool = this.get(id);
    if (pool === undefined) return;
    if (pool.breaker.openSince !== null)
      this.#told.log('info', `builders of the pool ${pool.settings.name} can be made again`);
    this.#replace({ ...pool, breaker: closedBreaker, madeAt: this.#told.now() });
  }

  /** One could not be made; after several in a row the pool is left alone for a while. */
  noteFailed(id: string, failure: FailedMaking): void {
    const pool = this.get(id);
    if (pool === undefined) return;
    const { log } = this.#told;
    const { name } = pool.settings;
    const now = this.#told.now();
    const breaker = afterFailure(pool.breaker, failure, this.#settings.builders.breaker, now);
    this.#replace({ ...pool, breaker });
    log('warn', `a builder of the pool ${name} could not be made: ${failure.message}`);
    if (pool.breaker.openSince !== null || gateOf(breaker, now) === 'closed') return;
    const { failures, probeAt } = breaker;
    log('error', `the pool ${name} is left alone after ${failures} failures in a row, until ${iso(probeAt)}`);
  }

  /** One could not be made because the disk of the control host is full. */
  noteFull(id: string, message: string): void {
    const pool = this.get(id);
    if (pool === undefined) return;
    this.#replace({ ...pool, breaker: afterFullDisk(pool.breaker, this.#told.now()) });
    this.#told.log('error', `no builder of the pool ${pool.settings.name} is made for want of room: ${message}`);
  }

  /** The settings hold at once, their pools when it resolves. A pool whose driver cannot be read stays as it was. */
  reread(settings: Settings): Promise<void> {
    this.#settings = settings;
    this.#rereading = this.#rereading.then(() => this.#reread(settings));
    return this.#rereading;
  }

  async #reread(settings: Settings): Promise<void> {
    const read: OpenPool[] = [];
    for (const one of settings.builders.pools) read.push(...(await this.#readOrStay(one)));
    // How a pool stands is asked for only now: builders may have been made meanwhile.
    this.#all = read.map((pool) => {
      const { breaker, madeAt } = this.get(pool.id) ?? pool;
      return { ...pool, breaker, madeAt };
    });
  }

  async #readOrStay(settings: PoolSettings): Promise<readonly OpenPool[]> {
    try {
      return [await readPool(settings)];
    } catch (error) {
      this.#told.log('error', `the pool ${settings.name} stays as it was: ${describeError(error)}`);
      return this.#all.filter((pool) => pool.settings.name === settings.name);
    }
  }

  #replace(pool: OpenPool): void {
    this.#all = this.#all.map((one) => (one.id === pool.id ? pool : one));
  }
}

/** Milliseconds since 1970 → ISO 8601, UTC. */
export function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
