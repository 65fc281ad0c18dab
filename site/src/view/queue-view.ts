// What runs and what waits: why, since when, and when it is expected to begin and to end. Pure.
import {
  type BrokenPool,
  type Chroot,
  isFinal,
  type PhaseName,
  parseChroot,
  type QueueSnapshot,
  type ServiceJson,
} from '@coppice/config';
import type { Build, ChrootRun } from '../model/site-model.ts';
import { chrootLabel, sayList } from './format.ts';
import { type BuildRow, rowOf } from './rows.ts';
import { phaseTitles } from './timeline.ts';

export interface QueueRow {
  readonly row: BuildRow;
  /** What its chroots do now. */
  readonly doing: readonly {
    readonly chroot: string;
    readonly phase: PhaseName;
    readonly title: string;
    readonly since: string;
  }[];
  /** Of one that waits: its place, from 1; null for one that runs. */
  readonly position: number | null;
  /** Of one that waits, in a few words. */
  readonly why: string | null;
  /** ISO 8601; null while nothing of its kind has been built before. */
  readonly expectedStart: string | null;
  readonly expectedEnd: string | null;
  /** It runs for longer than it is expected to. */
  readonly isOvertime: boolean;
}

export interface QueueView {
  readonly running: readonly QueueRow[];
  /** Oldest first. Owners take turns, so that they start in another order. */
  readonly waiting: readonly QueueRow[];
  /** Why builds may wait for a builder. */
  readonly brokenPools: readonly BrokenPool[];
}

/** What the queue's page speaks of. */
export interface QueueRecords {
  /** Those that have not ended, oldest first. */
  readonly live: readonly Build[];
  readonly snapshot: QueueSnapshot | null;
  readonly service: ServiceJson | null;
  /** How long a package takes in a chroot, in seconds; undefined when that is not known. */
  readonly usualSeconds: (build: Build, chroot: string) => number | undefined;
}

export function queueView({ live, snapshot, service, usualSeconds }: QueueRecords): QueueView {
  const waits = (build: Build) => build.state === 'pending';
  const asOf = snapshot === null ? null : Date.parse(snapshot.generatedAt);
  const isLive = new Set(live.map(({ id }) => id as number));
  const running = live.filter((build) => !waits(build));
  const waiting = live.filter(waits);
  const workers = Math.max(1, service?.pools.reduce((sum, { max }) => sum + max, 0) ?? 1);
  /** What is to be done before the next that waits can begin, in seconds of all workers; undefined: nobody knows. */
  let ahead: number | undefined = running.reduce<number | undefined>((sum, build) => {
    const left = leftSeconds(build, asOf, usualSeconds);
    return sum === undefined || left === undefined ? undefined : sum + left;
  }, 0);
  return {
    running: running.map((build) => {
      const left = leftSeconds(build, asOf, usualSeconds);
      return {
        ...{ row: rowOf(build), doing: doingOf(build), position: null, why: null, expectedStart: null },
        expectedEnd: asOf === null || left === undefined ? null : iso(asOf + Math.max(0, left) * 1000),
        isOvertime: left !== undefined && left < 0,
      };
    }),
    waiting: waiting.map((build, index): QueueRow => {
      const why = whyItWaits(build, { isLive, running, snapshot, service });
      const own = sumOf(build.chroots, (run) => usualSeconds(build, run.chroot));
      const start = asOf === null || ahead === undefined ? null : iso(asOf + (Math.max(0, ahead) / workers) * 1000);
      ahead = ahead === undefined || own === undefined ? undefined : Math.max(0, ahead) + own;
      const row = { row: rowOf(build), doing: [], position: index + 1, why, isOvertime: false };
      return { ...row, expectedStart: start, expectedEnd: null };
    }),
    brokenPools: snapshot?.brokenPools ?? [],
  };
}

/** Of what its chroots usually take, what is left; negative when it is over. */
function leftSeconds(build: Build, asOf: number | null, usual: QueueRecords['usualSeconds']): number | undefined {
  const open = build.chroots.filter(({ state }) => !isFinal(state));
  return sumOf(open, (run) => {
    const seconds = usual(build, run.chroot);
    if (seconds === undefined || asOf === null || run.startedAt === null) return seconds;
    return seconds - (asOf - Date.parse(run.startedAt)) / 1000;
  });
}

function sumOf(runs: readonly ChrootRun[], say: (run: ChrootRun) => number | undefined): number | undefined {
  let sum = 0;
  for (const run of runs) {
    const value = say(run);
    if (value === undefined) return undefined;
    sum += value;
  }
  return sum;
}

function doingOf(build: Build): QueueRow['doing'] {
  return build.chroots.flatMap(({ chroot, phase, state }) => {
    if (phase === null || isFinal(state)) return [];
    return [{ chroot, phase: phase.name, title: phaseTitles[phase.name], since: phase.startedAt }];
  });
}

/** The first reason that holds; what counts for all of its chroots is said without them. */
function whyItWaits(
  build: Build,
  about: {
    readonly isLive: ReadonlySet<number>;
    readonly running: readonly Build[];
    readonly snapshot: QueueSnapshot | null;
    readonly service: ServiceJson | null;
  },
): string {
  const { isLive, running, snapshot, service } = about;
  const after = build.after.filter((id) => isLive.has(id));
  if (after.length > 0) return `after build${after.length === 1 ? '' : 's'} ${sayList(after.map((id) => `#${id}`))}`;
  const entry = snapshot?.builds.find(({ id }) => id === build.id);
  const pools = service?.pools ?? [];
  const labels = entry?.builderLabels ?? [];
  const missing = labels.filter((label) => !pools.some((pool) => pool.labels.includes(label)));
  if (pools.length > 0 && missing.length > 0) return `no builder with label ${sayList(missing)}`;
  const chroots = build.chroots.flatMap(({ chroot }) => parseChroot(chroot) ?? []);
  const foreign = chroots.filter(
    ({ architecture }) => !pools.some((pool) => pool.architectures.includes(architecture)),
  );
  if (pools.length > 0 && chroots.length > 0 && foreign.length === chroots.length)
    return `no builder for ${sayList([...new Set(foreign.map(({ architecture }) => architecture))])}`;
  const limit = limitInTheWay(build, chroots, running, service);
  if (limit !== undefined) return limit;
  const usable = pools.filter((pool) => labels.every((label) => pool.labels.includes(label)));
  if (usable.length > 0 && usable.every(({ fault }) => fault !== null)) return 'no builders can be made at present';
  if (entry?.background === true) return 'in the background: after all other work';
  return 'for its turn';
}

/** A limit of the policy that holds all of its chroots back. */
function limitInTheWay(
  build: Build,
  chroots: readonly Chroot[],
  running: readonly Build[],
  service: ServiceJson | null,
): string | undefined {
  if (service === null) return undefined;
  const { perOwner, perChroot, perArchitecture } = service.limits;
  const runs = running.flatMap(({ owner, chroots: all }) =>
    all
      .filter(({ state }) => state === 'running' || state === 'starting')
      .map((run) => ({ owner, chroot: run.chroot })),
  );
  const count = (fits: (run: { owner: string; chroot: string }) => boolean) => runs.filter(fits).length;
  if (perOwner !== null && count(({ owner }) => owner === build.owner) >= perOwner)
    return `limit of owner ${build.owner}: ${perOwner} at once`;
  const full = chroots.filter(
    ({ name }) => count(({ chroot }) => chroot === name) >= (perChroot[name] ?? Number.POSITIVE_INFINITY),
  );
  if (chroots.length > 0 && full.length === chroots.length)
    return `limit of ${sayList(full.map(({ name }) => chrootLabel(name)))}`;
  const busy = chroots.filter(
    ({ architecture }) =>
      count(({ chroot }) => chroot.endsWith(`-${architecture}`)) >=
      (perArchitecture[architecture] ?? Number.POSITIVE_INFINITY),
  );
  if (chroots.length === 0 || busy.length < chroots.length) return undefined;
  return `limit of ${sayList([...new Set(busy.map(({ architecture }) => architecture))])}`;
}

function iso(milliseconds: number): string {
  return new Date(Math.round(milliseconds / 1000) * 1000).toISOString();
}
