// What is written for a path: pages of Eleventy, files for programs, or nothing any more.

import type { BrokenPool } from '@coppice/config';
import { coprFiles, coprPageItems, published } from '@coppice/config';
import {
  buildListFile,
  type CoprFile,
  filesOfBuild,
  filesOfOwners,
  filesOfPackage,
  filesOfProject,
  packageListFile,
} from './copr/copr-files.ts';
import { type PackageLine, type ProjectLine, projectsLetter } from './history/catalog.ts';
import { mainOf } from './history/describe.ts';
import type { History } from './history/history.ts';
import { loadCard, loadPackage, loadProject } from './history/load.ts';
import {
  buildsFile,
  buildsPerFile,
  homePage,
  packagesHome,
  packagesPage,
  projectsPage,
  rowsOfList,
  type Subject,
  searchKeys,
  searchPage,
  shardFile,
} from './history/paths.ts';
import { type Build, type ChrootRun, packageNames, type SiteProject } from './model/site-model.ts';
import type { PageData } from './render.ts';
import { buildView } from './view/build-view.ts';
import { homeView, queueView, summaryOf } from './view/home-view.ts';
import { packageLetters, packageList, projectList } from './view/list-view.ts';
import { packageView } from './view/package-view.ts';
import { projectView } from './view/project-view.ts';

/** What is written for a path. */
export interface Writing {
  readonly pages: Partial<PageData>;
  /** The build whose logs have pages of their own. */
  readonly logsOf?: Build;
  /** The chroot of a build whose packages the page of a package tells about. */
  readonly aboutOf?: ChrootRun;
  readonly files: readonly CoprFile[];
  /** Files and folders that are not wanted, inside `published/`. */
  readonly remove?: readonly string[];
}

/** What the pages need besides the history. */
export interface Surroundings {
  readonly history: History;
  /** Without a slash at the end. */
  readonly url: string;
  readonly brokenPools: readonly BrokenPool[];
}

/** Projects on the home page. */
const projectsOnHome = 60;
const latestOnHome = 12;
/** Live builds on the page of the queue. */
const queueRows = 500;

export function writingFor(subject: Subject, around: Surroundings): Writing {
  const { history, url } = around;
  switch (subject.kind) {
    case 'home':
      return overview(around);
    case 'build': {
      const build = history.build(subject.id);
      if (build === undefined || `${build.owner}/${build.project}` !== subject.key)
        return { pages: {}, files: [], remove: build === undefined ? [coprFiles.buildFolder(subject.id)] : [] };
      return { pages: { builds: [buildView(build)] }, logsOf: build, files: filesOfBuild(build, url) };
    }
    case 'project': {
      const project = loadProject(history, subject.key);
      const [owner = '', name = ''] = subject.key.split('/');
      if (project === undefined) return { pages: {}, files: [], remove: [coprFiles.projectFolder(owner, name)] };
      return { pages: { projects: [projectView(project, url)] }, files: filesOfProject(project, url) };
    }
    case 'package': {
      const project = loadPackage(history, subject.key, subject.name);
      const [owner = '', name = ''] = subject.key.split('/');
      if (project === undefined || !packageNames(project).includes(subject.name))
        return { pages: {}, files: [], remove: [coprFiles.packageFolder(owner, name, subject.name)] };
      const good = history.newestGoodBuild(subject.key, subject.name);
      const main = mainOf(history.goodRuns(subject.key, subject.name));
      return {
        ...(main === undefined ? {} : { aboutOf: main.run }),
        pages: {
          packages: [packageView(project, subject.name, url, history.catalog.dependents(subject.key, subject.name))],
        },
        files: filesOfPackage(project, subject.name, project.builds, good, url),
      };
    }
    case 'builds': {
      const builds = history.buildsBetween(subject.from, subject.from + buildsPerFile);
      const path = buildsFile(subject.from);
      return builds.length === 0 ? { pages: {}, files: [], remove: [path] } : listOf(path, builds, url);
    }
    case 'search':
      return { pages: { search: [{}] }, files: [] };
    case 'search-keys': {
      const keys = history.catalog.shards.firstKeys();
      return { pages: {}, files: [{ path: searchKeys, content: () => ({ keys }) }] };
    }
    case 'shard': {
      const shard = history.catalog.shards.shard(subject.key);
      const path = shardFile(subject.key);
      return shard === undefined
        ? { pages: {}, files: [], remove: [path] }
        : { pages: {}, files: [{ path, content: () => shard }] };
    }
    case 'packages-home':
      return { pages: { packageLetters: [packageLetters(history.catalog.letters())] }, files: [] };
    case 'projects-list':
      return listPage(history, projectsLetter, subject.number, (rows, isLast) => ({
        projectLists: [projectList(subject.number, rows as Listed<ProjectLine>, isLast)],
      }));
    case 'packages-list':
      return listPage(history, subject.letter, subject.number, (rows, isLast) => ({
        packageLists: [packageList(subject.letter, subject.number, rows as Listed<PackageLine>, isLast)],
      }));
    case 'copr-owners':
      return { pages: {}, files: filesOfOwners(stated(history), url) };
    case 'copr-builds': {
      const { key, name, offset } = subject;
      const [owner = '', project = ''] = key.split('/');
      const path =
        name === undefined
          ? coprFiles.builds(owner, project, offset)
          : coprFiles.packageBuilds(owner, project, name, offset);
      const query = name === undefined ? { project: key } : { project: key, package: name };
      const isThere = isPackage(history, key, name) && (offset === 0 || offset < history.countBuilds(query));
      if (!isThere) return { pages: {}, files: [], remove: [path] };
      return { pages: {}, files: [buildListFile(path, offset, history.buildsFrom(query, offset, coprPageItems), url)] };
    }
    case 'copr-packages': {
      const project = loadProject(history, subject.key);
      const [owner = '', name = ''] = subject.key.split('/');
      const path = coprFiles.packages(owner, name, subject.offset);
      if (project === undefined || (subject.offset > 0 && subject.offset >= packageNames(project).length))
        return { pages: {}, files: [], remove: [path] };
      const load = (one: string) => ({
        builds: loadPackage(history, subject.key, one)?.builds ?? [],
        good: history.newestGoodBuild(subject.key, one),
      });
      return { pages: {}, files: [packageListFile(path, subject.offset, project, load, url)] };
    }
  }
}

type Listed<T extends PackageLine | ProjectLine> = ReturnType<typeof History.prototype.catalog.listed<T>>;

/** The first page is there while the list is empty, too. */
function listPage(
  history: History,
  letter: string,
  number: number,
  view: (rows: Listed<PackageLine | ProjectLine>, isLast: boolean) => Partial<PageData>,
): Writing {
  const offset = (number - 1) * rowsOfList;
  const rows = history.catalog.listed(letter, offset, rowsOfList + 1);
  const isThere = rows.length > 0 || (number === 1 && letter === projectsLetter);
  return { pages: isThere ? view(rows.slice(0, rowsOfList), rows.length <= rowsOfList) : {}, files: [] };
}

function isPackage(history: History, key: string, name: string | undefined): boolean {
  const stated = history.entryOf(key);
  if (stated === undefined || name === undefined) return stated !== undefined;
  return packageNames({ entry: stated.entry, builtPackages: history.builtPackages(key) }).includes(name);
}

function stated(history: History): readonly SiteProject[] {
  return history.statedKeys().flatMap((key) => loadCard(history, key) ?? []);
}

function overview({ history, url, brokenPools }: Surroundings): Writing {
  const queue = queueView(history.newestBuilds({ live: true }, queueRows).toReversed(), brokenPools);
  const keys = history.projectKeys();
  const pinned = history.pinnedKeys();
  const shown = [...pinned, ...keys.filter((key) => !pinned.includes(key))].slice(0, projectsOnHome);
  const configRepository = history.fact('config repository');
  const home = homeView({
    projects: shown.flatMap((key) => loadCard(history, key) ?? []),
    latest: history.newestBuilds({ live: false }, latestOnHome),
    queue,
    buildCount: history.countBuilds({}),
    packageCount: history.packageCount(),
    configRepository: configRepository === undefined || configRepository === '' ? null : configRepository,
  });
  const newest = history.newestBuilds({}, buildsPerFile);
  const live = history.newestBuilds({ live: true }, queueRows);
  const listed = new Map([...newest, ...live].map((build) => [build.id, build]));
  const builds = [...listed.values()].sort((one, other) => other.id - one.id);
  const last = newest.at(-1);
  const older = last === undefined || newest.length < buildsPerFile ? null : `/${buildsFile(last.id)}`;
  return {
    pages: { home: [home], queue: [queue], notFound: [{}] },
    files: [
      {
        path: published.buildsJson,
        content: () => ({ builds: builds.map((build) => summaryOf(build, url)), ...(older === null ? {} : { older }) }),
      },
    ],
  };
}

function listOf(path: string, builds: readonly Build[], url: string): Writing {
  const from = builds.at(-1)?.id ?? 0;
  const older = from <= buildsPerFile ? {} : { older: `/${buildsFile(from - buildsPerFile)}` };
  return {
    pages: {},
    files: [{ path, content: () => ({ builds: builds.map((build) => summaryOf(build, url)), ...older }) }],
  };
}

/** Every page and file, as owed. */
export function oweEverything(history: History): void {
  let after = 0;
  for (;;) {
    const places = history.placesFrom(after, 5000);
    history.atOnce(() => {
      for (const { id, project } of places) {
        history.owe(`${project}/build/${id}/`);
        history.owe(buildsFile(id));
      }
    });
    const last = places.at(-1);
    if (last === undefined) break;
    after = last.id;
  }
  for (const key of history.projectKeys()) history.atOnce(() => oweProjectWhole(history, key));
  history.owe(homePage);
  history.owe(coprFiles.allProjects(0));
  history.atOnce(() => oweLists(history));
}

function oweLists(history: History): void {
  const { catalog } = history;
  for (const path of [searchPage, searchKeys, packagesHome, projectsPage(1)]) history.owe(path);
  for (const key of catalog.shards.keys()) history.owe(shardFile(key));
  for (let page = 1; (page - 1) * rowsOfList < catalog.countListed(projectsLetter); page += 1)
    history.owe(projectsPage(page));
  for (const { letter, count } of catalog.letters())
    for (let page = 1; (page - 1) * rowsOfList < count; page += 1) history.owe(packagesPage(letter, page));
}

function oweProjectWhole(history: History, key: string): void {
  const [owner = '', project = ''] = key.split('/');
  const entry = history.entryOf(key)?.entry ?? null;
  const names = packageNames({ entry, builtPackages: history.builtPackages(key) });
  history.owe(`${key}/`);
  oweList(history.countBuilds({ project: key }), (offset) => coprFiles.builds(owner, project, offset));
  oweList(names.length, (offset) => coprFiles.packages(owner, project, offset));
  for (const name of names) {
    history.owe(published.packagePage(owner, project, name));
    const count = history.countBuilds({ project: key, package: name });
    oweList(count, (offset) => coprFiles.packageBuilds(owner, project, name, offset));
  }

  function oweList(count: number, path: (offset: number) => string): void {
    for (let offset = 0; offset === 0 || offset < count; offset += coprPageItems) history.owe(path(offset));
  }
}
