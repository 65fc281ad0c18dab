// Decide, then do: a command and what is known → what is to be done about it. Pure; perform.ts does it.
import {
  type BuildId,
  type ConfigRepo,
  isFinal,
  mayBuild,
  nearest,
  type PlanSelection,
  type Project,
  projectKey,
} from '@coppice/config';
import type { BuildView } from './build-view.ts';
import type { Command } from './command.ts';
import { findProject, mayCancel, whoMayBuild, whoMayCancel } from './permission.ts';
import { helpText } from './reply/help.ts';
import * as refusal from './reply/refused.ts';
import { statusOfBuild, statusOfQueue } from './reply/status.ts';

/** One thing to do. `line` is the command that it answers. */
export type Action =
  /** Plan these selections (one a project) and queue what they give. */
  | {
      readonly kind: 'build';
      readonly line: string;
      readonly selections: readonly PlanSelection[];
      /** Build it although nothing has changed: the person named it. */
      readonly force: boolean;
    }
  | { readonly kind: 'cancel'; readonly line: string; readonly id: BuildId }
  | { readonly kind: 'say'; readonly line: string; readonly good: boolean; readonly markdown: string };

export interface Situation {
  /** Login of the one who commented. */
  readonly actor: string;
  /** The config in force at the default branch; undefined while there is no good one. */
  readonly config: ConfigRepo | undefined;
  /** The comment stands on a pull request. */
  readonly onPullRequest: boolean;
  /** Builds that wait or run, oldest first. */
  readonly live: readonly BuildView[];
  /** The builds that the commands name by number, ended ones included. */
  readonly named: ReadonlyMap<BuildId, BuildView>;
  /** Address of the service, without a slash at the end. */
  readonly url: string;
}

export function decide(command: Command, situation: Situation): Action {
  const say = (good: boolean, markdown: string): Action => ({ kind: 'say', line: command.line, good, markdown });
  switch (command.kind) {
    case 'help':
      return say(true, helpText(situation.url));
    case 'mistake':
      return say(false, refusal.mistake(command.why, command.suggestion));
    case 'status':
      return decideStatus(command.id, situation, say);
    case 'cancel':
      return decideCancel(command.line, command.id, situation, say);
    case 'build':
      return decideBuild(command, situation, say);
  }
}

type Say = (good: boolean, markdown: string) => Action;

function decideStatus(id: BuildId | undefined, situation: Situation, say: Say): Action {
  if (id === undefined) return say(true, statusOfQueue(situation.live, situation.url));
  const build = situation.named.get(id);
  return build === undefined ? say(false, refusal.unknownBuild(id)) : say(true, statusOfBuild(build, situation.url));
}

function decideCancel(line: string, id: BuildId, situation: Situation, say: Say): Action {
  const { config, actor } = situation;
  const build = situation.named.get(id);
  if (build === undefined) return say(false, refusal.unknownBuild(id));
  if (config === undefined) return say(false, refusal.noConfig());
  const project = findProject(config.projects, build.owner, build.project);
  if (!mayCancel(config.policy, project, actor)) {
    return say(
      false,
      refusal.notAllowed(
        actor,
        'cancel builds of',
        projectKey({ owner: build.owner, name: build.project }),
        whoMayCancel(config.policy, project),
      ),
    );
  }
  if (isFinal(build.state)) return say(false, refusal.alreadyEnded(build, situation.url));
  return { kind: 'cancel', line, id };
}

function decideBuild(command: Extract<Command, { kind: 'build' }>, situation: Situation, say: Say): Action {
  const { config, actor } = situation;
  if (situation.onPullRequest) return say(false, refusal.notOnPullRequests());
  if (config === undefined) return say(false, refusal.noConfig());
  const found = findTargets(command, config, actor);
  if ('refusal' in found) return say(false, found.refusal);
  const wrong = found.projects
    .map((project) => checkChroots(command.chroots, project))
    .find((text) => text !== undefined);
  if (wrong !== undefined) return say(false, wrong);
  const denied = found.projects.filter((project) => !mayBuild(config.policy, project, actor));
  const [first] = denied;
  if (first !== undefined) {
    return say(false, refusal.notAllowed(actor, 'build', projectKey(first), whoMayBuild(config.policy, first)));
  }
  const selections = found.projects.map((project) => ({
    project: projectKey(project),
    packages: command.packages,
    chroots: command.chroots,
  }));
  return { kind: 'build', line: command.line, selections, force: command.packages.length > 0 };
}

type Targets = { readonly projects: readonly Project[] } | { readonly refusal: string };

/** The projects that a command means: the named one; else the one that holds the named packages; else all that the actor may build. */
function findTargets(command: Extract<Command, { kind: 'build' }>, config: ConfigRepo, actor: string): Targets {
  const { projects, policy } = config;
  if (command.project !== undefined) {
    const [owner = '', name = ''] = command.project.split('/');
    const project = findProject(projects, owner, name);
    const keys = projects.map(projectKey);
    if (project === undefined)
      return { refusal: refusal.unknownProject(command.project, nearest(command.project, keys), keys) };
    return withPackages(command.packages, [project]);
  }
  if (command.packages.length > 0) return withPackages(command.packages, qualifiedProjects(command.packages, projects));
  const mine = projects.filter((project) => mayBuild(policy, project, actor));
  if (mine.length > 0) return { projects: mine };
  const everybody = [...new Set(projects.flatMap((project) => whoMayBuild(policy, project)))];
  return { refusal: refusal.notAllowed(actor, 'build', 'any project', everybody) };
}

/** `owner/project/package` says which project is meant; the first such name decides. */
function qualifiedProjects(packages: readonly string[], projects: readonly Project[]): readonly Project[] {
  const named = projects.find((project) => packages.some((name) => name.startsWith(`${projectKey(project)}/`)));
  return named === undefined ? projects : [named];
}

const holds = (project: Project, name: string) =>
  project.packages.some((one) => one.name === name || `${projectKey(project)}/${one.name}` === name);

/** One project of `projects` that holds all the named packages. */
function withPackages(packages: readonly string[], projects: readonly Project[]): Targets {
  const names = [...new Set(projects.flatMap((project) => project.packages.map(({ name }) => name)))];
  const unknown = packages.filter((name) => !projects.some((project) => holds(project, name)));
  if (unknown.length > 0) {
    const missing = unknown.map((name) => ({ name, near: nearest(name, names) }));
    return { refusal: refusal.unknownPackages(missing, names) };
  }
  const holding = projects.filter((project) => packages.every((name) => holds(project, name)));
  if (holding.length === 1 || packages.length === 0) return { projects: holding };
  const some = projects.filter((project) => packages.some((name) => holds(project, name)));
  const candidates = holding.length > 0 ? holding : some;
  return { refusal: refusal.ambiguous(packages, candidates.map(projectKey), holding.length > 0) };
}

function checkChroots(chroots: readonly string[], project: Project): string | undefined {
  const known: readonly string[] = project.chroots;
  const unknown = chroots.find((chroot) => !known.includes(chroot));
  return unknown === undefined
    ? undefined
    : refusal.unknownChroot(unknown, nearest(unknown, known), projectKey(project), known);
}
