// Projects that say from which day on they are deleted (`deleteAfter`): when it has come, the bot commits their
// removal. The push of that commit then takes effect as any other.
import type { Log } from '@coppice/builder-runner/runner';
import { type Project, projectKey } from '@coppice/config';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { Committer } from './commit-edit.ts';

/** The projects whose day has come. Days are those of UTC. Pure. */
export function dueProjects(
  projects: readonly Project[],
  now: Date,
): readonly (Project & { readonly deleteAfter: string })[] {
  const today = now.toISOString().slice(0, 10);
  return projects.flatMap((project) => {
    const { deleteAfter, frozen } = project;
    // What admins look into stays as it is until they have resolved it.
    return deleteAfter !== null && deleteAfter <= today && frozen === null ? [{ ...project, deleteAfter }] : [];
  });
}

/** One commit for each project that is due. Rejects on faults of the machinery; what was left is due still. */
export async function expireProjects(
  { commit, config }: ConfigAtCommit,
  options: { readonly now: Date; readonly commit: Committer; readonly repositoryUrl: string; readonly log: Log },
): Promise<void> {
  for (const { deleteAfter, ...project } of dueProjects(config.projects, options.now)) {
    const key = projectKey(project);
    const outcome = await options.commit({
      edit: { kind: 'expire', project: key, day: deleteAfter },
      actor: 'coppice',
      url: `${options.repositoryUrl}/blob/${commit}/${project.path}`,
      batch: `expire/${key}/${deleteAfter}/${commit}`,
    });
    if (outcome.kind === 'committed')
      options.log('info', `${key} was to be deleted on ${deleteAfter}: commit ${outcome.commit}`);
    else if (outcome.kind === 'refuse')
      options.log('warn', `${key} was to be deleted on ${deleteAfter}: ${outcome.markdown}`);
  }
}
