// Who may ask for builds, in words for answers. The rule itself is config's mayBuild. Pure.
import { mayBuild, type Policy, type Project, projectKey } from '../words/project.ts';
import { readSandbox } from '../words/sandbox.ts';

/** People who may build the project: maintainers, builders, admins; each once, in that order. Nobody can ask a bot. */
export function whoMayBuild(policy: Policy, project: Project): readonly string[] {
  const all = [...project.maintainers, ...project.builders, ...policy.admins].map((name) => name.toLowerCase());
  return [...new Set(all)].filter((name) => !name.endsWith('[bot]'));
}

/** Who may build the project that a build belongs to; a project that is gone is the admins' business. */
export function whoMayCancel(policy: Policy, project: Project | undefined): readonly string[] {
  return project === undefined ? policy.admins.map((name) => name.toLowerCase()) : whoMayBuild(policy, project);
}

/** Who may change a project by a command: its maintainers and the admins; each once, in that order. */
export function whoManages(policy: Policy, project: Project): readonly string[] {
  return [...new Set([...project.maintainers, ...policy.admins].map((name) => name.toLowerCase()))];
}

export function mayManage(policy: Policy, project: Project, login: string): boolean {
  return whoManages(policy, project).includes(login.toLowerCase());
}

export function isAdmin(policy: Policy, login: string): boolean {
  return policy.admins.some((name) => name.toLowerCase() === login.toLowerCase());
}

/** A maintainer or builder of the project itself. */
export function isMember(project: Project, login: string): boolean {
  return [...project.maintainers, ...project.builders].some((name) => name.toLowerCase() === login.toLowerCase());
}

export function mayCancel(policy: Policy, project: Project | undefined, login: string): boolean {
  return project === undefined ? isAdmin(policy, login) : mayBuild(policy, project, login);
}

export function findProject(projects: readonly Project[], owner: string, name: string): Project | undefined {
  const wanted = projectKey({ owner, name }).toLowerCase();
  return projects.find((project) => projectKey(project).toLowerCase() === wanted);
}

/**
 * The project whose people a build concerns: of a pull request's sandbox it is the one whose packages are built there.
 */
export function projectOfBuild(
  projects: readonly Project[],
  build: { readonly owner: string; readonly project: string },
): Project | undefined {
  return findProject(projects, build.owner, readSandbox(build.project)?.project ?? build.project);
}
