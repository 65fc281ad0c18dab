// Effects: one `published/` folder and the site in it. Brings the history up to date, and writes what it says is owed.
import { createHash } from 'node:crypto';
import { access, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildId, coprFiles, isFinal, programFiles, published, reservedOwners } from '@coppice/config';
import { History } from './history/history.ts';
import {
  buildersPage,
  buildsPage,
  chrootPage,
  chrootsPage,
  homePage,
  owedFor,
  ownerPage,
  queuePage,
  statusPage,
  subjectOf,
} from './history/paths.ts';
import { isDamaged, openTables, removeTables } from './history/tables.ts';
import { updateHistory } from './history/update.ts';
import { readBuildrootChanges } from './last-good/read-buildroots.ts';
import { withBuildroot } from './last-good/since-good.ts';
import { assets } from './markup/assets.ts';
import { nothingWhenAbsent } from './model/absent.ts';
import { type Changes, mergeChanges } from './model/changes.ts';
import { foldersIn, openStatements } from './model/read.ts';
import { readHeaders } from './model/read-headers.ts';
import { type LogText, readLog } from './model/read-log.ts';
import { bytesOf } from './model/site-file.ts';
import type { Build } from './model/site-model.ts';
import { filesOfNoBuild, oweEverything, type Surroundings, type Writing, writingFor } from './pages-of.ts';
import { sitemap } from './programs/crawlers.ts';
import { fixedFiles } from './programs/fixed-files.ts';
import { type Page, type PageData, renderDocs, renderPages } from './render.ts';
import { aboutPackages } from './view/about-packages.ts';
import type { BuildView } from './view/build-view.ts';
import { logPagesOf } from './view/log-pages.ts';
import { type LogView, logView } from './view/log-view.ts';
import { forEach, noteChange, writeFileAtomically, writeOther } from './write-file.ts';
import { type Unit, writeUnits } from './write-units.ts';

export interface Written {
  /** Files that were written: pages, assets, JSON. */
  readonly written: number;
  /** Pages that were removed. */
  readonly removed: number;
  /** Files that had to be left out, and pages that could not be made, one sentence each. */
  readonly problems: readonly string[];
  /** True when pages are missing that the next call tries again, whatever it is told. */
  readonly incomplete: boolean;
}

export interface SiteWriter {
  /** `url` without a slash at the end. Not to be called twice at once. */
  write(changes: Changes, url: string): Promise<Written>;
  /**
   * Ends what is under way before its end: the pages that it has not written stay owed. Nothing is written any more.
   */
  stop(): void;
  close(): void;
}

/** Paths that are settled in one go: bounds the memory that logs take. */
const pathsAtOnce = 100;
const room = fileURLToPath(new URL('../', import.meta.url));

/**
 * A writer for one folder: the absolute paths of `published/` and of the file in which the history is kept, a file
 * outside of it.
 */
export function openSiteWriter(folder: string, historyFile: string): SiteWriter {
  const readStatements = openStatements(folder);
  let history: History | undefined;
  /** Changes of calls that failed half-way, and what happened before the first one: the next call makes up for them. */
  let owed: Changes = 'all';
  /** What the pages show of pools and service. */
  let shown = '';
  let isStopped = false;

  async function write(reported: Changes, url: string): Promise<Written> {
    try {
      return await bringUpToDate(reported, url);
    } catch (error) {
      if (!isDamaged(error)) throw error;
      close();
      removeTables(historyFile);
      owed = 'all';
      const written = await bringUpToDate('all', url);
      const problem = 'The history of builds was damaged, and is made anew from the results.';
      return { ...written, problems: [problem, ...written.problems] };
    }
  }

  async function bringUpToDate(reported: Changes, url: string): Promise<Written> {
    history ??= new History(openTables(historyFile));
    const changes = mergeChanges(owed, reported);
    owed = changes;
    const problems: string[] = [];
    const report = (path: string, why: string) => problems.push(`${path} is left out of the site: ${why}`);
    const statements = await readStatements(report);
    const wasCutOff = history.fact('amid an update') === 'yes';
    await updateHistory(history, folder, { changes, statements, report });
    const { queue, service } = statements;
    const telling = JSON.stringify([queue?.brokenPools, service]);
    // What is expected of those that wait depends on all of them.
    if (telling !== shown || (queue?.builds.length ?? 0) > 0) history.owe(queuePage);
    if (telling !== shown) for (const page of [homePage, buildersPage, statusPage]) history.owe(page);
    let written = 0;
    const madeBy = await fingerprintOf(url);
    const isNew = history.fact('made by') !== madeBy || !(await exists(join(folder, homePage)));
    if (isNew || wasCutOff) {
      oweEverything(history);
      await oweStale(history);
    }
    if (isNew) {
      const docs = await renderDocs();
      for (const page of docs) await writeFileAtomically(join(folder, page.path), page.content);
      const pages = docs.map(({ path }) => path.replace(/index\.html$/, '')).toSorted();
      await writeFileAtomically(join(folder, programFiles.docsSitemap), sitemap(pages, url));
      written += 1 + docs.length + (await writeAssets(folder));
      history.setFact('made by', madeBy);
    }
    owed = [];
    const settled = await settleAll({ history, url, queue, service });
    shown = telling;
    return {
      written: written + settled.written,
      removed: settled.removed,
      problems: [...problems, ...settled.problems],
      incomplete: settled.problems.length > 0 || isStopped,
    };
  }

  async function settleAll(around: Surroundings): Promise<Omit<Written, 'incomplete'>> {
    const sum = { written: 0, removed: 0, problems: [] as string[] };
    const { history: from } = around;
    const settle = async (paths: readonly string[]) => {
      const done = await settlePaths(folder, paths, around);
      sum.written += done.written;
      sum.removed += done.removed;
      for (const { path, why } of done.failed)
        sum.problems.push(`${path} could not be written, and is tried again: ${why}`);
      const failed = new Set(done.failed.map(({ path }) => path));
      from.atOnce(() => {
        for (const path of paths) if (!failed.has(path)) from.settle(path);
      });
    };
    for (let after = ''; !isStopped; ) {
      const paths = from.owed(after, pathsAtOnce);
      const last = paths.at(-1);
      if (last === undefined) break;
      after = last;
      const others = paths.filter((path) => path !== homePage);
      if (from.owed(after, 1).length > 0) await settle(others);
      // What the home page leads to is there before it; and a small change is rendered in one go.
      else await settle(from.isOwed(homePage) ? [...others, homePage] : others);
    }
    return sum;
  }

  /** Pages on the disk of projects and builds that there are no more. */
  async function oweStale(into: History): Promise<void> {
    const isReserved = (name: string) => (reservedOwners as readonly string[]).includes(name);
    for (const chroot of await foldersIn(join(folder, chrootsPage))) into.owe(chrootPage(chroot));
    for (const owner of (await foldersIn(folder)).filter((name) => !isReserved(name))) {
      into.owe(ownerPage(owner, 1));
      for (const project of await foldersIn(join(folder, owner))) {
        const key = `${owner}/${project}`;
        into.owe(`${key}/`);
        into.owe(buildsPage(key));
        for (const page of await foldersIn(join(folder, buildsPage(key)))) into.owe(`${buildsPage(key)}${page}/`);
        for (const kind of ['package', 'build'])
          for (const name of await foldersIn(join(folder, key, kind))) into.owe(`${key}/${kind}/${name}/`);
      }
    }
    for (const owner of await foldersIn(join(folder, 'api_3/projects')))
      for (const name of await foldersIn(join(folder, 'api_3/projects', owner))) {
        into.owe(`${owner}/${name}/`);
        const packages = coprFiles.projectFolder(owner, name);
        for (const one of await foldersIn(join(folder, packages, 'packages')))
          into.owe(`${owner}/${name}/package/${one}/`);
      }
    for (const at of ['api/v1/builds', 'api/v1/owners', 'api/v1/projects', 'badges', 'feeds']) {
      const files = (await readdir(join(folder, at), { recursive: true }).catch(nothingWhenAbsent)) ?? [];
      for (const file of files) {
        const owed = owedFor(`${at}/${file}`);
        if (owed !== undefined) into.owe(owed);
      }
    }
    for (const file of (await readdir(join(folder, 'search/terms')).catch(nothingWhenAbsent)) ?? [])
      into.owe(`search/terms/${file}`);
    for (const list of ['projects', 'packages'])
      for (const one of await foldersIn(join(folder, list))) {
        into.owe(`${list}/${one}/`);
        for (const page of await foldersIn(join(folder, list, one))) into.owe(`${list}/${one}/${page}/`);
      }
    const live = await readdir(join(folder, published.liveJsons)).catch(nothingWhenAbsent);
    const known = [
      ...(live ?? []).map((name) => name.replace(/\.json$/, '')),
      ...(await foldersIn(join(folder, 'api_3/builds'))),
    ];
    for (const id of new Set(known))
      if (into.build(Number(id)) === undefined)
        for (const path of filesOfNoBuild(Number(id) as BuildId)) await removePath(folder, path);
  }

  function close(): void {
    history?.close();
    history = undefined;
  }

  const stop = () => {
    isStopped = true;
  };
  return { write, stop, close };
}

interface Settled {
  readonly written: number;
  readonly removed: number;
  readonly failed: readonly { readonly path: string; readonly why: string }[];
}

async function settlePaths(folder: string, paths: readonly string[], around: Surroundings): Promise<Settled> {
  const writings = new Map<string, Writing>();
  for (const path of paths) {
    const subject = subjectOf(path);
    if (subject !== undefined) writings.set(path, writingFor(subject, around));
  }
  let written = 0;
  let removed = 0;
  const units: Unit[] = [];
  for (const [path, writing] of writings) {
    for (const file of writing.remove ?? []) await removePath(folder, file);
    if (Object.keys(writing.pages).length > 0) units.push(unitOf(folder, path, writing, around.history));
    else if (path.endsWith('/')) removed += await removePages(folder, path);
    if (writing.logsOf !== undefined) removed += await removeOtherLogs(folder, path, writing.logsOf.build);
  }
  await forEach(
    [...writings.values()].flatMap(({ files }) => files),
    async (file) => {
      if (await writeOther(join(folder, file.path), bytesOf(file))) written += 1;
    },
  );
  const done = await writeUnits(units, {
    render: (data: Partial<PageData>) => renderPages({ ...noPages, ...data }, around.url),
    write: (page: Page) => writeFileAtomically(join(folder, page.path), page.content),
  });
  const failed = done.failed.map(({ unit, why }) => ({ path: unit.name, why }));
  return { written: written + done.written, removed, failed };
}

const noPages: PageData = {
  ...{ home: [], queue: [], notFound: [], owners: [], projects: [], packages: [], builds: [], logs: [] },
  ...{ buildLists: [] },
  ...{ builderPools: [], status: [], statistics: [], chrootLists: [], chroots: [] },
  ...{ search: [], projectLists: [], packageLetters: [], packageLists: [] },
};

function unitOf(folder: string, path: string, writing: Writing, history: History): Unit {
  const { pages, logsOf, aboutOf } = writing;
  const data = async () => {
    if (logsOf !== undefined)
      return { ...pages, builds: await buildViews(folder, writing), logs: await logViews(folder, logsOf) };
    const headers = aboutOf && (await readHeaders(folder, aboutOf));
    const [view] = pages.packages ?? [];
    if (aboutOf === undefined || headers === undefined || view === undefined) return pages;
    const project = `${view.owner}/${view.project}`;
    const provider = (name: string) => history.catalog.packagesWith(project, 'provides', name);
    return { ...pages, packages: [{ ...view, about: aboutPackages(headers, aboutOf, view, provider) }] };
  };
  return { name: path, data };
}

/** With what the buildroots do not have in common. */
async function buildViews(
  folder: string,
  { pages: { builds = [] }, buildrootsOf = [] }: Writing,
): Promise<readonly BuildView[]> {
  if (buildrootsOf.length === 0) return builds;
  const found = await readBuildrootChanges(folder, buildrootsOf);
  const changes = new Map(buildrootsOf.map(({ now }, index) => [now.chroot, found[index]]));
  return builds.map((view) => ({
    ...view,
    runs: view.runs.map((run) => {
      const change = changes.get(run.chroot);
      if (run.since === null || change === undefined) return run;
      return { ...run, since: withBuildroot(run.since, change, [run.message, ...run.excerpt].join(' ')) };
    }),
  }));
}

async function logViews(
  folder: string,
  { build, revision }: NonNullable<Writing['logsOf']>,
): Promise<readonly LogView[]> {
  const views: LogView[] = [];
  for (const page of logPagesOf(build)) {
    const { run, file } = page;
    const around = run.where?.log === file ? run.where.line : undefined;
    const wish = { around, isGrowing: !isFinal(run.state) };
    const text =
      file === null ? undefined : await readLog(join(folder, run.folder, file), wish).catch(nothingWhenAbsent);
    views.push(logView(build, page, text ?? noLog, revision));
  }
  return views;
}

/** A log that was removed after its folder was listed, or is still to come. */
const noLog: LogText = { parts: [], lineCount: 0, bytes: 0 };

/** Those of before stay for a while: browsers and mirrors may have pages that name them. */
const keptAssetsMilliseconds = 30 * 86_400_000;

async function writeAssets(folder: string): Promise<number> {
  for (const { name, content } of assets) await writeFileAtomically(join(folder, 'assets', name), content);
  const wanted = new Set(assets.map(({ name }) => name));
  for (const name of await readdir(join(folder, 'assets'))) {
    const path = join('assets', name);
    const isOld = (await stat(join(folder, path))).mtimeMs < Date.now() - keptAssetsMilliseconds;
    if (isOld && !wanted.has(name)) await removePath(folder, path);
  }
  return assets.length;
}

let sourcesRead: Promise<string> | undefined;

/** Of all that pages are made with: where it is another one, all of them are made anew. */
async function fingerprintOf(url: string): Promise<string> {
  sourcesRead ??= readSources();
  const hash = createHash('sha256').update(`${url}\n${await sourcesRead}`);
  // Some of these follow from other sources than the site's.
  for (const file of fixedFiles(url)) hash.update(bytesOf(file));
  return hash.digest('hex');
}

async function readSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['src', 'pages', 'layouts', 'assets', 'content']) {
    const files = await readdir(join(room, name), { recursive: true, withFileTypes: true });
    const paths = files.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
    for (const path of paths.sort()) hash.update(path.slice(room.length)).update(await readFile(path));
  }
  return hash.digest('hex');
}

/** Pages of logs of a build that it has no more. */
async function removeOtherLogs(folder: string, path: string, build: Build): Promise<number> {
  const wanted = new Set<string>(logPagesOf(build).map((page) => page.path));
  let removed = 0;
  for (const chroot of await foldersIn(join(folder, path))) {
    const main = `${path}${chroot}/`;
    if (!wanted.has(main)) removed += await removePages(folder, main);
    else
      for (const file of await foldersIn(join(folder, main)))
        if (!wanted.has(`${main}${file}/`)) removed += await removePages(folder, `${main}${file}/`);
  }
  return removed;
}

/** Removes a page, what is below it but other pages of the site, and the folders above it that are empty then. */
async function removePages(folder: string, page: string): Promise<number> {
  // Those of owners and projects stand in folders that hold others.
  const isAmong = page.split('/').length <= 3;
  const pages = isAmong
    ? ['index.html']
    : await readdir(join(folder, page), { recursive: true }).catch(nothingWhenAbsent);
  const there = (pages ?? []).filter((name) => name.endsWith('index.html'));
  let removed = 0;
  for (const name of there) {
    if (!(await exists(join(folder, page, name)))) continue;
    await removePath(folder, join(page, name));
    removed += 1;
  }
  if (!isAmong) await rm(join(folder, page), { recursive: true, force: true });
  await removeEmpty(folder, isAmong ? page : dirname(page));
  return removed;
}

async function removePath(folder: string, path: string): Promise<void> {
  await rm(join(folder, path), { recursive: true, force: true });
  noteChange(join(folder, path));
}

async function removeEmpty(folder: string, from: string): Promise<void> {
  for (let path = from.replace(/\/$/, ''); path !== '.' && path !== ''; path = dirname(path)) {
    const removed = await rmdir(join(folder, path)).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST' || error.code === 'ENOENT')
          return error.code === 'ENOENT';
        throw error;
      },
    );
    if (!removed) return;
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
