// The port to what is published, as the runner does it.
import type { Queue } from '@coppice/builder-runner/queue';
import {
  deleteBuild,
  forkProject,
  freezeProject,
  type Publisher,
  removeProject,
  renameProject,
  unfreezeProject,
  writeRepoFiles,
} from '@coppice/builder-runner/runner';
import type { ProjectsPort } from './projects-port.ts';

export function runnerProjects(publisher: Publisher, queue: Queue): ProjectsPort {
  return {
    remove: ({ owner, name }) => removeProject(publisher.home, owner, name),
    rename: (from, to) => renameProject(publisher, from, to),
    async fork(from, to, chroots) {
      await forkProject(publisher, from, to, { reserve: (count) => queue.reserve(count), chroots });
    },
    freeze: ({ owner, name }) => freezeProject(publisher, owner, name),
    unfreeze: ({ owner, name }) => unfreezeProject(publisher, owner, name),
    describe: (project) => writeRepoFiles(publisher, project),
    deleteBuild: ({ owner, name }, id) => deleteBuild(publisher, owner, name, id),
  };
}
