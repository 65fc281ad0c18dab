// Projects whose file a push took away: what they have published goes only when their time of grace is over. Pure.
import type { ConfigRepo, Project } from '@coppice/config';

/** What must not be forgotten of one. */
export interface Leaving {
  /** `owner/name`. */
  readonly project: string;
  /** The last commit that stated it. */
  readonly statedAt: string;
  /** The first one in force without it. */
  readonly leftAt: string;
  /** Login of who pushed that. */
  readonly by: string;
  /** When all that it has published is deleted, ISO 8601 UTC; the file put back before keeps it. */
  readonly deleteAt: string;
}

/** One whose last statement is known. */
export interface LeavingProject extends Leaving {
  readonly stated: Project;
}

/** A commit that deletes a project in the name of somebody who asked for that: it takes effect at once. */
export interface AskedDeletion {
  readonly project: string;
  readonly commit: string;
}

/** The newest commit of the default branch, while it is not in force for its problems. */
export interface RefusedCommit {
  readonly commit: string;
  /** How many there are. */
  readonly problems: number;
  /** The first of them, as `formatProblem` gives them. */
  readonly first: readonly string[];
}

/** When a project goes that leaves now, ISO 8601 UTC; null: at once, for there is no time of grace. Pure. */
export function deleteAtFrom(now: Date, graceSeconds: number): string | null {
  return graceSeconds === 0 ? null : new Date(now.getTime() + graceSeconds * 1000).toISOString();
}

/** What is in force, with those projects that are leaving: until they have left, their people keep their rights. */
export function countingLeaving({
  config,
  leaving = [],
}: {
  readonly config: ConfigRepo;
  readonly leaving?: readonly LeavingProject[];
}): ConfigRepo {
  if (leaving.length === 0) return config;
  return { ...config, projects: [...config.projects, ...leaving.map(({ stated }) => stated)] };
}
