// Builds as rows of tables and packages × chroots as a matrix: shared by home, project, package and queue pages.
import { type BuildState, type FailureReason, failedOn, published } from '@coppice/config';
import { siteHref } from '../markup/html.ts';
import { type Build, type ChrootRun, packageNames, type SiteProject } from '../model/site-model.ts';
import { formatSeconds, secondsBetween } from './format.ts';
import { standingOf } from './shown-view.ts';
import { versionOf } from './verdict.ts';

export interface BuildRow {
  readonly id: number;
  readonly href: string;
  readonly project: string;
  readonly projectHref: string;
  readonly package: string;
  readonly packageHref: string;
  readonly version: string | null;
  readonly state: BuildState;
  readonly reason: FailureReason | null;
  /** `failed on 2 of 4`, of one that failed in some chroots; null for all others. */
  readonly partly: string | null;
  readonly requestedBy: string;
  /** When it ended, or was asked for while it has not (ISO 8601). */
  readonly time: string;
  readonly duration: string | null;
  readonly chroots: readonly { readonly chroot: string; readonly state: BuildState }[];
}

/** One build as a row. */
export function rowOf(build: Build): BuildRow {
  const { startedAt, endedAt } = build;
  return {
    id: build.id,
    href: siteHref(published.buildPage(build)),
    project: `${build.owner}/${build.project}`,
    projectHref: siteHref(published.projectPage(build.owner, build.project)),
    package: build.package,
    packageHref: siteHref(published.packagePage(build.owner, build.project, build.package)),
    version: versionOf(build) ?? null,
    state: build.state,
    reason: build.reason,
    partly: partlyOf(build),
    requestedBy: build.requestedBy,
    time: endedAt ?? build.requestedAt,
    duration: startedAt !== null && endedAt !== null ? formatSeconds(secondsBetween(startedAt, endedAt)) : null,
    chroots: build.chroots.map(({ chroot, state }) => ({ chroot, state })),
  };
}

/** What is said of a build that failed in some of its chroots; null for all others. */
export function partlyOf({ chroots }: Pick<Build, 'chroots'>): string | null {
  return failedOn(chroots.map(({ state }) => state)) ?? null;
}

/** The same of a package, by how it stands in its chroots. */
export function partlyOfCells(cells: MatrixRow['cells']): string | null {
  return failedOn(cells.flatMap((cell) => (cell === null || cell === 'absent' ? [] : [cell.state]))) ?? null;
}

export interface MatrixCell {
  readonly state: BuildState;
  readonly reason: FailureReason | null;
  readonly href: string;
  readonly id: number;
}

export interface MatrixRow {
  readonly package: string;
  readonly href: string;
  /** It is no longer in the config: when what it has published goes (`YYYY-MM-DD`), or null. Absent: it is there. */
  readonly departed?: string | null;
  /** The version that users get, null for none. */
  readonly version: string | null;
  /** What was built of it and users do not get, one sentence each. */
  readonly notes: readonly string[];
  /** The version that users get in each chroot of the matrix. */
  readonly versions: readonly (string | null)[];
  /** `failed on 2 of 4`, where it stands so; null for all others. */
  readonly partly: string | null;
  /** One per chroot of the matrix; null = never built, `absent` = not built for this chroot on purpose. */
  readonly cells: readonly (MatrixCell | null | 'absent')[];
}

export interface Matrix {
  readonly chroots: readonly string[];
  readonly rows: readonly MatrixRow[];
}

/** The newest run of a package for a chroot; skipped and canceled ones give way to older ones that say more. */
function newestRun(builds: readonly Build[], chroot: string): { build: Build; run: ChrootRun } | undefined {
  const runs = builds.flatMap((build) =>
    build.chroots.filter((run) => run.chroot === chroot).map((run) => ({ build, run })),
  );
  return runs.find(({ run }) => run.state !== 'skipped' && run.state !== 'canceled') ?? runs[0];
}

/** The state of one package for each of `chroots`. `builds` are those of the package, newest first. */
export function cellsOf(
  builds: readonly Build[],
  chroots: readonly string[],
  stated: readonly string[] | null,
): MatrixRow['cells'] {
  return chroots.map((chroot) => {
    const newest = newestRun(builds, chroot);
    if (newest === undefined) return stated?.includes(chroot) === false ? 'absent' : null;
    const { build, run } = newest;
    return { state: run.state, reason: run.reason, href: siteHref(published.buildPage(build)), id: build.id };
  });
}

/** The chroots of a project: what it states now and what its builds were ever made for. */
export function chrootsOf({ entry, builtChroots }: Pick<SiteProject, 'entry' | 'builtChroots'>): readonly string[] {
  return [...new Set([...(entry?.chroots ?? []), ...builtChroots])];
}

/** Packages × chroots of a project. */
export function matrixOf(project: SiteProject): Matrix {
  const chroots = chrootsOf(project);
  const others = Map.groupBy(project.others, (each) => each.package);
  const rows = packageNames(project).map((name): MatrixRow => {
    const builds = project.builds.filter((build) => build.package === name);
    const stated = project.entry?.packages.find((entry) => entry.name === name)?.chroots ?? null;
    const gone = departedOf(project, name);
    const told = { builds, others: others.get(name) ?? [], mode: project.entry?.publish };
    const { version, notes, versions } = standingOf(told, chroots);
    const cells = cellsOf(builds, chroots, stated);
    return {
      package: name,
      ...(gone === undefined ? {} : { departed: gone }),
      href: siteHref(published.packagePage(project.owner, project.name, name)),
      version,
      notes,
      versions,
      partly: partlyOfCells(cells),
      cells,
    };
  });
  return { chroots, rows };
}

/**
 * Of a package that has left its project: the day (`YYYY-MM-DD`, UTC) on which what it has published goes, or null for
 * never. Undefined: it has not left.
 */
export function departedOf({ entry }: Pick<SiteProject, 'entry'>, name: string): string | null | undefined {
  const one = entry?.departed.find((each) => each.name === name);
  return one === undefined ? undefined : (one.deleteAt?.slice(0, 10) ?? null);
}
