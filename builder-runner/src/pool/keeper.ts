// Keeps the pools of the settings: what others may ask of them.
import type { Settings } from '@coppice/config';
import { RunnerError } from '../base/errors.ts';
import type { Line } from '../builder/session.ts';
import type { BuilderOperations, MakingStage } from './builder-operations.ts';
import type { ConfiguredPools } from './configured-pools.ts';
import { Fleet } from './fleet.ts';
import { PoolLease } from './lease.ts';
import { noPoolFor } from './no-pool.ts';
import type { BuilderNeed, BuilderPool, Lease, LeasedBuilder, PoolOptions, PoolState } from './pool.ts';
import { isLeftFor, isWorthLeaving } from './pooled-builder.ts';
import { reapOnce } from './reaper.ts';
import { poolFits } from './rules.ts';
import { Scheduler } from './scheduler.ts';
import { stateOf } from './state.ts';
import { takeUpKept, takeUpLeft } from './take-up.ts';
import { shared } from './transitions.ts';
import { newWant, WaitingList } from './waiting.ts';

const reapMilliseconds = 300_000;

export class PoolKeeper implements BuilderPool {
  readonly #home: string;
  readonly #pools: ConfiguredPools;
  readonly #fleet: Fleet;
  readonly #waiting = new WaitingList();
  readonly #scheduler: Scheduler;
  /** Builders that an earlier run of the service left to builds; each is true when the fleet has it. */
  readonly #adopted = new Map<string, Promise<boolean>>();
  #reaper: NodeJS.Timeout | undefined;
  #reaping: Promise<void> | undefined;
  #resizing: Promise<void> = Promise.resolve();
  readonly #stopped = new AbortController();

  constructor(
    options: Pick<PoolOptions, 'home' | 'log' | 'now'> & { readonly operations: BuilderOperations },
    pools: ConfiguredPools,
  ) {
    const { home, log, operations } = options;
    this.#home = home;
    this.#pools = pools;
    const now = () => options.now().getTime();
    this.#fleet = new Fleet({ operations, log, now, stopped: this.#stopped.signal });
    this.#scheduler = new Scheduler(home, pools, this.#fleet, this.#waiting, this.#stopped.signal);
  }

  /** Builders that are kept for somebody survive the service. */
  async takeUpKept(): Promise<void> {
    await takeUpKept(this.#fleet, this.#home);
    this.#scheduler.look();
  }

  async take(
    need: BuilderNeed,
    signal: AbortSignal,
    onStage?: (stage: MakingStage, name: string) => void,
    onNear?: (line: Line, builder: LeasedBuilder) => void,
  ): Promise<Lease> {
    signal.throwIfAborted();
    this.#stopped.signal.throwIfAborted();
    const refusal = this.refusal(need);
    if (refusal !== undefined) throw refusal;
    const { promise, resolve, reject } = Promise.withResolvers<Lease>();
    const { id } = this.#waiting.add({ need, since: this.#fleet.now(), onStage, onNear, resolve, reject });
    const abort = () => this.#scheduler.refuse(id, signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#scheduler.look();
    try {
      const lease = await promise;
      if (!signal.aborted) return lease;
      void lease.release('reuse');
      throw signal.reason;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  refusal(need: BuilderNeed): RunnerError | undefined {
    const now = this.#fleet.now();
    const isServed = this.#pools.rules(now).some((pool) => poolFits(pool, newWant(need, now)));
    return isServed ? undefined : noPoolFor(need, this.#pools.all);
  }

  expect(need: BuilderNeed): void {
    this.#waiting.expect(need, this.#fleet.now());
    this.#scheduler.look();
  }

  async adopt(name: string, need: BuilderNeed): Promise<Lease | undefined> {
    // It may be asked for twice: by a build that ran there, and by one whose results were not fetched yet.
    const before = this.#adopted.get(name);
    if (before === undefined && this.#fleet.get(name) !== undefined) return undefined;
    const taken = before ?? takeUpLeft(this.#fleet, this.#home, name, need);
    this.#adopted.set(name, taken);
    if (!(await taken)) {
      this.#adopted.delete(name);
      return undefined;
    }
    const pooled = this.#fleet.get(name);
    if (pooled?.state !== 'leased' || !isLeftFor(pooled.record, need)) return undefined;
    const lease = new PoolLease(this.#fleet.become(name, shared), this.#fleet, this.#pools);
    this.#scheduler.look();
    return lease;
  }

  isKept(name: string): boolean {
    return this.#fleet.get(name)?.state === 'kept';
  }

  async endKept(name: string): Promise<void> {
    if (this.isKept(name)) await this.#fleet.end(name);
  }

  async reap(): Promise<void> {
    this.#reaper ??= setInterval(() => void this.reap(), reapMilliseconds).unref();
    this.#reaping ??= reapOnce(this.#fleet, this.#pools.all, this.#home, this.#stopped.signal).finally(() => {
      this.#reaping = undefined;
    });
    await this.#reaping;
  }

  resize(settings: Settings): void {
    this.#resizing = this.#pools.reread(settings).then(() => {
      for (const { id, need } of this.#waiting.all) {
        const refusal = this.refusal(need);
        if (refusal !== undefined) this.#scheduler.refuse(id, refusal);
      }
      this.#scheduler.look();
    });
  }

  state(): PoolState {
    return stateOf(this.#pools.all, this.#fleet.all, this.#waiting.all.length);
  }

  async stop({ keepLeased }: { readonly keepLeased: boolean }): Promise<void> {
    this.#stopped.abort(new RunnerError('no-builder', 'the service ends'));
    clearInterval(this.#reaper);
    for (const { id } of this.#waiting.all) this.#scheduler.refuse(id, this.#stopped.signal.reason);
    await this.#resizing;
    const { all } = this.#fleet;
    for (const { name } of all) this.#fleet.parts(name).connection.close();
    const over = all.filter((pooled) => !(keepLeased && isWorthLeaving(pooled)));
    await Promise.all(over.map(({ name }) => this.#fleet.end(name)));
    await this.#reaping;
  }
}
