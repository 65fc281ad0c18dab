// Project, package and policy: what a config repo states should exist.
import type { ChrootName } from './chroot.ts';
import type { Source } from './source.ts';

/** One package of a project. */
export interface Package {
  readonly name: string;
  readonly source: Source;
  /** Packages of the same project that must be built first when both are built. */
  readonly needs: readonly string[];
  /** How long mock may take for one chroot, in seconds. */
  readonly timeoutSeconds: number;
  /** The chroots it is built for: the project's, or the smaller list that the package names. */
  readonly chroots: readonly ChrootName[];
}

/** One project, `owner/name`, from `projects/<owner>/<name>.yaml`. Logins are lower case. */
export interface Project {
  readonly owner: string;
  readonly name: string;
  readonly description: string;
  readonly instructions: string;
  readonly chroots: readonly ChrootName[];
  /** May change and build the project. */
  readonly maintainers: readonly string[];
  /** May build the project. */
  readonly builders: readonly string[];
  /** Further repositories that builds read, as dnf base URLs. */
  readonly repos: readonly string[];
  readonly packages: readonly Package[];
  /** Where the project is described, for messages. */
  readonly path: string;
}

/** `coppice.yaml`: what the admins decided for the whole service. */
export interface Policy {
  readonly admins: readonly string[];
  readonly chroots: readonly ChrootName[];
  readonly limits: {
    /** Default and upper bound of a package's timeout, in seconds. */
    readonly timeoutSeconds: number;
    readonly maximumTimeoutSeconds: number;
    /** Upper bound of what one build may write on its builder, in bytes. */
    readonly diskBytes: number;
    /** Upper bound of fetched sources of one package, in bytes. */
    readonly sourceBytes: number;
  };
}

/** A whole config repo at one commit. */
export interface ConfigRepo {
  readonly policy: Policy;
  readonly projects: readonly Project[];
}

/** Names of owners, projects and packages: safe as path components, URL parts and arguments. RPM's and GitHub's rules, the smaller of both. */
export const namePattern = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}$/;

/** `owner/name`. */
export function projectKey(project: { readonly owner: string; readonly name: string }): string {
  return `${project.owner}/${project.name}`;
}

/** Who may ask for builds of a project: its maintainers and builders, and the admins. */
export function mayBuild(policy: Policy, project: Project, login: string): boolean {
  const who = login.toLowerCase();
  return [...project.maintainers, ...project.builders, ...policy.admins].some((name) => name.toLowerCase() === who);
}
