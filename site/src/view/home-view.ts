// What the home page and the pages of owners show, and the list of builds for programs. Pure.
import { type BuildState, type BuildSummary, published, readSandbox } from '@coppice/config';
import { siteHref } from '../markup/html.ts';
import { type Build, type OtherShown, packageNames, type SiteProject } from '../model/site-model.ts';
import type { QueueView } from './queue-view.ts';
import { type BuildRow, rowOf } from './rows.ts';
import { notShown } from './shown-view.ts';

/** How the packages of a project stand in a chroot: failed when one of them failed. */
export interface ChrootDot {
  readonly chroot: string;
  readonly state: BuildState | null;
}

export interface ProjectCard {
  readonly key: string;
  readonly href: string;
  readonly description: string;
  readonly packages: number;
  readonly dots: readonly ChrootDot[];
  readonly last: BuildRow | null;
  /** The pull request that it is the sandbox of; null for other projects. */
  readonly pull: number | null;
}

/** A package that does not build where it was built before. */
export interface RegressionRow {
  readonly package: string;
  readonly href: string;
  readonly project: string;
  readonly chroot: string;
  readonly build: BuildRow;
  readonly good: { readonly id: number; readonly href: string };
}

export interface HomeView {
  readonly projects: readonly ProjectCard[];
  readonly latest: readonly BuildRow[];
  readonly regressions: readonly RegressionRow[];
  readonly queue: QueueView;
  readonly projectCount: number;
  readonly buildCount: number;
  readonly packageCount: number;
  readonly configRepository: string | null;
}

export interface OwnerView {
  readonly owner: string;
  /** From 1. */
  readonly page: number;
  readonly pages: number;
  /** Addresses of all pages. */
  readonly hrefs: readonly string[];
  readonly projects: readonly ProjectCard[];
}

/** In each chroot how many packages stand how. */
export type Standings = readonly { readonly chroot: string; readonly state: BuildState; readonly packages: number }[];

/** A project with its last build; `standing` is that of its packages. */
export function cardOf(project: SiteProject, standing: Standings): ProjectCard {
  const key = `${project.owner}/${project.name}`;
  const [last] = project.builds;
  const chroots = project.entry?.chroots ?? project.builtChroots;
  return {
    key,
    href: siteHref(published.projectPage(project.owner, project.name)),
    description: project.entry?.description ?? '',
    packages: packageNames(project).length,
    dots: chroots.map((chroot) => ({ chroot, state: stateOf(standing.filter((each) => each.chroot === chroot)) })),
    last: last === undefined ? null : rowOf(last),
    pull: readSandbox(project.name)?.pull ?? null,
  };
}

const worstFirst: readonly BuildState[] = [
  'failed',
  'running',
  'starting',
  'pending',
  'succeeded',
  'canceled',
  'skipped',
];

function stateOf(standing: Standings): BuildState | null {
  return worstFirst.find((state) => standing.some((each) => each.state === state)) ?? null;
}

/** A build that failed where `goodId` was the last that did not. */
export function regressionRow(build: Build, chroot: string, goodId: number): RegressionRow {
  const place = { ...build, id: goodId as Build['id'] };
  return {
    package: build.package,
    href: siteHref(published.packagePage(build.owner, build.project, build.package)),
    project: `${build.owner}/${build.project}`,
    chroot,
    build: rowOf(build),
    good: { id: goodId, href: siteHref(published.buildPage(place)) },
  };
}

/** One entry of `api/v1/builds.json`. `siteUrl` has no slash at the end; `others`: what users get of its package. */
export function summaryOf(build: Build, siteUrl: string, others: readonly OtherShown[]): BuildSummary {
  return {
    id: build.id,
    owner: build.owner,
    project: build.project,
    package: build.package,
    state: build.state,
    reason: build.reason,
    chroots: build.chroots.map(({ chroot, state, reason }) => {
      const other = notShown(others, build, { chroot, state });
      return { chroot, state, reason, ...(other === undefined ? {} : { notShown: other.why }) };
    }),
    requestedAt: build.requestedAt,
    startedAt: build.startedAt,
    endedAt: build.endedAt,
    url: `${siteUrl}${siteHref(published.buildPage(build))}`,
  };
}
