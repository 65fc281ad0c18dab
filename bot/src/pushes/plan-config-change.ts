// What a push does to projects: what is to be done about what they have published, which are leaving from now on, and
// what is said of it. Pure.
import { isDeepStrictEqual } from 'node:util';
import type { ProjectName } from '@coppice/builder-runner/runner';
import { type ChrootName, type ConfigDiff, type Project, projectKey, type RepoTerms, repoTerms } from '@coppice/config';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import { compareProjects, fatesOf, type ProjectChanges } from '../planning/project-fates.ts';
import type { Fate } from '../vocabulary/fate.ts';
import type { LeavingProject } from '../vocabulary/leaving.ts';
import { nameOf } from '../vocabulary/project-name.ts';

/** One thing to do about what is published. */
export type ProjectStep =
  | { readonly kind: 'remove' | 'freeze' | 'unfreeze'; readonly project: ProjectName }
  | { readonly kind: 'rename'; readonly from: ProjectName; readonly project: ProjectName }
  | { readonly kind: 'describe'; readonly project: ProjectName; readonly terms: RepoTerms }
  | {
      readonly kind: 'fork';
      readonly from: ProjectName;
      readonly project: ProjectName;
      readonly chroots: readonly ChrootName[];
    };

/** Who pushed, and what is known of why projects leave. */
export interface Departure {
  /** Login. */
  readonly by: string;
  /** When what leaves now is deleted, ISO 8601 UTC; null: at once. */
  readonly deleteAt: string | null;
  /** Keys of projects whose deletion somebody asked for: these go at once. */
  readonly atOnce: ReadonlySet<string>;
  /** How many builds there are of each project, live ones included. */
  readonly builds: ReadonlyMap<string, number>;
  readonly now: Date;
}

export interface ConfigChange {
  /** In the order in which they are done. */
  readonly steps: readonly ProjectStep[];
  /** All that are leaving once the push is in force. */
  readonly leaving: readonly LeavingProject[];
  readonly fates: readonly Fate[];
}

/**
 * `before` is undefined when no config was in force: then nothing is deleted, of what is published only that moves
 * which nobody else can claim, and all is described anew, for the address of the service may be another.
 */
export function planConfigChange(
  before: ConfigAtCommit | undefined,
  after: ConfigAtCommit,
  { by, deleteAt, atOnce, builds, now: time }: Departure,
): ConfigChange {
  if (before === undefined) {
    const now = new Map(after.config.projects.map((project) => [projectKey(project), project]));
    const steps = [
      ...unclaimedMoves(now, builds),
      ...freezes(new Map(), now, undefined),
      ...[...now.values()].map((project) => describe(project, now)),
    ];
    return { steps, leaving: [], fates: [] };
  }
  const changes = compareProjects(before, after, builds);
  const { diff, old } = changes;
  const waiting = (before.leaving ?? []).filter(({ project }) => !atOnce.has(project));
  const leaving = diff.removed.flatMap((key): readonly LeavingProject[] => {
    const known = waiting.find(({ project }) => project === key);
    const stated = old.get(key);
    if (known !== undefined) return [known];
    if (atOnce.has(key) || deleteAt === null || stated === undefined) return [];
    return [{ project: key, statedAt: before.commit, leftAt: after.commit, by, deleteAt, stated }];
  });
  const goes = diff.removed.filter((key) => !leaving.some(({ project }) => project === key));
  return {
    steps: [...changes.replaced.map(projectKey), ...goes]
      .map((key): ProjectStep => ({ kind: 'remove', project: nameOf(key) }))
      .concat(otherSteps(changes)),
    leaving,
    fates: fatesOf(changes, {
      ...{ leaving: waiting, builds, now: time },
      deleteAt: (key) => (atOnce.has(key) ? null : deleteAt),
    }),
  };
}

function otherSteps({ diff, old, now }: ProjectChanges): readonly ProjectStep[] {
  return [
    ...diff.renamed.map(({ from, to }): ProjectStep => ({ kind: 'rename', from: nameOf(from), project: nameOf(to) })),
    ...freezes(old, now, diff),
    ...diff.added.flatMap((key) => forkOf(now.get(key), now)),
    ...[...now.values()]
      .filter((project) => isDescribedAnew(project, { diff, old, now }))
      .map((project) => describe(project, now)),
  ];
}

type Projects = ReadonlyMap<string, Project>;

function describe(project: Project, now: Projects): ProjectStep {
  const { owner, name } = project;
  return { kind: 'describe', project: { owner, name }, terms: repoTerms(project, (key) => now.get(key)) };
}

/** One that says something else, or of which a project that its packages need does. */
function isDescribedAnew(project: Project, { diff, old, now }: Pick<ProjectChanges, 'diff' | 'old' | 'now'>): boolean {
  const key = projectKey(project);
  if (diff.changed.includes(key)) return true;
  const before = old.get(key);
  if (before === undefined || project.runtimeRepos.length === 0) return false;
  const [was, is] = [repoTerms(before, (each) => old.get(each)), repoTerms(project, (each) => now.get(each))];
  return !isDeepStrictEqual(was, is);
}

/**
 * Projects that say their former name, under which there are builds and under theirs none: as of one whose name the
 * rules allow no more.
 */
function unclaimedMoves(now: Projects, builds: ReadonlyMap<string, number>): readonly ProjectStep[] {
  const isBuilt = (key: string) => (builds.get(key) ?? 0) > 0;
  return [...now].flatMap(([key, { renamedFrom: from }]): readonly ProjectStep[] => {
    if (from === null || now.has(from) || !isBuilt(from) || isBuilt(key)) return [];
    return [{ kind: 'rename', from: nameOf(from), project: nameOf(key) }];
  });
}

function freezes(old: Projects, now: Projects, diff: ConfigDiff | undefined): readonly ProjectStep[] {
  const cameFrom = new Map(diff?.renamed.map(({ from, to }) => [to, from]));
  return [...now].flatMap(([key, { frozen }]): readonly ProjectStep[] => {
    const was = old.get(cameFrom.get(key) ?? key)?.frozen ?? null;
    if ((was === null) === (frozen === null)) return [];
    return [{ kind: frozen === null ? 'unfreeze' : 'freeze', project: nameOf(key) }];
  });
}

/** A project that says it is a fork begins with what the other has; one that is gone gives nothing. */
function forkOf(project: Project | undefined, now: Projects): readonly ProjectStep[] {
  if (project === undefined || project.forkedFrom === null || !now.has(project.forkedFrom)) return [];
  const from = nameOf(project.forkedFrom);
  return [{ kind: 'fork', from, project: nameOf(projectKey(project)), chroots: project.chroots }];
}
