// What is written for a path: pages of Eleventy, files for programs, or nothing any more.

import type { BrokenPool, BuildId } from '@coppice/config';
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
import { expectedSeconds } from './history/expected.ts';
import type { History } from './history/history.ts';
import { loadCard, loadPackage, loadProject } from './history/load.ts';
import { buildsFile, buildsPerFile, homePage, type Subject } from './history/paths.ts';
import { type Build, packageNames, type SiteProject } from './model/site-model.ts';
import type { PageData } from './render.ts';
import { buildView } from './view/build-view.ts';
import { homeView, queueView, summaryOf } from './view/home-view.ts';
import { liveBuild } from './view/live-build.ts';
import { packageView, projectView } from './view/project-view.ts';

/** What is written for a path. */
export interface Writing {
  readonly pages: Partial<PageData>;
  /** The build whose logs have pages of their own. */
  readonly logsOf?: { readonly build: Build; readonly revision: string };
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
        return { pages: {}, files: [], remove: build === undefined ? filesOfNoBuild(subject.id) : [] };
      const live = liveBuild(build, expectedSeconds(history, build));
      return {
        pages: { builds: [buildView(build, live)] },
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
      return {
        pages: { packages: [packageView(project, subject.name, url)] },
        files: filesOfPackage(project, subject.name, project.builds, good, url),
      };
    }
    case 'builds': {
      const builds = history.buildsBetween(subject.from, subject.from + buildsPerFile);
      const path = buildsFile(subject.from);
      return builds.length === 0 ? { pages: {}, files: [], remove: [path] } : listOf(path, builds, url);
    }
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
