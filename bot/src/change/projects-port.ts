// What follows from the config repo for what is published. The runner's rules do it; see runner-projects.ts.
import type { BuildId, ChrootName, Project } from '@coppice/config';

export interface ProjectName {
  readonly owner: string;
  readonly name: string;
}

/** Each can be done again after it was cut off, wants no live builds of the project, and rejects on faults of the machinery. */
export interface ProjectsPort {
  remove(project: ProjectName): Promise<void>;
  rename(from: ProjectName, to: ProjectName): Promise<void>;
  /** Copies the newest good builds, for these chroots. */
  fork(from: ProjectName, to: ProjectName, chroots: readonly ChrootName[]): Promise<void>;
  freeze(project: ProjectName): Promise<void>;
  unfreeze(project: ProjectName): Promise<void>;
  /** Its `.repo` files say what the project now says. */
  describe(project: Project): Promise<void>;
  deleteBuild(project: ProjectName, id: BuildId): Promise<void>;
}
