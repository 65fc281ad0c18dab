// Which files of Copr's API hold what. Pure.
import { coprFiles, coprPageItems } from '@coppice/config';
import type { SiteFile } from '../model/site-file.ts';
import { type Build, packageNames, type SiteProject } from '../model/site-model.ts';
import {
  coprBuild,
  coprBuildChroot,
  coprBuiltPackages,
  coprMonitor,
  coprPackage,
  coprProject,
} from './copr-answers.ts';

/** Of one build. */
export function filesOfBuild(build: Build, url: string): readonly SiteFile[] {
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

/** Of one project, which holds the builds that say how its packages stand. */
export function filesOfProject(project: SiteProject, url: string): readonly SiteFile[] {
  const { owner, name } = project;
  return [
    { path: coprFiles.project(owner, name), content: () => coprProject(project, url) },
    {
      path: coprFiles.monitor(owner, name),
      content: () => coprMonitor(packageNames(project), buildsByPackage(project), url),
    },
  ];
}

/** Of one package: `builds` are its own, newest first, `good` is the last one that succeeded everywhere. */
export function filesOfPackage(
  project: SiteProject,
  name: string,
  builds: readonly Build[],
  good: Build | undefined,
  url: string,
): readonly SiteFile[] {
  const path = coprFiles.package(project.owner, project.name, name);
  return [{ path, content: () => coprPackage(project, name, { latest: builds[0], good }, url) }];
}

/** One file of a list of builds, oldest first. */
export function buildListFile(path: string, offset: number, builds: readonly Build[], url: string): SiteFile {
  return { path, content: () => ({ items: builds.map((build) => coprBuild(build, url)), meta: metaOf(offset, 'id') }) };
}

/** One file of the list of a project's packages. */
export function packageListFile(
  path: string,
  offset: number,
  project: SiteProject,
  load: (name: string) => { readonly builds: readonly Build[]; readonly good: Build | undefined },
  url: string,
): SiteFile {
  const items = () =>
    packageNames(project)
      .slice(offset, offset + coprPageItems)
      .map((name) => {
        const { builds, good } = load(name);
        return coprPackage(project, name, { latest: builds[0], good }, url);
      });
  return { path, content: () => ({ items: items(), meta: metaOf(offset, 'name') }) };
}

/** Lists of projects that the config states: of each owner, and of all. */
export function filesOfOwners(stated: readonly SiteProject[], url: string): readonly SiteFile[] {
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
): readonly SiteFile[] {
  return Array.from({ length: Math.max(1, Math.ceil(items.length / coprPageItems)) }, (_, index) => {
    const offset = index * coprPageItems;
    return {
      path: path(offset),
      content: () => ({ items: items.slice(offset, offset + coprPageItems).map(say), meta: metaOf(offset, order) }),
    };
  });
}

function metaOf(offset: number, order: 'id' | 'name') {
  return { offset, limit: coprPageItems, order, order_type: 'ASC' };
}

function buildsByPackage({ builds }: SiteProject): ReadonlyMap<string, readonly Build[]> {
  return Map.groupBy(builds, (build) => build.package);
}
