// Effects: one `published/` folder and the site in it. Reads, decides, renders in bounded groups, writes, removes what
// is stale.
import { access, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { published, reservedOwners } from '@coppice/config';
import { allCoprFiles, changedCoprFiles } from './copr/copr-files.ts';
import { nothingWhenAbsent } from './model/absent.ts';
import { type Changes, mergeChanges } from './model/changes.ts';
import { openSiteReader } from './model/read.ts';
import { type LogText, readLog } from './model/read-log.ts';
import { type Build, joinSite, type Site } from './model/site-model.ts';
import { type Page, type PageData, renderDocs, renderPages } from './render.ts';
import { type PageSelection, pagesOf, runsOf, selectAll, selectChanged } from './select-pages.ts';
import { buildView, mainLog } from './view/build-view.ts';
import { homeView, queueView, summaryOf } from './view/home-view.ts';
import { type LogView, logView } from './view/log-view.ts';
import { packageView, projectView } from './view/project-view.ts';
import { noteChange, writeFileAtomically } from './write-file.ts';
import { type Unit, type UnitsWritten, writeUnits } from './write-units.ts';

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
  write(changes: Changes, url: string, now: Date): Promise<Written>;
}

/** Builds rendered in one go: bounds the memory that logs take. */
const buildsAtOnce = 100;
const assets = fileURLToPath(new URL('../assets/', import.meta.url));

/** A writer for one folder; `folder` is the absolute path of `published/`. It remembers what it read. */
export function openSiteWriter(folder: string): SiteWriter {
  const reader = openSiteReader(folder);
  let before: Site | undefined;
  /** Changes of calls that failed half-way: the next call makes up for them. */
  let owed: Changes = [];
  /** Pages that could not be made or written: the next calls try them again. */
  let left: Left = nothingLeft;

  async function write(reported: Changes, url: string, now: Date): Promise<Written> {
    const changes = mergeChanges(owed, reported);
    owed = changes;
    const fresh = before === undefined && !(await exists(join(folder, 'index.html')));
    const all = changes === 'all' || fresh;
    const { records, problems } = await reader.read(all ? 'all' : changes);
    const site = joinSite(records);
    const empty: Site = { projects: new Map(), builds: [], configRepository: null, brokenPools: [] };
    const selected = changes === 'all' || fresh ? selectAll(site) : selectChanged(before ?? empty, site, changes);
    const selection = withLeft(selected, left, site);
    const writePages = async (pages: readonly Page[]) => {
      for (const page of pages) await writeFileAtomically(join(folder, page.path), page.content);
      return pages.length;
    };

    let written = 0;
    const frame = { ...noPages, generatedAt: now.toISOString() };
    const how = {
      render: (data: Partial<PageData>) => renderPages({ ...frame, ...data }),
      write: (page: Page) => writeFileAtomically(join(folder, page.path), page.content),
    };
    const failed: UnitsWritten<SiteUnit>['failed'][number][] = [];
    const buildGroups = groups(selection.builds, buildsAtOnce);
    for (const [index, group] of buildGroups.entries()) {
      const rest = index === buildGroups.length - 1 ? overview(site, selection, url) : [];
      const done = await writeUnits([...group.map((build) => unitOfBuild(folder, build)), ...rest], how);
      written += done.written;
      failed.push(...done.failed);
    }
    if (all) {
      const docs = await renderDocs(frame.generatedAt);
      written += (await writePages(docs)) + (await copyAssets(folder));
    }
    await writeFileAtomically(join(folder, published.buildsJson), buildsJson(site, url));
    written += 1 + (await writeCoprFiles(folder, before ?? empty, site, all ? 'all' : selection, url));

    const wanted = pagesOf(site);
    const stale = all
      ? await stalePages(folder, wanted)
      : [...pagesOf(before ?? empty)].filter((page) => !wanted.has(page));
    for (const page of stale) await removePage(folder, page);
    before = site;
    owed = [];
    left = leftOf(failed.map(({ unit }) => unit));
    const missing = failed.map(({ unit, why }) => `${unit.name} could not be written, and is tried again: ${why}`);
    return { written, removed: stale.length, problems: [...problems, ...missing], incomplete: failed.length > 0 };
  }

  return { write };
}

const noPages: PageData = {
  home: [],
  queue: [],
  notFound: [],
  projects: [],
  packages: [],
  builds: [],
  logs: [],
  generatedAt: '',
};

/** What a page is of, for the case that it cannot be written now. The others are written at each call. */
interface SiteUnit extends Unit {
  readonly build?: number;
  readonly project?: string;
  readonly package?: string;
}

function unitOfBuild(folder: string, build: Build): SiteUnit {
  const data = async () => ({ builds: [buildView(build)], logs: await logViews(folder, build) });
  return { name: published.buildPage(build), build: build.id, data };
}

function overview(site: Site, selection: PageSelection, url: string): readonly SiteUnit[] {
  const projects = [...site.projects];
  return [
    { name: 'index.html', data: async () => ({ home: [homeView(site)] }) },
    { name: '404.html', data: async () => ({ notFound: [{}] }) },
    { name: 'queue/', data: async () => ({ queue: [queueView(site)] }) },
    ...projects
      .filter(([key]) => selection.projects.has(key))
      .map(([key, project]) => ({
        ...{ name: `${key}/`, project: key },
        data: async () => ({ projects: [projectView(project, url)] }),
      })),
    ...projects.flatMap(([key, project]) =>
      [...selection.packages]
        .filter((name) => name.startsWith(`${key}/`))
        .map((name) => ({
          ...{ name: `${key}/package/${name.slice(key.length + 1)}/`, package: name },
          data: async () => ({ packages: [packageView(project, name.slice(key.length + 1), url)] }),
        })),
    ),
  ];
}

/** Names of pages that are still to be written. */
interface Left {
  readonly builds: ReadonlySet<number>;
  readonly projects: readonly string[];
  readonly packages: readonly string[];
}

const nothingLeft: Left = { builds: new Set(), projects: [], packages: [] };

function leftOf(units: readonly SiteUnit[]): Left {
  return {
    builds: new Set(units.flatMap(({ build }) => build ?? [])),
    projects: units.flatMap(({ project }) => project ?? []),
    packages: units.flatMap((unit) => unit.package ?? []),
  };
}

/** What was selected, and what is left of earlier calls. */
function withLeft(selected: PageSelection, left: Left, site: Site): PageSelection {
  const known = new Set(selected.builds.map(({ id }) => id));
  return {
    builds: [...selected.builds, ...site.builds.filter(({ id }) => left.builds.has(id) && !known.has(id))],
    projects: new Set([...selected.projects, ...left.projects]),
    packages: new Set([...selected.packages, ...left.packages]),
  };
}

async function logViews(folder: string, build: Build): Promise<readonly LogView[]> {
  const views: LogView[] = [];
  for (const run of runsOf(build)) {
    const file = mainLog(run);
    if (file === undefined) continue;
    const around = run.where?.log === file ? run.where.line : undefined;
    const text = await readLog(join(folder, run.folder, file), around).catch(nothingWhenAbsent);
    views.push(logView(build, run, file, text ?? removedLog));
  }
  return views;
}

/** A log that was removed after its folder was listed. */
const removedLog: LogText = { parts: [], lineCount: 0, bytes: 0 };

function buildsJson(site: Site, url: string): string {
  const builds = site.builds.map((build) => summaryOf(build, url));
  return `${JSON.stringify({ builds })}\n`;
}

/** Brings what answers Copr's API up to date; resolves with the number of files that were written. */
async function writeCoprFiles(
  folder: string,
  before: Site,
  site: Site,
  selection: 'all' | PageSelection,
  url: string,
): Promise<number> {
  const change = selection === 'all' ? undefined : changedCoprFiles(before, site, selection, url);
  const files = change?.write ?? allCoprFiles(site, url);
  for (const group of groups(files, 32)) {
    await Promise.all(
      group.map(({ path, content }) => writeFileAtomically(join(folder, path), `${JSON.stringify(content())}\n`)),
    );
  }
  const stale = change?.remove ?? (await staleCoprFiles(folder, new Set(files.map(({ path }) => path))));
  for (const path of stale) {
    await rm(join(folder, path), { recursive: true, force: true });
    noteChange(join(folder, path));
  }
  return files.length;
}

/** Files of Copr's API that are there and not wanted. What dnf 5 asks for is written by whoever publishes. */
async function staleCoprFiles(folder: string, wanted: ReadonlySet<string>): Promise<readonly string[]> {
  const found = await Promise.all(
    ['builds', 'owners', 'projects'].map(async (name) => {
      const files = await readdir(join(folder, 'api_3', name), { recursive: true, withFileTypes: true }).catch(
        nothingWhenAbsent,
      );
      return (files ?? [])
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
    }),
  );
  return found.flat().filter((path) => !wanted.has(path));
}

async function copyAssets(folder: string): Promise<number> {
  const names = await readdir(assets);
  for (const name of names) await writeFileAtomically(join(folder, 'assets', name), await readFile(join(assets, name)));
  return names.length;
}

/** Pages on disk that belong to no project and no build: only below owners, only `index.html`. */
async function stalePages(folder: string, wanted: ReadonlySet<string>): Promise<readonly string[]> {
  const top = await readdir(folder, { withFileTypes: true });
  const owners = top.filter(
    (entry) => entry.isDirectory() && !(reservedOwners as readonly string[]).includes(entry.name),
  );
  const stale: string[] = [];
  for (const owner of owners) {
    for (const file of await readdir(join(folder, owner.name), { recursive: true })) {
      if (!file.endsWith('/index.html')) continue;
      const page = `${owner.name}/${file.slice(0, -'index.html'.length)}`;
      if (!wanted.has(page)) stale.push(page);
    }
  }
  return stale;
}

/** Removes a page and the folders above it that are empty then. */
async function removePage(folder: string, page: string): Promise<void> {
  await rm(join(folder, page, 'index.html'), { force: true });
  noteChange(join(folder, page, 'index.html'));
  for (let path = page.replace(/\/$/, ''); path !== '.' && path !== ''; path = dirname(path)) {
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

/** Groups of at most `size`; always at least one, which may be empty. */
function groups<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.max(1, Math.ceil(items.length / size));
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
