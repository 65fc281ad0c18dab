// What follows from the config repo for what is published: the runner does it, the composition root hands it over.
import type { BuildRef } from '../build-view.ts';

export interface ProjectsPort {
  /** Takes an ended build out of what is published. Rejects on faults of the machinery. */
  deleteBuild(build: BuildRef): Promise<void>;
}
