// What a pool holds in memory: its builders, and those who wait for one.
import { type ChrootName, chrootOf } from '@coppice/config';
import type { DriverFacts } from '../builder/driver-facts.ts';
import type { Line } from '../builder/session.ts';
import { type Builder, machineArchitecture } from '../builder/spawn.ts';
import { RunnerError } from '../errors.ts';
import type { OpenPool } from './configured-pools.ts';
import type { MakingStage } from './craft.ts';
import type { BuilderNeed, Lease, LeasedBuilder } from './pool.ts';
import type { BuilderRecord } from './records.ts';
import type { Member, MemberState, Want } from './rules.ts';

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

/** Who may use a builder again: builds of the same project at the same trust. Owners and projects hold no slash or space. Pure. */
export function tenantOf({ owner, project, trust }: Pick<BuilderNeed, 'owner' | 'project' | 'trust'>): string {
  return `${owner}/${project} ${trust}`;
}

function architectureFor(chroot: ChrootName): string {
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
 * True when an earlier run of the service had given the builder to this project and trust. Several of its builds may have been there, for one
 * chroot or another: one that ran and those whose results were on their way. Pure.
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

/** What is said to whom no pool can serve. Pure. */
export function noPoolFor(need: BuilderNeed, pools: readonly OpenPool[]): RunnerError {
  const labels = need.labels.length === 0 ? '' : ` with ${sayLabels(need.labels)}`;
  const kind = need.trust === 'source' ? ' that make source packages' : '';
  return new RunnerError(
    'no-builder',
    `no pool of this service has builders${kind} for ${need.chroot}${labels}; ${sayOffers(need, pools)}`,
  );
}

/** The labels are what is missing where a pool has builders but for them; else it is the architecture. */
function sayOffers(need: BuilderNeed, pools: readonly OpenPool[]): string {
  const architecture = architectureFor(need.chroot);
  const fitting = pools.filter(
    ({ offer, settings }) => offer.architectures.includes(architecture) && settings.trust.includes(need.trust),
  );
  if (need.labels.length > 0 && fitting.length > 0) {
    // By pool: one builder has to have all of them.
    const offers = fitting.map(({ offer, settings }) => {
      const offered = offer.labels.length === 0 ? 'no label' : offer.labels.toSorted().join(', ');
      return `${offered} (pool ${settings.name})`;
    });
    return `the labels that its pools offer for ${architecture}: ${offers.join('; ')}`;
  }
  const offered = [...new Set(pools.flatMap(({ offer }) => offer.architectures))].sort().join(', ');
  return `the architectures that its pools offer: ${offered}`;
}

function sayLabels(labels: readonly string[]): string {
  return `the label${labels.length === 1 ? '' : 's'} ${labels.join(', ')}`;
}
