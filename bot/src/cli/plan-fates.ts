// What becomes of the projects of the service in COPPICE_HOME, if a folder were pushed.
import { join } from 'node:path';
import { readRegularFile } from '@coppice/builder-runner/regular-file';
import {
  type Policy,
  type Project,
  type ProjectsJson,
  parseJsonAs,
  projectKey,
  projectsJsonSchema,
  published,
} from '@coppice/config';
import { type ConfigAtCommit, readConfigAt } from '../config-repo/config-in-force.ts';
import { openConfigRepo } from '../config-repo/mirror.ts';
import { readLeaving } from '../config-repo/read-leaving.ts';
import { compareProjects, droppedFrom, fatesOf } from '../planning/project-fates.ts';
import { goingUnder, plainChanges, retimed } from '../planning/user-changes.ts';
import type { Home } from '../service/home.ts';
import type { Fate } from '../vocabulary/fate.ts';
import { maximumJsonBytes } from './doctor-records.ts';

/** `deleteAt`: when what leaves now would be deleted, ISO 8601 UTC; null: at once. None where no service has run. */
export async function fatesInFolder(
  after: ConfigAtCommit,
  home: Home,
  builds: ReadonlyMap<string, number>,
  deleteAt: string | null,
  now: Date,
): Promise<readonly Fate[]> {
  const stated = await readProjectsJson(home);
  if (stated === undefined) return [];
  const before = await readInForce(stated, home).catch(() => undefined);
  if (before === undefined) return byNames(stated, after, builds, deleteAt, now);
  const { leaving = [] } = before;
  return fatesOf(compareProjects(before, after, builds), { deleteAt: () => deleteAt, leaving, builds, now });
}

/** What is in force in the service of this home, as its mirror has it; undefined when that cannot be read. */
export async function configOfHome(home: Home): Promise<ConfigAtCommit | undefined> {
  const stated = await readProjectsJson(home).catch(() => undefined);
  return stated && (await readInForce(stated, home).catch(() => undefined));
}

async function readProjectsJson(home: Home): Promise<ProjectsJson | undefined> {
  const file = await readRegularFile(join(home.published, published.projectsJson), maximumJsonBytes);
  const read = file?.kind === 'text' ? parseJsonAs(file.text, projectsJsonSchema) : undefined;
  return read?.kind === 'value' ? read.value : undefined;
}

/** From the service's mirror of the config repo, which only its user can read; undefined when it is not as it was. */
async function readInForce({ configCommit, projects }: ProjectsJson, home: Home): Promise<ConfigAtCommit | undefined> {
  const folder = join(home.state, 'config.git');
  const mirror = await openConfigRepo({
    ...{ folder, url: () => '', token: async () => '', forgetToken: () => undefined },
    existing: true,
  });
  const parsed = await readConfigAt(mirror, configCommit);
  if (!parsed.ok) return undefined;
  const notes = projects.flatMap(({ owner, name, leaving }) =>
    leaving === null ? [] : [{ ...leaving, project: `${owner}/${name}`, leftAt: leaving.commit }],
  );
  const departed = projects.flatMap(({ owner, name, departed: gone }) =>
    gone.map(({ name: each, commit, by, since }) => ({
      ...{ project: `${owner}/${name}`, package: each, leftAt: commit, by, since },
    })),
  );
  return { ...parsed.value, leaving: await readLeaving(notes, mirror, () => undefined), departed };
}

/** By what anybody can read: a rename is one only where the new file says so. */
function byNames(
  { projects }: ProjectsJson,
  { config }: ConfigAtCommit,
  builds: ReadonlyMap<string, number>,
  deleteAt: string | null,
  time: Date,
): readonly Fate[] {
  const now = new Map(config.projects.map((project) => [projectKey(project), project]));
  return projects.flatMap((project): readonly Fate[] => {
    const key = projectKey(project);
    const stated = now.get(key);
    if (stated !== undefined) return changesByNames(project, stated, config.policy, time);
    const before = project.leaving !== null;
    const at = project.leaving?.deleteAt ?? deleteAt;
    const size = { packages: project.packages.length, builds: builds.get(key) ?? 0 };
    const deletion = { kind: 'deletes', project: key, ...size, at, before, ...isFrozen(project) } as const;
    const says = config.projects.find(({ renamedFrom }) => renamedFrom === key);
    if (says === undefined) return [deletion];
    const to = projectKey(says);
    const own = builds.get(to) ?? 0;
    if (own === 0 || size.builds === 0) return [{ kind: 'renames', from: key, to, chroots: says.chroots }];
    return [deletion, { kind: 'apart', from: key, to, builds: own }];
  });
}

function changesByNames(
  before: ProjectsJson['projects'][number],
  stated: Project,
  policy: Policy,
  time: Date,
): readonly Fate[] {
  const project = projectKey(stated);
  const names = new Set(stated.packages.map(({ name }) => name));
  const back = before.departed.map(({ name }) => name).filter((name) => names.has(name));
  const packages = before.packages.map(({ name }) => name);
  const gone = before.departed.map(({ name, commit, by, since, deleteAt }) => ({
    ...{ project, package: name, leftAt: commit, by, since, deleteAt },
  }));
  const here = new Map([[project, stated]]);
  const changes = plainChanges({ ...before, publish: before.publish ?? 'each' }, stated);
  return [
    ...retimed(gone, goingUnder(gone, policy, here, new Map()), here, time),
    ...(before.leaving === null ? [] : [{ kind: 'keeps', project, ...isFrozen(stated) } as const]),
    ...(back.length === 0 ? [] : [{ kind: 'returns', project, packages: back, ...isFrozen(stated) } as const]),
    ...droppedFrom({ packages, chroots: before.chroots }, stated, policy),
    ...(changes.length === 0 ? [] : [{ kind: 'shows', project, changes, ...isFrozen(stated) } as const]),
  ];
}

function isFrozen({ frozen }: { readonly frozen: string | null }): { readonly frozen?: true } {
  return frozen === null ? {} : { frozen: true };
}
