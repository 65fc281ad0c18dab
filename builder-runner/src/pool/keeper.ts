// Keeps a pool: looks at what the rules say whenever something has changed, and does it.
import type { ChrootName, Settings } from '@coppice/config';
import { describeError, RunnerError } from '../base/errors.ts';
import { readDriverFacts } from '../builder/driver-facts.ts';
import type { Line } from '../builder/session.ts';
import { asSpawnFault, type BuilderOperations, type MakingStage } from './builder-operations.ts';
import { closedBreaker, retryPause } from './circuit-breaker.ts';
import { noteFailed, noteMade, type OpenPool, openSource, poolId, rulesOf } from './configured-pools.ts';
import {
  anyChroot,
  type Held,
  isLeftFor,
  isNear,
  memberOf,
  newHeld,
  plannedBuilder,
  tenantOf,
  type Waiting,
  wantOf,
} from './held.ts';
import { assertFewKept, type LeaseOffice, leasedBuilder, lend, write } from './lease.ts';
import { noPoolFor } from './no-pool.ts';
import type { BuilderNeed, Lease, LeasedBuilder, PoolOptions, PoolState } from './pool.ts';
import { reapOnce } from './reaper.ts';
import { type BuilderRecord, readBuilder, readRecord, recordedNames } from './records.ts';
import { type Action, decide, poolFits } from './rules.ts';
import { stateOf } from './state.ts';

type Make = Extract<Action, { kind: 'make' }>;

/** Node's timers take no more. */
const longestTimer = 2 ** 31 - 1;
const expectedMilliseconds = 300_000;
const reapMilliseconds = 300_000;
const nobody = { madeFor: null, isProbe: false };
/** Between tries to end a builder; what cannot be ended then is left to the reaper. */
const endPauses = [2000, 10_000];

export class PoolKeeper {
  readonly #options: PoolOptions & { readonly operations: BuilderOperations };
  readonly #office: LeaseOffice;
  #settings: Settings;
  #pools: readonly OpenPool[];
  readonly #held = new Map<string, Held>();
  readonly #waiting: Waiting[] = [];
  /** Architecture → the chroot that was wanted last. */
  readonly #lastChroot = new Map<string, ChrootName>();
  /** What will be wanted soon; forgotten when it is wanted, or after a while. */
  readonly #expected = new Map<string, { readonly need: BuilderNeed; readonly until: number }>();
  /** Builders that an earlier run of the service left to builds. */
  readonly #adopted = new Map<string, Promise<Held | undefined>>();
  #nextWant = 1;
  #timer: NodeJS.Timeout | undefined;
  #reaper: NodeJS.Timeout | undefined;
  #reaping: Promise<void> | undefined;
  #resizing: Promise<void> = Promise.resolve();
  readonly #stopped = new AbortController();

  constructor(options: PoolOptions & { readonly operations: BuilderOperations }, pools: readonly OpenPool[]) {
    this.#options = options;
    this.#settings = options.settings;
    this.#pools = pools;
    const { operations, log } = options;
    this.#office = {
      ...{ operations, log, now: () => this.#now(), end: (held) => this.#end(held), look: () => this.#look() },
      assertRoomToKeep: (held) => {
        const pool = this.#pools.find(({ id }) => id === held.poolId);
        assertFewKept(held, this.#held.values(), pool?.settings.max ?? 1);
      },
    };
  }

  /** Builders that are kept for somebody survive the service. */
  async takeUpKept(): Promise<void> {
    const { home } = this.#options;
    for (const name of await recordedNames(home)) {
      const record = await readRecord(home, name);
      if (record === undefined || record.keptUntil === null || Date.parse(record.keptUntil) <= this.#now()) continue;
      await this.#takeUp(name, record, 'kept');
    }
    this.#look();
  }

  async take(
    need: BuilderNeed,
    signal: AbortSignal,
    onStage?: (stage: MakingStage, name: string) => void,
    onNear?: (line: Line, builder: LeasedBuilder) => void,
  ): Promise<Lease> {
    signal.throwIfAborted();
    this.#stopped.signal.throwIfAborted();
    const want = wantOf(asWaiting(need, 0));
    if (!this.#pools.some((pool) => poolFits(rulesOf(pool, 0), want))) throw noPoolFor(need, this.#pools);
    const { promise, resolve, reject } = Promise.withResolvers<Lease>();
    const waiting: Waiting = {
      ...{ id: this.#nextWant++, need, since: this.#now(), onStage, onNear, resolve, reject },
      ...{ retryAt: 0, failures: new Map(), near: undefined },
    };
    const abort = () => this.#refuse(waiting, signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#waiting.push(waiting);
    this.#expected.delete(keyOf(need));
    this.#lastChroot.set(want.architecture, need.chroot);
    this.#look();
    try {
      const lease = await promise;
      if (!signal.aborted) return lease;
      void lease.release('reuse');
      throw signal.reason;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  expect(need: BuilderNeed): void {
    this.#expected.set(keyOf(need), { need, until: this.#now() + expectedMilliseconds });
    this.#look();
  }

  async adopt(name: string, need: BuilderNeed): Promise<Lease | undefined> {
    // It may be asked for twice: by a build that ran there, and by one whose results were not fetched yet.
    const taken = this.#adopted.get(name) ?? (this.#held.has(name) ? undefined : this.#takeUpLeft(name, need));
    if (taken === undefined) return undefined;
    this.#adopted.set(name, taken);
    const held = await taken;
    if (held === undefined) {
      this.#adopted.delete(name);
      return undefined;
    }
    if (held.state !== 'leased' || !isLeftFor(held.record, need)) return undefined;
    this.#look();
    return lend(held, this.#office);
  }

  async #takeUpLeft(name: string, need: BuilderNeed): Promise<Held | undefined> {
    const { home, operations } = this.#options;
    const record = await readRecord(home, name);
    if (record === undefined || !isLeftFor(record, need) || Date.parse(record.deadline) <= this.#now())
      return undefined;
    if (!(await operations.list(record)).includes(name)) return undefined;
    return await this.#takeUp(name, record, 'leased');
  }

  isKept(name: string): boolean {
    return this.#held.get(name)?.state === 'kept';
  }

  async endKept(name: string): Promise<void> {
    const held = this.#held.get(name);
    if (held?.state === 'kept') await this.#end(held);
  }

  async reap(): Promise<void> {
    this.#reaper ??= setInterval(() => void this.reap(), reapMilliseconds).unref();
    this.#reaping ??= reapOnce({
      ...this.#options,
      ...{ pools: this.#pools, held: this.#held, end: (held) => this.#end(held) },
      isStopped: () => this.#stopped.signal.aborted,
    }).finally(() => {
      this.#reaping = undefined;
    });
    await this.#reaping;
  }

  resize(settings: Settings): void {
    this.#settings = settings;
    this.#resizing = this.#resizing.then(() => this.#reopen(settings)).then(() => this.#look());
  }

  state(): PoolState {
    return stateOf(this.#pools, [...this.#held.values()], this.#waiting.length);
  }

  async stop({ keepLeased }: { readonly keepLeased: boolean }): Promise<void> {
    this.#stopped.abort(new RunnerError('no-builder', 'the service ends'));
    clearTimeout(this.#timer);
    clearInterval(this.#reaper);
    for (const waiting of [...this.#waiting]) this.#refuse(waiting, this.#stopped.signal.reason);
    await this.#resizing;
    const stays = ({ facts, state, hasLeft }: Held) =>
      keepLeased && facts.outlivesService && (state === 'leased' || state === 'kept' || hasLeft);
    const all = [...this.#held.values()];
    for (const { line } of all) line?.close();
    await Promise.all(all.filter((held) => !stays(held)).map((held) => this.#end(held)));
    await this.#reaping;
  }

  #now(): number {
    return this.#options.now().getTime();
  }

  /** Does what the rules say, now and when time alone makes for something else. */
  #look(): void {
    if (this.#stopped.signal.aborted) return;
    const now = this.#now();
    for (const [key, { until }] of this.#expected) if (until <= now) this.#expected.delete(key);
    const { actions, lookAgainAt } = decide({
      wants: this.#waiting.map(wantOf),
      expected: [...this.#expected.values()].map(({ need }) => wantOf(asWaiting(need, now))),
      members: [...this.#held.values()].map(memberOf),
      pools: this.#pools.map((pool) => rulesOf(pool, now)),
      now,
    });
    for (const action of actions) this.#act(action);
    this.#tellWhoIsNext();
    clearTimeout(this.#timer);
    if (lookAgainAt === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#look(), Math.min(Math.max(lookAgainAt - now, 1), longestTimer));
    this.#timer.unref();
  }

  /** Who will most likely get a builder next may make it ready while somebody else of the same tenant has it. */
  #tellWhoIsNext(): void {
    const nears = new Set(this.#waiting.flatMap(({ near }) => near ?? []));
    for (const waiting of this.#waiting) {
      if (waiting.onNear === undefined || this.#held.get(waiting.near ?? '')?.state === 'leased') continue;
      const held = [...this.#held.values()].find((one) => !nears.has(one.name) && isNear(one, waiting));
      if (held?.line === undefined) continue;
      waiting.near = held.name;
      nears.add(held.name);
      waiting.onNear(held.line, leasedBuilder(held));
    }
  }

  #act(action: Action): void {
    if (action.kind === 'make') {
      void this.#make(action);
      return;
    }
    const held = this.#held.get(action.member);
    if (held === undefined) return;
    if (action.kind === 'give') {
      void this.#give(held, action.want);
      return;
    }
    const level = held.state === 'leased' ? 'warn' : 'info';
    this.#options.log(level, `builder ${held.name} is ended: ${action.why}`, { pool: held.record.pool });
    void this.#end(held);
  }

  async #give(held: Held, want: number): Promise<void> {
    const index = this.#waiting.findIndex(({ id }) => id === want);
    const [waiting] = this.#waiting.splice(index, 1);
    if (index === -1 || waiting === undefined) return;
    const { chroot, owner, project, trust, labels } = waiting.need;
    const need = { chroot, owner, project, trust, labels: [...labels] };
    held.state = 'leased';
    held.record = { ...held.record, need, leased: true };
    try {
      await write(held, this.#office); // before anything of the project is on it
      waiting.resolve(lend(held, this.#office));
    } catch (error) {
      waiting.reject(error);
      await this.#end(held);
    }
  }

  async #make(plan: Make): Promise<void> {
    const pool = this.#pools.find(({ id }) => id === plan.pool);
    if (pool === undefined) return;
    const { home, operations } = this.#options;
    // What is made ahead is for nobody's chroot; the last one that was wanted may tell a driver which image to take.
    const chroot = plan.chroot ?? this.#lastChroot.get(plan.architecture) ?? anyChroot(plan.architecture);
    const lifetime = this.#settings.builders.lifetimeSeconds;
    const held = plannedBuilder(pool, { ...plan, chroot }, home, lifetime, this.#now());
    this.#held.set(held.name, held);
    const onStage = (stage: MakingStage) =>
      this.#waiting.find(({ id }) => id === plan.want)?.onStage?.(stage, held.name);
    const { name, record } = held;
    try {
      const isAwaited = plan.want !== null || plan.isProbe;
      const made = await operations.make(
        { name, chroot, isAwaited, record, source: record },
        held.abort.signal,
        onStage,
      );
      if (held.ended !== undefined) return;
      held.builder = made.builder;
      held.record = made.record;
      held.state = 'idle';
      held.idleSince = this.#now();
      const now = this.#pools.find(({ id }) => id === pool.id);
      if (now !== undefined) noteMade(now, this.#office);
    } catch (error) {
      const wasEnded = held.ended !== undefined;
      void this.#end(held);
      if (wasEnded) return;
      this.#noteFailure(plan, asSpawnFault(error));
    }
    this.#look();
  }

  #noteFailure({ pool: id, want, isProbe }: Make, error: RunnerError): void {
    const message = describeError(error);
    const pool = this.#pools.find((one) => one.id === id);
    if (pool !== undefined) noteFailed(pool, { isProbe, message }, this.#settings.builders.breaker, this.#office);
    const waiting = this.#waiting.find((one) => one.id === want);
    if (waiting === undefined) return;
    waiting.failures.set(id, (waiting.failures.get(id) ?? 0) + 1);
    const tries = [...waiting.failures.values()].reduce((sum, count) => sum + count, 0);
    if (tries < this.#settings.builders.attempts) {
      waiting.retryAt = this.#now() + retryPause(tries);
      return;
    }
    const text = `no builder could be made in ${tries} ${tries === 1 ? 'try' : 'tries'}, the last time because: ${message}`;
    this.#refuse(waiting, new RunnerError('no-builder', text, { cause: error }));
  }

  #refuse(waiting: Waiting, reason: unknown): void {
    const index = this.#waiting.indexOf(waiting);
    if (index === -1) return;
    this.#waiting.splice(index, 1);
    waiting.reject(reason);
    this.#look();
  }

  #end(held: Held): Promise<void> {
    held.ended ??= this.#endForSure(held);
    return held.ended;
  }

  async #endForSure(held: Held): Promise<void> {
    const { operations, log } = this.#options;
    held.state = 'ending';
    held.abort.abort(new RunnerError('lost', `the builder ${held.name} was ended`));
    held.line?.close();
    for (const pause of [...endPauses, undefined]) {
      try {
        await operations.end(held.name, held.record);
        break;
      } catch (error) {
        log('error', `builder ${held.name} could not be ended: ${describeError(error)}`);
        if (pause === undefined || !(await this.#pause(pause))) break;
      }
    }
    this.#held.delete(held.name);
    this.#look();
  }

  /** False when the pool stops meanwhile: what is left then is ended at the next start. */
  async #pause(milliseconds: number): Promise<boolean> {
    const { signal } = this.#stopped;
    if (signal.aborted) return false;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true });
    });
    return !signal.aborted;
  }

  async #takeUp(name: string, record: BuilderRecord, state: 'kept' | 'leased'): Promise<Held | undefined> {
    const builder = await readBuilder(this.#options.home, name, record);
    if (builder === undefined) return undefined;
    const { pool, driver, options, labels } = record;
    const facts = await readDriverFacts(driver);
    const held = newHeld(
      {
        ...{ name, poolId: poolId({ name: pool, driver, options }), facts, labels, record, state, builder },
        ...nobody,
      },
      this.#now(),
    );
    this.#held.set(name, held);
    return held;
  }

  /** A pool whose driver cannot be read stays as it was. */
  async #reopen(settings: Settings): Promise<void> {
    const pools: OpenPool[] = [];
    for (const one of settings.builders.pools) {
      const before = this.#pools.find(({ id }) => id === poolId(one));
      try {
        const { breaker = closedBreaker, madeAt } = before ?? {};
        pools.push({ ...(await openSource(one)), breaker, madeAt });
      } catch (error) {
        this.#options.log('error', `the pool ${one.name} stays as it was: ${describeError(error)}`);
        const stays = this.#pools.find((pool) => pool.settings.name === one.name);
        if (stays !== undefined) pools.push(stays);
      }
    }
    this.#pools = pools;
    for (const waiting of [...this.#waiting]) {
      if (!pools.some((pool) => poolFits(rulesOf(pool, 0), wantOf(waiting))))
        this.#refuse(waiting, noPoolFor(waiting.need, pools));
    }
  }
}

function keyOf(need: BuilderNeed): string {
  return `${tenantOf(need)} ${need.chroot} ${need.labels.join()}`;
}

function asWaiting(need: BuilderNeed, since: number): Pick<Waiting, 'id' | 'need' | 'since' | 'retryAt' | 'failures'> {
  return { id: 0, need, since, retryAt: 0, failures: new Map() };
}
