// Looks at what the rules say whenever something has changed, and does it: gives builders to those who wait, makes
// them, ends them.
import { randomBytes } from 'node:crypto';
import { describeError, isDiskFull, RunnerError } from '../base/errors.ts';
import { builderPrefix } from '../builder/spawn.ts';
import { asSpawnFault, type MakingStage } from './builder-operations.ts';
import type { ConfiguredPools } from './configured-pools.ts';
import type { Fleet } from './fleet.ts';
import { PoolLease } from './lease.ts';
import { isFree, isNear, leasedBuilder, memberOf } from './pooled-builder.ts';
import { type Action, decide } from './rules.ts';
import { given, made, planned } from './transitions.ts';
import { triedInVain, triesOf, type WaitingList, waitsForRoom, wantOf } from './waiting.ts';

type Make = Extract<Action, { kind: 'make' }>;

/** Node's timers take no more. */
const longestTimer = 2 ** 31 - 1;

export class Scheduler {
  readonly #home: string;
  readonly #pools: ConfiguredPools;
  readonly #fleet: Fleet;
  readonly #waiting: WaitingList;
  readonly #stopped: AbortSignal;
  #timer: NodeJS.Timeout | undefined;

  /** `home`: COPPICE_HOME, absolute; after `stopped` nothing is given, made or ended any more. */
  constructor(home: string, pools: ConfiguredPools, fleet: Fleet, waiting: WaitingList, stopped: AbortSignal) {
    this.#home = home;
    this.#pools = pools;
    this.#fleet = fleet;
    this.#waiting = waiting;
    this.#stopped = stopped;
    fleet.on('change', () => this.look());
    stopped.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  /** Does what the rules say, now and when time alone makes for something else. */
  look(): void {
    if (this.#stopped.aborted) return;
    const now = this.#fleet.now();
    const { actions, lookAgainAt } = decide({
      wants: this.#waiting.all.map(wantOf),
      expected: this.#waiting.expected(now),
      members: this.#fleet.all.map(memberOf),
      pools: this.#pools.rules(now),
      now,
    });
    for (const action of actions) this.#act(action);
    this.#tellWhoIsNext();
    clearTimeout(this.#timer);
    if (lookAgainAt === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.look(), Math.min(Math.max(lookAgainAt - now, 1), longestTimer));
    this.#timer.unref();
  }

  /** Nothing when nobody of this id waits any more. */
  refuse(id: number, reason: unknown): void {
    const waiting = this.#waiting.remove(id);
    if (waiting === undefined) return;
    waiting.reject(reason);
    this.look();
  }

  #act(action: Action): void {
    switch (action.kind) {
      case 'make':
        void this.#make(action);
        return;
      case 'give':
        void this.#give(action.member, action.want);
        return;
      case 'end':
        this.#end(action.member, action.why);
    }
  }

  async #give(name: string, want: number): Promise<void> {
    // Those who are told of a making may leave at once, and have another look done before this one is.
    const free = this.#fleet.get(name);
    if (free === undefined || !isFree(free)) return;
    const waiting = this.#waiting.remove(want);
    if (waiting === undefined) return;
    const { chroot, owner, project, trust, labels } = waiting.need;
    const need = { chroot, owner, project, trust, labels: [...labels] };
    try {
      const pooled = this.#fleet.become(name, (one) => given(one, need));
      await this.#fleet.write(name); // before anything of the project is on it
      waiting.resolve(new PoolLease(pooled, this.#fleet, this.#pools));
    } catch (error) {
      waiting.reject(error);
      await this.#fleet.end(name);
    }
  }

  async #make(plan: Make): Promise<void> {
    const pool = this.#pools.get(plan.pool);
    if (pool === undefined) return;
    const { now, operations } = this.#fleet;
    // What is made ahead is for nobody's chroot; the last one that was wanted may tell a driver which image to take.
    const chroot = plan.chroot ?? this.#waiting.likelyChroot(plan.architecture);
    const name = `${builderPrefix(this.#home)}${now().toString(36)}-${randomBytes(3).toString('hex')}`;
    const lifetime = this.#pools.settings.builders.lifetimeSeconds;
    const pooled = planned(pool, { ...plan, name, chroot }, lifetime, now());
    this.#fleet.add(pooled);
    const { record } = pooled;
    const isAwaited = plan.want !== null || plan.isProbe;
    const { signal } = this.#fleet.parts(name).abort;
    const onStage = (stage: MakingStage) => this.#waiting.get(plan.want)?.onStage?.(stage, name);
    const isMaking = () => this.#fleet.get(name)?.state === 'making';
    try {
      const done = await operations.make({ name, chroot, isAwaited, record, source: record }, signal, onStage);
      if (!isMaking()) return;
      this.#fleet.become(name, (one) => made(one, done, now()));
      this.#pools.noteMade(pool.id);
    } catch (error) {
      const wasEnded = !isMaking();
      void this.#fleet.end(name);
      if (wasEnded) return;
      this.#noteFailure(plan, asSpawnFault(error));
    }
    this.look();
  }

  #noteFailure({ pool, want, isProbe }: Make, error: RunnerError): void {
    const message = describeError(error);
    const before = this.#waiting.get(want);
    if (isDiskFull(error)) {
      this.#pools.noteFull(pool, message);
      if (before !== undefined) this.#waiting.replace(waitsForRoom(before, this.#fleet.now()));
      return;
    }
    this.#pools.noteFailed(pool, { isProbe, message });
    if (before === undefined) return;
    const waiting = triedInVain(before, pool, this.#fleet.now());
    this.#waiting.replace(waiting);
    const tries = triesOf(waiting);
    if (tries < this.#pools.settings.builders.attempts) return;
    const inTries = tries === 1 ? '1 try' : `${tries} tries`;
    const text = `no builder could be made in ${inTries}, the last time because: ${message}`;
    this.refuse(waiting.id, new RunnerError('no-builder', text, { cause: error }));
  }

  #end(name: string, why: string): void {
    const pooled = this.#fleet.get(name);
    if (pooled === undefined) return;
    const level = pooled.state === 'leased' ? 'warn' : 'info';
    this.#fleet.log(level, `builder ${name} is ended: ${why}`, { pool: pooled.record.pool });
    void this.#fleet.end(name);
  }

  /** Who will most likely get a builder next may make it ready while somebody else of the same tenant has it. */
  #tellWhoIsNext(): void {
    const spokenFor = new Set(this.#waiting.all.flatMap(({ near }) => near ?? []));
    for (const waiting of this.#waiting.all) {
      if (waiting.onNear === undefined || this.#fleet.get(waiting.near ?? '')?.state === 'leased') continue;
      const near = this.#fleet.all.filter((one) => isNear(one, waiting.need));
      const next = near.find(({ name }) => !spokenFor.has(name) && this.#fleet.parts(name).connection.line?.isUp);
      const line = next === undefined ? undefined : this.#fleet.parts(next.name).connection.line;
      if (next === undefined || line === undefined) continue;
      this.#waiting.replace({ ...waiting, near: next.name });
      spokenFor.add(next.name);
      waiting.onNear(line, leasedBuilder(next));
    }
  }
}
