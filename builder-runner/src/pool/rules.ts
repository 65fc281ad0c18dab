// Which builder to give, to make and to end. Pure: one look at wants, builders, pools and the time. The effects are in
// scheduler.ts.
import type { ChrootName } from '@coppice/config';

/** `cleaning`: comes back to those who had it. `kept`: for somebody to look at, until its deadline. */
export type MemberState = 'making' | 'idle' | 'leased' | 'cleaning' | 'kept' | 'ending';

/** A builder of a pool. Times in milliseconds since 1970. */
export interface Member {
  readonly name: string;
  readonly pool: string;
  /** Of the machine. */
  readonly architecture: string;
  /** Those that it was made with, and those that all of its pool have. */
  readonly labels: readonly string[];
  readonly state: MemberState;
  /** Whose builds ran on it; null: nobody's yet, so it can be given to anybody. */
  readonly tenant: string | null;
  /** What it was made for, or built for last. */
  readonly chroot: ChrootName;
  /** For whom it is made, as far as that is known. */
  readonly madeFor: number | null;
  /** It is made to see whether builders can be made again. */
  readonly isProbe: boolean;
  readonly idleSince: number;
  /** Results of the last build are still on their way from it: nobody ends it to make room. */
  readonly isInUse: boolean;
  readonly deadline: number;
}

/** Somebody waits for a builder. */
export interface Want {
  readonly id: number;
  readonly tenant: string;
  readonly trust: 'source' | 'build';
  readonly chroot: ChrootName;
  readonly architecture: string;
  readonly labels: readonly string[];
  /** How long the builder may be needed. */
  readonly milliseconds: number;
  /** Somebody is to log in there. */
  readonly logins: boolean;
  readonly since: number;
  /** No builder is made for it before. */
  readonly retryAt: number;
  /** Pool → how many builders that were made there for it failed. */
  readonly failures: ReadonlyMap<string, number>;
}

export interface PoolRules {
  readonly name: string;
  readonly architectures: readonly string[];
  readonly labels: readonly string[];
  readonly trust: readonly Want['trust'][];
  /** Whether people may log into its builders. */
  readonly logins: boolean;
  readonly min: number;
  readonly max: number;
  readonly idleMilliseconds: number;
  /** Of its circuit breaker. */
  readonly gate: 'closed' | 'open' | 'probe';
  /** When an open gate may be probed. */
  readonly probeAt: number;
  /** No builder is made ahead before. */
  readonly aheadAt: number;
}

export interface Situation {
  /** Oldest first. */
  readonly wants: readonly Want[];
  /** Those that will come soon: builders are made for them where there is room, and nothing is ended for them. */
  readonly expected: readonly Want[];
  readonly members: readonly Member[];
  /** In order of preference. */
  readonly pools: readonly PoolRules[];
  readonly now: number;
}

export type EndReason = 'deadline' | 'idle' | 'evicted' | 'too many' | 'pool gone';
export type Action =
  | { readonly kind: 'give'; readonly want: number; readonly member: string }
  | {
      readonly kind: 'make';
      readonly pool: string;
      readonly architecture: string;
      readonly chroot: ChrootName | null;
      readonly labels: readonly string[];
      readonly want: number | null;
      readonly isProbe: boolean;
    }
  | { readonly kind: 'end'; readonly member: string; readonly why: EndReason };

export interface Decision {
  readonly actions: readonly Action[];
  /** When time alone makes for another decision; Infinity: never. */
  readonly lookAgainAt: number;
}

/**
 * A want that has waited this long is not overtaken any more by younger ones for which a warm builder is there, and
 * waits no longer for a builder of its own that is at work.
 */
export const patienceMilliseconds = 30_000;
/** A builder that was ready so short a time ago is as good as a new one. */
const freshMilliseconds = 30_000;

/** True when the pool may have builders for the want. */
export function poolFits(pool: PoolRules, want: Pick<Want, 'architecture' | 'labels' | 'trust' | 'logins'>): boolean {
  return (
    (pool.logins || !want.logins) &&
    pool.architectures.includes(want.architecture) &&
    pool.trust.includes(want.trust) &&
    want.labels.every((label) => pool.labels.includes(label))
  );
}

/** What to do now. Doing it changes the situation: look again when something of it has. */
export function decide(situation: Situation): Decision {
  const table = new Table(situation);
  table.endByTime();
  const unserved: Want[] = [];
  for (const want of situation.wants) {
    if (table.giveIdle(want)) continue;
    if (situation.now - want.since >= patienceMilliseconds) table.provide(want);
    else unserved.push(want);
  }
  for (const want of unserved) table.provide(want);
  for (const want of situation.expected) table.foresee(want);
  for (const pool of situation.pools) {
    table.probe(pool);
    table.makeAhead(pool);
    table.endIdle(pool);
    table.endSurplus(pool);
  }
  return { actions: table.actions, lookAgainAt: nextMoment(situation) };
}

/** One decision in the making: what is left to give, and what is on its way. */
class Table {
  readonly actions: Action[] = [];
  readonly #situation: Situation;
  readonly #pools: ReadonlyMap<string, PoolRules>;
  readonly #idle: Set<Member>;
  /** Builders that will be free for somebody, and are not spoken for. */
  readonly #coming: Set<Member>;
  /** Pool → slots that ending builders will leave, not spoken for. */
  readonly #leaving = new Map<string, number>();
  /** Tenants for whom room was made in this decision. */
  readonly #spokenFor = new Set<string>();
  /** Pool → builders in any state. */
  readonly #size = new Map<string, number>();
  /** Pool → builders that were made ahead in this decision. */
  readonly #ahead = new Map<string, number>();

  constructor(situation: Situation) {
    this.#situation = situation;
    this.#pools = new Map(situation.pools.map((pool) => [pool.name, pool]));
    this.#idle = new Set(situation.members.filter(({ state }) => state === 'idle'));
    this.#coming = new Set(situation.members.filter(({ state }) => state === 'making' || state === 'cleaning'));
    for (const { pool, state } of situation.members) {
      add(this.#size, pool, 1);
      if (state === 'ending') add(this.#leaving, pool, 1);
    }
  }

  /** No builder outlives its deadline, whoever has it. */
  endByTime(): void {
    for (const member of this.#situation.members) {
      const { state, pool, deadline } = member;
      if (state === 'making' || state === 'ending') continue;
      if (deadline <= this.#situation.now) this.#end(member, 'deadline');
      else if (state === 'idle' && !member.isInUse && !this.#pools.has(pool)) this.#end(member, 'pool gone');
    }
  }

  /** True when the want has its builder, or will have one of its own in a moment. */
  giveIdle(want: Want): boolean {
    const best = this.#closest(want);
    if (best?.tenant !== want.tenant && this.#awaitOwn(want)) return true;
    if (best === undefined) return false;
    this.#idle.delete(best);
    this.actions.push({ kind: 'give', want: want.id, member: best.name });
    return true;
  }

  /** One builder on its way to the want: one that comes, a new one, or room for a new one. */
  provide(want: Want): void {
    const coming = [...this.#coming].filter((member) => this.#mayHave(want, member));
    const own = coming.find(({ madeFor }) => madeFor === want.id) ?? coming[0];
    if (own !== undefined) {
      this.#coming.delete(own);
      return;
    }
    if (want.retryAt > this.#situation.now) return;
    const pools = this.#situation.pools
      .filter((pool) => pool.gate === 'closed' && poolFits(pool, want))
      .sort((one, other) => (want.failures.get(one.name) ?? 0) - (want.failures.get(other.name) ?? 0));
    const free = pools.find((pool) => this.#hasRoom(pool));
    if (free !== undefined) {
      const { architecture, chroot, labels, id } = want;
      this.#make({ pool: free.name, architecture, chroot, labels, want: id, isProbe: false });
      return;
    }
    const leaving = pools.find(({ name }) => (this.#leaving.get(name) ?? 0) > 0);
    if (leaving === undefined && this.#ownIsAtWork(want)) return;
    if (leaving !== undefined) add(this.#leaving, leaving.name, -1);
    else if (!this.#evictFrom(pools)) return;
    // Only now is there something on its way: of a want that no pool can serve others of its project must not wait.
    this.#spokenFor.add(want.tenant);
  }

  /** As `provide`, without taking anything away from others. */
  foresee(want: Want): void {
    const ready = this.#closest(want) ?? [...this.#coming].find((member) => this.#mayHave(want, member));
    if (ready !== undefined) {
      this.#coming.delete(ready); // spoken for; an idle one stays where it is for its time
      return;
    }
    const { now, pools } = this.#situation;
    const may = (pool: PoolRules) => pool.gate === 'closed' && pool.aheadAt <= now && poolFits(pool, want);
    const free = pools.find((pool) => may(pool) && this.#hasRoom(pool));
    if (free === undefined) return;
    const { architecture, chroot, labels } = want;
    this.#make({ pool: free.name, architecture, chroot, labels, want: null, isProbe: false });
  }

  probe(pool: PoolRules): void {
    if (pool.gate !== 'probe' || !this.#hasRoom(pool)) return;
    if (
      this.#situation.members.some(
        ({ pool: name, isProbe, state }) => name === pool.name && isProbe && state === 'making',
      )
    )
      return;
    const want = this.#situation.wants.find((one) => poolFits(pool, one));
    const architecture = want?.architecture ?? pool.architectures[0];
    if (architecture === undefined) return;
    this.#make({
      pool: pool.name,
      architecture,
      chroot: want?.chroot ?? null,
      labels: want?.labels ?? [],
      want: null,
      isProbe: true,
    });
  }

  makeAhead(pool: PoolRules): void {
    const [architecture] = pool.architectures;
    if (pool.gate !== 'closed' || architecture === undefined || pool.aheadAt > this.#situation.now) return;
    while (this.#spare(pool).length + (this.#ahead.get(pool.name) ?? 0) < pool.min && this.#hasRoom(pool)) {
      add(this.#ahead, pool.name, 1);
      this.#make({ pool: pool.name, architecture, chroot: null, labels: [], want: null, isProbe: false });
    }
  }

  endIdle(pool: PoolRules): void {
    let spare = this.#spare(pool).length;
    for (const member of this.#idleOf(pool)) {
      if (this.#situation.now - member.idleSince < pool.idleMilliseconds) continue;
      if (member.tenant === null && spare <= pool.min) continue;
      if (member.tenant === null) spare -= 1;
      this.#end(member, 'idle');
    }
  }

  /** After `max` became less. Builders at work are not disturbed. */
  endSurplus(pool: PoolRules): void {
    let surplus = (this.#size.get(pool.name) ?? 0) - this.#endingOf(pool) - pool.max;
    for (const member of this.#idleOf(pool)) {
      if (surplus <= 0) return;
      surplus -= 1;
      this.#end(member, 'too many');
    }
  }

  #endingOf({ name }: PoolRules): number {
    const ended = new Set(this.actions.flatMap((action) => (action.kind === 'end' ? [action.member] : [])));
    return this.#situation.members.filter((one) => one.pool === name && (one.state === 'ending' || ended.has(one.name)))
      .length;
  }

  #mayHave(want: Want, member: Member): boolean {
    const pool = this.#pools.get(member.pool);
    if (pool === undefined || !poolFits(pool, want) || member.architecture !== want.architecture) return false;
    if (!want.labels.every((label) => member.labels.includes(label))) return false;
    return member.tenant === null || member.tenant === want.tenant;
  }

  #closest(want: Want): Member | undefined {
    const fitting = [...this.#idle].filter((member) => this.#mayHave(want, member) && this.#lastsFor(want, member));
    return fitting.sort((one, other) => closeness(want, other) - closeness(want, one))[0];
  }

  /**
   * What is being cleaned is there sooner than a new builder, and has the root that the last build left in its cache.
   */
  #awaitOwn(want: Want): boolean {
    const own = [...this.#coming].find(
      (member) =>
        member.state === 'cleaning' &&
        member.tenant === want.tenant &&
        this.#mayHave(want, member) &&
        this.#lastsFor(want, member),
    );
    return own !== undefined && this.#coming.delete(own);
  }

  /**
   * Its own is at work or on its way, and will most likely be free before a new one is made: nobody else's is ended for
   * it at once.
   */
  #ownIsAtWork(want: Want): boolean {
    const { members, wants, now } = this.#situation;
    if (now - want.since >= patienceMilliseconds) return false;
    const tenantOf = new Map(wants.map(({ id, tenant }) => [id, tenant]));
    return (
      this.#spokenFor.has(want.tenant) ||
      members.some(
        (member) =>
          this.#mayHave(want, member) &&
          ((member.state === 'leased' && member.tenant === want.tenant) ||
            (member.state === 'making' && tenantOf.get(member.madeFor ?? -1) === want.tenant)),
      )
    );
  }

  #lastsFor(want: Want, member: Member): boolean {
    const { now } = this.#situation;
    const isFresh = member.tenant === null && now - member.idleSince <= freshMilliseconds;
    return isFresh || member.deadline - now >= want.milliseconds;
  }

  #hasRoom(pool: PoolRules): boolean {
    return (this.#size.get(pool.name) ?? 0) < pool.max;
  }

  #idleOf({ name }: PoolRules): readonly Member[] {
    return [...this.#idle].filter(({ pool, isInUse }) => pool === name && !isInUse).sort(longestIdleFirst);
  }

  /** Builders that nobody has had and nobody is about to get. */
  #spare({ name }: PoolRules): readonly Member[] {
    return [...this.#idle, ...this.#coming].filter(({ pool, tenant }) => pool === name && tenant === null);
  }

  #evictFrom(pools: readonly PoolRules[]): boolean {
    for (const pool of pools) {
      const [used, unused] = [this.#idleOf(pool).filter(({ tenant }) => tenant !== null), this.#idleOf(pool)];
      const victim = used[0] ?? unused[0];
      if (victim === undefined) continue;
      this.#end(victim, 'evicted');
      return true;
    }
    return false;
  }

  #make(plan: Omit<Extract<Action, { kind: 'make' }>, 'kind'>): void {
    add(this.#size, plan.pool, 1);
    this.actions.push({ kind: 'make', ...plan });
  }

  #end(member: Member, why: EndReason): void {
    this.#idle.delete(member);
    this.#coming.delete(member);
    this.actions.push({ kind: 'end', member: member.name, why });
  }
}

function closeness(want: Want, member: Member): number {
  // What has labels that are not wanted is kept for who wants them, as long as there is another one.
  const excess = member.labels.length - want.labels.length;
  return (member.tenant === null ? 0 : 2) + (member.chroot === want.chroot ? 1 : 0) - excess / 100;
}

function longestIdleFirst(one: Member, other: Member): number {
  return one.idleSince - other.idleSince;
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function nextMoment({ wants, members, pools, now }: Situation): number {
  const idle = new Map(pools.map(({ name, idleMilliseconds }) => [name, idleMilliseconds]));
  const moments = [
    ...wants.flatMap(({ retryAt, since }) => [retryAt, since + patienceMilliseconds]),
    ...members.map(({ deadline }) => deadline),
    ...members.filter(({ state }) => state === 'idle').map((one) => one.idleSince + (idle.get(one.pool) ?? 0)),
    ...pools.flatMap(({ probeAt, aheadAt }) => [probeAt, aheadAt]),
  ];
  return Math.min(Number.POSITIVE_INFINITY, ...moments.filter((moment) => moment > now));
}
