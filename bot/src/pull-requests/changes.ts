// What a pull request changes of ours, and what follows from that. Pure.
import { isDeepStrictEqual } from 'node:util';
import { type ConfigRepo, type ConfigTree, type Package, type Project, projectKey } from '@coppice/config';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';

/** The files that a pull request changes, by what they are to us. */
export interface Changes {
  /** False when nothing of ours is among them. */
  readonly ours: boolean;
  readonly policy: boolean;
  /** Names of the changed files in `chroots/`. */
  readonly chroots: readonly string[];
  /** `owner/name` of the projects whose file or packages are changed, sorted. */
  readonly projects: readonly string[];
}

const policyFile = 'coppice.yaml';

/** `paths` are all that differ, those that are gone included. */
export function sortChanges(paths: readonly string[]): Changes {
  const projects = new Set<string>();
  for (const path of paths) {
    const [, described] = /^projects\/([^/]+\/[^/]+)\.yaml$/.exec(path) ?? [];
    const [, holding] = /^packages\/([^/]+\/[^/]+)\//.exec(path) ?? [];
    const project = described ?? holding;
    if (project !== undefined) projects.add(project);
  }
  return {
    ours: paths.some((path) => path === policyFile || /^(projects|packages|chroots)\//.test(path)),
    policy: paths.includes(policyFile),
    chroots: paths.filter((path) => path.startsWith('chroots/')).map((path) => path.slice('chroots/'.length)),
    projects: [...projects].sort(),
  };
}

/** What it takes to let it be built. */
export interface Demands {
  /** `owner/name`, sorted: who asks needs rights on each of them. */
  readonly touched: readonly string[];
  /** Why only an admin can let it be built, one part of a sentence each; empty when others can, too. */
  readonly adminReasons: readonly string[];
  /** Sentences about what it means to merge it. */
  readonly notes: readonly string[];
}

/**
 * `base` is the config in force, `head` what the pull request states (undefined while it has problems), `from` what
 * both come from: what is the same there is none of its doing.
 */
export function judgeChanges(
  changes: Changes,
  base: ConfigRepo,
  head: ConfigRepo | undefined,
  from: ConfigRepo = base,
): Demands {
  const adminReasons: string[] = [];
  const notes: string[] = [];
  if (changes.policy) adminReasons.push('it changes the policy (`coppice.yaml`)');
  if (changes.chroots.length > 0) adminReasons.push('it changes the configuration of chroots (`chroots/`)');
  const touched: string[] = [];
  const [old, stated, common] = [byKey(base), byKey(head), byKey(from)];
  for (const key of changes.projects) {
    const before = old.get(key);
    const after = stated.get(key);
    // Files of a project that is nowhere are nobody's; while the head cannot be read they may be a new project's.
    if (before === undefined && after === undefined && head !== undefined) continue;
    touched.push(key);
    if (before === undefined) adminReasons.push(`\`${key}\` is a new project`);
    else if (after !== undefined && !sameRights(common.get(key) ?? before, after)) {
      notes.push(`It changes who may change or build \`${key}\`; that counts once it is merged.`);
    }
  }
  return { touched, adminReasons, notes };
}

function byKey(config: ConfigRepo | undefined): ReadonlyMap<string, Project> {
  return new Map(config?.projects.map((project) => [projectKey(project), project]));
}

interface Rights {
  readonly maintainers: readonly string[];
  readonly builders: readonly string[];
}

function sameRights(a: Rights, b: Rights): boolean {
  return isDeepStrictEqual([a.maintainers, a.builders], [b.maintainers, b.builders]);
}

/** The files of a head under the policy in force: what it states of the policy itself counts once it is merged. */
export function underPolicy(head: ConfigTree, policy: string): ConfigTree {
  return {
    ...head,
    texts: new Map([...head.texts, [policyFile, policy]]),
    oversize: new Map([...head.oversize].filter(([path]) => path !== policyFile)),
    paths: new Set([...head.paths, policyFile]),
  };
}

/**
 * Names of a project's packages whose builds may differ between the two, with those that are rebuilt on their account;
 * in the config's order.
 */
export function changedPackages(key: string, before: ConfigAtCommit | undefined, after: ConfigAtCommit): string[] {
  const project = after.config.projects.find((one) => projectKey(one) === key);
  if (project === undefined) return [];
  const old = before?.config.projects.find((one) => projectKey(one) === key);
  const oldPackages = new Map(old?.packages.map((each) => [each.name, each]));
  const changed = new Set<string>();
  const follows = (each: Package) => each.rebuildOnNeeds && each.needs.some((need) => changed.has(need));
  for (const each of project.packages) {
    const same = oldPackages.get(each.name);
    if (
      before === undefined ||
      old === undefined ||
      !isDeepStrictEqual(each, same) ||
      !isDeepStrictEqual(project.repos, old.repos) ||
      before.packageTrees.get(`packages/${key}/${each.name}`) !==
        after.packageTrees.get(`packages/${key}/${each.name}`) ||
      each.chroots.some((name) => before.chrootConfigDigests.get(name) !== after.chrootConfigDigests.get(name))
    ) {
      changed.add(each.name);
    }
  }
  for (let size = -1; size !== changed.size; ) {
    size = changed.size;
    for (const each of project.packages) if (follows(each)) changed.add(each.name);
  }
  return project.packages.map(({ name }) => name).filter((name) => changed.has(name));
}
