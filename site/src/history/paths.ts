// Pages and files of lists by their paths, and what each of them is of. Pure.
import {
  type BuildId,
  buildsPerFile,
  coprFiles,
  isPathName,
  isPathOwner,
  isPathProject,
  parseChroot,
  programFiles,
} from '@coppice/config';
import type { FeedOf } from '../model/site-file.ts';

/** Stands for all that is about the whole site: home, queue, the newest builds. */
export const homePage = 'index.html';

/** Pages of their own, each by its path. */
export const queuePage = 'queue/';
export const buildersPage = 'builders/';
export const statusPage = 'status/';
export const statisticsPage = 'statistics/';
export const chrootsPage = 'chroots/';
/** All of them. */
export const overviewPages = [homePage, queuePage, buildersPage, statusPage, statisticsPage, chrootsPage] as const;

/** The path of the page of a chroot, inside `published/`. */
export function chrootPage(chroot: string): string {
  return `${chrootsPage}${chroot}/`;
}

/** Projects on a page of an owner. */
export const projectsPerPage = 60;

/** The path of a page of an owner, from 1, inside `published/`. */
export function ownerPage(owner: string, page: number): string {
  return page === 1 ? `${owner}/` : `${owner}/index-${page}.html`;
}

/** Builds on a full page of those of a project. */
export const buildsPerPage = 50;

/** The path of the newest builds of a project (`owner/project`), or of a full page of older ones; 1 is the oldest. */
export function buildsPage(key: string, number?: number): string {
  return number === undefined ? `${key}/builds/` : `${key}/builds/${number}/`;
}

/**
 * How many full pages of older builds there are beside that of the newest, which has at least as many rows as they once
 * there are any: it is never all but empty.
 */
export function fullPagesOf(builds: number): number {
  return Math.max(0, Math.floor(builds / buildsPerPage) - 1);
}

/** Rows on a page of the lists of all projects and of all packages. */
export const rowsOfList = 100;
export const packagesHome = 'packages/';
export const searchPage = 'search/';
/** Which files of terms there are. */
export const searchKeys = 'search/terms.json';

export function shardFile(key: string): string {
  return `search/terms/${key}.json`;
}

/** Pages are numbered from 1. */
export function projectsPage(number: number): string {
  return number === 1 ? 'projects/' : `projects/${number}/`;
}

export function packagesPage(letter: string, number: number): string {
  return number === 1 ? `packages/${letter}/` : `packages/${letter}/${number}/`;
}

/** The page on which the row with this index is. */
export function pageOfList(index: number): number {
  return Math.floor(index / rowsOfList) + 1;
}

/** What a path is of. */
export type Subject =
  | { readonly kind: 'home' | 'queue' | 'builders' | 'status' | 'statistics' | 'chroots' }
  | { readonly kind: 'chroot'; readonly chroot: string }
  | { readonly kind: 'owner'; readonly owner: string; readonly page: number }
  | { readonly kind: 'search' | 'search-keys' | 'packages-home' }
  | { readonly kind: 'shard'; readonly key: string }
  | { readonly kind: 'projects-list'; readonly number: number }
  | { readonly kind: 'packages-list'; readonly letter: string; readonly number: number }
  | { readonly kind: 'project'; readonly key: string }
  | { readonly kind: 'package'; readonly key: string; readonly name: string }
  | { readonly kind: 'build'; readonly key: string; readonly id: BuildId }
  /** A page of the builds of a project; without a number that of the newest. */
  | { readonly kind: 'builds-page'; readonly key: string; readonly number?: number }
  /** Builds numbered from `from` on, of a project or of all. */
  | { readonly kind: 'builds'; readonly from: number }
  | { readonly kind: 'project-builds'; readonly key: string; readonly from: number }
  | { readonly kind: 'owner-file'; readonly owner: string }
  | { readonly kind: 'owner-builds'; readonly owner: string }
  /** Builds that have ended. */
  | { readonly kind: 'feed'; readonly of: FeedOf }
  | { readonly kind: 'sitemap' }
  /** What does not depend on builds and projects. */
  | { readonly kind: 'fixed' }
  /** Lists for Copr's clients. */
  | { readonly kind: 'copr-owners' }
  | { readonly kind: 'copr-builds'; readonly key: string; readonly name: string | undefined; readonly offset: number }
  | { readonly kind: 'copr-packages'; readonly key: string; readonly offset: number };

export const coprOwners = coprFiles.allProjects(0);

/** Undefined for a path of another form. */
export function subjectOf(path: string): Subject | undefined {
  const overview = overviewOf(path);
  if (overview !== undefined) return overview;
  if (path === coprOwners) return { kind: 'copr-owners' };
  const list = listOf(path);
  if (list !== undefined) return list;
  const program = programSubject(path);
  if (program !== undefined) return program;
  const [, number] = /^api\/v1\/builds\/(\d+)\.json$/.exec(path) ?? [];
  if (number !== undefined) return { kind: 'builds', from: Number(number) * buildsPerFile };
  const copr = /^api_3\/projects\/([^/]+)\/([^/]+)\/(?:packages\/([^/]+)\/)?(builds|packages)-(\d+)\.json$/.exec(path);
  if (copr !== null) {
    const [, owner = '', project = '', name, list, offset] = copr;
    const of = { key: `${owner}/${project}`, offset: Number(offset) };
    return list === 'packages' ? { kind: 'copr-packages', ...of } : { kind: 'copr-builds', ...of, name };
  }
  const [, ofOwner, rest] = /^([^/]+)\/(?:index-(\d+)\.html)?$/.exec(path) ?? [];
  if (ofOwner !== undefined)
    return isPathOwner(ofOwner) ? { kind: 'owner', owner: ofOwner, page: Number(rest ?? 1) } : undefined;
  const builds = buildsPageOf(path);
  if (builds !== undefined) return builds;
  const page = /^([^/]+)\/([^/]+)\/(?:(package|build)\/([^/]+)\/)?$/.exec(path);
  const [, owner = '', project = '', kind, name = ''] = page ?? [];
  if (page === null || !isPathOwner(owner) || !isPathProject(project)) return undefined;
  const key = `${owner}/${project}`;
  if (kind === undefined) return { kind: 'project', key };
  if (kind === 'package') return isPathName(name) ? { kind, key, name } : undefined;
  return /^\d+$/.test(name) ? { kind: 'build', key, id: Number(name) as BuildId } : undefined;
}

function buildsPageOf(path: string): Subject | undefined {
  const [, owner = '', project = '', number] = /^([^/]+)\/([^/]+)\/builds\/(?:([1-9]\d{0,8})\/)?$/.exec(path) ?? [];
  if (!isPathOwner(owner) || !isPathProject(project)) return undefined;
  const of = { kind: 'builds-page', key: `${owner}/${project}` } as const;
  return number === undefined ? of : { ...of, number: Number(number) };
}

function overviewOf(path: string): Subject | undefined {
  if (path === homePage) return { kind: 'home' };
  const [, name] = /^(queue|builders|status|statistics|chroots)\/$/.exec(path) ?? [];
  if (name !== undefined) return { kind: name as 'queue' };
  const [, chroot] = /^chroots\/([^/]+)\/$/.exec(path) ?? [];
  return chroot !== undefined && parseChroot(chroot) !== undefined ? { kind: 'chroot', chroot } : undefined;
}

function listOf(path: string): Subject | undefined {
  if (path === searchPage) return { kind: 'search' };
  if (path === searchKeys) return { kind: 'search-keys' };
  if (path === packagesHome) return { kind: 'packages-home' };
  const [, key] = /^search\/terms\/([a-z0-9_]{2,16})\.json$/.exec(path) ?? [];
  if (key !== undefined) return { kind: 'shard', key };
  const [of, list, letter = '', number = '1'] = /^(projects|packages\/([a-z0]))\/(?:(\d{1,9})\/)?$/.exec(path) ?? [];
  if (of === undefined || list === undefined) return undefined;
  if (list === 'projects') return { kind: 'projects-list', number: Number(number) };
  return { kind: 'packages-list', letter, number: Number(number) };
}

function programSubject(path: string): Subject | undefined {
  if (path === programFiles.index) return { kind: 'fixed' };
  if (path === programFiles.sitemap) return { kind: 'sitemap' };
  if (path === programFiles.feed) return { kind: 'feed', of: { kind: 'all' } };
  if (path === programFiles.failuresFeed) return { kind: 'feed', of: { kind: 'failures' } };
  const [, feed, owner = '', project = ''] =
    /^feeds\/(owners|projects)\/([^/]+?)(?:\/([^/]+))?\.atom$/.exec(path) ?? [];
  if (feed === 'owners' && project === '') return { kind: 'feed', of: { kind: 'owner', owner } };
  if (feed === 'projects' && project !== '') return { kind: 'feed', of: { kind: 'project', owner, project } };
  const [, list, builds] = /^api\/v1\/owners\/(?:([^/]+)\.json|([^/]+)\/builds\.json)$/.exec(path) ?? [];
  if (list !== undefined) return { kind: 'owner-file', owner: list };
  if (builds !== undefined) return { kind: 'owner-builds', owner: builds.replace(/~$/, '') };
  const [, of, from] = /^api\/v1\/projects\/([^/]+\/[^/]+?)~?\/builds\/(\d+)\.json$/.exec(path) ?? [];
  return of === undefined ? undefined : { kind: 'project-builds', key: of, from: Number(from) * buildsPerFile };
}

/** What is owed where a file for programs is to be written or removed; undefined for what is of nothing. */
export function owedFor(file: string): string | undefined {
  if (programSubject(file) !== undefined || /^api\/v1\/builds\/\d+\.json$/.test(file)) return file;
  const [, name = '', kind, inner = ''] =
    /^api\/v1\/projects\/([^/]+\/[^/]+?)(?:~?\/(packages)\/([^/]+))?\.json$/.exec(file) ?? [];
  if (name !== '') return kind === undefined ? `${name}/` : `${name}/package/${inner}/`;
  const [, ofProject] = /^badges\/([^/]+\/[^/]+)\.svg$/.exec(file) ?? [];
  if (ofProject !== undefined) return `${ofProject}/`;
  const [, key = '', badge = ''] = /^badges\/([^/]+\/[^/]+?)~?\/([^/]+?)(?:\.svg|~?\/version\.svg)$/.exec(file) ?? [];
  return key === '' ? undefined : `${key}/package/${badge}/`;
}
