// What another config changes for users, or of what is kept for them, without any build. Pure.
import { forHowLong, type Policy, type Project, projectKey, repoTerms } from '@coppice/config';
import { type DepartedPackage, type LeavingPackage, whenPackagesGo } from '../vocabulary/departed.ts';
import type { Fate, PolicyChange, UserChange } from '../vocabulary/fate.ts';

type Projects = ReadonlyMap<string, Project>;

/** `find*`: the projects of either config by `owner/name`. */
function userChanges(
  before: Project,
  after: Project,
  findBefore: (key: string) => Project | undefined,
  findAfter: (key: string) => Project | undefined,
): readonly UserChange[] {
  // It can need others that changed only where it needs any.
  if (before === after && after.runtimeRepos.length === 0) return [];
  const option = (name: string, from: unknown, to: unknown): readonly UserChange[] =>
    from === to ? [] : [{ what: 'option', name, from: shown(from), to: shown(to) }];
  const [was, is] = [before.repoOptions, after.repoOptions];
  const file = (name: 'comps' | 'appstream'): readonly UserChange[] => {
    const [from, to] = [before.metadata[name], after.metadata[name]];
    return from === to ? [] : [{ what: 'metadata', name, from, to }];
  };
  const [needed, needs] = [neededBy(before, findBefore), neededBy(after, findAfter)];
  const [added, removed] = [needs.filter((one) => !needed.includes(one)), needed.filter((one) => !needs.includes(one))];
  return [
    ...plainChanges(before, after),
    ...option('priority', was.priority, is.priority),
    ...option('cost', was.cost, is.cost),
    ...option('module_hotfixes', was.moduleHotfixes, is.moduleHotfixes),
    ...option('multilib', was.multilib, is.multilib),
    ...(added.length + removed.length === 0 ? [] : [{ what: 'needed', added, removed } as const]),
    ...file('comps'),
    ...file('appstream'),
  ];
}

type Plain = Pick<Project, 'frozen' | 'deleteAfter' | 'publish'>;

/** Those that everybody can read in `projects.json`. */
export function plainChanges(before: Plain, after: Plain): readonly UserChange[] {
  const isFrozen = ({ frozen }: Plain) => frozen !== null;
  const [from, to] = [before.deleteAfter, after.deleteAfter];
  return [
    ...(isFrozen(before) === isFrozen(after) ? [] : [{ what: 'frozen', frozen: isFrozen(after) } as const]),
    ...(from === to ? [] : [{ what: 'last day', from, to } as const]),
    ...(before.publish === after.publish
      ? []
      : [{ what: 'publish', from: before.publish, to: after.publish } as const]),
  ];
}

/** False is what dnf does by itself. */
function shown(value: unknown): string | null {
  return value === null || value === false ? null : String(value);
}

function neededBy(project: Project, find: (key: string) => Project | undefined): readonly string[] {
  if (project.runtimeRepos.length === 0) return [];
  return repoTerms(project, find).needed.map((one) =>
    one.kind === 'project'
      ? `coppice://${one.owner}/${one.name}`
      : `${one.url}${one.key === null ? '' : ` (key ${one.key})`}`,
  );
}

/**
 * Of packages that left before, those of which what they have published goes at another time: `before` and `after` are
 * the same as one config and another say it, as `whenPackagesGo` gives them, under the later names of their projects.
 */
export function retimed(
  before: readonly LeavingPackage[],
  after: readonly LeavingPackage[],
  projects: Projects,
  now: Date,
): readonly Fate[] {
  const later = new Map(after.map((one) => [`${one.project}/${one.package}`, one.deleteAt]));
  const changed = before.flatMap((one) => {
    const at = later.get(`${one.project}/${one.package}`);
    return at === undefined || at === one.deleteAt ? [] : [{ ...one, at }];
  });
  const alike = Map.groupBy(changed, ({ project, deleteAt, at }) => `${project} ${deleteAt} ${at}`);
  const fates = [...alike.values()].flatMap((some): readonly Fate[] => {
    const [one] = some;
    if (one === undefined) return [];
    const { project, deleteAt, at } = one;
    const due = at !== null && Date.parse(at) <= now.getTime();
    const frozen = (projects.get(project)?.frozen ?? null) === null ? {} : { frozen: true as const };
    const packages = some.map((each) => each.package);
    return [{ kind: 'retimes', project, packages, before: deleteAt, at, due, ...frozen }];
  });
  return fates.sort((a, b) => Number('due' in b && b.due) - Number('due' in a && a.due));
}

/** The packages that had left, when they go as `policy` and `projects` say, under the later names of their projects. */
export function goingUnder(
  departed: readonly DepartedPackage[],
  policy: Policy,
  projects: Projects,
  renamed: ReadonlyMap<string, string>,
): readonly LeavingPackage[] {
  if (departed.length === 0) return [];
  const all = [...projects.values()];
  return whenPackagesGo(departed, { policy, projects: all }).map((one) => ({
    ...one,
    project: renamed.get(one.project) ?? one.project,
  }));
}

/** What the policy says of how long things are kept, where it says something else. */
export function policyChanges(before: Policy, after: Policy): readonly PolicyChange[] {
  const [was, is] = [termsIn(before), termsIn(after)];
  return [...is].flatMap(([key, to]) => {
    const from = was.get(key) ?? '';
    return from === to ? [] : [{ key, from, to }];
  });
}

function termsIn({ retention, signing }: Policy): ReadonlyMap<string, string> {
  const removed = retention.removedSeconds;
  const count = (builds: number | null) => (builds === null ? 'no bound' : `${builds} builds`);
  return new Map([
    ['retention.removed', removed === null ? 'for ever' : removed === 0 ? 'not at all' : forHowLong(removed)],
    ['retention.failed', forHowLong(retention.failedSeconds)],
    ['retention.superseded', forHowLong(retention.supersededSeconds)],
    ['retention.failedBuilds', count(retention.failedBuilds)],
    ['retention.supersededBuilds', count(retention.supersededBuilds)],
    ['retention.pullRequests', forHowLong(retention.pullRequestsSeconds)],
    ['signing.expires', forHowLong(signing.lifeSeconds)],
    ['signing.overlap', forHowLong(signing.overlapSeconds)],
  ]);
}

/** Of all projects that both configs state. `old`: by their former names; `renamed`: the former → the later one. */
export function shownChanges(old: Projects, now: Projects, renamed: ReadonlyMap<string, string>): readonly Fate[] {
  const cameFrom = new Map([...renamed].map(([from, to]) => [to, from]));
  return [...now.values()].flatMap((project): readonly Fate[] => {
    const key = projectKey(project);
    const before = old.get(cameFrom.get(key) ?? key);
    if (before === undefined) return [];
    const changes = userChanges(
      before,
      project,
      (each) => old.get(each),
      (each) => now.get(each),
    );
    const frozen = project.frozen === null ? {} : { frozen: true as const };
    return changes.length === 0 ? [] : [{ kind: 'shows', project: key, changes, ...frozen }];
  });
}
