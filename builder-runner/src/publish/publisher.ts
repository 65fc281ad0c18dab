// Where results are published: what publishing knows of its service, and the places of a build.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ChrootName,
  type PublishMode,
  published,
  type QueuedBuild,
  type RepoTerms,
  type SigningTerms,
} from '@coppice/config';
import { nothingWhenAbsent } from '../base/absent.ts';
import type { Log } from '../base/log.ts';

/** Where this service publishes, and under which address. */
export interface Publisher {
  readonly home: string;
  /** Public address without a slash at the end. */
  readonly url: string;
  /** True for projects that may not publish now, as the config says; asked at the last moment. Default: none. */
  readonly isFrozen?: (owner: string, project: string) => boolean;
  /** Where damaged records are told. Default: nowhere. */
  readonly log?: Log;
  /**
   * When readers see what was built of a project; undefined while nobody knows: until then only builds see it. Default:
   * each build at once.
   */
  readonly publishMode?: (owner: string, project: string) => PublishMode | undefined;
  /** What `.repo` files say of a project, for a sandbox what they say of its project. Default: nothing. */
  readonly repoTerms?: (owner: string, project: string) => RepoTerms;
  /** Whether a package's version may be lower than the published one without a word about it. Default: none may. */
  readonly allowsDowngrade?: (owner: string, project: string, name: string) => boolean;
  /** Whether a package is stated no more: what it has published gives way to another package of the same name. */
  readonly hasLeft?: (owner: string, project: string, name: string) => boolean;
  /** Generations of a repository that builds see until their end, by its path below `results/`. Default: none. */
  readonly generationsInUse?: (repository: string) => ReadonlySet<number>;
  /** How the project's keys are made. Default: `defaultTerms`. */
  readonly signing?: (owner: string, project: string) => SigningTerms;
  /**
   * `owner/name` of the project whose packages those of a sandbox need, under the name that it has now; undefined when
   * nobody states it any more. Default: as the sandbox's name says.
   */
  readonly baseOf?: (owner: string, sandbox: string) => string | undefined;
}

/** When readers see what was built of a project; undefined while nobody knows. */
export function publishModeOf(
  { publishMode }: Pick<Publisher, 'publishMode'>,
  { owner, project }: { readonly owner: string; readonly project: string },
): PublishMode | undefined {
  return publishMode === undefined ? 'each' : publishMode(owner, project);
}

/** The folder of one chroot of one build, absolute. */
export function chrootFolder(publisher: Publisher, build: QueuedBuild, chroot: ChrootName): string {
  return join(publisher.home, 'published', published.chrootBuild(build, chroot));
}

/**
 * Absolute path of the published source package that a chroot of a build is built from: one of its own where the spec
 * names other sources there, in a folder of its name.
 */
export async function findSrpm(
  { home }: Pick<Publisher, 'home'>,
  build: QueuedBuild,
  chroot: ChrootName,
): Promise<string> {
  const folder = join(home, 'published', published.srpmBuild(build));
  const files = await readdir(join(folder, chroot)).catch(nothingWhenAbsent);
  const own = files?.find((name) => name.endsWith('src.rpm'));
  return own === undefined ? join(folder, build.srpm ?? '') : join(folder, chroot, own);
}
