// Project, package and policy: what a config repo states should exist.
import type { Buildroot, Isolation } from './buildroot.ts';
import type { Architecture, ChrootName, ChrootState } from './chroot.ts';
import type { RepoOptions, RuntimeRepo } from './repo-options.ts';
import type { KeyKind } from './signing.ts';
import type { Source } from './source.ts';

/** One package of a project. */
export interface Package {
  readonly name: string;
  readonly source: Source;
  /** Packages of the same project that must be built first when both are built. */
  readonly needs: readonly string[];
  /** How long mock may take for one chroot, in seconds. */
  readonly timeoutSeconds: number;
  /** What one build may use of its builder's memory, in bytes; null: no bound. */
  readonly memoryBytes: number | null;
  /** Its builds wait for all that are not in the background. */
  readonly background: boolean;
  /** Labels that its builders must have. */
  readonly builderLabels: readonly string[];
  /** Its input digest holds those of its needs: it is built again when one of them is. */
  readonly rebuildOnNeeds: boolean;
  /** A version that is lower than the published one is meant: nobody is warned of it. */
  readonly allowsDowngrade: boolean;
  /** The chroots it is built for: the project's, or the smaller list that the package names. */
  readonly chroots: readonly ChrootName[];
  /** Options of each of its chroots: the project's for the chroot, then the package's. */
  readonly buildroots: ReadonlyMap<ChrootName, Buildroot>;
}

/** When readers see what was built: each build at once, all of a batch when its last has ended, or on `/publish`. */
export const publishModes = ['each', 'batch', 'manual'] as const;
export type PublishMode = (typeof publishModes)[number];

/** One project, `owner/name`, from `projects/<owner>/<name>.yaml`. Logins are lower case. */
export interface Project {
  readonly owner: string;
  readonly name: string;
  readonly description: string;
  readonly instructions: string;
  /** An https address for people, or null. */
  readonly homepage: string | null;
  /** Whom users turn to: an https address or a mail address, or null. */
  readonly contact: string | null;
  /** As stated, with those that are not active: nothing is built for them. */
  readonly chroots: readonly ChrootName[];
  /** May change and build the project. */
  readonly maintainers: readonly string[];
  /** May build the project. */
  readonly builders: readonly string[];
  /** Further repositories that builds read: dnf base URLs and `coppice://owner/project`. */
  readonly repos: readonly string[];
  /** Repositories that users of the packages need as well; they go into the `.repo` file. */
  readonly runtimeRepos: readonly RuntimeRepo[];
  /** What the `.repo` file tells dnf of the project's own repository. */
  readonly repoOptions: RepoOptions;
  /** Builds may reach the network where their package says nothing else. */
  readonly network: boolean;
  /** Builds are in the background where their package says nothing else. */
  readonly background: boolean;
  /** Labels that builders must have where their package says nothing else. */
  readonly builderLabels: readonly string[];
  /** What it says itself of how long results are kept: bounds that are tighter than the policy's, and `removed`. */
  readonly retention: Partial<Retention> & {
    /** See the policy's. */
    readonly removedSeconds?: number | null;
  };
  /** Why nothing is built or published; null: it is not frozen. */
  readonly frozen: string | null;
  /** The day (`YYYY-MM-DD`, UTC) from which on the project is deleted; null: never. */
  readonly deleteAfter: string | null;
  readonly publish: PublishMode;
  /** Further files of its metadata, by what they are. */
  readonly metadata: ProjectMetadata;
  /** What its next signing key is; the one that it has stays until then. */
  readonly keyKind: KeyKind;
  /** Shown first among the projects. */
  readonly pinned: boolean;
  /** `owner/name` of the project that this one began as; it need not exist any more. */
  readonly forkedFrom: string | null;
  /** The former `owner/name` of the project; results are found there until they are moved. */
  readonly renamedFrom: string | null;
  readonly packages: readonly Package[];
  /** Where the project is described, for messages. */
  readonly path: string;
}

/** `coppice.yaml`: what the admins decided for the whole service. */
export interface Policy {
  readonly admins: readonly string[];
  /** The active ones: what may be built for. */
  readonly chroots: readonly ChrootName[];
  /** All chroots that the policy names, in its order. */
  readonly chrootStates: ReadonlyMap<ChrootName, ChrootStatus>;
  readonly limits: {
    /** Default and upper bound of a package's timeout, in seconds. */
    readonly timeoutSeconds: number;
    readonly maximumTimeoutSeconds: number;
    /** Upper bound of what one build may write on its builder, in bytes. */
    readonly diskBytes: number;
    /** Upper bound of fetched sources of one package, in bytes. */
    readonly sourceBytes: number;
    /** Default and upper bound of a package's memory, in bytes; null: no bound. */
    readonly memoryBytes: number | null;
    readonly maximumMemoryBytes: number | null;
    /**
     * How many chroots of builds may run at once, of each owner, of a chroot, of an architecture. Null or absent: no
     * bound.
     */
    readonly perOwner: number | null;
    readonly perChroot: ReadonlyMap<ChrootName, number>;
    readonly perArchitecture: ReadonlyMap<Architecture, number>;
  };
  readonly allow: {
    /** Which projects may let builds reach the network: all, none, or these (`owner/name`). */
    readonly network: boolean | readonly string[];
    /** https addresses; the repositories that projects name lie below one of them. */
    readonly repos: readonly string[];
    /** Which isolations projects may ask for; `auto` always. */
    readonly isolation: readonly Isolation[];
  };
  readonly signing: {
    /** How long signing keys last, in seconds. */
    readonly lifeSeconds: number;
    /** For how long the next key is published before it signs, in seconds. */
    readonly overlapSeconds: number;
  };
  readonly retention: Retention & {
    /** How long repositories of pull requests are kept after these were closed, in seconds. */
    readonly pullRequestsSeconds: number;
    /** How long what a package has published stays after the package left its project, in seconds; null: for ever. */
    readonly removedSeconds: number | null;
  };
}

/** How long builds are kept that nobody is given any more; each bound by itself lets a build go. */
export interface Retention {
  /** Builds that did not succeed, after they ended, in seconds. */
  readonly failedSeconds: number;
  /** Builds after a newer one of the same package and chroot succeeded, in seconds. */
  readonly supersededSeconds: number;
  /** How many of either are kept of one package and chroot, the newest; null: no bound. */
  readonly failedBuilds: number | null;
  readonly supersededBuilds: number | null;
}

/** What holds for a project: its own bounds, where it states any. */
export function retentionOf(
  policy: Pick<Policy, 'retention'>,
  project: Pick<Project, 'retention'> | undefined,
): Retention {
  const { pullRequestsSeconds: _, removedSeconds: __, ...retention } = policy.retention;
  const { removedSeconds: ___, ...stated } = project?.retention ?? {};
  return { ...retention, ...stated };
}

/** What users' programs read besides the lists of packages: the files of a project that hold it, or null. */
export interface ProjectMetadata {
  /** Names a file in `packages/<owner>/<project>/`. Groups of packages: `dnf group`. */
  readonly comps: string | null;
  /** The same. What software centres show of applications. */
  readonly appstream: string | null;
}

/**
 * How long what a package of the project has published stays after the package left it, in seconds: 0 for not at all,
 * null for ever.
 */
export function removedSecondsOf(
  policy: Pick<Policy, 'retention'>,
  { retention: { removedSeconds } }: Pick<Project, 'retention'>,
): number | null {
  return removedSeconds === undefined ? policy.retention.removedSeconds : removedSeconds;
}

/** What the admins say of a chroot. */
export interface ChrootStatus {
  readonly state: ChrootState;
  /** The day (`YYYY-MM-DD`, UTC) until which the results of a chroot that is not active are kept; null: for ever. */
  readonly keepUntil: string | null;
}

/** A whole config repo at one commit. */
export interface ConfigRepo {
  readonly policy: Policy;
  readonly projects: readonly Project[];
}

/**
 * Names of packages: safe as path components, URL parts and arguments. RPM's and GitHub's rules, the smaller of both.
 */
export const namePattern = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}$/;

/**
 * Names of owners and projects: they become parts of the ids of dnf's repositories, which hold no `+`: one that does
 * makes each later call of dnf fail.
 */
export const projectNamePattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;

/** `owner/name`. */
export function projectKey(project: { readonly owner: string; readonly name: string }): string {
  return `${project.owner}/${project.name}`;
}

/** The project that is called `key` (`owner/name`), else the one that says that it was; undefined when none does. */
export function findPresent(projects: readonly Project[], key: string): Project | undefined {
  return (
    projects.find((project) => projectKey(project) === key) ?? projects.find(({ renamedFrom }) => renamedFrom === key)
  );
}

/** Who may ask for builds of a project: its maintainers and builders, and the admins. */
export function mayBuild(policy: Policy, project: Project, login: string): boolean {
  const who = login.toLowerCase();
  return [...project.maintainers, ...project.builders, ...policy.admins].some((name) => name.toLowerCase() === who);
}
