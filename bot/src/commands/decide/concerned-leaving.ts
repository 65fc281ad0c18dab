// Which of the projects that are leaving a command is about: others are none of its answer's business. Pure.
import { mayBuild, type Policy, projectKey, projectOfBuild } from '@coppice/config';
import type { BuildRef } from '../../vocabulary/build-view.ts';
import type { Command } from '../../vocabulary/command.ts';
import type { Leaving, LeavingProject } from '../../vocabulary/leaving.ts';

type AboutConfig = Extract<Command, { readonly kind: 'build' | 'rebuild' | 'plan' | 'explain' | 'status' }>;

/** Whether what is in force matters to its answer. */
export function isAboutConfig(command: Command): command is AboutConfig {
  return ['build', 'rebuild', 'plan', 'explain', 'status'].includes(command.kind);
}

interface Known {
  /** All that are leaving; the last statement of some may not be known. */
  readonly leaving: readonly Leaving[];
  readonly stated: readonly LeavingProject[];
  /** The builds that the command names by number. */
  readonly builds: readonly BuildRef[];
  readonly actor: string;
  readonly policy: Policy | undefined;
}

/** `/status` by itself is about all; what else names nothing is about what the actor may build. */
export function concernedLeaving(command: AboutConfig, known: Known): readonly Leaving[] {
  const { leaving, builds, actor, policy } = known;
  const stated = new Map(known.stated.map((one) => [one.project, one.stated]));
  const words = 'packages' in command ? command.packages : command.package === undefined ? [] : [command.package];
  if (words.length === 0 && command.project === undefined && builds.length === 0) {
    const mine = (key: string) => {
      const project = stated.get(key);
      return policy !== undefined && project !== undefined && mayBuild(policy, project, actor);
    };
    return command.kind === 'status' ? leaving : leaving.filter(({ project }) => mine(project));
  }
  const holds = (key: string, word: string) =>
    word === key ||
    word.startsWith(`${key}/`) ||
    (command.project === undefined && stated.get(key)?.packages.some(({ name }) => name === word) === true);
  const ofBuilds = builds.flatMap((build) => {
    const project = projectOfBuild([...stated.values()], build);
    return project === undefined ? [] : [projectKey(project)];
  });
  return leaving.filter(
    ({ project: key }) => command.project === key || ofBuilds.includes(key) || words.some((word) => holds(key, word)),
  );
}
