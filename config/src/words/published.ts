// The layout of `published/`: every path that the runner writes and the site and the readers rely on. Relative, with
// `/`.
import { type BuildId, paddedBuildId } from './build.ts';
import { type ChrootName, chrootOf } from './chroot.ts';
import { namePattern } from './project.ts';
import { readSandbox } from './sandbox.ts';

/** What a path needs to know of a build. */
export interface BuildPlace {
  readonly id: BuildId;
  readonly owner: string;
  readonly project: string;
  readonly package: string;
}

/**
 * The channel (node:diagnostics_channel) on which whoever writes into `published/` says what has changed: `{ path }`,
 * absolute.
 */
export const publishedChanges = 'coppice:published';

/** Paths inside `published/`; folders end without a slash. Names were checked at the parsing border. */
export const published = {
  project: (owner: string, project: string) => `results/${owner}/${project}`,
  publicKey: (owner: string, project: string) => `results/${owner}/${project}/pubkey.gpg`,
  /** The dnf repository of one project and chroot: it holds `repodata/` and one folder per build. */
  repository: (owner: string, project: string, chroot: ChrootName) => `results/${owner}/${project}/${chroot}`,
  /** What users of it get, where that is not what was built last. */
  shown: (owner: string, project: string, chroot: ChrootName) => `results/${owner}/${project}/${chroot}/shown.json`,
  chrootBuild: (build: BuildPlace, chroot: ChrootName) =>
    `results/${build.owner}/${build.project}/${chroot}/${paddedBuildId(build.id)}-${build.package}`,
  srpmBuild: (build: BuildPlace) => `results/${build.owner}/${build.project}/srpm-builds/${paddedBuildId(build.id)}`,
  /** The folder of a project's `.repo` files. */
  repoFiles: (owner: string, project: string) => `coprs/${owner}/${project}`,
  /** What `dnf copr enable` fetches. */
  dnfRepo: (owner: string, project: string, chroot: ChrootName) => {
    const { distribution, release } = chrootOf(chroot);
    return `coprs/${owner}/${project}/repo/${distribution}-${release}/dnf.repo`;
  },
  /** The same for people who add it by its address: dnf keeps it under the last part of that. */
  ownRepo: (owner: string, project: string, chroot: ChrootName) => {
    const { distribution, release } = chrootOf(chroot);
    return `coprs/${owner}/${project}/repo/${distribution}-${release}/${owner}-${project}-${distribution}-${release}.repo`;
  },
  /** What is said of a project that is frozen, in place of all that it has published; as dnf calls the project. */
  frozenNote: (owner: string, project: string) => `api/v1/frozen/${owner}/${project}.txt`,
  /** What the copr plugin of dnf 5 asks for, for a client of any release. */
  rpmrepo: (owner: string, project: string) => `api_3/rpmrepo/${owner}/${project}.json`,
  distribution: (chroot: ChrootName) => `distributions/${chroot}`,
  projectPage: (owner: string, project: string) => `${owner}/${project}/`,
  packagePage: (owner: string, project: string, name: string) => `${owner}/${project}/package/${name}/`,
  buildPage: (build: BuildPlace) => `${build.owner}/${build.project}/build/${build.id}/`,
  logPage: (build: BuildPlace, chroot: ChrootName) => `${build.owner}/${build.project}/build/${build.id}/${chroot}/`,
  /** One file of JSON lines for each day (`YYYY-MM-DD`, UTC), and which there are. */
  events: 'events',
  eventIndex: 'events/index.json',
  queueJson: 'api/v1/queue.json',
  buildsJson: 'api/v1/builds.json',
  /** How one build is doing; its pages follow it. */
  liveJson: (id: BuildId) => `api/v1/live/${id}.json`,
  liveJsons: 'api/v1/live',
  projectsJson: 'api/v1/projects.json',
  sandboxesJson: 'api/v1/sandboxes.json',
  serviceJson: 'api/v1/service.json',
  /** The highest build number that was given out. */
  newestBuild: 'api/v1/newest-build.json',
} as const;

/** Names that owners may not have because the site's own top level uses them. */
export const reservedOwners = [
  'results',
  'coprs',
  'api',
  'api_3',
  'assets',
  'badges',
  'builders',
  'chroots',
  'distributions',
  'docs',
  'events',
  'feeds',
  'healthz',
  'metrics',
  'packages',
  'projects',
  'queue',
  'search',
  'statistics',
  'status',
  'index.html',
  '404.html',
  'robots.txt',
  'sitemap.xml',
  'opensearch.xml',
  'favicon.ico',
] as const;

/** Names of folders that web servers take for a page of their own: no project and no package may have them. */
export const reservedNames: readonly string[] = ['index.html', '404.html'];

/** Whether `name` can be that of a package in a path. */
export function isPathName(name: string): boolean {
  return namePattern.test(name);
}

/**
 * Whether `name` can be that of a project in a path, be it a sandbox. Results of projects that were named with a `+`
 * are still there.
 */
export function isPathProject(name: string): boolean {
  return isPathName(readSandbox(name)?.project ?? name);
}

/** Whether `owner` can be that of a project in a path: the site's own top level uses some names. */
export function isPathOwner(owner: string): boolean {
  return isPathName(owner) && !(reservedOwners as readonly string[]).includes(owner.toLowerCase());
}

/** Whether paths may be made of what a file says of a build; its number was checked by the file's schema. */
export function isBuildPlace<T extends Readonly<Record<'owner' | 'project' | 'package', string>>>(
  place: T,
): place is T & BuildPlace {
  return isPathOwner(place.owner) && isPathProject(place.project) && isPathName(place.package);
}
