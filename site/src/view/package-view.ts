// What the page of a package shows.
import { type BuildState, isFinal, published } from '@coppice/config';
import { siteHref } from '../markup/html.ts';
import { type Build, listedBuilds, type SiteProject } from '../model/site-model.ts';
import type { AboutPackages } from './about-packages.ts';
import { chrootLabel, formatSeconds, secondsBetween } from './format.ts';
import { type Install, installOf } from './install-view.ts';
import { type BuildRow, cellsOf, chrootsOf, departedOf, type MatrixRow, partlyOfCells, rowOf } from './rows.ts';
import { standingOf } from './shown-view.ts';

/** A package of the same project, and why it is spoken of. */
export interface PackageLink {
  readonly name: string;
  readonly href: string;
  /** What of this package it requires. */
  readonly because: readonly string[];
}

/** One build in the picture of the last ones. */
export interface HistoryBar {
  readonly href: string;
  readonly state: BuildState | 'partly';
  /** From 0 to 1: of the longest. */
  readonly height: number;
  readonly title: string;
}

export interface PackageView {
  readonly path: string;
  readonly owner: string;
  readonly project: string;
  readonly projectHref: string;
  readonly name: string;
  /** As in a row of the matrix: what users get, and what they do not. */
  readonly version: string | null;
  readonly notes: readonly string[];
  readonly departed?: string | null;
  readonly install: Install;
  readonly source: string | null;
  readonly needs: readonly { readonly name: string; readonly href: string | null }[];
  /** `failed on 2 of 4`, where it stands so. */
  readonly partly: string | null;
  readonly chroots: readonly {
    readonly chroot: string;
    /** What users get. */
    readonly version: string | null;
    readonly cell: MatrixRow['cells'][number];
  }[];
  /** What its headers say; absent where that is not known. */
  readonly about?: AboutPackages;
  readonly dependents: readonly PackageLink[];
  /** The oldest first. */
  readonly bars: readonly HistoryBar[];
  readonly history: readonly BuildRow[];
  readonly buildCount: number;
  readonly live: boolean;
}

const mostBars = 50;
/** Rows of the table of builds; the project's lists and the JSON have all. */
const mostRows = 25;
/** Why a package depends on this one: more help nobody. */
const mostReasons = 3;
/** What of a bar is always seen. */
const leastHeight = 0.08;

/**
 * The view of one package of a project, which holds its builds. `dependents`: packages of the project with what they
 * require of it.
 */
export function packageView(
  project: SiteProject,
  name: string,
  siteUrl: string,
  dependents: readonly { readonly package: string; readonly name: string }[] = [],
): PackageView {
  const entry = project.entry?.packages.find((known) => known.name === name) ?? null;
  const builds: readonly Build[] = project.builds.filter((build) => build.package === name);
  const chroots = entry?.chroots ?? chrootsOf({ ...project, entry: null });
  const cells = cellsOf(builds, chroots, entry?.chroots ?? null);
  const departed = departedOf(project, name);
  const others = project.others.filter((each) => each.package === name);
  const told = { builds, others, mode: project.entry?.publish };
  const { version, notes } = standingOf(told, chrootsOf(project));
  const { versions } = standingOf(told, chroots);
  const stated = new Set(project.entry?.packages.map((known) => known.name));
  const page = (of: string) => siteHref(published.packagePage(project.owner, project.name, of));
  return {
    path: published.packagePage(project.owner, project.name, name),
    owner: project.owner,
    project: project.name,
    projectHref: siteHref(published.projectPage(project.owner, project.name)),
    name,
    version,
    notes,
    ...(departed === undefined ? {} : { departed }),
    install: installOf({ ...project, builds }, chroots, siteUrl),
    source: entry?.source ?? null,
    needs: [...new Set([...(entry?.needs ?? []), ...(entry?.requires ?? [])])].map((need) => ({
      name: need,
      href: stated.has(need) ? page(need) : null,
    })),
    partly: partlyOfCells(cells),
    chroots: chroots.map((chroot, index) => ({
      chroot,
      version: versions[index] ?? null,
      cell: cells[index] ?? null,
    })),
    dependents: [...Map.groupBy(dependents, (each) => each.package)].map(([of, why]) => ({
      name: of,
      href: page(of),
      because: why.slice(0, mostReasons).map((each) => each.name),
    })),
    bars: barsOf(builds.slice(0, mostBars)),
    history: builds.slice(0, Math.min(mostRows, listedBuilds.package)).map(rowOf),
    buildCount: project.buildCount,
    live: builds.some((build) => !isFinal(build.state)),
  };
}

function barsOf(builds: readonly Build[]): readonly HistoryBar[] {
  const lengths = builds.map(({ startedAt, endedAt }) =>
    startedAt === null || endedAt === null ? 0 : secondsBetween(startedAt, endedAt),
  );
  const longest = Math.max(1, ...lengths);
  return builds
    .map((build, index): HistoryBar => {
      const seconds = lengths[index] ?? 0;
      const row = rowOf(build);
      const where = build.chroots.map(({ chroot }) => chrootLabel(chroot)).slice(0, 4);
      const took = seconds === 0 ? '' : ` in ${formatSeconds(seconds)}`;
      const title = `#${build.id} ${row.version ?? ''} ${row.partly ?? build.state}${took}: ${where.join(', ')}`;
      const height = Math.max(leastHeight, seconds / longest);
      const state = row.partly === null ? build.state : 'partly';
      return { href: row.href, state, height: Math.round(height * 100) / 100, title };
    })
    .toReversed();
}
