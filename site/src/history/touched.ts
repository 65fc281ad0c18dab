// Which pages and lists a change touches. Lists are cut into files in the order in which they grow, so that a new build
// touches the last one only, however many there are.
import {
  type BuildId,
  buildsPerFile,
  coprFiles,
  coprPageItems,
  isFinal,
  programFiles,
  published,
} from '@coppice/config';
import { type Build, packageNames } from '../model/site-model.ts';
import type { History } from './history.ts';
import {
  buildsPage,
  buildsPerPage,
  chrootPage,
  chrootsPage,
  coprOwners,
  fullPagesOf,
  homePage,
  ownerPage,
  projectsPerPage,
  queuePage,
  statisticsPage,
  statusPage,
} from './paths.ts';

/** To be told of each change before it is kept. */
export interface Touched {
  save(before: Build | undefined, after: Build): void;
  remove(build: Build): void;
  changeEntry(key: string): void;
  /** Users get another build of a package than before; `above`: builds with higher numbers say whether they do. */
  changeShown(key: string, name: string, above: number): void;
  /** Notes the pages as owed. */
  owe(): void;
}

/** What changed of the builds in one list. */
interface Changed {
  /** There before and after. */
  readonly same: Set<number>;
  /** New, or gone. */
  readonly moved: Set<number>;
  readonly countBefore: number;
}

interface TouchedProject {
  readonly names: readonly string[];
  readonly builds: Changed;
  readonly packages: Map<string, Changed>;
  readonly wasThere: boolean;
  isEntryOther: boolean;
  /** One that has ended is new, different or gone. */
  hasEnded: boolean;
}

export function openTouched(history: History): Touched {
  const projects = new Map<string, TouchedProject>();
  let isAnything = false;

  function projectOf(key: string): TouchedProject {
    isAnything = true;
    const known = projects.get(key);
    if (known !== undefined) return known;
    const stated = history.entryOf(key);
    const entry = stated?.entry ?? null;
    const project = {
      wasThere: stated !== undefined,
      hasEnded: false,
      names: packageNames({ entry, builtPackages: history.builtPackages(key) }),
      builds: nothingOf(history.countBuilds({ project: key })),
      packages: new Map<string, Changed>(),
      isNew: history.entryOf(key) === undefined,
      isEntryOther: false,
    };
    projects.set(key, project);
    return project;
  }

  function note({ owner, project: of, package: name, id, state }: Build, how: 'same' | 'moved'): void {
    const key = `${owner}/${of}`;
    const project = projectOf(key);
    const ofPackage = project.packages.get(name) ?? nothingOf(history.countBuilds({ project: key, package: name }));
    project.packages.set(name, ofPackage);
    if (isFinal(state)) project.hasEnded = true;
    if (state === 'failed') history.owe(programFiles.failuresFeed);
    project.builds[how].add(id);
    ofPackage[how].add(id);
  }

  return {
    save(before, after) {
      const isSame =
        before?.owner === after.owner && before.project === after.project && before.package === after.package;
      if (before !== undefined) note(before, isSame ? 'same' : 'moved');
      note(after, isSame ? 'same' : 'moved');
      if (before !== undefined && !isSame) owePages(history, before);
      owePages(history, after);
      if (before !== undefined && !isSame) oweLaterLive(history, before);
      if (paceOf(isSame ? before : undefined) !== paceOf(after)) oweLaterLive(history, after);
      oweSince(history, before, after);
    },
    remove(build) {
      note(build, 'moved');
      owePages(history, build);
      oweLaterLive(history, build);
      oweSince(history, build, undefined);
    },
    changeEntry(key) {
      projectOf(key).isEntryOther = true;
    },
    changeShown(key, name, above) {
      const [owner = '', project = ''] = key.split('/');
      if (history.entryOf(key) === undefined) return;
      history.owe(published.projectPage(owner, project));
      history.owe(published.packagePage(owner, project, name));
      for (const id of history.buildsAbove(key, name, above)) {
        history.owe(published.buildPage({ id: id as BuildId, owner, project, package: name }));
        history.owe(programFiles.builds(id));
      }
      isAnything = true;
    },
    owe() {
      for (const [key, project] of projects) oweProject(history, key, project);
      if (isAnything) for (const page of [homePage, queuePage, statusPage]) history.owe(page);
    },
  };
}

function nothingOf(countBefore: number): Changed {
  return { same: new Set(), moved: new Set(), countBefore };
}

function owePages(history: History, build: Build): void {
  history.owe(published.buildPage(build));
  history.owe(published.packagePage(build.owner, build.project, build.package));
  history.owe(published.projectPage(build.owner, build.project));
  history.owe(statisticsPage);
  history.owe(chrootsPage);
  for (const { chroot } of build.chroots) history.owe(chrootPage(chroot));
  history.owe(programFiles.builds(build.id));
}

/** What those that come after it are expected to take depends on this. */
function paceOf(build: Build | undefined): string {
  const good = build?.chroots.filter(({ state }) => state === 'succeeded') ?? [];
  return good.map(({ chroot, startedAt, endedAt }) => `${chroot} ${startedAt} ${endedAt}`).join('\n');
}

/** Those that go on tell how long they may take, by the ones before them. */
function oweLaterLive(history: History, { owner, project, package: name, id }: Build): void {
  const live = history.newestBuilds({ project: `${owner}/${project}`, package: name, live: true }, manyChanges);
  for (const later of live) if (later.id > id) history.owe(published.buildPage(later));
}

/** Those that say what they have other than this one, the last good one before them. */
function oweSince(history: History, before: Build | undefined, after: Build | undefined): void {
  const [old, fresh] = [goodRunsOf(before), goodRunsOf(after)];
  for (const [key, { build, chroot }] of [...old, ...fresh]) {
    if (old.get(key)?.told === fresh.get(key)?.told) continue;
    const { owner, project, package: name } = build;
    const place = { owner, project, package: name };
    for (const id of history.buildsSince({ ...place, project: `${owner}/${project}`, chroot }, build.id))
      history.owe(published.buildPage({ ...place, id: id as BuildId }));
  }
}

/** What later builds are compared with, by where it is. */
function goodRunsOf(build: Build | undefined) {
  if (build === undefined) return new Map<string, never>();
  const { owner, project, package: name, id, source, configCommit, srpm } = build;
  const made = srpm && [srpm.artifacts, srpm.fetched, srpm.submodules, srpm.commits];
  const good = build.chroots.filter(({ state }) => state === 'succeeded');
  return new Map(
    good.map(({ chroot, engine, logs }) => {
      const told = JSON.stringify([id, source, configCommit, made, engine, logs]);
      return [`${owner}/${project} ${name} ${chroot}`, { build, chroot, told }];
    }),
  );
}

function oweProject(history: History, key: string, before: TouchedProject): void {
  const [owner = '', name = ''] = key.split('/');
  const entry = history.entryOf(key)?.entry ?? null;
  const names = packageNames({ entry, builtPackages: history.builtPackages(key) });
  history.owe(published.projectPage(owner, name));
  const keys = history.projectKeysOf(owner);
  const place = keys.indexOf(key);
  // Those behind one that is new or gone have another place.
  const isNew = !before.wasThere || place === -1;
  const last = isNew ? keys.length : place;
  for (let at = isNew ? 0 : place; at <= last; at += projectsPerPage)
    history.owe(ownerPage(owner, Math.floor(at / projectsPerPage) + 1));
  owePrograms(history, key, before);
  if (before.isEntryOther) {
    for (const one of new Set([...before.names, ...names])) {
      history.owe(published.packagePage(owner, name, one));
      history.owe(coprFiles.packageBuilds(owner, name, one, 0));
    }
    history.owe(coprFiles.builds(owner, name, 0));
    history.owe(coprOwners);
  }
  oweBuildsPages(history, key, before.builds);
  oweBuilds(history, { project: key }, before.builds, (offset) => coprFiles.builds(owner, name, offset));
  for (const [one, changed] of before.packages)
    oweBuilds(history, { project: key, package: one }, changed, (offset) =>
      coprFiles.packageBuilds(owner, name, one, offset),
    );
  const touched = before.isEntryOther ? new Set(names) : new Set(before.packages.keys());
  for (const offset of changedOffsets(before.names, names, touched))
    history.owe(coprFiles.packages(owner, name, offset));
}

/** The lists of its owner and of its builds, feeds, and the index of sitemaps. */
function owePrograms(history: History, key: string, { builds, ...before }: TouchedProject): void {
  const [owner = '', name = ''] = key.split('/');
  const isOther = before.wasThere !== (history.entryOf(key) !== undefined);
  if (isOther) history.owe(programFiles.sitemap);
  if (isOther || before.isEntryOther) history.owe(programFiles.owner(owner));
  if (isOther || builds.same.size + builds.moved.size > 0) history.owe(programFiles.ownerBuilds(owner));
  if (isOther || before.hasEnded) {
    history.owe(programFiles.projectFeed(owner, name));
    history.owe(programFiles.ownerFeed(owner));
    history.owe(programFiles.feed);
  }
  for (const id of builds.same) history.owe(programFiles.projectBuilds(owner, name, id));
  for (const id of builds.moved) {
    history.owe(programFiles.projectBuilds(owner, name, id));
    // Those that lead to them.
    const above = (Math.floor(id / buildsPerFile) + 1) * buildsPerFile;
    const next = history.numberFrom(above, { project: key });
    if (next !== undefined) history.owe(programFiles.projectBuilds(owner, name, next));
    const nextOfAll = history.numberFrom(above);
    if (nextOfAll !== undefined) history.owe(programFiles.builds(nextOfAll));
  }
}

/** So many changes touch so many files that all are written. */
const manyChanges = 50;

function oweBuilds(
  history: History,
  query: { readonly project: string; readonly package?: string },
  { same, moved, countBefore }: Changed,
  path: (offset: number) => string,
): void {
  if (same.size + moved.size === 0) return;
  const last = Math.max(countBefore, history.countBuilds(query), 1) - 1;
  const isMany = same.size + moved.size > manyChanges;
  const offset = (id: number) => Math.floor(Math.max(0, Math.min(last, history.rankOf(id, query))) / coprPageItems);
  // What comes behind one that is new or gone has another place.
  const from = isMany ? 0 : moved.size === 0 ? Number.POSITIVE_INFINITY : offset(Math.min(...moved));
  for (let page = from; page * coprPageItems <= last; page += 1) history.owe(path(page * coprPageItems));
  if (!isMany) for (const id of same) history.owe(path(offset(id) * coprPageItems));
}

/** Pages of the builds of a project: a new build touches that of the newest, and a full one once the next is full. */
function oweBuildsPages(history: History, key: string, { same, moved, countBefore }: Changed): void {
  if (same.size + moved.size === 0) return;
  const pageOf = (id: number) => Math.floor(history.rankOf(id, { project: key }) / buildsPerPage) + 1;
  const counts = [countBefore, history.countBuilds({ project: key })].map(fullPagesOf);
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
  const isMany = same.size + moved.size > manyChanges;
  const from = isMany ? 1 : moved.size === 0 ? most + 1 : pageOf(Math.min(...moved));
  // The last full page leads to that of the newest, or to another full one.
  for (let page = Math.max(1, fewest === most ? from : Math.min(from, fewest)); page <= most; page += 1)
    history.owe(buildsPage(key, page));
  const old = isMany ? [] : [...same].map(pageOf).filter((page) => page <= most);
  for (const page of old) history.owe(buildsPage(key, page));
  if (moved.size > 0 || isMany || old.length < same.size) history.owe(buildsPage(key));
}

/** Offsets of the files that hold other names than before, or one that was touched. */
function changedOffsets(
  before: readonly string[],
  after: readonly string[],
  touched: ReadonlySet<string>,
): ReadonlySet<number> {
  const offsets = new Set<number>(before.length === 0 || after.length === 0 ? [0] : []);
  for (let index = 0; index < Math.max(before.length, after.length); index += 1)
    if (before[index] !== after[index] || touched.has(after[index] ?? ''))
      offsets.add(Math.floor(index / coprPageItems) * coprPageItems);
  return offsets;
}
