// What is written for a path: pages of Eleventy, files for programs, or nothing any more.

import {
  type BuildId,
  type BuildSummary,
  buildsPerFile,
  coprFiles,
  coprPageItems,
  feedEntries,
  programFiles,
  published,
  type QueueSnapshot,
  readSandbox,
  type ServiceJson,
} from '@coppice/config';
import {
  buildListFile,
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
  buildsPage,
  buildsPerPage,
  chrootPage,
  fullPagesOf,
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
import type { RunPair } from './last-good/read-buildroots.ts';
import { isCompared, type SinceGood, sinceGood } from './last-good/since-good.ts';
import { siteHref } from './markup/html.ts';
import type { FeedOf, SiteFile } from './model/site-file.ts';
import { type Build, type ChrootRun, packageNames, type SiteProject } from './model/site-model.ts';
import { projectPages, sitemap, sitemapIndex } from './programs/crawlers.ts';
import { atomFeed, feedHead } from './programs/feeds.ts';
import { fixedFiles } from './programs/fixed-files.ts';
import {
  ownerFile,
  programFilesOfPackage,
  programFilesOfProject,
  projectBuildsFile,
} from './programs/project-files.ts';
import type { PageData } from './render.ts';
import { buildView, type ShownTo } from './view/build-view.ts';
import { buildsView } from './view/builds-view.ts';
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
  /** Chroots of a build, with what their last good ones are compared in. */
  readonly buildrootsOf?: readonly RunPair[];
  readonly files: readonly SiteFile[];
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
      const { since, pairs } = lastGoodOf(history, build);
      return {
        pages: { builds: [buildView(build, shownTo(history, subject.key, build), { live, since })] },
        buildrootsOf: pairs,
        logsOf: { build, revision: live.revision },
        files: [...filesOfBuild(build, url), { path: published.liveJson(build.id), content: () => live }],
      };
    }
    case 'project': {
      const project = loadProject(history, subject.key);
      const [owner = '', name = ''] = subject.key.split('/');
      if (project === undefined) return { pages: {}, files: [], remove: allOfProject(owner, name) };
      const files = [...filesOfProject(project, url), ...programFilesOfProject(project, url), sitemapOf(project, url)];
      return { pages: { projects: [projectView(project, url, buildsPage(subject.key))] }, files };
    }
    case 'package': {
      const project = loadPackage(history, subject.key, subject.name);
      const [owner = '', name = ''] = subject.key.split('/');
      if (project === undefined || !packageNames(project).includes(subject.name))
        return { pages: {}, files: [], remove: allOfPackage(owner, name, subject.name) };
      const good = history.newestGoodBuild(subject.key, subject.name);
      const main = mainOf(history.goodRuns(subject.key, subject.name));
      return {
        ...(main === undefined ? {} : { aboutOf: main.run }),
        pages: {
          packages: [packageView(project, subject.name, url, history.catalog.dependents(subject.key, subject.name))],
        },
        files: [
          ...filesOfPackage(project, subject.name, project.builds, good, url),
          ...programFilesOfPackage(project, subject.name, url),
        ],
      };
    }
    case 'builds-page':
      return buildsWriting(history, subject);
    case 'builds': {
      const builds = history.buildsBetween(subject.from, subject.from + buildsPerFile);
      const path = programFiles.builds(subject.from);
      if (builds.length === 0) return { pages: {}, files: [], remove: [path] };
      const older = history.numberBelow(subject.from);
      const next = older === undefined ? {} : { older: `/${programFiles.builds(older)}` };
      const content = () => ({ builds: summaries(builds, around), ...next });
      return { pages: {}, files: [{ path, content }] };
    }
    case 'project-builds': {
      const { key, from } = subject;
      const [owner = '', name = ''] = key.split('/');
      const path = programFiles.projectBuilds(owner, name, from);
      const builds = history.buildsBetween(from, from + buildsPerFile, { project: key });
      if (builds.length === 0) return { pages: {}, files: [], remove: [path] };
      return {
        pages: {},
        files: [
          projectBuildsFile(path, builds, history.numberBelow(from, { project: key }), url, (build) =>
            history.othersShown(key, build.package),
          ),
        ],
      };
    }
    case 'owner-file': {
      const projects = history.projectKeysOf(subject.owner).map((key) => ({
        name: key.slice(subject.owner.length + 1),
        entry: history.entryOf(key)?.entry ?? null,
      }));
      if (projects.length === 0) return { pages: {}, files: [], remove: [programFiles.owner(subject.owner)] };
      return { pages: {}, files: [ownerFile(subject.owner, projects, url)] };
    }
    case 'owner-builds': {
      const { owner } = subject;
      const path = programFiles.ownerBuilds(owner);
      if (history.projectKeysOf(owner).length === 0) return { pages: {}, files: [], remove: [path] };
      const builds = summaries(history.newestBuilds({ owner }, feedEntries), around);
      return { pages: {}, files: [{ path, content: () => ({ builds }) }] };
    }
    case 'feed': {
      const { file } = feedHead(subject.of);
      if (!isFeedThere(history, subject.of)) return { pages: {}, files: [], remove: [file] };
      const content = () => atomFeed(subject.of, history.lastEnded(queryOf(subject.of), feedEntries), url);
      return { pages: {}, files: [{ path: file, content }] };
    }
    case 'sitemap': {
      const projects = history.projectKeys().map((key) => key.split('/') as [string, string]);
      const shown = projects.filter(([, name]) => readSandbox(name) === undefined);
      return { pages: {}, files: [{ path: programFiles.sitemap, content: () => sitemapIndex(shown, url) }] };
    }
    case 'fixed':
      return { pages: {}, files: fixedFiles(url) };
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

function isFeedThere(history: History, of: FeedOf): boolean {
  if (of.kind === 'owner') return history.projectKeysOf(of.owner).length > 0;
  return of.kind !== 'project' || history.entryOf(`${of.owner}/${of.project}`) !== undefined;
}

function queryOf(of: FeedOf): Parameters<History['lastEnded']>[0] {
  switch (of.kind) {
    case 'all':
      return {};
    case 'failures':
      return { failed: true };
    case 'owner':
      return { owner: of.owner };
    case 'project':
      return { project: `${of.owner}/${of.project}` };
  }
}

function sitemapOf(project: SiteProject, url: string): SiteFile {
  const { owner, name } = project;
  const pages = {
    packages: packageNames(project),
    builds: project.buildCount > 0 ? [buildsPage(`${owner}/${name}`)] : [],
  };
  const content = () => sitemap(projectPages(owner, name, pages), url);
  return { path: programFiles.projectSitemap(owner, name), content };
}

function allOfProject(owner: string, name: string): readonly string[] {
  return [
    coprFiles.projectFolder(owner, name),
    programFiles.project(owner, name),
    programFiles.projectFolder(owner, name),
    programFiles.projectBadge(owner, name),
    programFiles.badgeFolder(owner, name),
    programFiles.projectSitemap(owner, name),
  ];
}

function allOfPackage(owner: string, project: string, name: string): readonly string[] {
  return [
    coprFiles.packageFolder(owner, project, name),
    programFiles.package(owner, project, name),
    programFiles.packageBadge(owner, project, name),
    programFiles.versionBadge(owner, project, name),
  ];
}

function isPackage(history: History, key: string, name: string | undefined): boolean {
  const stated = history.entryOf(key);
  if (stated === undefined || name === undefined) return stated !== undefined;
  return packageNames({ entry: stated.entry, builtPackages: history.builtPackages(key) }).includes(name);
}

function stated(history: History): readonly SiteProject[] {
  return history.statedKeys().flatMap((key) => loadCard(history, key) ?? []);
}

/** What each chroot of a build has other than in the last one before that was good there. */
function lastGoodOf(history: History, build: Build) {
  const project = `${build.owner}/${build.project}`;
  const known = new Map<number, Build | undefined>();
  const since = new Map<string, SinceGood>();
  const pairs: RunPair[] = [];
  for (const run of build.chroots.filter(isCompared)) {
    const id = history.goodBelow({ project, package: build.package, chroot: run.chroot }, build.id);
    if (id === undefined) continue;
    const good = known.get(id) ?? history.build(id);
    known.set(id, good);
    const before = good?.chroots.find(({ chroot }) => chroot === run.chroot);
    if (good === undefined || before === undefined) continue;
    since.set(run.chroot, sinceGood(build, run, good, before));
    pairs.push({ before, now: run });
  }
  // What failed is told of, whatever else there is.
  const rank = ({ now }: RunPair) => (now.state === 'failed' ? 0 : 1);
  return { since, pairs: pairs.toSorted((one, other) => rank(one) - rank(other)) };
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

function buildsWriting(history: History, { key, number }: Extract<Subject, { kind: 'builds-page' }>): Writing {
  const count = history.countBuilds({ project: key });
  const full = fullPagesOf(count);
  if (count === 0 || (number !== undefined && number > full)) return { pages: {}, files: [] };
  const builds =
    number === undefined
      ? history.newestBuilds({ project: key }, count - full * buildsPerPage)
      : history.buildsFrom({ project: key }, (number - 1) * buildsPerPage, buildsPerPage).toReversed();
  const path = (of?: number) => buildsPage(key, of);
  return pageOnly({ buildLists: [buildsView(key, builds, { number, full, count, path })] });
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
  const older = last === undefined || newest.length < buildsPerFile ? null : `/${programFiles.builds(last.id)}`;
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

/** Every page and file, as owed. */
export function oweEverything(history: History): void {
  let after = 0;
  for (;;) {
    const places = history.placesFrom(after, 5000);
    history.atOnce(() => {
      for (const { id, project } of places) {
        const [owner = '', name = ''] = project.split('/');
        history.owe(`${project}/build/${id}/`);
        history.owe(programFiles.builds(id));
        history.owe(programFiles.projectBuilds(owner, name, id));
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
  for (const path of [programFiles.index, programFiles.sitemap, programFiles.feed, programFiles.failuresFeed])
    history.owe(path);
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
  history.owe(programFiles.owner(owner));
  history.owe(programFiles.ownerBuilds(owner));
  history.owe(programFiles.ownerFeed(owner));
  history.owe(programFiles.projectFeed(owner, project));
  const builds = history.countBuilds({ project: key });
  if (builds > 0) history.owe(buildsPage(key));
  for (let page = 1; page <= fullPagesOf(builds); page += 1) history.owe(buildsPage(key, page));
  oweList(builds, (offset) => coprFiles.builds(owner, project, offset));
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
