import { type ChrootName, settingsSchema } from '@coppice/config';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Builder } from '../builder/spawn.ts';
import { closedBreaker } from './circuit-breaker.ts';
import type { OpenPool } from './configured-pools.ts';
import { tenantOf } from './need.ts';
import { isFree, type PooledBuilder } from './pooled-builder.ts';
import type { BuilderRecord } from './records.ts';
import {
  cleaned,
  ending,
  fetched,
  given,
  givenBack,
  keptUntil,
  made,
  notedAsBack,
  planned,
  shared,
  takenUp,
} from './transitions.ts';

const chroot = 'sapling-12-x86_64' as ChrootName;
const now = Date.parse('2026-05-04T12:00:00Z');
const [settings] = settingsSchema.parse({ builders: { pools: [{ driver: 'local', labels: ['near'] }] } }).builders
  .pools;
const pool = {
  ...{ id: 'near/1', settings, breaker: closedBreaker, madeAt: undefined, commonLabels: ['near'] },
  facts: { outlivesService: true, network: false },
} as unknown as OpenPool;
const plan = {
  ...{
    kind: 'make' as const,
    pool: 'near/1',
    architecture: 'x86_64',
    labels: ['near', 'big'],
    want: 7,
    isProbe: false,
  },
  ...{ name: 'coppice-1', chroot },
};
type Need = NonNullable<BuilderRecord['need']>;
const need = (project = 'tools', trust: Need['trust'] = 'build'): Need => ({
  ...{ chroot, owner: 'acme', project, trust, labels: [] },
});

const making = planned(pool, plan, 3600, now);
const builder = { name: 'coppice-1', chroot } as Builder;
const asMade = (pooled: PooledBuilder) =>
  made(pooled, { builder, record: { ...pooled.record, provisioned: true } }, now + 1000);
const back = (pooled: PooledBuilder, how: 'reuse' | 'end' = 'reuse', isFetching = false) =>
  givenBack(pooled, { how, isFetching });
const until = new Date(now + 60_000);

const idle = asMade(making);
const leased = given(idle, need());
const cleaning = back(leased);
const kept = keptUntil(leased, until);

describe('from the plan to the second build', () => {
  test('what is planned is written down with its deadline and the labels that are its own, and is nobody’s', () => {
    expect(making).toMatchObject({ state: 'making', builder: undefined, labels: ['near', 'big'], madeFor: 7 });
    expect(making.record).toMatchObject({ labels: ['big'], deadline: '2026-05-04T13:00:00.000Z', need: null });
  });

  test('it is given, comes back, is cleaned, and is free for the same project and trust', () => {
    expect(idle).toMatchObject({ state: 'idle', builder, idleSince: now + 1000 });
    expect(leased).toMatchObject({ state: 'leased', holders: 1, record: { leased: true, need: need() } });
    expect(cleaning).toMatchObject({ state: 'cleaning', holders: 0, record: { leased: true } });
    const again = cleaned(notedAsBack(cleaning), now + 5000);
    expect(again).toMatchObject({ state: 'idle', idleSince: now + 5000, record: { leased: false, need: need() } });
    const other = 'fedora-42-x86_64' as ChrootName;
    expect(given(again, { ...need(), chroot: other })).toMatchObject({ record: { need: { chroot: other } } });
    for (const stranger of [need('games'), need('tools', 'source')]) {
      expect(() => given(again, stranger)).toThrow(/^the builder coppice-1 \(idle, .*\) cannot be given to acme\//);
    }
  });

  test('while results are on their way, or are left, it is noted as somebody’s', () => {
    const coming = notedAsBack(back(leased, 'reuse', true));
    expect(coming).toMatchObject({ fetching: 1, record: { leased: true } });
    expect(notedAsBack(fetched(coming, 'fetched'))).toMatchObject({ fetching: 0, record: { leased: false } });
    expect(notedAsBack(fetched(coming, 'left'))).toMatchObject({ hasLeft: true, record: { leased: true } });
  });

  test('after a release to end, or results that cannot be had, it is neither clean nor given again', () => {
    expect(() => cleaned(back(leased, 'end'), now)).toThrow(RangeError);
    expect(() => cleaned(fetched(back(leased, 'reuse', true), 'failed'), now)).toThrow(RangeError);
    const doubtful = fetched(cleaned(back(leased, 'reuse', true), now), 'failed');
    expect(isFree(doubtful)).toBe(false);
    expect(() => given(doubtful, need())).toThrow('(idle, in the hands of 0, in doubt) cannot be given');
  });

  test('of several who took it up again the last who gives it back has it cleaned', () => {
    const left = { ...{ name: 'coppice-1', poolId: 'near/1', facts: pool.facts, builder }, record: leased.record };
    const two = shared(shared(takenUp(left, 'leased', now)));
    expect(two).toMatchObject({ state: 'leased', holders: 2, labels: ['big'] });
    expect(back(two)).toMatchObject({ state: 'leased', holders: 1 });
    expect(back(back(two)).state).toBe('cleaning');
    expect(back(back(two, 'end'))).toMatchObject({ state: 'cleaning', isDoubtful: true });
  });

  test('one that is kept may be kept longer, and does not come back to its project', () => {
    const later = new Date(now + 120_000);
    expect(keptUntil(kept, later).record.keptUntil).toBe(later.toISOString());
    expect(back(kept)).toMatchObject({ state: 'kept', holders: 0 });
    expect(() => keptUntil(back(kept), later)).toThrow(RangeError);
  });
});

type Transition = (pooled: PooledBuilder) => PooledBuilder;
const transitions = {
  made: asMade,
  given: (pooled) => given(pooled, need()),
  shared,
  'given back': (pooled) => back(pooled),
  'noted as back': notedAsBack,
  cleaned: (pooled) => cleaned(pooled, now),
  'kept until': (pooled) => keptUntil(pooled, until),
  fetched: (pooled) => fetched(pooled, 'fetched'),
  ending,
} satisfies Record<string, Transition>;

test.each<[PooledBuilder, readonly (keyof typeof transitions)[]]>([
  [making, ['made', 'ending']],
  [idle, ['given', 'noted as back', 'ending']],
  [leased, ['shared', 'given back', 'kept until', 'ending']],
  [cleaning, ['noted as back', 'cleaned', 'ending']],
  [kept, ['given back', 'kept until', 'ending']],
  [ending(making), ['ending']],
  [ending(idle), ['ending']],
  [ending(leased), ['given back', 'ending']],
  [back(leased, 'reuse', true), ['noted as back', 'cleaned', 'fetched', 'ending']],
])('from $state nothing follows but what can', (pooled, possible) => {
  const follows = Object.entries<Transition>(transitions).flatMap(([name, next]) =>
    attempt(next, pooled) ? [name] : [],
  );
  expect(follows).toEqual(possible);
});

function attempt(next: Transition, pooled: PooledBuilder): PooledBuilder | undefined {
  try {
    return next(pooled);
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return undefined;
  }
}

describe('any sequence of transitions', () => {
  const going: fc.Arbitrary<readonly [string, Transition]> = fc.oneof(
    fc.constant(['made', asMade] as const),
    fc
      .record({
        project: fc.constantFrom('tools', 'games'),
        trust: fc.constantFrom('source' as const, 'build' as const),
      })
      .map(({ project, trust }) => ['given', (pooled: PooledBuilder) => given(pooled, need(project, trust))] as const),
    fc.constant(['shared', shared] as const),
    fc
      .record({ how: fc.constantFrom('reuse' as const, 'reuse' as const, 'end' as const), isFetching: fc.boolean() })
      .map((how) => ['given back', (pooled: PooledBuilder) => givenBack(pooled, how)] as const),
    fc.constant(['noted as back', notedAsBack] as const),
    fc.constant(['cleaned', transitions.cleaned] as const),
    fc
      .constantFrom('fetched' as const, 'left' as const, 'failed' as const)
      .map((end) => ['fetched', (pooled: PooledBuilder) => fetched(pooled, end)] as const),
  );
  // Of these the first is the last that counts: they are rare, so that most sequences go far.
  const step = fc.oneof(
    { weight: 30, arbitrary: going },
    { weight: 1, arbitrary: fc.constant(['kept until', transitions['kept until']] as const) },
    { weight: 1, arbitrary: fc.constant(['ending', ending] as const) },
  );
  const seen = new Set<string>();

  test('never has a builder given while it ends, is cleaned or is in doubt, nor to another project or trust', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        let pooled = frozen(making);
        for (const [name, next] of steps) {
          const after = attempt(next, pooled);
          if (after === undefined) continue;
          seen.add(`${name} → ${after.state}`);
          expectToFollow(pooled, after);
          expectToBeSound(after);
          pooled = frozen(after);
        }
      }),
      { numRuns: 1000 },
    );
    // It would say nothing if the sequences did not come so far.
    expect([...seen]).toEqual(
      expect.arrayContaining([
        'given → leased',
        'given back → cleaning',
        'cleaned → idle',
        'kept until → kept',
        'given back → ending',
      ]),
    );
  });
});

function frozen(pooled: PooledBuilder): PooledBuilder {
  Object.freeze(pooled.record);
  return Object.freeze(pooled);
}

function expectToFollow(before: PooledBuilder, after: PooledBuilder): void {
  if (before.state === 'ending') expect(after.state).toBe('ending');
  if (after.state === 'leased' && before.state !== 'leased') {
    expect(before).toMatchObject({ state: 'idle', isDoubtful: false });
    expect(before.holders).toBe(0);
  }
  if (before.record.need !== null) expect(tenantOf(after.record.need as Need)).toBe(tenantOf(before.record.need));
  if (before.state === 'cleaning' && after.state === 'idle') expect(before.isDoubtful).toBe(false);
  if (before.isDoubtful) expect(after.isDoubtful, 'doubt stays').toBe(true);
  if (before.hasLeft) expect(after.hasLeft, 'what is left stays').toBe(true);
}

function expectToBeSound({ state, holders, fetching, hasLeft, builder: machine, record }: PooledBuilder): void {
  expect(Math.min(holders, fetching)).toBeGreaterThanOrEqual(0);
  if (state === 'making' || state === 'idle' || state === 'cleaning') expect(holders).toBe(0);
  if (state === 'leased') expect(holders).toBeGreaterThan(0);
  if (state !== 'ending') expect(machine === undefined).toBe(state === 'making');
  if (state !== 'ending') expect(record.keptUntil !== null).toBe(state === 'kept');
  if (holders + fetching > 0 || hasLeft) expect(record).toMatchObject({ leased: true, need: { owner: 'acme' } });
}
