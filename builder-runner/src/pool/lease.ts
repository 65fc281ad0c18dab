// A builder in somebody's hands.
import { RunnerError } from '../base/errors.ts';
import type { Session } from '../builder/session.ts';
import type { ConfiguredPools } from './configured-pools.ts';
import type { Fleet } from './fleet.ts';
import { giveBack } from './give-back.ts';
import type { Lease, LeasedBuilder, SessionWish } from './pool.ts';
import { leasedBuilder, type MadeBuilder } from './pooled-builder.ts';
import { keptUntil } from './transitions.ts';

export class PoolLease implements Lease {
  readonly builder: LeasedBuilder;
  readonly #fleet: Fleet;
  readonly #pools: ConfiguredPools;
  #back: Promise<void> | undefined;

  constructor(pooled: MadeBuilder, fleet: Fleet, pools: ConfiguredPools) {
    this.builder = leasedBuilder(pooled);
    this.#fleet = fleet;
    this.#pools = pools;
  }

  async session({ warn, signal, ...options }: SessionWish): Promise<Session> {
    const { name } = this.builder;
    const { connection, abort } = this.#fleet.parts(name);
    const pooled = this.#fleet.get(name);
    // One that others use is theirs to mend; a new one is not tried again when the builder is gone.
    const isAlone = pooled !== undefined && pooled.holders + pooled.fetching === 1;
    const line = await connection.open({ builder: this.builder, ...options, signal: abort.signal }, isAlone, signal);
    this.#fleet.emit('change'); // who is next may make ready
    return line.session(warn);
  }

  release(how: 'reuse' | 'end', fetched?: Promise<'fetched' | 'left'>): Promise<void> {
    this.#back ??= giveBack(this.#fleet, this.builder.name, how, fetched);
    return this.#back;
  }

  async keep(until: Date): Promise<void> {
    const { name } = this.builder;
    const fleet = this.#fleet;
    const pooled = fleet.get(name);
    if (pooled === undefined || pooled.state === 'ending')
      throw new RunnerError('lost', `the builder ${name} was ended`);
    if (this.#back !== undefined) throw new RangeError(`the builder ${name} cannot be kept: it was given back`);
    const others = fleet.all.filter((one) => one.poolId === pooled.poolId && one.state === 'kept' && one !== pooled);
    // As long as there is more than one builder, one is left for builds.
    const max = this.#pools.get(pooled.poolId)?.settings.max ?? 1;
    if (others.length >= Math.max(1, max - 1)) {
      const message = `${others.length} builders of the pool ${pooled.record.pool} are kept already`;
      throw new RunnerError('no-builder', message);
    }
    fleet.become(name, (one) => keptUntil(one, until));
    await fleet.write(name);
    fleet.emit('change');
  }
}
