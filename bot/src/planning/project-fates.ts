// What becomes of projects when one config follows another: the same rule for pushes, pull requests and `coppice plan`.
// Pure.
import {
  type ConfigDiff,
  type ConfigState,
  diffConfigs,
  type Policy,
  type Project,
  projectKey,
  removedSecondsOf,
} from '@coppice/config';
import type { DepartedPackage } from '../vocabulary/departed.ts';
import type { Fate } from '../vocabulary/fate.ts';
import { countingLeaving, type LeavingProject } from '../vocabulary/leaving.ts';
import { goingUnder, policyChanges, retimed, shownChanges } from './user-changes.ts';

/** A config, and the projects that it does not state any more but that are still there. */
export type WithLeaving = ConfigState & {
  readonly leaving?: readonly LeavingProject[];
  readonly departed?: readonly DepartedPackage[];
};

export interface ProjectChanges {
  /** From the former state with what was leaving then, but for `replaced`. */
  readonly diff: ConfigDiff;
  readonly old: ReadonlyMap<string, Project>;
  readonly now: ReadonlyMap<string, Project>;
  /** The one that is to come, and the one before it. */
  readonly policy: Policy;
  readonly formerPolicy: Policy;
  /** Packages that had left their projects, under the names that these had. */
  readonly departed: readonly DepartedPackage[];
  /** `owner/name` → packages that had left it and are stated again. */
  readonly returned: ReadonlyMap<string, readonly string[]>;
  /** Projects that were leaving and whose name another takes, by saying so: they cannot come back. */
  readonly replaced: readonly Project[];
  /** Keys of those that were leaving and are stated again. */
  readonly kept: readonly string[];
  /** Projects that say they were another one, which is gone, and that have builds of their own: two are never mixed. */
  readonly apart: readonly { readonly from: string; readonly to: string }[];
}

/** `builds`: how many there are of each project, live ones included. */
export function compareProjects(
  before: WithLeaving,
  after: ConfigState,
  builds: ReadonlyMap<string, number>,
): ProjectChanges {
  const now = byKey(after.config.projects);
  const stated = byKey(before.config.projects);
  const all = before.leaving ?? [];
  const isReplaced = ({ project }: LeavingProject) => {
    const from = now.get(project)?.renamedFrom ?? '';
    return from !== project && stated.has(from) && !now.has(from);
  };
  const replaced = all.filter(isReplaced);
  const stays = all.filter((one) => !isReplaced(one));
  const there = byKey(countingLeaving({ config: before.config, leaving: stays }).projects);
  // Those that were there before they said so: with nothing of their own yet they count as new.
  const late = [...now].flatMap(([to, { renamedFrom: from }]) =>
    from !== null && there.has(to) && there.has(from) && !now.has(from) ? [{ from, to }] : [],
  );
  const isBuilt = (key: string) => (builds.get(key) ?? 0) > 0;
  const takesOver = new Set(late.filter(({ to }) => !isBuilt(to)).map(({ to }) => to));
  const old = new Map([...there].filter(([key]) => !takesOver.has(key)));
  const diff = diffConfigs({ ...before, config: { ...before.config, projects: [...old.values()] } }, after);
  return {
    ...{ diff, old, now, policy: after.config.policy, formerPolicy: before.config.policy },
    departed: before.departed ?? [],
    returned: returnedTo(now, before.departed ?? [], new Map(diff.renamed.map(({ from, to }) => [from, to]))),
    replaced: replaced.map((one) => one.stated),
    kept: stays.map(({ project }) => project).filter((key) => now.has(key) && !takesOver.has(key)),
    apart: late.filter(({ from, to }) => diff.removed.includes(from) && isBuilt(from) && isBuilt(to)),
  };
}

interface FateQuestion {
  /** When a project is deleted that leaves with this change, ISO 8601 UTC; null: at once. */
  readonly deleteAt: (key: string) => string | null;
  /** What was leaving before. */
  readonly leaving: readonly LeavingProject[];
  /** How many builds there are of each project, live ones included. */
  readonly builds: ReadonlyMap<string, number>;
  readonly now: Date;
}

/** What loses most comes first. */
export function fatesOf(changes: ProjectChanges, question: FateQuestion): readonly Fate[] {
  const { deleteAt, leaving, builds } = question;
  const { diff, old, now, replaced, kept, apart, returned } = changes;
  const retimes = retimedBy(changes, question.now);
  const deletion = (project: Project, at: string | null, before: boolean): Fate => ({
    ...{ kind: 'deletes', project: projectKey(project), packages: project.packages.length, at, before },
    builds: builds.get(projectKey(project)) ?? 0,
    ...frozenIn(project),
  });
  const leftBefore = new Map(leaving.map((one) => [one.project, one.deleteAt]));
  const removed = diff.removed.flatMap((key) => {
    const project = old.get(key);
    const known = leftBefore.get(key);
    return project === undefined ? [] : [deletion(project, known ?? deleteAt(key), known !== undefined)];
  });
  return [
    ...replaced.map((project) => deletion(project, null, false)),
    ...removed.filter((one) => 'before' in one && !one.before),
    ...retimes,
    ...apart.map((one): Fate => ({ kind: 'apart', ...one, builds: builds.get(one.to) ?? 0 })),
    ...diff.renamed.map(({ from, to }): Fate => ({ kind: 'renames', from, to, chroots: now.get(to)?.chroots ?? [] })),
    ...diff.added.flatMap((to): readonly Fate[] => {
      const from = now.get(to)?.renamedFrom ?? null;
      return from === null ? [] : [{ kind: 'unfounded', from, to }];
    }),
    ...kept.map((project): Fate => ({ kind: 'keeps', project, ...frozenIn(now.get(project)) })),
    ...[...returned].map(
      ([project, packages]): Fate => ({ kind: 'returns', project, packages, ...frozenIn(now.get(project)) }),
    ),
    ...dropped(changes),
    ...shownChanges(old, now, new Map(diff.renamed.map(({ from, to }) => [from, to]))),
    ...keyChanges(diff, old, now),
    ...policyFates(changes),
    ...removed.filter((one) => 'before' in one && one.before),
  ];
}

/** As the statement says that counts then. */
function frozenIn(project: Project | undefined): { readonly frozen?: true } {
  return (project?.frozen ?? null) === null ? {} : { frozen: true };
}

function returnedTo(
  now: ReadonlyMap<string, Project>,
  departed: readonly DepartedPackage[],
  renamed: ReadonlyMap<string, string>,
) {
  const here = departed.map((one) => ({ ...one, project: renamed.get(one.project) ?? one.project }));
  const back = here.filter((one) => now.get(one.project)?.packages.some(({ name }) => name === one.package));
  const byProject = Map.groupBy(back, ({ project }) => project);
  return new Map([...byProject].map(([key, all]) => [key, all.map((one) => one.package)]));
}

function retimedBy({ diff, old, now, policy, formerPolicy, departed }: ProjectChanges, time: Date): readonly Fate[] {
  if (departed.length === 0) return [];
  const renamed = new Map(diff.renamed.map(({ from, to }) => [from, to]));
  const moved = departed.map((one) => ({ ...one, project: renamed.get(one.project) ?? one.project }));
  const before = goingUnder(departed, formerPolicy, old, renamed);
  return retimed(before, goingUnder(moved, policy, now, new Map()), now, time);
}

function policyFates({ policy, formerPolicy }: ProjectChanges): readonly Fate[] {
  const changes = policyChanges(formerPolicy, policy);
  return changes.length === 0 ? [] : [{ kind: 'policy', changes }];
}

function dropped({ diff, old, now, policy }: ProjectChanges): readonly Fate[] {
  const cameFrom = new Map(diff.renamed.map(({ from, to }) => [to, from]));
  return [...now].flatMap(([key, project]): readonly Fate[] => {
    const before = old.get(cameFrom.get(key) ?? key);
    if (before === undefined || before === project) return [];
    return droppedFrom({ packages: before.packages.map(({ name }) => name), chroots: before.chroots }, project, policy);
  });
}

/** What a project stated and states no more; none where it states all of it. */
export function droppedFrom(
  before: { readonly packages: readonly string[]; readonly chroots: readonly string[] },
  project: Project,
  policy: Policy,
): readonly Fate[] {
  const names = new Set(project.packages.map(({ name }) => name));
  const built: readonly string[] = project.chroots;
  const packages = before.packages.filter((name) => !names.has(name));
  const chroots = before.chroots.filter((name) => !built.includes(name));
  if (packages.length + chroots.length === 0) return [];
  const keptSeconds = removedSecondsOf(policy, project);
  return [{ kind: 'drops', project: projectKey(project), packages, keptSeconds, chroots, ...frozenIn(project) }];
}

/** The project stays with its key: another kind is for the next one. */
function keyChanges(diff: ConfigDiff, old: ProjectChanges['old'], now: ProjectChanges['now']): readonly Fate[] {
  const cameFrom = new Map(diff.renamed.map(({ from, to }) => [to, from]));
  return [...now].flatMap(([key, { keyKind }]): readonly Fate[] => {
    const before = old.get(cameFrom.get(key) ?? key)?.keyKind ?? keyKind;
    return before === keyKind ? [] : [{ kind: 'key', project: key, from: before, to: keyKind }];
  });
}

function byKey(projects: readonly Project[]): ReadonlyMap<string, Project> {
  return new Map(projects.map((project) => [projectKey(project), project]));
}
