// The repositories of this service that a build reads: its project's own, and those that it names as
// `coppice://owner/project`.
import { join } from 'node:path';
import { type ChrootName, published } from '@coppice/config';
import { coppiceProject } from '../publish/dnf-repo.ts';
import { hasRepodata } from '../publish/repository-of.ts';
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
