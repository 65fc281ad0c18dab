// Decides which pages a change touches. Pure: two states of the site and the reported changes in, names of pages out.
import { isFinal, published } from '@coppice/config';
import type { SiteChange } from './model/changes.ts';
import { type Build, packageNames, type Site } from './model/site-model.ts';
import { logPagePath, mainLog } from './view/build-view.ts';

/** What to write again; everything else stays as it is on disk. */
export interface PageSelection {
  readonly builds: readonly Build[];
  /** `owner/project`. */
  readonly projects: ReadonlySet<string>;
  /** `owner/project/package`. */
  readonly packages: ReadonlySet<string>;
}

/** All pages of the site, as paths inside `published/` with a slash at the end. */
export function pagesOf(site: Site): ReadonlySet<string> {
  const pages = new Set<string>();
  for (const project of site.projects.values()) {
    pages.add(published.projectPage(project.owner, project.name));
    for (const name of packageNames(project)) pages.add(published.packagePage(project.owner, project.name, name));
  }
  for (const build of site.builds) {
    pages.add(published.buildPage(build));
    for (const run of runsOf(build)) if (mainLog(run) !== undefined) pages.add(logPagePath(build, run));
  }
  return pages;
}

/** The runs of a build that may have a log: its SRPM and its chroots. */
export function runsOf(build: Build) {
  return [...(build.srpm === null ? [] : [build.srpm]), ...build.chroots];
}

/** Everything. */
export function selectAll(site: Site): PageSelection {
  const packages = [...site.projects].flatMap(([key, project]) =>
    packageNames(project).map((name) => `${key}/${name}`),
  );
  return { builds: site.builds, projects: new Set(site.projects.keys()), packages: new Set(packages) };
}

/**
 * The reported builds, those whose place in the queue changed since `before` (a lost report heals itself), and the
 * projects and packages of both; and projects whose entry in the config repo changed.
 */
export function selectChanged(before: Site, after: Site, changes: readonly SiteChange[]): PageSelection {
  const reported = new Set(changes.map((change) => change.id));
  const known = new Map(before.builds.map((build) => [build.id, build]));
  const live = (build: Build | undefined) => build !== undefined && !isFinal(build.state);
  const builds = after.builds.filter((build) => {
    if (reported.has(build.id)) return true;
    const old = known.get(build.id);
    return (live(build) || live(old)) && JSON.stringify(old) !== JSON.stringify(build);
  });
  const left = new Set(after.builds.map((build) => build.id));
  const touched = [...builds, ...before.builds.filter((build) => !left.has(build.id)), ...changes];
  const projects = new Set(touched.map((build) => `${build.owner}/${build.project}`));
  const packages = new Set(touched.map((build) => `${build.owner}/${build.project}/${build.package}`));
  for (const [key, project] of after.projects) {
    if (JSON.stringify(before.projects.get(key)?.entry) === JSON.stringify(project.entry)) continue;
    projects.add(key);
    for (const name of packageNames(project)) packages.add(`${key}/${name}`);
  }
  return { builds, projects, packages };
}
