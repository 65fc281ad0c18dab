// Which files of Copr's API hold what, and which of them a change touches. Pure.
import { coprFiles, coprPageItems } from '@coppice/config';
import { type Build, packageNames, type Site, type SiteProject } from '../model/site-model.ts';
import {
  coprBuild,
  coprBuildChroot,
  coprBuiltPackages,
  coprMonitor,
  coprPackage,
  coprProject,
} from './copr-answers.ts';

/** One file, by its path inside `published/`. Its content is made when it is written. */
export interface CoprFile {
  readonly path: string;
  readonly content: () => unknown;
}

/** What changed: numbers of builds, `owner/project`, `owner/project/package`. */
export interface Touched {
  readonly builds: readonly Pick<Build, 'id'>[];
  readonly projects: ReadonlySet<string>;
  readonly packages: ReadonlySet<string>;
}

export interface CoprChange {
  readonly write: readonly CoprFile[];
  /** Files and folders that are not wanted any more. */
  readonly remove: readonly string[];
}

/** All that belongs to the site. */
export function allCoprFiles(site: Site, url: string): readonly CoprFile[] {
  return [
    ...site.builds.flatMap((build) => filesOfBuild(build, url)),
    ...[...site.projects.values()].flatMap((project) => [
      ...filesOfProject(project, url),
      ...packageNames(project).flatMap((name) => filesOfPackage(project, name, buildsByPackage(project), url)),
      ...buildPages(project, url),
      ...packagePages(project, buildsByPackage(project), url),
    ]),
    ...filesOfOwners(site, url),
  ];
}

/**
 * What is written after a change, and what goes. Lists are in the order in which they grow, so that a new build touches
 * their last file only, however many there are.
 */
export function changedCoprFiles(before: Site, after: Site, touched: Touched, url: string): CoprChange {
  const ids = new Set(touched.builds.map(({ id }) => id));
  const write: CoprFile[] = after.builds.filter(({ id }) => ids.has(id)).flatMap((build) => filesOfBuild(build, url));
  const stays = new Set(after.builds.map(({ id }) => id));
  const remove = before.builds.filter(({ id }) => !stays.has(id)).map(({ id }) => coprFiles.buildFolder(id));
  const left = [...before.projects.keys()].filter((key) => !after.projects.has(key));
  for (const key of new Set([...touched.projects, ...left])) {
    const [project, old] = [after.projects.get(key), before.projects.get(key)];
    if (project === undefined) {
      if (old !== undefined) remove.push(coprFiles.projectFolder(old.owner, old.name));
      continue;
    }
    const byPackage = buildsByPackage(project);
    const names = packageNames(project);
    const isTouched = (name: string) => touched.packages.has(`${key}/${name}`);
    write.push(...filesOfProject(project, url));
    write.push(...names.filter(isTouched).flatMap((name) => filesOfPackage(project, name, byPackage, url)));
    const builds = (of: SiteProject | undefined) => oldestFirst(of).map(({ id }) => id);
    const changed = changedPages(builds(old), builds(project), (id) => ids.has(id));
    write.push(...buildPages(project, url).filter((_, index) => changed.has(index)));
    const packages = changedPages(old === undefined ? [] : packageNames(old), names, isTouched);
    write.push(...packagePages(project, byPackage, url).filter((_, index) => packages.has(index)));
    remove.push(...(old === undefined ? [] : leftOver(old, project)));
  }
  if (!hasSameProjects(before, after)) {
    const wanted = new Set(filesOfOwners(after, url).map(({ path }) => path));
    write.push(...filesOfOwners(after, url));
    remove.push(
      ...filesOfOwners(before, url)
        .map(({ path }) => path)
        .filter((path) => !wanted.has(path)),
    );
  }
  return { write, remove };
}

function filesOfBuild(build: Build, url: string): readonly CoprFile[] {
  return [
    { path: coprFiles.build(build.id), content: () => coprBuild(build, url) },
    { path: coprFiles.builtPackages(build.id), content: () => coprBuiltPackages(build) },
    ...pagesOf(
      build.chroots,
      (offset) => coprFiles.buildChroots(build.id, offset),
      'name',
      (run) => coprBuildChroot(run, url),
    ),
  ];
}

function filesOfProject(project: SiteProject, url: string): readonly CoprFile[] {
  const { owner, name } = project;
  return [
    { path: coprFiles.project(owner, name), content: () => coprProject(project, url) },
    {
      path: coprFiles.monitor(owner, name),
      content: () => coprMonitor(packageNames(project), buildsByPackage(project), url),
    },
  ];
}

type ByPackage = ReadonlyMap<string, readonly Build[]>;

function filesOfPackage(project: SiteProject, name: string, byPackage: ByPackage, url: string): readonly CoprFile[] {
  const { owner, name: of } = project;
  const builds = byPackage.get(name) ?? [];
  return [
    { path: coprFiles.package(owner, of, name), content: () => coprPackage(project, name, builds, url) },
    ...pagesOf(
      builds.toReversed(),
      (offset) => coprFiles.packageBuilds(owner, of, name, offset),
      'id',
      (build) => coprBuild(build, url),
    ),
  ];
}

function buildPages(project: SiteProject, url: string): readonly CoprFile[] {
  const path = (offset: number) => coprFiles.builds(project.owner, project.name, offset);
  return pagesOf(oldestFirst(project), path, 'id', (build) => coprBuild(build, url));
}

function packagePages(project: SiteProject, byPackage: ByPackage, url: string): readonly CoprFile[] {
  const path = (offset: number) => coprFiles.packages(project.owner, project.name, offset);
  return pagesOf(packageNames(project), path, 'name', (name) =>
    coprPackage(project, name, byPackage.get(name) ?? [], url),
  );
}

/** Lists of projects that the config states: of each owner, and of all. */
function filesOfOwners(site: Site, url: string): readonly CoprFile[] {
  const stated = [...site.projects.values()].filter(({ entry }) => entry !== null);
  const pages = (projects: readonly SiteProject[], path: (offset: number) => string) =>
    pagesOf(projects, path, 'name', (project) => coprProject(project, url));
  const [end] = pagesOf(
    [],
    () => coprFiles.end,
    'id',
    () => undefined,
  );
  return [
    ...(end === undefined ? [] : [end]),
    { path: coprFiles.lacks, content: () => ({ error: 'There is no such project, package, build or owner.' }) },
    ...pages(stated, coprFiles.allProjects),
    ...[...Map.groupBy(stated, ({ owner }) => owner)].flatMap(([owner, projects]) =>
      pages(projects, (offset) => coprFiles.ownerProjects(owner, offset)),
    ),
  ];
}

/** At least one page, which may be empty. */
function pagesOf<T>(
  items: readonly T[],
  path: (offset: number) => string,
  order: 'id' | 'name',
  say: (item: T) => unknown,
): readonly CoprFile[] {
  return Array.from({ length: Math.max(1, Math.ceil(items.length / coprPageItems)) }, (_, index) => {
    const offset = index * coprPageItems;
    const meta = { offset, limit: coprPageItems, order, order_type: 'ASC' };
    return {
      path: path(offset),
      content: () => ({ items: items.slice(offset, offset + coprPageItems).map(say), meta }),
    };
  });
}

/** The pages that hold something else than before, or something that was touched. */
function changedPages<T>(
  before: readonly T[],
  after: readonly T[],
  isTouched: (item: T) => boolean,
): ReadonlySet<number> {
  const changed = new Set<number>(after.length === 0 && before.length > 0 ? [0] : []);
  const most = Math.max(before.length, after.length);
  for (let index = 0; index < most; index += 1) {
    const item = after[index];
    if (item !== before[index] || (item !== undefined && isTouched(item))) {
      changed.add(Math.floor(index / coprPageItems));
      // The rest of the page is written with it.
      index = (Math.floor(index / coprPageItems) + 1) * coprPageItems - 1;
    }
  }
  if (before.length === 0) changed.add(0);
  return changed;
}

/** Files and folders of a project that it had before: packages, and ends of lists. */
function leftOver(before: SiteProject, after: SiteProject): readonly string[] {
  const { owner, name } = after;
  const names = new Set(packageNames(after));
  const gone = packageNames(before).filter((each) => !names.has(each));
  const beyond = (from: number, to: number, path: (offset: number) => string) =>
    Array.from({ length: Math.max(1, Math.ceil(from / coprPageItems)) }, (_, index) => index * coprPageItems)
      .filter((offset) => offset > 0 && offset >= to)
      .map(path);
  return [
    ...gone.map((each) => coprFiles.packageFolder(owner, name, each)),
    ...beyond(before.builds.length, after.builds.length, (offset) => coprFiles.builds(owner, name, offset)),
    ...beyond(packageNames(before).length, names.size, (offset) => coprFiles.packages(owner, name, offset)),
  ];
}

function oldestFirst(project: SiteProject | undefined): readonly Build[] {
  return project?.builds.toReversed() ?? [];
}

function buildsByPackage({ builds }: SiteProject): ByPackage {
  return Map.groupBy(builds, (build) => build.package);
}

function hasSameProjects(before: Site, after: Site): boolean {
  const stated = ({ projects }: Site) => [...projects.values()].flatMap(({ entry }) => (entry === null ? [] : [entry]));
  const [old, now] = [stated(before), stated(after)];
  return old.length === now.length && old.every((entry, index) => entry === now[index]);
}
