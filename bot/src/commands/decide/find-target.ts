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
import { withMore, withWords } from './instead.ts';

export type Found<T> = T | { readonly refusal: string };
/** `target` is as it was written, but for projects among its packages. */
export type Targets = Found<{ readonly projects: readonly Project[]; readonly target: WrittenTarget }>;
type Projects = Found<{ readonly projects: readonly Project[] }>;

/** A target and the line that names it. */
export type WrittenTarget = Target & { readonly line: string };

/** The project of this name, as `line` has it. */
export function findNamed(
  name: string,
  projects: readonly Project[],
  line: string,
): Found<{ readonly project: Project }> {
  const [owner = '', rest = ''] = name.split('/');
  const project = findProject(projects, owner, rest);
  if (project !== undefined) return { project };
  const keys = projects.map(projectKey);
  const near = nearest(name, keys);
  const again = near === undefined ? undefined : withWords(line, [[name, near]]);
  return { refusal: refusal.unknownProject(name, near, keys, again) };
}

/** The named project, or the only one there is. */
export function findOne(
  name: string | undefined,
  projects: readonly Project[],
  again: string,
  line: string,
): Found<{ readonly project: Project }> {
  if (name !== undefined) return findNamed(name, projects, line);
  const [only, ...more] = projects;
  if (only !== undefined && more.length === 0) return { project: only };
  return { refusal: refusal.whichProject(projects.map(projectKey), again) };
}

/**
 * The projects that a target means: the named ones; else the one that holds the named packages; else all that the actor
 * may build.
 */
export function findTargets(written: WrittenTarget, config: ConfigRepo, actor: string): Targets {
  const { projects, policy } = config;
  const named = withoutProjects(written, projects);
  if ('refusal' in named) return named;
  const { target } = named;
  if (named.projects.length > 1) return checkChroots(target, named);
  if (target.project !== undefined) {
    const found = findNamed(target.project, projects, target.line);
    return 'refusal' in found ? found : checkChroots(target, withPackages(target, [found.project]));
  }
  if (target.packages.length > 0) {
    return checkChroots(target, withPackages(target, qualifiedProjects(target.packages, projects)));
  }
  const mine = projects.filter((project) => mayBuild(policy, project, actor));
  if (mine.length > 0) return checkChroots(target, { projects: mine });
  const everybody = [...new Set(projects.flatMap((project) => whoMayBuild(policy, project)))];
  return { refusal: refusal.notAllowed(actor, 'build', 'any project', everybody, 'builder') };
}

/** The project that a word names among the packages, if it names one. */
export function projectOfWord(word: string, projects: readonly Project[]): Project | undefined {
  const [owner = '', name, ...more] = word.split('/');
  return name === undefined || more.length > 0 ? undefined : findProject(projects, owner, name);
}

/** `/build acme/tools` means the project, `/build acme/tools hello` a package of it. */
function withoutProjects(
  target: WrittenTarget,
  projects: readonly Project[],
): Found<{ readonly target: WrittenTarget; readonly projects: readonly Project[] }> {
  const pairs = target.packages.map((word) => ({ word, project: projectOfWord(word, projects) }));
  const named = [...new Set(pairs.flatMap(({ project }) => (project === undefined ? [] : [project])))];
  const packages = pairs.filter(({ project }) => project === undefined).map(({ word }) => word);
  const [only] = named;
  if (only === undefined) return { target, projects: named };
  const isOther = target.project !== undefined && projectOfWord(target.project, projects) !== only;
  if (isOther || (named.length > 1 && packages.length > 0)) {
    const keys = [...new Set([...named.map(projectKey), ...(target.project === undefined ? [] : [target.project])])];
    return { refusal: refusal.ambiguous(packages, keys, false, undefined) };
  }
  return { target: { ...target, packages, project: named.length > 1 ? undefined : projectKey(only) }, projects: named };
}

/** The one project that has the package. */
export function findPackage(
  name: string,
  project: string | undefined,
  config: ConfigRepo,
  line: string,
): Found<{ readonly project: Project; readonly package: string }> {
  const found = findTargets({ packages: [name], chroots: [], project, line }, config, '');
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
function withPackages({ packages, line }: WrittenTarget, projects: readonly Project[]): Projects {
  const names = [...new Set(projects.flatMap((project) => project.packages.map(({ name }) => name)))];
  const unknown = packages.filter((name) => !projects.some((project) => holds(project, name)));
  if (unknown.length > 0) return unknownPackages(unknown, names, projects, line);
  const holding = projects.filter((project) => packages.every((name) => holds(project, name)));
  if (holding.length === 1 || packages.length === 0) return { projects: holding };
  const some = projects.filter((project) => packages.some((name) => holds(project, name)));
  const candidates = holding.length > 0 ? holding : some;
  const keys = candidates.map(projectKey);
  return { refusal: refusal.ambiguous(packages, keys, holding.length > 0, withMore(line, `--project ${keys[0]}`)) };
}

function unknownPackages(
  unknown: readonly string[],
  names: readonly string[],
  projects: readonly Project[],
  line: string,
): { readonly refusal: string } {
  const long = projects.flatMap((one) => one.packages.map(({ name }) => `${projectKey(one)}/${name}`));
  const [first = ''] = unknown;
  if (unknown.length === 1 && first.split('/').length === 2) {
    const short = long.filter((name) => name.endsWith(`/${first}`));
    if (short.length === 0) return findNamed(first, projects, line) as { readonly refusal: string };
  }
  const missing = unknown.map((name) => ({ name, near: nearest(name, name.includes('/') ? long : names) }));
  const right = missing.flatMap(({ name, near }) => (near === undefined ? [] : [[name, near] as const]));
  const again = right.length === missing.length ? withWords(line, right) : undefined;
  return { refusal: refusal.unknownPackages(missing, names, again) };
}

function checkChroots(target: WrittenTarget, found: Projects): Targets {
  if ('refusal' in found) return found;
  const { chroots, line } = target;
  for (const project of found.projects) {
    const known: readonly string[] = project.chroots;
    const unknown = chroots.find((chroot) => !known.includes(chroot));
    if (unknown === undefined) continue;
    const near = nearest(unknown, known);
    const again = near === undefined ? undefined : withWords(line, [[unknown, near]]);
    return { refusal: refusal.unknownChroot(unknown, near, projectKey(project), known, again) };
  }
  return { projects: found.projects, target };
}
