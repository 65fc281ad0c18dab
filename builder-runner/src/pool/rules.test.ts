import type { ChrootName } from '@coppice/config';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Action,
  type Decision,
  decide,
  type Member,
  type MemberState,
  type PoolRules,
  patienceMilliseconds,
  poolFits,
  type Situation,
  type Want,
} from './rules.ts';

const chroot = 'sapling-12-x86_64' as ChrootName;
const start = 1_000_000;
const names = ['near', 'far'];
const architectures = ['x86_64', 'aarch64'];

const want = (id: number, more: Partial<Want> = {}): Want => ({
  ...{ id, tenant: 'acme/tools build', trust: 'build', chroot, architecture: 'x86_64', labels: [], logins: false },
  ...{ milliseconds: 1000, since: start, retryAt: 0, failures: new Map() },
  ...more,
});
const member = (name: string, more: Partial<Member> = {}): Member => ({
  ...{ name, pool: 'near', architecture: 'x86_64', labels: [], state: 'idle', tenant: null, chroot, madeFor: null },
  ...{ isProbe: false, isInUse: false, idleSince: start, deadline: start + 10_000_000 },
  ...more,
});
const pool = (more: Partial<PoolRules> = {}): PoolRules => ({
  ...{ name: 'near', architectures: ['x86_64'], labels: [], trust: ['source', 'build'], logins: false, min: 0, max: 1 },
  ...{ idleMilliseconds: 600_000, gate: 'closed', probeAt: 0, aheadAt: 0 },
  ...more,
});
const decided = (situation: Partial<Situation>): readonly Action[] =>
  decide({ wants: [], expected: [], members: [], pools: [pool()], now: start, ...situation }).actions;

describe('one decision', () => {
  const small = fc.nat({ max: 3 });
  const tenant = fc.constantFrom('a/x build', 'a/x source', 'b/y build');
  const wantArbitrary = fc
    .record({
      tenant,
      architecture: fc.constantFrom(...architectures),
      labels: fc.subarray(['big']),
      logins: fc.boolean(),
      milliseconds: fc.integer({ min: 0, max: 100_000 }),
      since: fc.integer({ min: start - 100_000, max: start }),
      retryAt: fc.constantFrom(0, start + 1000),
    })
    .map((one) => ({ ...one, trust: one.tenant.endsWith('source') ? ('source' as const) : ('build' as const) }));
  const memberArbitrary = fc.record({
    pool: fc.constantFrom(...names, 'gone'),
    architecture: fc.constantFrom(...architectures),
    state: fc.constantFrom<MemberState[]>('making', 'idle', 'idle', 'leased', 'cleaning', 'kept', 'ending'),
    tenant: fc.option(tenant),
    labels: fc.subarray(['big']),
    madeFor: fc.option(small),
    isProbe: fc.boolean(),
    isInUse: fc.boolean(),
    idleSince: fc.integer({ min: start - 700_000, max: start }),
    deadline: fc.integer({ min: start - 1000, max: start + 200_000 }),
  });
  const poolArbitrary = fc.record({
    architectures: fc.subarray(architectures, { minLength: 1 }),
    labels: fc.subarray(['big']),
    logins: fc.boolean(),
    trust: fc.subarray<Want['trust']>(['source', 'build'], { minLength: 1 }),
    min: small,
    max: fc.integer({ min: 1, max: 4 }),
    gate: fc.constantFrom<PoolRules['gate'][]>('closed', 'closed', 'open', 'probe'),
    aheadAt: fc.constantFrom(0, start + 5000),
  });
  const situation: fc.Arbitrary<Situation> = fc
    .record({
      wants: fc.array(wantArbitrary, { maxLength: 6 }),
      expected: fc.array(wantArbitrary, { maxLength: 2 }),
      members: fc.array(memberArbitrary, { maxLength: 8 }),
      pools: fc.tuple(poolArbitrary, poolArbitrary),
    })
    .map(({ wants, expected, members, pools }) => ({
      now: start,
      wants: wants.map((one, id) => want(id, one)).sort((one, other) => one.since - other.since),
      expected: expected.map((one, id) => want(100 + id, one)),
      members: members.map((one, index) =>
        member(`m${index}`, { ...one, tenant: one.state === 'making' ? null : one.tenant }),
      ),
      pools: pools.map((one, index) =>
        pool({ ...one, name: names[index] as string, min: Math.min(one.min, one.max), probeAt: start + 9 }),
      ),
    }));
  const inEvery = (check: (situation: Situation, decision: Decision) => void) =>
    fc.assert(
      fc.property(situation, (one) => check(one, decide(one))),
      { numRuns: 400 },
    );
  const of = <K extends Action['kind']>(actions: readonly Action[], kind: K) =>
    actions.filter((action): action is Extract<Action, { kind: K }> => action.kind === kind);
  const byName = ({ members }: Situation) => new Map(members.map((one) => [one.name, one]));
  const rules = ({ pools }: Situation, name: string) => pools.find((one) => one.name === name);
  const sizeOf = ({ members }: Situation, name: string) => members.filter((one) => one.pool === name).length;

  test('a builder into which somebody is to log in is of a pool that lets people in', () =>
    inEvery((situation, { actions }) => {
      const pools = [
        ...of(actions, 'give').map((one) => [one.want, byName(situation).get(one.member)?.pool ?? ''] as const),
        ...of(actions, 'make').map((one) => [one.want, one.pool] as const),
      ];
      const asked = pools.filter(([id]) => situation.wants.find((one) => one.id === id)?.logins === true);
      expect(asked.filter(([, name]) => rules(situation, name)?.logins !== true)).toEqual([]);
    }));

  test('a builder is given to whom it fits: never across projects and trust, never past its deadline, to one want', () =>
    inEvery((situation, { actions }) => {
      const given = of(actions, 'give');
      expect(new Set(given.map((one) => one.member)).size).toBe(given.length);
      expect(new Set(given.map((one) => one.want)).size).toBe(given.length);
      for (const { want: id, member: name } of given) {
        const taker = situation.wants.find((one) => one.id === id) as Want;
        const got = byName(situation).get(name) as Member;
        expect(got.state).toBe('idle');
        expect([null, taker.tenant]).toContain(got.tenant);
        expect(got.architecture).toBe(taker.architecture);
        expect(taker.labels.every((label) => got.labels.includes(label))).toBe(true);
        expect(poolFits(rules(situation, got.pool) as PoolRules, taker)).toBe(true);
        const isNew = got.tenant === null && start - got.idleSince <= 30_000;
        if (!isNew) expect(got.deadline - start).toBeGreaterThanOrEqual(taker.milliseconds);
        expect(got.deadline).toBeGreaterThan(start);
      }
    }));

  test('no pool grows above its max, and none is asked that is left alone', () =>
    inEvery((situation, { actions }) => {
      for (const { name, max, gate } of situation.pools) {
        const made = of(actions, 'make').filter((one) => one.pool === name);
        if (made.length > 0) expect(sizeOf(situation, name) + made.length).toBeLessThanOrEqual(max);
        if (gate === 'open') expect(made).toEqual([]);
        if (gate === 'probe') {
          const underWay = situation.members.filter(
            (one) => one.pool === name && one.isProbe && one.state === 'making',
          );
          expect(made.length + (made.length > 0 ? underWay.length : 0)).toBeLessThanOrEqual(1);
          expect(made.every(({ isProbe }) => isProbe)).toBe(true);
        }
      }
    }));

  test('what has passed its deadline is ended, and nothing else that is in use', () =>
    inEvery((situation, { actions }) => {
      const ended = new Set(of(actions, 'end').map((one) => one.member));
      expect(ended.size).toBe(of(actions, 'end').length);
      for (const one of situation.members) {
        const over = one.deadline <= start;
        if (one.state === 'making' || one.state === 'ending') expect(ended.has(one.name)).toBe(false);
        else if (one.state !== 'idle' || one.isInUse) expect(ended.has(one.name)).toBe(over);
        else if (over || one.pool === 'gone') expect(ended.has(one.name)).toBe(true);
      }
    }));

  test('no want waits while a slot is free for it, or an idle builder takes up its slot', () =>
    inEvery((situation, { actions }) => {
      const given = new Set(of(actions, 'give').map((one) => one.want));
      const touched = new Set(actions.map((one) => (one.kind === 'make' ? '' : one.member)));
      const waiting = situation.wants.filter((one) => !given.has(one.id) && one.retryAt <= start);
      const made = of(actions, 'make').filter(({ isProbe, want: id }) => !isProbe && id !== null);
      const coming = situation.members.filter(({ state }) => ['making', 'cleaning', 'ending'].includes(state)).length;
      const evicted = of(actions, 'end').length;
      // Each want that is left has something on its way, or there is nothing to be had in the pools that fit it.
      if (waiting.length <= made.length) return;
      for (const one of waiting.filter(({ id }) => !made.some((make) => make.want === id))) {
        for (const fitting of situation.pools.filter((each) => each.gate === 'closed' && poolFits(each, one))) {
          const size =
            sizeOf(situation, fitting.name) + of(actions, 'make').filter((m) => m.pool === fitting.name).length;
          const idle = situation.members.filter(
            (each) => each.pool === fitting.name && each.state === 'idle' && !each.isInUse && !touched.has(each.name),
          );
          const own = situation.members.filter((each) => each.state === 'leased' && each.tenant === one.tenant).length;
          if (size < fitting.max) expect(coming + evicted).toBeGreaterThan(0);
          else if (idle.length > 0) expect(coming + evicted + own).toBeGreaterThan(0);
        }
      }
    }));

  test('min builders are kept ready where builders can be made and there is room', () =>
    inEvery((situation, { actions }) => {
      const gone = new Set(actions.map((one) => (one.kind === 'make' ? '' : one.member)));
      for (const { name, min, max, gate, aheadAt } of situation.pools) {
        if (gate !== 'closed' || aheadAt > start) continue;
        const made = of(actions, 'make').filter((one) => one.pool === name);
        if (sizeOf(situation, name) + made.length >= max) continue;
        const ready = situation.members.filter(
          (one) =>
            one.pool === name &&
            one.tenant === null &&
            ['idle', 'making', 'cleaning'].includes(one.state) &&
            !gone.has(one.name),
        );
        expect(ready.length + made.filter((one) => one.want === null).length).toBeGreaterThanOrEqual(min);
      }
    }));
});

describe('over time', () => {
  /**
   * Random wants over simulated time; making takes 5 s, cleaning 1 s, ending 2 s. Resolves with how long each want
   * waited.
   */
  function simulate(pools: readonly PoolRules[], arrivals: readonly { at: number; want: Want; hold: number }[]) {
    let now = start;
    let count = 0;
    let members: Member[] = [];
    let wants: Want[] = [];
    const waited: number[] = [];
    const events: { at: number; run: () => void }[] = arrivals.map(({ at, want: one, hold }) => ({
      at: start + at,
      run: () => {
        wants.push({ ...one, since: now });
        holds.set(one.id, hold);
      },
    }));
    const holds = new Map<number, number>();
    const after = (delay: number, run: () => void) => events.push({ at: now + delay, run });
    const change = (name: string, more: Partial<Member>) => {
      members = members.map((one) => (one.name === name ? { ...one, ...more } : one));
    };
    const act = (action: Action) => {
      if (action.kind === 'make') {
        const name = `b${count++}`;
        const { pool: of, architecture, want: madeFor } = action;
        members.push(member(name, { pool: of, architecture, state: 'making', madeFor, deadline: now + 10_000_000 }));
        after(5000, () => change(name, { state: 'idle', idleSince: now }));
      } else if (action.kind === 'end') {
        change(action.member, { state: 'ending' });
        after(2000, () => {
          members = members.filter(({ name }) => name !== action.member);
        });
      } else {
        const taker = wants.find(({ id }) => id === action.want) as Want;
        wants = wants.filter(({ id }) => id !== action.want);
        waited.push(now - taker.since);
        change(action.member, { state: 'leased', tenant: taker.tenant });
        after(holds.get(taker.id) ?? 0, () => {
          change(action.member, { state: 'cleaning' });
          after(1000, () => change(action.member, { state: 'idle', idleSince: now }));
        });
      }
    };
    for (let step = 0; step < 5000; step += 1) {
      const { actions, lookAgainAt } = decide({ wants, expected: [], members, pools, now });
      for (const action of actions) act(action);
      for (const { name, max } of pools)
        expect(members.filter((one) => one.pool === name).length).toBeLessThanOrEqual(max);
      const next = events.sort((one, other) => one.at - other.at)[0];
      if (next === undefined || lookAgainAt < next.at) {
        if (lookAgainAt === Number.POSITIVE_INFINITY || (next === undefined && wants.length === 0)) break;
        now = lookAgainAt;
        continue;
      }
      events.shift();
      now = next.at;
      next.run();
    }
    return { waited, left: wants.length };
  }

  test('every want is served, whatever else is wanted', () => {
    const arrival = fc.record({
      at: fc.integer({ min: 0, max: 60_000 }),
      tenant: fc.constantFrom('a/x build', 'a/x source', 'b/y build', 'c/z build'),
      architecture: fc.constantFrom(...architectures),
      hold: fc.integer({ min: 0, max: 10_000 }),
    });
    fc.assert(
      fc.property(
        fc.array(arrival, { minLength: 1, maxLength: 25 }),
        fc.integer({ min: 1, max: 3 }),
        (arrivals, max) => {
          const pools = [pool({ architectures, max }), pool({ name: 'far', max: 1 })];
          const { waited, left } = simulate(
            pools,
            arrivals.map(({ at, tenant, architecture, hold }, id) => ({
              at,
              hold,
              want: want(id, { tenant, architecture, trust: tenant.endsWith('source') ? 'source' : 'build' }),
            })),
          );
          expect(left).toBe(0);
          expect(waited).toHaveLength(arrivals.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a project that keeps the only builder busy holds another up for no longer than patience and one build', () => {
    const stream = Array.from({ length: 60 }, (_, id) => ({ at: id * 2000, hold: 1500, want: want(id) }));
    const other = { at: 6000, hold: 1000, want: want(99, { tenant: 'b/y build' }) };
    const { waited, left } = simulate([pool()], [...stream, other]);
    expect(left).toBe(0);
    expect(Math.max(...waited)).toBeLessThan(patienceMilliseconds + 20_000 + 15_000);
  });
});

test('a warm builder of the same chroot is taken before another one, and both before one that nobody had', () => {
  const tenant = 'acme/tools build';
  const other = 'fedora-42-x86_64' as ChrootName;
  const members = [member('unused'), member('other', { tenant, chroot: other }), member('same', { tenant })];
  expect(decided({ wants: [want(1)], members })).toContainEqual({ kind: 'give', want: 1, member: 'same' });
});

test('a builder of its own that is being cleaned is waited for, rather than one that nobody had', () => {
  const tenant = 'acme/tools build';
  const members = [member('unused'), member('own', { tenant, state: 'cleaning' })];
  expect(decided({ wants: [want(1)], members, pools: [pool({ max: 4 })] })).toEqual([]);
  expect(decided({ wants: [want(1), want(2)], members, pools: [pool({ max: 4 })] })).toEqual([
    { kind: 'give', want: 2, member: 'unused' },
  ]);
});

test('for what is expected a builder is made where there is room, and nothing is ended', () => {
  const expected = [want(1)];
  const theirs = member('theirs', { tenant: 'b/y build' });
  expect(decided({ expected, members: [theirs] })).toEqual([]);
  expect(decided({ expected, members: [theirs], pools: [pool({ max: 2 })] })).toMatchObject([
    { kind: 'make', want: null },
  ]);
  expect(decided({ expected, members: [member('ready')], pools: [pool({ max: 2 })] })).toEqual([]);
});

test('a builder with a label is given to others only when there is none without', () => {
  const members = [member('big', { labels: ['big'] }), member('plain')];
  expect(decided({ wants: [want(1)], members })).toContainEqual({ kind: 'give', want: 1, member: 'plain' });
  const labelled = { wants: [want(1, { labels: ['big'] })], members, pools: [pool({ labels: ['big'] })] };
  expect(decided(labelled)).toContainEqual({ kind: 'give', want: 1, member: 'big' });
});

test('a builder of another project makes room when the pool is full', () => {
  const members = [member('theirs', { tenant: 'b/y build' })];
  expect(decided({ wants: [want(1)], members })).toEqual([{ kind: 'end', member: 'theirs', why: 'evicted' }]);
});

test('of many wants of one project, one has room made at once, the others wait for its builder', () => {
  const theirs = { tenant: 'acme/tools source' };
  const members = [member('a', theirs), member('b', theirs), member('c', theirs)];
  const situation = { wants: [want(1), want(2), want(3)], members, pools: [pool({ max: 3 })] };
  expect(decided(situation)).toEqual([{ kind: 'end', member: 'a', why: 'evicted' }]);
  const making = [member('new', { state: 'making', madeFor: 1 }), member('b', theirs), member('c', theirs)];
  expect(decided({ ...situation, members: making })).toEqual([]);
});

test('a want that no pool can serve holds up no other of its project', () => {
  const wants = [want(1, { labels: ['big'], since: start - patienceMilliseconds }), want(2, { milliseconds: 5000 })];
  const short = member('m', { tenant: wants[0]?.tenant ?? null, deadline: start + 1000 });
  expect(decided({ wants, members: [short] })).toEqual([{ kind: 'end', member: 'm', why: 'evicted' }]);
});

test('nobody else’s builder is ended at once for a want whose own builder is at work', () => {
  const members = [
    member('theirs', { tenant: 'b/y build' }),
    member('own', { state: 'leased', tenant: 'acme/tools build' }),
  ];
  const situation = { wants: [want(1)], members, pools: [pool({ max: 2 })] };
  expect(decided(situation)).toEqual([]);
  const later = start + patienceMilliseconds;
  expect(decided({ ...situation, now: later })).toEqual([{ kind: 'end', member: 'theirs', why: 'evicted' }]);
});

test('a want whose builder failed in one pool is given one of another', () => {
  const pools = [pool({ max: 4 }), pool({ name: 'far' })];
  const made = (failures: ReadonlyMap<string, number>) => decided({ wants: [want(1, { failures })], pools })[0];
  expect(made(new Map())).toMatchObject({ kind: 'make', pool: 'near' });
  expect(made(new Map([['near', 1]]))).toMatchObject({ kind: 'make', pool: 'far' });
});

test('a builder whose deadline is too near for the need is ended when its slot is needed', () => {
  const members = [member('old', { tenant: 'acme/tools build', deadline: start + 500 })];
  expect(decided({ wants: [want(1)], members })).toEqual([{ kind: 'end', member: 'old', why: 'evicted' }]);
});

test('after max became less, idle builders are ended and those at work go on', () => {
  const members = [member('busy', { state: 'leased' }), member('b', { idleSince: start - 5 }), member('a')];
  expect(decided({ members, pools: [pool({ max: 2, min: 2 })] })).toEqual([
    { kind: 'end', member: 'b', why: 'too many' },
  ]);
});
