// The plan: the difference between what a commit states and what has been built. Pure: same input, same plan.
import { isFinal } from '../words/build.ts';
import { plainBuildroot } from '../words/buildroot.ts';
import type { ChrootName, ChrootState } from '../words/chroot.ts';
import { nearest } from '../words/nearest.ts';
import { type Package, type Project, projectKey } from '../words/project.ts';
import { type PinnedSource, pinnedFor } from '../words/source.ts';
import { compareNames } from './dependency-order.ts';
import { longestChain } from './expected-seconds.ts';
import { canonicalSource } from './input-digest.ts';
import type {
  BuildCause,
  BuiltChroot,
  Plan,
  PlanCycle,
  PlanInput,
  PlannedBuild,
  PlannedChroot,
  PlanSelection,
  SkippedBuild,
  UnknownName,
} from './plan.ts';
import { type DigestOf, projectDigests } from './project-digests.ts';
import { skipReasons } from './skip-reasons.ts';
import { orderBySpecs } from './spec-order.ts';

/**
 * See PlanInput and Plan. A failed build with unchanged inputs is not built again unless forced, or infrastructure was
 * at fault.
 */
export function planBuilds(input: PlanInput): Plan {
  const builds: PlannedBuild[] = [];
  const skipped: SkippedBuild[] = [];
  const cycles: PlanCycle[] = [];
  const last = lastBuilds(input.built);
  const projects = input.config.projects.filter(
    ({ owner, name }) => input.selection.project === undefined || input.selection.project === `${owner}/${name}`,
  );
  for (const project of projects.toSorted((a, b) => compareNames(projectKey(a), projectKey(b)))) {
    planProject({ project, input, last, builds, skipped, cycles });
  }
  return { builds, skipped, unknown: unknownNames(projects, input), cycles, expectedSeconds: longestChain(builds) };
}

type LastBuilds = ReadonlyMap<string, BuiltChroot>;

/** One project while it is planned; what is found goes into the three lists of the whole plan. */
interface ProjectPlan {
  readonly project: Project;
  readonly input: PlanInput;
  readonly last: LastBuilds;
  readonly builds: PlannedBuild[];
  readonly skipped: SkippedBuild[];
  readonly cycles: PlanCycle[];
}

function planProject(plan: ProjectPlan): void {
  const { project, input, last, builds } = plan;
  const { owner } = project;
  const packages = new Map(project.packages.map((each) => [each.name, each]));
  const { order, needs, cycles } = orderBySpecs(project, input.specRequires);
  plan.cycles.push(...cycles.map((names) => ({ owner, project: project.name, packages: names })));
  const lastDigest: DigestOf = (name, chroot) => last.get(builtKey(owner, project.name, name, chroot))?.inputDigest;
  const digestOf = projectDigests(project, order, input, lastDigest);
  const planned = new Map<string, number[]>();
  for (const name of order) {
    const each = packages.get(name);
    if (each === undefined || !isSelected(project, name, input.selection)) continue;
    const place = { owner, project: project.name, package: name };
    const skip: Skip = (chroot, why) => plan.skipped.push({ ...place, chroot, why });
    if (project.frozen !== null) skip(null, `the project is frozen: ${project.frozen}`);
    else if (input.pinned.get(`${projectKey(project)}/${name}`) === undefined) {
      skip(null, input.unpinned.get(`${projectKey(project)}/${name}`) ?? 'its source was not looked up');
    } else {
      const ends = (chroot: ChrootName) => whyUnbuilt(plan, name, chroot, needs, planned);
      const groups = groupBySource(plan, each, planChroots(plan, each, digestOf, skip, ends));
      // Builds of one package never wait for each other.
      const before = groups.map(({ chroots }) => waitsFor(plan, name, chroots, needs, planned));
      planned.set(
        name,
        groups.map((_, index) => builds.length + index),
      );
      const { timeoutSeconds, memoryBytes, background, builderLabels } = each;
      groups.forEach((group, index) => {
        const { after, afterBuilds } = before[index] ?? { after: [], afterBuilds: [] };
        const waits = { after, afterBuilds };
        builds.push({ ...place, ...group, ...waits, timeoutSeconds, memoryBytes, background, builderLabels });
      });
    }
  }
}

interface SourceGroup {
  readonly source: PinnedSource;
  readonly chroots: PlannedChroot[];
}

/** One build for each source: the chroots of a dist-git's branch, or all. Two branches at one commit are one source. */
function groupBySource({ project, input }: ProjectPlan, each: Package, chroots: readonly PlannedChroot[]) {
  const pinned = input.pinned.get(`${projectKey(project)}/${each.name}`);
  const groups = new Map<string, SourceGroup>();
  for (const chroot of chroots) {
    const source = pinnedFor(pinned, chroot.chroot);
    if (source === undefined) continue;
    const group = groups.get(canonicalSource(source)) ?? { source, chroots: [] };
    group.chroots.push(chroot);
    groups.set(canonicalSource(source), group);
  }
  return [...groups.values()];
}

type Skip = (chroot: ChrootName | null, why: string) => void;

function isSelected(project: Project, name: string, { packages }: PlanSelection): boolean {
  return packages.length === 0 || packages.includes(name) || packages.includes(`${projectKey(project)}/${name}`);
}

function planChroots(
  plan: ProjectPlan,
  each: Package,
  digestOf: DigestOf,
  skip: Skip,
  whyUnbuiltFor: (chroot: ChrootName) => string | undefined,
): PlannedChroot[] {
  const { project, input, last } = plan;
  const command = () => buildCommand(plan, each.name);
  const wanted = input.selection.chroots;
  const chroots = each.chroots.filter((chroot) => wanted.length === 0 || wanted.includes(chroot));
  if (chroots.length === 0) skip(null, `it is not built for ${wanted.join(' or ')}`);
  const { chrootStates } = input.config.policy;
  return chroots.flatMap((chroot) => {
    const state = chrootStates.get(chroot)?.state ?? 'active';
    const key = `${projectKey(project)}/${each.name}`;
    if (state === 'active' && pinnedFor(input.pinned.get(key), chroot) === undefined) {
      skip(chroot, input.unpinned.get(`${key}/${chroot}`) ?? 'its source was not looked up');
      return [];
    }
    const digest = digestOf(each.name, chroot) ?? '';
    const before = last.get(builtKey(project.owner, project.name, each.name, chroot));
    const decision =
      state === 'active'
        ? decide(before, digest, input.force, () => whyUnbuiltFor(chroot), command)
        : inactive(chroot, state);
    if (!decision.build) {
      skip(chroot, decision.why);
      return [];
    }
    const buildroot = each.buildroots.get(chroot) ?? plainBuildroot;
    const expectedSeconds = input.expectedSeconds?.(project.owner, project.name, each.name, chroot) ?? null;
    return [{ chroot, inputDigest: digest, cause: decision.cause, buildroot, expectedSeconds }];
  });
}

/** Asking for it by force changes nothing: the admins decided. */
function inactive(chroot: ChrootName, state: Exclude<ChrootState, 'active'>): Decision {
  return { build: false, why: skipReasons.resting(chroot, state) };
}

type Decision = { readonly build: true; readonly cause: BuildCause } | { readonly build: false; readonly why: string };

/** The heart of the plan: is this chroot to be built, given its last build? */
function decide(
  before: BuiltChroot | undefined,
  digest: string,
  force: boolean,
  whyUnbuilt: () => string | undefined,
  command: () => string,
): Decision {
  if (before === undefined) return { build: true, cause: 'new' };
  if (before.inputDigest !== digest) return { build: true, cause: 'changed' };
  switch (before.state) {
    case 'pending':
    case 'starting':
    case 'running':
      return { build: false, why: skipReasons.building(before.id) };
    case 'canceled':
    case 'skipped': {
      const why = force ? undefined : whyUnbuilt();
      return why === undefined ? { build: true, cause: 'canceled before' } : { build: false, why };
    }
    case 'succeeded':
      return force ? { build: true, cause: 'forced' } : { build: false, why: skipReasons.unchanged(before.id) };
    case 'failed': {
      if (force) return { build: true, cause: 'forced' };
      return { build: false, why: `failed in build ${before.id} with the same inputs; ${command()} builds it again` };
    }
  }
}

/** What builds a package when it is pasted: with its project where others have a package of that name. */
function buildCommand({ project, input }: Pick<ProjectPlan, 'project' | 'input'>, name: string): string {
  const { projects } = input.config;
  const counts = packageCounts.get(projects) ?? countPackages(projects);
  packageCounts.set(projects, counts);
  return (counts.get(name) ?? 0) > 1 ? `\`/build ${projectKey(project)}/${name}\`` : `\`/build ${name}\``;
}

/** A plan may say it of thousands. */
const packageCounts = new WeakMap<readonly Project[], ReadonlyMap<string, number>>();

function countPackages(projects: readonly Project[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { packages } of projects) {
    for (const { name } of packages) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/**
 * Why a package that was canceled or skipped stays unbuilt with a push that is not about it; undefined: it is built.
 * What was skipped comes back together with what it needs; with no need that is missing, it was skipped for another
 * reason that is over.
 */
function whyUnbuilt(
  plan: ProjectPlan,
  name: string,
  chroot: ChrootName,
  needs: ReadonlyMap<string, readonly string[]>,
  planned: ReadonlyMap<string, readonly number[]>,
): string | undefined {
  const { project, input, last } = plan;
  if (input.leavesUnbuilt !== true) return undefined;
  const lastOf = (need: string) => last.get(builtKey(project.owner, project.name, need, chroot));
  const before = lastOf(name);
  if (before === undefined) return undefined;
  const again = `${buildCommand(plan, name)} builds it`;
  const by = before.canceledBy ?? null;
  if (before.state === 'canceled') {
    return by === null ? undefined : `canceled in build ${before.id} by ${by}, with the same inputs; ${again}`;
  }
  const { after, afterBuilds } = waitsFor(plan, name, [{ chroot }], needs, planned);
  if (after.length > 0 || afterBuilds.length > 0) return undefined;
  const missing = allNeeds(name, needs).find((need) => {
    const state = lastOf(need)?.state;
    return state === 'failed' || state === 'canceled' || state === 'skipped';
  });
  if (missing === undefined) return undefined;
  return `skipped in build ${before.id}, and ${missing}, which it needs, is not built now either; ${again}`;
}

/** What a package needs, and what that needs. */
function allNeeds(name: string, needs: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const found = new Set<string>();
  const open = [...(needs.get(name) ?? [])];
  for (let need = open.pop(); need !== undefined; need = open.pop()) {
    if (found.has(need)) continue;
    found.add(need);
    open.push(...(needs.get(need) ?? []));
  }
  found.delete(name);
  return [...found];
}

/** What a build waits for: its needs that are planned or in the queue, also through needs that are neither. */
function waitsFor(
  { project, builds, last }: ProjectPlan,
  name: string,
  chroots: readonly Pick<PlannedChroot, 'chroot'>[],
  needs: ReadonlyMap<string, readonly string[]>,
  planned: ReadonlyMap<string, readonly number[]>,
): { after: number[]; afterBuilds: number[] } {
  const after = new Set<number>();
  const afterBuilds = new Set<number>();
  for (const { chroot } of chroots) {
    const seen = new Set<string>();
    const open = [...(needs.get(name) ?? [])];
    for (let need = open.pop(); need !== undefined; need = open.pop()) {
      if (seen.has(need)) continue;
      seen.add(need);
      const index = planned.get(need)?.find((at) => builds[at]?.chroots.some((other) => other.chroot === chroot));
      const live = last.get(builtKey(project.owner, project.name, need, chroot));
      if (index !== undefined) after.add(index);
      else if (live !== undefined && !isFinal(live.state)) afterBuilds.add(live.id);
      else open.push(...(needs.get(need) ?? []));
    }
  }
  const ascending = (a: number, b: number) => a - b;
  return { after: [...after].sort(ascending), afterBuilds: [...afterBuilds].sort(ascending) };
}

function lastBuilds(built: readonly BuiltChroot[]): LastBuilds {
  const last = new Map<string, BuiltChroot>();
  for (const each of built) {
    // No builder could try: the package was not built.
    if (each.state === 'failed' && each.reason === 'infrastructure') continue;
    const key = builtKey(each.owner, each.project, each.package, each.chroot);
    if ((last.get(key)?.id ?? 0) < each.id) last.set(key, each);
  }
  return last;
}

function builtKey(owner: string, project: string, name: string, chroot: string): string {
  return `${owner}/${project}/${name}/${chroot}`;
}

function unknownNames(projects: readonly Project[], { config, selection }: PlanInput): UnknownName[] {
  const check = (what: UnknownName['what'], names: readonly string[], known: readonly string[]) =>
    names
      .filter((name) => !known.includes(name))
      .map((name): UnknownName => ({ what, name, nearest: nearest(name, known) ?? null }));
  if (selection.project !== undefined && projects.length === 0) {
    return check('project', [selection.project], config.projects.map(projectKey));
  }
  const packages = projects.flatMap((project) => project.packages.map(({ name }) => name));
  const qualified = projects.flatMap((each) => each.packages.map(({ name }) => `${projectKey(each)}/${name}`));
  return [
    ...check('package', selection.packages, [...packages, ...qualified]),
    ...check('chroot', selection.chroots, [...new Set(projects.flatMap((project) => project.chroots))]),
  ];
}
