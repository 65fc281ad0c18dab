// The repositories of this service that a build reads: its project's own, and those that it names as
// `coppice://owner/project`.
import { join } from 'node:path';
import { type BuildInput, type ChrootName, published } from '@coppice/config';
import { coppiceProject } from '../publish/dnf-repo.ts';
import { hasRepodata } from '../publish/repository-of.ts';
import { numberSeen } from '../repodata/generations.ts';
import type { FurtherRepository, OwnRepository } from './mock-config.ts';

interface Place {
  /** Absolute. */
  readonly published: string;
  /** Where the builder reaches that folder, without a slash at the end. */
  readonly controlUrl: string;
  readonly chroot: ChrootName;
}

/** The repository of a project for this chroot, or undefined while nothing was published there. */
export async function findRepository(place: Place, owner: string, project: string): Promise<OwnRepository | undefined> {
  const repository = published.repository(owner, project, place.chroot);
  if (!(await hasRepodata(join(place.published, repository)))) return undefined;
  return {
    name: `${owner}/${project}`,
    url: `${place.controlUrl}/${repository}/`,
    keyUrl: `${place.controlUrl}/${published.publicKey(owner, project)}`,
  };
}

/**
 * Which generation of each repository of this service a build sees that begins now: of `project`'s own, `owner/name`,
 * and of those in `repos`, each once. Those that have no generation are left out.
 */
export async function findInputs(
  place: Omit<Place, 'controlUrl'>,
  project: string,
  repos: readonly string[],
): Promise<readonly BuildInput[]> {
  const others = repos
    .map(coppiceProject)
    .flatMap((each) => (each === undefined ? [] : [`${each.owner}/${each.name}`]));
  const found = await Promise.all(
    [...new Set([project, ...others])].map(async (name) => {
      const [owner = '', inner = ''] = name.split('/');
      const folder = join(place.published, published.repository(owner, inner, place.chroot));
      const generation = await numberSeen(folder, 'newest');
      return generation === undefined ? [] : [{ project: name, generation }];
    }),
  );
  return found.flat();
}

/**
 * What `repos` of projects stand for, each once. A project of this service that has nothing for the chroot yet is no
 * fault: a package that is really needed from it is missed by name.
 */
export function findRepositories(place: Place, repos: readonly string[]): Promise<readonly FurtherRepository[]> {
  return Promise.all(
    [...new Set(repos)].map(async (address) => {
      const project = coppiceProject(address);
      if (project === undefined) return { url: address };
      return (await findRepository(place, project.owner, project.name)) ?? { missing: address };
    }),
  );
}
