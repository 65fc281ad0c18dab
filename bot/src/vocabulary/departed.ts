// Packages that left their projects while these stay: what they have published goes when their time is over, and is
// shown until then as no longer in the config. Pure.
import { type ConfigRepo, projectKey, removedSecondsOf } from '@coppice/config';

/** What must not be forgotten of one. */
export interface DepartedPackage {
  /** `owner/name`. */
  readonly project: string;
  readonly package: string;
  /** The first commit in force without it. */
  readonly leftAt: string;
  /** Login of who pushed that. */
  readonly by: string;
  /** When that came into force, ISO 8601 UTC. */
  readonly since: string;
}

/** One for which it is known when what it has published goes: ISO 8601 UTC, or null for never. */
export interface LeavingPackage extends DepartedPackage {
  readonly deleteAt: string | null;
}

/**
 * When each goes, as the config says it now. Those of projects that are not in it, or that state them again, are left
 * out, and those of frozen projects go at no time.
 */
export function whenPackagesGo(departed: readonly DepartedPackage[], config: ConfigRepo): readonly LeavingPackage[] {
  if (departed.length === 0) return [];
  const projects = new Map(config.projects.map((project) => [projectKey(project), project]));
  return departed.flatMap((one): readonly LeavingPackage[] => {
    const project = projects.get(one.project);
    if (project === undefined || project.packages.some(({ name }) => name === one.package)) return [];
    const seconds = project.frozen === null ? removedSecondsOf(config.policy, project) : null;
    const deleteAt = seconds === null ? null : new Date(Date.parse(one.since) + seconds * 1000).toISOString();
    return [{ ...one, deleteAt }];
  });
}

/** What is known of packages when another config comes into force. */
export interface Departures {
  readonly known: readonly DepartedPackage[];
  /** `owner/name` → its former name, of projects that are renamed with it. */
  readonly renamed: ReadonlyMap<string, string>;
  /** `owner/name` → packages that have builds, ended or not. */
  readonly built: ReadonlyMap<string, ReadonlySet<string>>;
  readonly leftAt: string;
  readonly by: string;
  readonly since: string;
}

/**
 * All packages that have builds in a project of the config and are not stated there: those known before with the time
 * since when that is so, also under their project's former name.
 */
export function departedPackages(config: ConfigRepo, departures: Departures): readonly DepartedPackage[] {
  const { known, renamed, built, leftAt, by, since } = departures;
  const before = new Map(known.map((one) => [`${one.project}/${one.package}`, one]));
  return config.projects.flatMap((project) => {
    const key = projectKey(project);
    const stated = new Set(project.packages.map(({ name }) => name));
    const gone = [...(built.get(key) ?? [])].filter((name) => !stated.has(name)).sort();
    return gone.map((name): DepartedPackage => {
      const one = before.get(`${key}/${name}`) ?? before.get(`${renamed.get(key) ?? ''}/${name}`);
      return one === undefined ? { project: key, package: name, leftAt, by, since } : { ...one, project: key };
    });
  });
}
