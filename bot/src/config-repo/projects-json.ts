// `api/v1/projects.json`: what the config in force states, for pages. Pure.
import {
  type ConfigRepo,
  describeSource,
  type KeyNote,
  orderBySpecs,
  type Project,
  type ProjectsJson,
  projectKey,
  type SpecRequires,
} from '@coppice/config';
import { type DepartedPackage, whenPackagesGo } from '../vocabulary/departed.ts';
import { countingLeaving, type LeavingProject } from '../vocabulary/leaving.ts';

/** A config in force, with the projects that are leaving. */
interface Stated {
  readonly config: ConfigRepo;
  readonly commit: string;
  /** By `owner/project/package`, as far as they are known. */
  readonly specs?: ReadonlyMap<string, SpecRequires>;
  readonly leaving?: readonly LeavingProject[];
  readonly departed?: readonly DepartedPackage[];
}

/** `keys`: `owner/name` → the project's keys, the one that signs first, for those that have any. */
export function projectsJson(
  { config, commit: configCommit, specs, leaving = [], departed = [] }: Stated,
  configRepository: string,
  keys: ReadonlyMap<string, readonly KeyNote[]>,
): ProjectsJson {
  const departures = new Map(
    leaving.map(({ stated, deleteAt, leftAt: commit, by, statedAt }) => [stated, { deleteAt, commit, by, statedAt }]),
  );
  const gone = Map.groupBy(whenPackagesGo(departed, config), ({ project }) => project);
  return {
    configCommit,
    configRepository,
    projects: countingLeaving({ config, leaving }).projects.map((project) => ({
      owner: project.owner,
      name: project.name,
      description: project.description,
      instructions: project.instructions,
      homepage: project.homepage,
      contact: project.contact,
      repos: [...project.repos],
      network: project.network,
      repoOptions: { priority: project.repoOptions.priority, moduleHotfixes: project.repoOptions.moduleHotfixes },
      chroots: [...project.chroots],
      chrootStates: Object.fromEntries(
        project.chroots.map((chroot) => [
          chroot,
          config.policy.chrootStates.get(chroot) ?? { state: 'inactive' as const, keepUntil: null },
        ]),
      ),
      maintainers: [...project.maintainers],
      builders: [...project.builders],
      frozen: project.frozen,
      forkedFrom: project.forkedFrom,
      publish: project.publish,
      pinned: project.pinned,
      deleteAfter: project.deleteAfter,
      leaving: departures.get(project) ?? null,
      departed: (gone.get(projectKey(project)) ?? []).map(({ package: name, leftAt: commit, by, since, deleteAt }) => ({
        ...{ name, commit, by, since, deleteAt },
      })),
      keyFingerprint: keys.get(projectKey(project))?.[0]?.fingerprint ?? null,
      keys: [...(keys.get(projectKey(project)) ?? [])],
      packages: packagesOf(project, specs),
    })),
  };
}

function packagesOf(project: Project, specs: Stated['specs']): ProjectsJson['projects'][number]['packages'] {
  const { needs } = orderBySpecs(project, specs);
  return project.packages.map((one) => ({
    name: one.name,
    needs: [...one.needs],
    requires: (needs.get(one.name) ?? []).filter((need) => !one.needs.includes(need)),
    chroots: [...one.chroots],
    source: describeSource(one.source, `packages/${projectKey(project)}/${one.name}`),
  }));
}
