// Who may ask for builds, in words for answers. The rule itself is config's mayBuild. Pure.
import { mayBuild, type Policy, type Project, projectKey } from '@coppice/config';

/** Logins that may build the project: maintainers, builders, admins; each once, in that order. */
export function whoMayBuild(policy: Policy, project: Project): readonly string[] {
  return [
    ...new Set([...project.maintainers, ...project.builders, ...policy.admins].map((name) => name.toLowerCase())),
  ];
}

/** Who may build the project that a build belongs to; a project that is gone is the admins' business. */
export function whoMayCancel(policy: Policy, project: Project | undefined): readonly string[] {
  return project === undefined ? policy.admins.map((name) => name.toLowerCase()) : whoMayBuild(policy, project);
}

export function mayCancel(policy: Policy, project: Project | undefined, login: string): boolean {
  return project === undefined
    ? policy.admins.some((name) => name.toLowerCase() === login.toLowerCase())
    : mayBuild(policy, project, login);
}

export function findProject(projects: readonly Project[], owner: string, name: string): Project | undefined {
  const wanted = projectKey({ owner, name }).toLowerCase();
  return projects.find((project) => projectKey(project).toLowerCase() === wanted);
}
