// What the home page and the queue page show, and the list of builds for programs.
import { type BrokenPool, type BuildSummary, isFinal, type PhaseName, published } from '@coppice/config';
import { siteHref } from '../markup/html.ts';
import { type Build, type OtherShown, packageNames, type SiteProject } from '../model/site-model.ts';
import { type BuildRow, rowOf } from './rows.ts';
import { notShown } from './shown-view.ts';
import { phaseTitles } from './timeline.ts';

export interface ProjectCard {
  readonly key: string;
  readonly href: string;
  readonly description: string;
  readonly packages: number;
  readonly chroots: readonly string[];
  readonly last: BuildRow | null;
}

export interface QueueRow {
  readonly row: BuildRow;
  /** What its chroots do now. */
  readonly doing: readonly {
    readonly chroot: string;
    readonly phase: PhaseName;
    readonly title: string;
    readonly since: string;
  }[];
  readonly after: readonly number[];
}

export interface QueueView {
  readonly running: readonly QueueRow[];
  /** Oldest first. Owners take turns, so that they start in another order. */
  readonly waiting: readonly QueueRow[];
  /** Why builds may wait for a builder. */
  readonly brokenPools: readonly BrokenPool[];
}

export interface HomeView {
  readonly projects: readonly ProjectCard[];
  readonly latest: readonly BuildRow[];
  readonly queue: QueueView;
  readonly buildCount: number;
  readonly packageCount: number;
  readonly configRepository: string | null;
}

function cardOf(project: SiteProject): ProjectCard {
  const key = `${project.owner}/${project.name}`;
  const [last] = project.builds;
  return {
    key,
    href: siteHref(published.projectPage(project.owner, project.name)),
    description: project.entry?.description ?? '',
    packages: packageNames(project).length,
    chroots: project.entry?.chroots ?? [],
    last: last === undefined ? null : rowOf(last),
  };
}

/** Live builds, oldest first: what runs and what waits; and the pools that cannot make builders. */
export function queueView(live: readonly Build[], brokenPools: readonly BrokenPool[]): QueueView {
  const waits = (build: Build) => build.state === 'pending';
  return {
    running: live.filter((build) => !waits(build)).map(queueRow),
    waiting: live.filter(waits).map(queueRow),
    brokenPools,
  };
}

function queueRow(build: Build): QueueRow {
  const doing = build.chroots.flatMap(({ chroot, phase, state }) => {
    if (phase === null || isFinal(state)) return [];
    return [{ chroot, phase: phase.name, title: phaseTitles[phase.name], since: phase.startedAt }];
  });
  return { row: rowOf(build), doing, after: build.after };
}

/** What the home page speaks of. */
export interface HomeRecords {
  /** Some of them, each with its last build. */
  readonly projects: readonly SiteProject[];
  /** The last ones that have ended. */
  readonly latest: readonly Build[];
  readonly queue: QueueView;
  readonly buildCount: number;
  readonly packageCount: number;
  readonly configRepository: string | null;
}

/** The view of the home page. */
export function homeView({ projects, latest, ...rest }: HomeRecords): HomeView {
  return { projects: projects.map(cardOf), latest: latest.map(rowOf), ...rest };
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
