// What is written for a path: pages of Eleventy, files for programs, or nothing any more.

import {
  type BuildId,
  type BuildSummary,
  coprFiles,
  coprPageItems,
  published,
  type QueueSnapshot,
  type ServiceJson,
} from '@coppice/config';
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
import { expectedSeconds } from './history/expected.ts';
import type { History, Regression } from './history/history.ts';
import { loadCard, loadPackage, loadProject } from './history/load.ts';
import {
  buildsFile,
  buildsPerFile,
  chrootPage,
  overviewPages,
  ownerPage,
  packagesHome,
  packagesPage,
  projectsPage,
  projectsPerPage,
  rowsOfList,
  type Subject,
  searchKeys,
  searchPage,
  shardFile,
} from './history/paths.ts';
import { siteHref } from './markup/html.ts';
import { type Build, type ChrootRun, packageNames, type SiteProject } from './model/site-model.ts';
import type { PageData } from './render.ts';
import { buildView, type ShownTo } from './view/build-view.ts';
import { cardOf, type ProjectCard, type RegressionRow, regressionRow, summaryOf } from './view/home-view.ts';
import { packageLetters, packageList, projectList } from './view/list-view.ts';
import { liveBuild } from './view/live-build.ts';
import { packageView } from './view/package-view.ts';
import { projectView } from './view/project-view.ts';
import { type QueueView, queueView } from './view/queue-view.ts';
import { rowOf } from './view/rows.ts';
import { chrootRow, statisticsView, statusView } from './view/service-view.ts';

/** What is written for a path. */
export interface Writing {
  readonly pages: Partial<PageData>;
  /** The build whose logs have pages of their own. */
  readonly logsOf?: { readonly build: Build; readonly revision: string };
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
  readonly queue: QueueSnapshot | null;
  readonly service: ServiceJson | null;
}

/** Projects on the home page. */
const projectsOnHome = 60;
const latestOnHome = 12;
const regressionsOnHome = 8;
/** Packages on the page of a chroot. */
const failingShown = 100;
const daysShown = 60;
/** Live builds on the page of the queue. */
const queueRows = 500;

export function writingFor(subject: Subject, around: Surroundings): Writing {
  const { history, url } = around;
  switch (subject.kind) {
    case 'home':
      return overview(around);
    case 'queue':
      return pageOnly({ queue: [queueOf(around)] });
    case 'builders': {
      const { pools = [], limits = noLimits } = around.service ?? {};
      return pageOnly({ builderPools: [{ pools, limits }] });
    }
    case 'status':
      return pageOnly({ status: [statusView(around.service, history.newestBuilds({ live: false }, 1)[0])] });
    case 'statistics':
      return pageOnly({ statistics: [statisticsView(history.days(daysShown), daysShown)] });
    case 'chroots': {
      const rows = [...Map.groupBy(history.standing(), ({ chroot }) => chroot)].map(([chroot, standing]) =>
        chrootRow({ chroot, href: siteHref(chrootPage(chroot)) }, standing),
      );
      return pageOnly({ chrootLists: [{ rows }] });
    }
    case 'chroot':
      return chrootWriting(history, subject.chroot);
    case 'owner':
      return ownerWriting(history, subject.owner, subject.page);
    case 'build': {
      const build = history.build(subject.id);
      if (build === undefined || `${build.owner}/${build.project}` !== subject.key)
        return { pages: {}, files: [], remove: build === undefined ? filesOfNoBuild(subject.id) : [] };
      const live = liveBuild(build, expectedSeconds(history, build));
      return {
        pages: { builds: [buildView(build, shownTo(history, subject.key, build), live)] },
        logsOf: { build, revision: live.revision },
        files: [...filesOfBuild(build, url), { path: published.liveJson(build.id), content: () => live }],
      };
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
      return builds.length === 0 ? { pages: {}, files: [], remove: [path] } : listOf(path, builds, around);
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

/** What is to go with a build. */
export function filesOfNoBuild(id: BuildId): readonly string[] {
  return [coprFiles.buildFolder(id), published.liveJson(id)];
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

/** What users get of the package of a build, and when they get more. */
function shownTo(history: History, key: string, build: Build): ShownTo {
  return { others: history.othersShown(key, build.package), mode: history.entryOf(key)?.entry?.publish };
}

function summaries(builds: readonly Build[], { history, url }: Surroundings): readonly BuildSummary[] {
  return builds.map((build) =>
    summaryOf(build, url, history.othersShown(`${build.owner}/${build.project}`, build.package)),
  );
}

function pageOnly(pages: Partial<PageData>): Writing {
  return { pages, files: [] };
}

const noLimits: ServiceJson['limits'] = { perOwner: null, perChroot: {}, perArchitecture: {} };

function queueOf({ history, queue, service }: Surroundings): QueueView {
  const expected = new Map<Build, ReadonlyMap<string, number>>();
  return queueView({
    live: history.newestBuilds({ live: true }, queueRows).toReversed(),
    ...{ snapshot: queue, service },
    usualSeconds: (build, chroot) => {
      const known = expected.get(build) ?? expectedSeconds(history, build);
      expected.set(build, known);
      return known.get(chroot);
    },
  });
}

function cardsFor(history: History, keys: readonly string[]): readonly ProjectCard[] {
  return keys.flatMap((key) => {
    const project = loadCard(history, key);
    return project === undefined ? [] : cardOf(project, history.standing(key));
  });
}

function regressionsFor(history: History, found: readonly Regression[]): readonly RegressionRow[] {
  return found.flatMap(({ build: id, chroot, good }) => {
    const build = history.build(id);
    return build === undefined ? [] : regressionRow(build, chroot, good ?? 0);
  });
}

function ownerWriting(history: History, owner: string, page: number): Writing {
  const keys = history.projectKeysOf(owner);
  const pages = Math.max(1, Math.ceil(keys.length / projectsPerPage));
  const path = ownerPage(owner, page);
  if (keys.length === 0 || page > pages) return { pages: {}, files: [], remove: page === 1 ? [] : [path] };
  const shown = keys.slice((page - 1) * projectsPerPage, page * projectsPerPage);
  const hrefs = Array.from({ length: pages }, (_, index) => siteHref(ownerPage(owner, index + 1)));
  return pageOnly({ owners: [{ owner, page, pages, hrefs, projects: cardsFor(history, shown) }] });
}

function chrootWriting(history: History, chroot: string): Writing {
  const standing = history.standing().filter((each) => each.chroot === chroot);
  if (standing.length === 0) return { pages: {}, files: [] };
  const row = chrootRow({ chroot, href: siteHref(chrootPage(chroot)) }, standing);
  const found = history.failing(chroot, failingShown).map((each) => ({ ...each, chroot }));
  return pageOnly({ chroots: [{ ...row, failing: regressionsFor(history, found) }] });
}

function overview(around: Surroundings): Writing {
  const { history } = around;
  const keys = history.projectKeys().filter((key) => !key.includes(':pr:'));
  const pinned = history.pinnedKeys();
  const shown = [...pinned, ...keys.filter((key) => !pinned.includes(key))].slice(0, projectsOnHome);
  const configRepository = history.fact('config repository');
  const home = {
    projects: cardsFor(history, shown),
    latest: history.newestBuilds({ live: false }, latestOnHome).map(rowOf),
    regressions: regressionsFor(history, history.regressions(regressionsOnHome)),
    queue: queueOf(around),
    projectCount: keys.length,
    buildCount: history.countBuilds({}),
    packageCount: history.packageCount(),
    configRepository: configRepository === undefined || configRepository === '' ? null : configRepository,
  };
  const newest = history.newestBuilds({}, buildsPerFile);
  const live = history.newestBuilds({ live: true }, queueRows);
  const listed = new Map([...newest, ...live].map((build) => [build.id, build]));
  const builds = [...listed.values()].sort((one, other) => other.id - one.id);
  const last = newest.at(-1);
  const older = last === undefined || newest.length < buildsPerFile ? null : `/${buildsFile(last.id)}`;
  return {
    pages: { home: [home], notFound: [{}] },
    files: [
      {
        path: published.buildsJson,
        content: () => ({ builds: summaries(builds, around), ...(older === null ? {} : { older }) }),
      },
    ],
  };
}

function listOf(path: string, builds: readonly Build[], around: Surroundings): Writing {
  const from = builds.at(-1)?.id ?? 0;
  const older = from <= buildsPerFile ? {} : { older: `/${buildsFile(from - buildsPerFile)}` };
  return {
    pages: {},
    files: [{ path, content: () => ({ builds: summaries(builds, around), ...older }) }],
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
  for (const page of overviewPages) history.owe(page);
  for (const { chroot } of history.standing()) history.owe(chrootPage(chroot));
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
  const place = history.projectKeysOf(owner).indexOf(key);
  history.owe(ownerPage(owner, Math.floor(place / projectsPerPage) + 1));
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
