// What changed between two states of a config repo: for the checks of pull requests, and for what is moved or deleted
// afterwards.
import { compareNames } from '../plan/dependency-order.ts';
import { type ConfigRepo, type Package, type Project, projectKey } from '../words/project.ts';
import { isScriptText } from '../words/source.ts';

/** A config repo at one commit, with the content of what it names. */
export interface ConfigState {
  readonly config: ConfigRepo;
  /** Folder (`packages/owner/project/package`) → Git object id of its content. */
  readonly packageTrees: ReadonlyMap<string, string>;
  /** Chroot → hash of `chroots/<chroot>.cfg`. */
  readonly chrootConfigDigests: ReadonlyMap<string, string>;
}

export interface TouchedPackage {
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  readonly change: 'added' | 'changed' | 'removed';
}

/** Projects as `owner/name`; all lists sorted. */
export interface ConfigDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** A project that left and one that came, of which one says so or which are the same but for their name. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  /** Projects in both states that say something else, in any of their keys; renamed ones by their new name. */
  readonly changed: readonly string[];
  /** What `coppice.yaml` says is another; only admins may do that. */
  readonly policyChanged: boolean;
  /** Chroots whose `chroots/<chroot>.cfg` came, went or changed; only admins may do that. */
  readonly chrootConfigs: readonly string[];
  /**
   * Packages that came, went or changed, in their keys, their options or their folder; not those of removed projects.
   */
  readonly touchedPackages: readonly TouchedPackage[];
}

/** Pure. Values of the same `createConfigParser` are compared by identity first, which is quick. */
export function diffConfigs(before: ConfigState, after: ConfigState): ConfigDiff {
  const old = new Map(before.config.projects.map((project) => [projectKey(project), project]));
  const now = new Map(after.config.projects.map((project) => [projectKey(project), project]));
  const gone = [...old.keys()].filter((key) => !now.has(key)).sort(compareNames);
  const come = [...now.keys()].filter((key) => !old.has(key)).sort(compareNames);
  const renamed = findRenamed(gone, come, old, now);
  const cameFrom = new Map(renamed.map(({ from, to }) => [to, from]));
  const left = new Set(renamed.map(({ from }) => from));
  const changed: string[] = [];
  const touchedPackages: TouchedPackage[] = [];
  for (const [key, project] of [...now].sort(([a], [b]) => compareNames(a, b))) {
    const former = old.get(cameFrom.get(key) ?? key);
    const touched = comparePackages(former, project, before.packageTrees, after.packageTrees);
    touchedPackages.push(...touched);
    if (former === undefined || former === project) continue;
    if (contentOf(former) !== contentOf(project)) changed.push(key);
  }
  return {
    added: come.filter((key) => !cameFrom.has(key)),
    removed: gone.filter((key) => !left.has(key)),
    renamed,
    changed,
    policyChanged: textOf(before.config.policy) !== textOf(after.config.policy),
    chrootConfigs: differences(before.chrootConfigDigests, after.chrootConfigDigests),
    touchedPackages,
  };
}

type Projects = ReadonlyMap<string, Project>;

/**
 * Each project that left is the former state of one at most: of the one that says so, else of the first with the same
 * content.
 */
function findRenamed(gone: readonly string[], come: readonly string[], old: Projects, now: Projects) {
  const renamed = new Map<string, string>();
  const free = new Set(gone);
  const pair = (to: string, from: string | null | undefined) => {
    if (from === null || from === undefined || renamed.has(to) || !free.delete(from)) return;
    renamed.set(to, from);
  };
  for (const to of come) pair(to, now.get(to)?.renamedFrom);
  for (const to of come) pair(to, now.get(to)?.forkedFrom);
  const byContent = new Map<string, string[]>();
  for (const from of [...free]) {
    const project = old.get(from);
    if (project === undefined || project.packages.length === 0) continue;
    const content = contentOf(project);
    byContent.set(content, [...(byContent.get(content) ?? []), from]);
  }
  for (const to of come) {
    const project = now.get(to);
    if (project === undefined || renamed.has(to)) continue;
    pair(to, byContent.get(contentOf(project))?.shift());
  }
  return [...renamed].map(([to, from]) => ({ from, to })).sort((a, b) => compareNames(a.to, b.to));
}

function comparePackages(
  former: Project | undefined,
  project: Project,
  oldTrees: ReadonlyMap<string, string>,
  newTrees: ReadonlyMap<string, string>,
): TouchedPackage[] {
  const { owner, name: projectName } = project;
  const old = new Map(former?.packages.map((each) => [each.name, each]));
  const touched: TouchedPackage[] = [];
  const touch = (name: string, change: TouchedPackage['change']) =>
    touched.push({ owner, project: projectName, package: name, change });
  for (const each of project.packages) {
    const was = old.get(each.name);
    old.delete(each.name);
    if (was === undefined || former === undefined) touch(each.name, 'added');
    else if (
      (was !== each && textOf(was) !== textOf(each)) ||
      treeOf(former, was, oldTrees) !== treeOf(project, each, newTrees) ||
      former.repos.join(' ') !== project.repos.join(' ')
    ) {
      touch(each.name, 'changed');
    }
  }
  for (const name of old.keys()) touch(name, 'removed');
  return touched.sort((a, b) => compareNames(a.package, b.package));
}

function treeOf(project: Project, { name, source }: Package, trees: ReadonlyMap<string, string>): string | undefined {
  const inFolder = source.type === 'dir' || (source.type === 'script' && !isScriptText(source.script));
  return inFolder ? trees.get(`packages/${projectKey(project)}/${name}`) : undefined;
}

/**
 * All that a project says but for its name and where it came from; that it reads its owner's other projects stays the
 * same when the owner is renamed.
 */
function contentOf(project: Project): string {
  const text = textOf({ ...project, owner: '', name: '', path: '', forkedFrom: null, renamedFrom: null });
  return text.replaceAll(`"coppice://${project.owner}/`, '"coppice://./');
}

/** Equal values of the parser give equal texts: it writes keys in one order. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, each) => (each instanceof Map ? [...each] : each));
}

function differences(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key)).sort(compareNames);
}
