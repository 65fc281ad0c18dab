// What becomes of a builder of a pool. Each function takes the value and gives what it is next, or throws a RangeError
// when that cannot follow: such a call is a mistake of ours, and must not lead one project onto another's builder.
// Pure.
import type { ChrootName } from '@coppice/config';
import type { Builder } from '../builder/spawn.ts';
import { iso, type OpenPool } from './configured-pools.ts';
import { tenantOf } from './need.ts';
import type { MadeBuilder, PooledBuilder } from './pooled-builder.ts';
import type { BuilderRecord } from './records.ts';
import type { Action, MemberState } from './rules.ts';

type Plan = Extract<Action, { kind: 'make' }> & { readonly name: string; readonly chroot: ChrootName };
const untouched = { holders: 0, fetching: 0, isDoubtful: false, hasLeft: false } as const;

/** It is to be made; `now` in milliseconds since 1970. */
export function planned(pool: OpenPool, plan: Plan, lifetimeSeconds: number, now: number): PooledBuilder {
  const { name, architecture, chroot, labels, want, isProbe } = plan;
  const { driver, options, name: poolName } = pool.settings;
  const record: BuilderRecord = {
    ...{ pool: poolName, driver, options, architecture, chroot },
    labels: labels.filter((label) => !pool.commonLabels.includes(label)),
    spawnedAt: iso(now),
    deadline: iso(now + lifetimeSeconds * 1000),
    ...{ publicKey: null, provisioned: false, need: null, leased: false, keptUntil: null },
  };
  return {
    ...{ name, poolId: pool.id, facts: pool.facts, labels: [...new Set([...pool.commonLabels, ...labels])], record },
    ...{ state: 'making', builder: undefined, ...untouched, madeFor: want, isProbe, idleSince: now },
  };
}

/** An earlier run of the service has left it: kept for somebody, or to a build that asks for it now. */
export function takenUp(
  known: Pick<MadeBuilder, 'name' | 'poolId' | 'facts' | 'record' | 'builder'>,
  state: 'kept' | 'leased',
  now: number,
): PooledBuilder {
  const { labels } = known.record;
  return { ...known, ...untouched, labels, state, madeFor: null, isProbe: false, idleSince: now };
}

/** It can be given to anybody. */
export function made(
  pooled: PooledBuilder,
  done: { readonly builder: Builder; readonly record: BuilderRecord },
  now: number,
): PooledBuilder {
  assertState(pooled, 'be made', 'making');
  return { ...pooled, ...done, state: 'idle', idleSince: now };
}

/** Somebody gets it; from then on it is of this project and trust. */
export function given(pooled: PooledBuilder, need: NonNullable<BuilderRecord['need']>): MadeBuilder {
  assertState(pooled, 'be given', 'idle');
  if (pooled.isDoubtful) throw refusal(pooled, 'be given');
  const before = pooled.record.need;
  if (before !== null && tenantOf(before) !== tenantOf(need)) throw refusal(pooled, `be given to ${tenantOf(need)}`);
  return { ...pooled, state: 'leased', holders: 1, record: { ...pooled.record, need, leased: true } };
}

/** One more of those to whom an earlier run of the service had given it has it in hand. */
export function shared(pooled: PooledBuilder): MadeBuilder {
  assertState(pooled, 'be shared', 'leased');
  return { ...pooled, holders: pooled.holders + 1 };
}

interface Return {
  /** After `end` nobody gets it again. */
  readonly how: 'reuse' | 'end';
  /** Results of the build are on their way from it. */
  readonly isFetching: boolean;
}

/** One has it in hand no more; it is cleaned when nobody has. */
export function givenBack(pooled: PooledBuilder, { how, isFetching }: Return): PooledBuilder {
  if (pooled.holders === 0) throw refusal(pooled, 'be given back');
  const back = {
    ...pooled,
    holders: pooled.holders - 1,
    fetching: pooled.fetching + (isFetching ? 1 : 0),
    isDoubtful: pooled.isDoubtful || how === 'end',
  };
  return back.state === 'leased' && back.holders === 0 ? { ...back, state: 'cleaning' } : back;
}

/** Nothing runs on it, and nobody has it: but those whose results are still there are noted as if they had. */
export function notedAsBack(pooled: PooledBuilder): PooledBuilder {
  assertState(pooled, 'be noted as back', 'cleaning', 'idle');
  return { ...pooled, record: { ...pooled.record, leased: pooled.fetching > 0 || pooled.hasLeft } };
}

/** Its project can have it again. */
export function cleaned(pooled: PooledBuilder, now: number): PooledBuilder {
  assertState(pooled, 'be clean', 'cleaning');
  if (pooled.isDoubtful) throw refusal(pooled, 'be clean');
  return { ...pooled, state: 'idle', idleSince: now };
}

/** Who has it in hand lets somebody look at it; the time may be changed by another call. */
export function keptUntil(pooled: PooledBuilder, until: Date): PooledBuilder {
  assertState(pooled, 'be kept', 'leased', 'kept');
  if (pooled.holders === 0) throw refusal(pooled, 'be kept');
  return { ...pooled, state: 'kept', record: { ...pooled.record, keptUntil: until.toISOString() } };
}

/** Results of one build are here, or are left on it for the next start of the service, or cannot be had. */
export function fetched(pooled: PooledBuilder, end: 'fetched' | 'left' | 'failed'): PooledBuilder {
  if (pooled.fetching === 0) throw refusal(pooled, 'be fetched from');
  return {
    ...{ ...pooled, fetching: pooled.fetching - 1 },
    hasLeft: pooled.hasLeft || end === 'left',
    isDoubtful: pooled.isDoubtful || end === 'failed',
  };
}

/** It goes, whoever has it; nothing else follows. */
export function ending(pooled: PooledBuilder): PooledBuilder {
  return { ...pooled, state: 'ending' };
}

function assertState<State extends MemberState>(
  pooled: PooledBuilder,
  deed: string,
  ...states: readonly State[]
): asserts pooled is PooledBuilder & { readonly state: State } {
  if (!states.some((state) => state === pooled.state)) throw refusal(pooled, deed);
}

function refusal({ name, state, holders, isDoubtful }: PooledBuilder, deed: string): RangeError {
  const doubt = isDoubtful ? ', in doubt' : '';
  return new RangeError(`the builder ${name} (${state}, in the hands of ${holders}${doubt}) cannot ${deed}`);
}
