// What Copr's API (version 3) is asked, and in which file of `published/` the answer stands. Pure. Source of the
// questions: https://github.com/fedora-copr/copr (python/copr/v3, what copr-cli asks with), the copr plugins of dnf.
import type { BuildId } from '../words/build.ts';
import { published } from '../words/published.ts';
import { dnfName } from '../words/sandbox.ts';

/**
 * Items in one file of a list. Clients ask again with `offset` + `limit` of the answer that they had, until an answer
 * has no items: lists in files of one size can be read so from any web server.
 */
export const coprPageItems = 100;

const project = (owner: string, name: string) => `api_3/projects/${owner}/${dnfName(name)}`;

/** Paths inside `published/`; `offset` is a multiple of `coprPageItems`. */
export const coprFiles = {
  /** All that belongs to one project. */
  projectFolder: project,
  project: (owner: string, name: string) => `${project(owner, name)}/project.json`,
  monitor: (owner: string, name: string) => `${project(owner, name)}/monitor.json`,
  builds: (owner: string, name: string, offset: number) => `${project(owner, name)}/builds-${offset}.json`,
  packages: (owner: string, name: string, offset: number) => `${project(owner, name)}/packages-${offset}.json`,
  packageFolder: (owner: string, name: string, of: string) => `${project(owner, name)}/packages/${of}`,
  package: (owner: string, name: string, of: string) => `${project(owner, name)}/packages/${of}/package.json`,
  packageBuilds: (owner: string, name: string, of: string, offset: number) =>
    `${project(owner, name)}/packages/${of}/builds-${offset}.json`,
  /** All that belongs to one build. */
  buildFolder: (id: BuildId) => `api_3/builds/${id}`,
  build: (id: BuildId) => `api_3/builds/${id}/build.json`,
  builtPackages: (id: BuildId) => `api_3/builds/${id}/packages.json`,
  buildChroots: (id: BuildId, offset: number) => `api_3/builds/${id}/chroots-${offset}.json`,
  ownerProjects: (owner: string, offset: number) => `api_3/owners/${owner}/projects-${offset}.json`,
  allProjects: (offset: number) => `api_3/owners/projects-${offset}.json`,
  /** What web servers that only have files answer behind the end of a list, and where there is nothing. */
  end: 'api_3/owners/end.json',
  lacks: 'api_3/owners/lacks.json',
} as const;

/** Where the answer to a question is found. `lacks` says, for people, what there is not when the file is missing. */
export type CoprAnswer =
  | { readonly kind: 'file'; readonly file: string; readonly lacks: string }
  | {
      readonly kind: 'list';
      /** The file whose first item is at this offset; the one of 0 is always there. */
      readonly file: (offset: number) => string;
      readonly lacks: string;
      readonly offset: number;
      readonly limit: number;
      /** Only items whose `full_name` holds this, whatever the case. */
      readonly search?: string;
    }
  | { readonly kind: 'wrong'; readonly message: string };

/** Names that may stand in a path: those of owners, projects and packages, and sandboxes as dnf calls them. */
const namePart = /^[A-Za-z0-9_][A-Za-z0-9._+:-]{0,149}$/;

/**
 * The answer to a GET of `path` (decoded, with a slash at its start) with `query`; undefined for what there is none of
 * here.
 */
export function coprAnswer(path: string, query: URLSearchParams): CoprAnswer | undefined {
  const parts = path
    .replace(/^\/api_3\//, '')
    .replace(/\/$/, '')
    .split('/');
  const [first = '', second = '', third = ''] = parts;
  if (first === 'rpmrepo') return parts.length === 4 ? rpmrepo(second, third) : undefined;
  if (first === 'build' && parts.length <= 3) return buildAnswer(second, third, query);
  if (parts.length > 2) return undefined;
  switch (`${first}/${second}`) {
    case 'project/':
      return ofProject(query, (owner, name) => fileOf(coprFiles.project(owner, name), owner, name));
    case 'monitor/':
      return ofProject(query, (owner, name) => fileOf(coprFiles.monitor(owner, name), owner, name));
    case 'project/list':
      return projectList(query);
    case 'project/search':
      return listOf(query, coprFiles.allProjects, 'There are no projects.', query.get('query') ?? '');
    case 'package/':
      return ofPackage(query, (owner, name, of) => ({
        ...{ kind: 'file', file: coprFiles.package(owner, name, of) },
        lacks: `There is no package ${of} in a project ${owner}/${name}.`,
      }));
    case 'package/list':
      return ofProject(query, (owner, name) =>
        listOf(query, (offset) => coprFiles.packages(owner, name, offset), lacksProject(owner, name)),
      );
    case 'build-chroot/list':
      return ofBuild(query.get('build_id') ?? '', (id) =>
        listOf(query, (offset) => coprFiles.buildChroots(id, offset), `There is no build ${id}.`),
      );
    default:
      return undefined;
  }
}

function rpmrepo(owner: string, name: string): CoprAnswer {
  if (!namePart.test(owner) || !namePart.test(name)) return wrongName;
  return fileOf(published.rpmrepo(owner, name), owner, name);
}

function buildAnswer(second: string, third: string, query: URLSearchParams): CoprAnswer | undefined {
  if (second === 'built-packages') {
    return ofBuild(third, (id) => ({
      kind: 'file',
      file: coprFiles.builtPackages(id),
      lacks: `There is no build ${id}.`,
    }));
  }
  if (third !== '') return undefined;
  if (second !== 'list') {
    return ofBuild(second, (id) => ({ kind: 'file', file: coprFiles.build(id), lacks: `There is no build ${id}.` }));
  }
  if (query.get('status')) return { kind: 'wrong', message: '`status` is not answered here: ask for all builds.' };
  if (!query.get('packagename')) {
    return ofProject(query, (owner, name) =>
      listOf(query, (offset) => coprFiles.builds(owner, name, offset), lacksProject(owner, name)),
    );
  }
  return ofPackage(query, (owner, name, of) => {
    const lacks = `There is no package ${of} in a project ${owner}/${name}.`;
    return listOf(query, (offset) => coprFiles.packageBuilds(owner, name, of, offset), lacks);
  });
}

function projectList(query: URLSearchParams): CoprAnswer {
  const owner = query.get('ownername') ?? '';
  if (owner === '') return listOf(query, coprFiles.allProjects, 'There are no projects.');
  if (!namePart.test(owner)) return wrongName;
  return listOf(query, (offset) => coprFiles.ownerProjects(owner, offset), `There is no owner ${owner}.`);
}

const wrongName: CoprAnswer = { kind: 'wrong', message: 'That is no name of an owner, a project or a package.' };

const lacksProject = (owner: string, name: string) => `There is no project ${owner}/${name}.`;

function fileOf(file: string, owner: string, name: string): CoprAnswer {
  return { kind: 'file', file, lacks: lacksProject(owner, name) };
}

function ofProject(query: URLSearchParams, then: (owner: string, name: string) => CoprAnswer): CoprAnswer {
  const owner = query.get('ownername') ?? '';
  // A pull request's sandbox is a folder of its project to Copr.
  const name = query.get('project_dirname') || (query.get('projectname') ?? '');
  if (owner === '' || name === '') return { kind: 'wrong', message: '`ownername` and `projectname` are needed.' };
  return namePart.test(owner) && namePart.test(name) ? then(owner, name) : wrongName;
}

function ofPackage(query: URLSearchParams, then: (owner: string, name: string, of: string) => CoprAnswer): CoprAnswer {
  const of = query.get('packagename') ?? '';
  return ofProject(query, (owner, name) => (namePart.test(of) ? then(owner, name, of) : wrongName));
}

function ofBuild(id: string, then: (id: BuildId) => CoprAnswer): CoprAnswer {
  if (!/^[1-9]\d{0,14}$/.test(id)) return { kind: 'wrong', message: 'That is no number of a build.' };
  return then(Number(id) as BuildId);
}

function listOf(query: URLSearchParams, file: (offset: number) => string, lacks: string, search?: string): CoprAnswer {
  const [offset, limit] = [query.get('offset') || '0', query.get('limit') || `${coprPageItems}`];
  if (!/^\d{1,12}$/.test(offset) || !/^[1-9]\d{0,11}$/.test(limit)) {
    return { kind: 'wrong', message: '`offset` and `limit` are whole numbers, `limit` from 1 on.' };
  }
  const most = Math.min(Number(limit), coprPageItems);
  return {
    kind: 'list',
    file,
    lacks,
    offset: Number(offset),
    limit: most,
    ...(search === undefined ? {} : { search }),
  };
}
