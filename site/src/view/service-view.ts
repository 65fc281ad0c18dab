// What the pages of builders, status, statistics and chroots show. Pure.
import type { BuildState, ServiceJson } from '@coppice/config';
import type { Build } from '../model/site-model.ts';
import { chrootLabel } from './format.ts';
import type { RegressionRow } from './home-view.ts';
import { type BuildRow, rowOf } from './rows.ts';

export interface BuildersView {
  readonly pools: ServiceJson['pools'];
  readonly limits: ServiceJson['limits'];
}

export interface StatusView {
  /** Good or not, what it is about, and one sentence. */
  readonly parts: readonly {
    readonly isGood: boolean;
    readonly name: string;
    readonly text: string;
    readonly since: string | null;
  }[];
  readonly lastBuild: BuildRow | null;
}

/** A service that has said nothing of itself has not started since this page is made. */
export function statusView(service: ServiceJson | null, last: Build | undefined): StatusView {
  const pools = (service?.pools ?? []).map(({ name, fault }) => ({
    isGood: fault === null,
    name: `Builders: ${name}`,
    text:
      fault === null ? 'can be made' : `cannot be made (${fault.failures} failures in a row); builds wait meanwhile`,
    since: fault?.since ?? null,
  }));
  const github = {
    isGood: service?.github !== false,
    name: 'GitHub',
    text: service?.github === false ? 'cannot be asked: requests are seen later' : 'is heard',
    since: null,
  };
  const mirror = service?.mirror;
  const mirrored = {
    isGood: mirror?.behindSince === null,
    name: 'Mirror',
    text: mirror?.behindSince === null ? 'has what is published here' : 'is behind what is published here',
    since: mirror?.behindSince ?? null,
  };
  return {
    parts: service === null ? [] : [github, ...pools, ...(mirror === null ? [] : [mirrored])],
    lastBuild: last === undefined ? null : rowOf(last),
  };
}

/** Builds that ended on a day. */
export interface DayView {
  readonly day: string;
  readonly good: number;
  readonly failed: number;
  readonly other: number;
  /** In the mean, in seconds; null when nothing ended. */
  readonly waited: number | null;
  readonly worked: number | null;
}

export interface StatisticsView {
  /** The last ones, oldest first, without a gap. */
  readonly days: readonly DayView[];
  readonly builds: number;
  /** Of those that succeeded or failed, in percent; null when there are none. */
  readonly success: number | null;
}

interface DayCount {
  readonly day: string;
  readonly state: BuildState;
  readonly builds: number;
  readonly waited: number;
  readonly worked: number;
}

/** `counts` in the order of their days. */
export function statisticsView(counts: readonly DayCount[], days: number): StatisticsView {
  const byDay = Map.groupBy(counts, ({ day }) => day);
  const last = counts.at(-1)?.day;
  const shown = last === undefined ? [] : daysUntil(last, days).map((day) => dayView(day, byDay.get(day) ?? []));
  const [good, failed] = [sum(shown, 'good'), sum(shown, 'failed')];
  return {
    days: shown,
    builds: good + failed + sum(shown, 'other'),
    success: good + failed === 0 ? null : Math.round((100 * good) / (good + failed)),
  };
}

function daysUntil(last: string, count: number): readonly string[] {
  const end = Date.parse(`${last}T00:00:00Z`);
  return Array.from({ length: count }, (_, index) =>
    new Date(end - (count - 1 - index) * 86_400_000).toISOString().slice(0, 10),
  );
}

function dayView(day: string, counts: readonly DayCount[]): DayView {
  const of = (...states: BuildState[]) =>
    counts.filter(({ state }) => states.includes(state)).reduce((total, { builds }) => total + builds, 0);
  const all = counts.reduce((total, { builds }) => total + builds, 0);
  const mean = (name: 'waited' | 'worked') =>
    all === 0 ? null : counts.reduce((total, each) => total + each[name], 0) / all;
  return {
    ...{ day, good: of('succeeded'), failed: of('failed'), other: of('canceled', 'skipped') },
    ...{ waited: mean('waited'), worked: mean('worked') },
  };
}

function sum(days: readonly DayView[], name: 'good' | 'failed' | 'other'): number {
  return days.reduce((total, each) => total + each[name], 0);
}

export interface ChrootRow {
  readonly chroot: string;
  readonly label: string;
  readonly href: string;
  readonly good: number;
  readonly failed: number;
  readonly other: number;
}

export interface ChrootView extends ChrootRow {
  readonly failing: readonly RegressionRow[];
}

/** `href`: of its page. */
export function chrootRow(
  { chroot, href }: { readonly chroot: string; readonly href: string },
  standing: readonly { readonly state: BuildState; readonly packages: number }[],
): ChrootRow {
  const of = (fits: (state: BuildState) => boolean) =>
    standing.filter(({ state }) => fits(state)).reduce((total, { packages }) => total + packages, 0);
  return {
    ...{ chroot, label: chrootLabel(chroot), href },
    good: of((state) => state === 'succeeded'),
    failed: of((state) => state === 'failed'),
    other: of((state) => state !== 'succeeded' && state !== 'failed'),
  };
}
