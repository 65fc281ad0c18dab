// The runner's operations on published projects, as one interface for the bot.
import type { BuildId, ChrootName, RepoTerms } from '@coppice/config';
import type { Queue } from '../queue/index.ts';
import { forkProject } from './fork-project.ts';
import { deleteBuild, removePackage, removeProject, renameProject } from './project-life.ts';
import type { ProjectName } from './project-place.ts';
import {
  findWaiting,
  publishWaiting,
  rollBack,
  type SwitchOutcome,
  type SwitchWish,
  type Waiting,
} from './publications.ts';
import type { Publisher } from './publisher.ts';
import { writeRepoFiles } from './repo-files.ts';
import { freezeProject, unfreezeProject } from './takedown.ts';

export function runnerProjects(publisher: Publisher, queue: Queue): ProjectsPort {
  return {
    remove: ({ owner, name }) => removeProject(publisher.home, owner, name),
    rename: (from, to) => renameProject(publisher, from, to),
    async fork(from, to, chroots) {
      await forkProject(publisher, from, to, { reserve: (count) => queue.reserve(count), chroots });
    },
    freeze: ({ owner, name }) => freezeProject(publisher, owner, name),
    unfreeze: ({ owner, name }) => unfreezeProject(publisher, owner, name),
    describe: (project, terms) => writeRepoFiles(publisher, project, terms),
    removePackage: ({ owner, name }, packageName) => removePackage(publisher, owner, name, packageName),
    deleteBuild: ({ owner, name }, id) => deleteBuild(publisher, owner, name, id),
    publish: ({ owner, name }, wish) => publishWaiting(publisher, { owner, project: name }, wish),
    waiting: ({ owner, name }) => findWaiting(publisher, { owner, project: name }),
    rollBack: ({ owner, name }, wish) => rollBack(publisher, { owner, project: name }, wish),
  };
}

/**
 * Each can be done again after it was cut off, wants no live builds of the project, and rejects on faults of the
 * machinery.
 */
export interface ProjectsPort {
  remove(project: ProjectName): Promise<void>;
  rename(from: ProjectName, to: ProjectName): Promise<void>;
  /** Copies the newest good builds, for these chroots. */
  fork(from: ProjectName, to: ProjectName, chroots: readonly ChrootName[]): Promise<void>;
  freeze(project: ProjectName): Promise<void>;
  unfreeze(project: ProjectName): Promise<void>;
  /** The files by which clients find its repositories say this now. */
  describe(project: ProjectName, terms: RepoTerms): Promise<void>;
  deleteBuild(project: ProjectName, id: BuildId): Promise<void>;
  /** Readers see what builds see; of a project with builds in the queue too. */
  publish(project: ProjectName, wish: SwitchWish): Promise<SwitchOutcome>;
  /** What `publish` would show readers. */
  waiting(project: ProjectName): Promise<readonly Waiting[]>;
  /** Readers see what they saw before, or generation `to`; of a project with builds in the queue too. */
  rollBack(project: ProjectName, wish: SwitchWish & { readonly to: number | undefined }): Promise<SwitchOutcome>;
  /** All that a package has published, in every chroot. */
  removePackage(project: ProjectName, packageName: string): Promise<void>;
}
