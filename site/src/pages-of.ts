// What is written for a path: pages of Eleventy, files for programs, or nothing any more.

import type { BrokenPool } from '@coppice/config';
import {
  buildsPerFile,
  coprFiles,
  coprPageItems,
  feedEntries,
  programFiles,
  published,
  readSandbox,
} from '@coppice/config';
import {
  buildListFile,
  filesOfBuild,
  filesOfOwners,
  filesOfPackage,
  filesOfProject,
  packageListFile,
} from './copr/copr-files.ts';
import type { History } from './history/history.ts';
import { loadCard, loadPackage, loadProject } from './history/load.ts';
import { homePage, type Subject } from './history/paths.ts';
import type { FeedOf, SiteFile } from './model/site-file.ts';
import { type Build, packageNames, type SiteProject } from './model/site-model.ts';
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
import { buildView } from './view/build-view.ts';
import { homeView, queueView, summaryOf } from './view/home-view.ts';
import { packageView, projectView } from './view/project-view.ts';

/** What is written for a path. */
export interface Writing {
  readonly pages: Partial<PageData>;
  /** The build whose logs have pages of their own. */
  readonly logsOf?: Build;
  readonly files: readonly SiteFile[];
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
      if (project === undefined) return { pages: {}, files: [], remove: allOfProject(owner, name) };
      const files = [...filesOfProject(project, url), ...programFilesOfProject(project, url), sitemapOf(project, url)];
      return { pages: { projects: [projectView(project, url)] }, files };
    }
    case 'package': {
      const project = loadPackage(history, subject.key, subject.name);
      const [owner = '', name = ''] = subject.key.split('/');
      if (project === undefined || !packageNames(project).includes(subject.name))
        return { pages: {}, files: [], remove: allOfPackage(owner, name, subject.name) };
      const good = history.newestGoodBuild(subject.key, subject.name);
      return {
        pages: { packages: [packageView(project, subject.name, url)] },
        files: [
          ...filesOfPackage(project, subject.name, project.builds, good, url),
          ...programFilesOfPackage(project, subject.name, url),
        ],
      };
    }
    case 'builds': {
      const builds = history.buildsBetween(subject.from, subject.from + buildsPerFile);
      const path = programFiles.builds(subject.from);
      if (builds.length === 0) return { pages: {}, files: [], remove: [path] };
      const older = history.numberBelow(subject.from);
      const next = older === undefined ? {} : { older: `/${programFiles.builds(older)}` };
      const content = () => ({ builds: builds.map((build) => summaryOf(build, url)), ...next });
      return { pages: {}, files: [{ path, content }] };
    }
    case 'project-builds': {
      const { key, from } = subject;
      const [owner = '', name = ''] = key.split('/');
      const path = programFiles.projectBuilds(owner, name, from);
      const builds = history.buildsBetween(from, from + buildsPerFile, { project: key });
      if (builds.length === 0) return { pages: {}, files: [], remove: [path] };
      return { pages: {}, files: [projectBuildsFile(path, builds, history.numberBelow(from, { project: key }), url)] };
    }
    case 'owner': {
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
      const builds = history.newestBuilds({ owner }, feedEntries).map((build) => summaryOf(build, url));
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
  const content = () => sitemap(projectPages(owner, name, packageNames(project)), url);
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
  const older = last === undefined || newest.length < buildsPerFile ? null : `/${programFiles.builds(last.id)}`;
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
  history.owe(homePage);
  history.owe(coprFiles.allProjects(0));
  history.owe(programFiles.index);
  history.owe(programFiles.sitemap);
  history.owe(programFiles.feed);
  history.owe(programFiles.failuresFeed);
}

function oweProjectWhole(history: History, key: string): void {
  const [owner = '', project = ''] = key.split('/');
  const entry = history.entryOf(key)?.entry ?? null;
  const names = packageNames({ entry, builtPackages: history.builtPackages(key) });
  history.owe(`${key}/`);
  history.owe(programFiles.owner(owner));
  history.owe(programFiles.ownerBuilds(owner));
  history.owe(programFiles.ownerFeed(owner));
  history.owe(programFiles.projectFeed(owner, project));
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
