// `api/v1/projects.json`: what the config in force states, for pages. Pure.
import { type ConfigRepo, describeSource, type ProjectsJson, projectKey } from '@coppice/config';
import { countingLeaving, type LeavingProject } from '../vocabulary/leaving.ts';

/** A config in force, with the projects that are leaving. */
interface Stated {
  readonly config: ConfigRepo;
  readonly commit: string;
  readonly leaving?: readonly LeavingProject[];
}

/** `fingerprints`: `owner/name` → the long fingerprint of the project's key, for those that have one. */
export function projectsJson(
  { config, commit: configCommit, leaving = [] }: Stated,
  configRepository: string,
  fingerprints: ReadonlyMap<string, string>,
): ProjectsJson {
  const departures = new Map(
    leaving.map(({ stated, deleteAt, leftAt: commit, by, statedAt }) => [stated, { deleteAt, commit, by, statedAt }]),
  );
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
      keyFingerprint: fingerprints.get(projectKey(project)) ?? null,
      packages: project.packages.map((one) => ({
        name: one.name,
        needs: [...one.needs],
        chroots: [...one.chroots],
        source: describeSource(one.source, `packages/${projectKey(project)}/${one.name}`),
      })),
    })),
  };
}
