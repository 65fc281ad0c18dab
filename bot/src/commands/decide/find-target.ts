// Which projects and packages a command means, or a refusal that names what comes near. Pure.
import {
  type ConfigRepo,
  findProject,
  mayBuild,
  nearest,
  type Project,
  projectKey,
  whoMayBuild,
} from '@coppice/config';
import * as refusal from '../../reply/refused.ts';
import type { Target } from '../../vocabulary/command.ts';

export type Found<T> = T | { readonly refusal: string };
export type Targets = Found<{ readonly projects: readonly Project[] }>;

/** The project of this name. */
export function findNamed(name: string, projects: readonly Project[]): Found<{ readonly project: Project }> {
  const [owner = '', rest = ''] = name.split('/');
  const project = findProject(projects, owner, rest);
  if (project !== undefined) return { project };
  const keys = projects.map(projectKey);
  return { refusal: refusal.unknownProject(name, nearest(name, keys), keys) };
}

/** The named project, or the only one there is. */
export function findOne(
  name: string | undefined,
  projects: readonly Project[],
  again: string,
): Found<{ readonly project: Project }> {
  if (name !== undefined) return findNamed(name, projects);
  const [only, ...more] = projects;
  if (only !== undefined && more.length === 0) return { project: only };
  return { refusal: refusal.whichProject(projects.map(projectKey), again) };
}

/**
 * The projects that a target means: the named one; else the one that holds the named packages; else all that the actor
 * may build.
 */
export function findTargets(target: Target, config: ConfigRepo, actor: string): Targets {
  const { projects, policy } = config;
  if (target.project !== undefined) {
    const found = findNamed(target.project, projects);
    return 'refusal' in found ? found : checkChroots(target, withPackages(target.packages, [found.project]));
  }
  if (target.packages.length > 0) {
    return checkChroots(target, withPackages(target.packages, qualifiedProjects(target.packages, projects)));
  }
  const mine = projects.filter((project) => mayBuild(policy, project, actor));
  if (mine.length > 0) return checkChroots(target, { projects: mine });
  const everybody = [...new Set(projects.flatMap((project) => whoMayBuild(policy, project)))];
  return { refusal: refusal.notAllowed(actor, 'build', 'any project', everybody) };
}

/** The one project that has the package. */
export function findPackage(
  name: string,
  project: string | undefined,
  config: ConfigRepo,
): Found<{ readonly project: Project; readonly package: string }> {
  const found = findTargets({ packages: [name], chroots: [], project }, config, '');
  if ('refusal' in found) return found;
  const [only] = found.projects;
  return only === undefined
    ? { refusal: refusal.unknownPackages([{ name, near: undefined }], []) }
    : {
        project: only,
        package: name.startsWith(`${projectKey(only)}/`) ? name.slice(projectKey(only).length + 1) : name,
      };
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

function checkChroots({ chroots }: Target, found: Targets): Targets {
  if ('refusal' in found) return found;
  for (const project of found.projects) {
    const known: readonly string[] = project.chroots;
    const unknown = chroots.find((chroot) => !known.includes(chroot));
    if (unknown === undefined) continue;
    return { refusal: refusal.unknownChroot(unknown, nearest(unknown, known), projectKey(project), known) };
  }
  return found;
}
