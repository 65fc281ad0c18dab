// What a pool holds in memory: its builders, and those who wait for one.
import { randomBytes } from 'node:crypto';
import { type ChrootName, chrootOf } from '@coppice/config';
import type { DriverFacts } from '../builder/driver-facts.ts';
import type { Line } from '../builder/session.ts';
import { type Builder, builderPrefix, machineArchitecture } from '../builder/spawn.ts';
import type { MakingStage } from './builder-operations.ts';
import { iso, type OpenPool } from './configured-pools.ts';
import type { BuilderNeed, Lease, LeasedBuilder } from './pool.ts';
import type { BuilderRecord } from './records.ts';
import type { Action, Member, MemberState, Want } from './rules.ts';

/** One builder. */
export interface Held {
  readonly name: string;
  readonly poolId: string;
  readonly facts: Pick<DriverFacts, 'outlivesService' | 'network' | 'hostStays'>;
  /** As the rules see them. */
  readonly labels: readonly string[];
  record: BuilderRecord;
  state: MemberState;
  /** Undefined while it is made. */
  builder: Builder | undefined;
  /** The connection to it, from the first time on that somebody has it. */
  line: Line | undefined;
  /** The line while it is opened. */
  opening: Promise<Line> | undefined;
  /** How many have it in hand. */
  holders: number;
  /** Results that are on their way from it; never rejects. */
  readonly fetching: Set<Promise<void>>;
  /** Nobody gets it any more. */
  isDoubtful: boolean;
  /** There are results on it that the next start of the service fetches. */
  hasLeft: boolean;
  /** The last writing of the record; never rejects. */
  written: Promise<void>;
  readonly madeFor: number | null;
  readonly isProbe: boolean;
  idleSince: number;
  /** Ends the making. */
  readonly abort: AbortController;
  /** Resolves when it is gone. */
  ended: Promise<void> | undefined;
}

/** One who waits. */
export interface Waiting {
  readonly id: number;
  readonly need: BuilderNeed;
  readonly since: number;
  readonly onStage: ((stage: MakingStage, name: string) => void) | undefined;
  readonly onNear: ((line: Line, builder: LeasedBuilder) => void) | undefined;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (reason: unknown) => void;
  retryAt: number;
  readonly failures: Map<string, number>;
  /** The builder that it was told to make ready for itself. */
  near: string | undefined;
}

/** A builder of which nothing is known but what it is. Pure. */
export function newHeld(
  what: Pick<Held, 'name' | 'poolId' | 'facts' | 'labels' | 'record' | 'state' | 'builder' | 'madeFor' | 'isProbe'>,
  now: number,
): Held {
  return {
    ...what,
    ...{ line: undefined, opening: undefined, holders: 0, fetching: new Set(), isDoubtful: false, hasLeft: false },
    ...{ written: Promise.resolve(), idleSince: now, abort: new AbortController(), ended: undefined },
  };
}

/**
 * Who may use a builder again: builds of the same project at the same trust. Owners and projects hold no slash or
 * space. Pure.
 */
export function tenantOf({ owner, project, trust }: Pick<BuilderNeed, 'owner' | 'project' | 'trust'>): string {
  return `${owner}/${project} ${trust}`;
}

export function architectureFor(chroot: ChrootName): string {
  return machineArchitecture(chrootOf(chroot).architecture);
}

/** As the rules see it. Pure. */
export function memberOf(held: Held): Member {
  const { record, name, poolId, labels, state, madeFor, isProbe, idleSince } = held;
  const deadline = Date.parse(record.deadline);
  const kept = record.keptUntil === null ? deadline : Date.parse(record.keptUntil);
  return {
    ...{ name, pool: poolId, labels, state, madeFor, isProbe, idleSince },
    isInUse: held.fetching.size > 0,
    architecture: record.architecture,
    tenant: record.need === null ? null : tenantOf(record.need),
    chroot: record.need?.chroot ?? record.chroot,
    deadline: Math.min(deadline, kept),
  };
}

/** As the rules see it. Pure. */
export function wantOf(waiting: Pick<Waiting, 'id' | 'need' | 'since' | 'retryAt' | 'failures'>): Want {
  const { id, need, since, retryAt, failures } = waiting;
  return {
    ...{ id, since, retryAt, failures },
    tenant: tenantOf(need),
    trust: need.trust,
    chroot: need.chroot,
    architecture: architectureFor(need.chroot),
    labels: need.labels,
    milliseconds: (need.seconds ?? 0) * 1000,
  };
}

/**
 * True when an earlier run of the service had given the builder to this project and trust. Several of its builds may
 * have been there, for one chroot or another: one that ran and those whose results were on their way. Pure.
 */
export function isLeftFor(record: BuilderRecord, need: BuilderNeed): boolean {
  const was = record.need;
  if (was === null || !record.leased || !record.provisioned || record.keptUntil !== null) return false;
  return tenantOf(was) === tenantOf(need);
}

/** True when the builder is at work for the same tenant, and will do for the need. Pure. */
export function isNear({ record, state, line, labels, isDoubtful }: Held, { need }: Pick<Waiting, 'need'>): boolean {
  if (state !== 'leased' || line?.isUp !== true || isDoubtful || record.need === null) return false;
  return (
    tenantOf(record.need) === tenantOf(need) &&
    record.architecture === architectureFor(need.chroot) &&
    need.labels.every((label) => labels.includes(label))
  );
}

type Plan = Extract<Action, { kind: 'make' }> & { readonly chroot: ChrootName };

/** For a builder of which nobody knows yet what will be built on it. Pure. */
export function anyChroot(architecture: string): ChrootName {
  return `any-0-${architecture}` as ChrootName;
}

/** The builder, under a new name; `now` in milliseconds since 1970. */
export function plannedBuilder(pool: OpenPool, plan: Plan, home: string, lifetimeSeconds: number, now: number): Held {
  const { architecture, chroot, labels, want, isProbe } = plan;
  const { driver, options, name: poolName } = pool.settings;
  const record = {
    ...{ pool: poolName, driver, options, architecture, chroot },
    labels: labels.filter((label) => !pool.commonLabels.includes(label)),
    spawnedAt: iso(now),
    deadline: iso(now + lifetimeSeconds * 1000),
    ...{ publicKey: null, provisioned: false, need: null, leased: false, keptUntil: null },
  };
  const held = {
    name: `${builderPrefix(home)}${now.toString(36)}-${randomBytes(3).toString('hex')}`,
    labels: [...new Set([...pool.commonLabels, ...labels])],
    ...{ poolId: pool.id, facts: pool.facts, record, builder: undefined, madeFor: want, isProbe },
  };
  return newHeld({ ...held, state: 'making' }, now);
}
