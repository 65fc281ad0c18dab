// Promotion: which planned builds of a push need not run, because the sandbox of a merged pull request holds packages
// of the same inputs that were tested there. Pure.
import { type BuildId, type BuildState, isFinal } from '../words/build.ts';
import type { ChrootName } from '../words/chroot.ts';
import { projectKey } from '../words/project.ts';
import { longestChain } from './expected-seconds.ts';
import type { BuiltChroot, Plan, PlanInput, PlannedBuild, PlannedChroot } from './plan.ts';
import { orderBySpecs } from './spec-order.ts';

/** One chroot of one build of a sandbox, ended or not. Times are ISO 8601 UTC. */
export interface SandboxBuild {
  readonly id: BuildId;
  readonly package: string;
  readonly chroot: ChrootName;
  readonly inputDigest: string;
  readonly state: BuildState;
  /** Null: it never began. */
  readonly startedAt: string | null;
  /** Null: it has not ended. */
  readonly endedAt: string | null;
  /** Its packages, as NEVRAs without epoch. */
  readonly made: readonly string[];
  /** What was installed where it was built, in the same form; null: nobody knows. */
  readonly buildroot: ReadonlySet<string> | null;
}

/** All that was, and is being, built in the sandbox of one merged pull request. */
export interface MergedSandbox {
  /** `project:pr:N`. */
  readonly name: string;
  /**
   * Its author may build the project: whatever ran on the sandbox's builders they could have had built for the project
   * itself.
   */
  readonly trusted: boolean;
  readonly builds: readonly SandboxBuild[];
}

/**
 * `plan` of one project, with the builds first that publish what a sandbox has, in the order in which that was built,
 * and the others behind them. Packages of a sandbox may be published when
 * - they are the newest good ones of their package and chroot there, and of the same inputs (equal digests);
 * - each package of the sandbox that was put into their buildroot is published with them; where nobody knows what was,
 *   each that was in the sandbox before they were done;
 * - nothing that they need is built anew by this plan, was built for the project since they began, or is being built;
 * - and, in a sandbox of somebody who may not build the project, every build before them, whatever became of it, was of
 *   inputs that the project states too: no code that nobody merged has run where they were built.
 *
 * `sandboxes`: those of the project, the one whose packages are wanted most first.
 */
export function promoteBuilds(
  plan: Plan,
  sandboxes: readonly MergedSandbox[],
  input: Pick<PlanInput, 'config' | 'specRequires' | 'built'>,
): Plan {
  const groups: Group[] = [];
  const taken = new Set<string>();
  for (const sandbox of sandboxes) {
    for (const [place, one] of promotable(sandbox, plan, input, taken)) {
      taken.add(place);
      const { build } = one.planned;
      const known = groups.find((group) => group.of === build && group.from === sandbox && group.id === one.made.id);
      if (known === undefined)
        groups.push({ of: build, from: sandbox, id: one.made.id, chroots: [one.planned.chroot] });
      else known.chroots.push(one.planned.chroot);
    }
  }
  return groups.length === 0 ? plan : arrange(plan, groups, taken);
}

/** Chroots of one planned build that one build of a sandbox has packages for. */
interface Group {
  readonly of: PlannedBuild;
  readonly from: MergedSandbox;
  readonly id: BuildId;
  readonly chroots: PlannedChroot[];
}

interface Planned {
  readonly build: PlannedBuild;
  readonly chroot: PlannedChroot;
}

interface Promotable {
  readonly planned: Planned;
  readonly made: SandboxBuild;
}

const placeOf = (name: string, chroot: string) => `${name}/${chroot}`;

/** By place. */
function promotable(
  { builds, trusted }: MergedSandbox,
  plan: Plan,
  input: Pick<PlanInput, 'config' | 'specRequires' | 'built'>,
  taken: ReadonlySet<string>,
): ReadonlyMap<string, Promotable> {
  const planned = new Map<string, Planned>();
  for (const build of plan.builds) {
    for (const chroot of build.chroots) planned.set(placeOf(build.package, chroot.chroot), { build, chroot });
  }
  const last = lastOf(input.built, plan.builds[0]);
  const digestOf = (place: string) => planned.get(place)?.chroot.inputDigest ?? last.get(place)?.inputDigest;
  const needsOf = needsIn(plan, input);
  const found = new Map<string, Promotable>();
  for (const [place, made] of newestGood(builds)) {
    const wanted = planned.get(place);
    if (wanted === undefined || taken.has(place) || wanted.chroot.inputDigest !== made.inputDigest) continue;
    const isMerged = (one: SandboxBuild) => digestOf(placeOf(one.package, one.chroot)) === one.inputDigest;
    if (trusted || builds.every((one) => isMerged(one) || !isBefore(one, made)))
      found.set(place, { planned: wanted, made });
  }
  const isFed = ({ made }: Promotable) =>
    builds
      .filter((one) => one !== made && mayHaveFed(one, made))
      .every((one) => found.get(placeOf(one.package, one.chroot))?.made === one);
  const hasNeeds = ({ made }: Promotable) =>
    needsOf(made.package).every((need) => {
      const at = placeOf(need, made.chroot);
      const other = found.get(at);
      return other === undefined ? !planned.has(at) && wasThere(last.get(at), made) : wasThere(other.made, made);
    });
  // One that is built after all may take others along.
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const [place, one] of found) if (!isFed(one) || !hasNeeds(one)) found.delete(place);
  }
  return found;
}

/** Whatever began, or was to begin, before the other one was done: its number or its times say so. */
function isBefore(one: SandboxBuild, { id, endedAt }: SandboxBuild): boolean {
  return one.id < id || one.startedAt === null || endedAt === null || one.startedAt <= endedAt;
}

/** Whether packages of one build may have been in the buildroot of the other. */
function mayHaveFed(one: SandboxBuild, made: SandboxBuild): boolean {
  if (one.state !== 'succeeded' || one.chroot !== made.chroot || !isBefore(one, made)) return false;
  const { buildroot } = made;
  return buildroot === null ? one.package !== made.package : one.made.some((nevra) => buildroot.has(nevra));
}

/** Whether a build of a sandbox saw all that there is of a package: the last build of it; undefined: nothing. */
function wasThere(last: BuiltChroot | SandboxBuild | undefined, { startedAt }: SandboxBuild): boolean {
  if (last === undefined) return true;
  return isFinal(last.state) && (last.endedAt ?? null) !== null && startedAt !== null && `${last.endedAt}` <= startedAt;
}

/** What the sandbox's repositories show, by place. */
function newestGood(builds: readonly SandboxBuild[]): ReadonlyMap<string, SandboxBuild> {
  const newest = new Map<string, SandboxBuild>();
  for (const one of builds) {
    const place = placeOf(one.package, one.chroot);
    if (one.state === 'succeeded' && (newest.get(place)?.id ?? 0) < one.id) newest.set(place, one);
  }
  return newest;
}

/** The last build of each place of the planned project. */
function lastOf(
  built: readonly BuiltChroot[],
  of: Pick<PlannedBuild, 'owner' | 'project'> | undefined,
): ReadonlyMap<string, BuiltChroot> {
  const last = new Map<string, BuiltChroot>();
  for (const one of built) {
    if (one.owner !== of?.owner || one.project !== of.project) continue;
    const place = placeOf(one.package, one.chroot);
    if ((last.get(place)?.id ?? 0) < one.id) last.set(place, one);
  }
  return last;
}

/** What a package needs, and what that needs, as the config and the specs say. */
function needsIn(
  { builds: [first] }: Plan,
  { config, specRequires }: Pick<PlanInput, 'config' | 'specRequires'>,
): (name: string) => readonly string[] {
  const project = config.projects.find((one) => projectKey(one) === `${first?.owner}/${first?.project}`);
  const needs = project === undefined ? new Map() : orderBySpecs(project, specRequires).needs;
  return (name) => {
    const found = new Set<string>();
    const open: string[] = [...(needs.get(name) ?? [])];
    for (let need = open.pop(); need !== undefined; need = open.pop()) {
      if (found.has(need)) continue;
      found.add(need);
      open.push(...(needs.get(need) ?? []));
    }
    found.delete(name);
    return [...found];
  };
}

/** What is published takes a moment. */
const promotedSeconds = 1;

/**
 * For each chroot one after the other: whoever publishes later ones can see whether the one before was published as it
 * was built in the sandbox.
 */
function arrange(plan: Plan, groups: readonly Group[], taken: ReadonlySet<string>): Plan {
  const order = new Map([...new Set(groups.map(({ from }) => from))].map((from, index) => [from, index]));
  const sorted = groups.toSorted(
    (one, other) => (order.get(one.from) ?? 0) - (order.get(other.from) ?? 0) || one.id - other.id,
  );
  const isTaken = (build: PlannedBuild, { chroot }: PlannedChroot) => taken.has(placeOf(build.package, chroot));
  const builds: PlannedBuild[] = [];
  const places = new Map<PlannedBuild, number[]>();
  const add = (of: PlannedBuild, build: PlannedBuild) => {
    places.set(of, [...(places.get(of) ?? []), builds.length]);
    builds.push(build);
  };
  const previous = new Map<string, number>();
  for (const { of, from, id, chroots } of sorted) {
    const chain = (chroot: PlannedChroot) => `${from.name}/${chroot.chroot}`;
    const after = [...new Set(chroots.flatMap((chroot) => previous.get(chain(chroot)) ?? []))].sort((a, b) => a - b);
    for (const chroot of chroots) previous.set(chain(chroot), builds.length);
    const promoted = chroots.map(
      (chroot) => ({ ...chroot, cause: 'promoted', expectedSeconds: promotedSeconds }) as const,
    );
    add(of, { ...of, chroots: promoted, after, afterBuilds: [], promotes: { project: from.name, id } });
  }
  for (const build of plan.builds) {
    const chroots = build.chroots.filter((chroot) => !isTaken(build, chroot));
    const after = build.after.flatMap((index) => places.get(plan.builds[index] as PlannedBuild) ?? []);
    if (chroots.length > 0) add(build, { ...build, chroots, after: after.sort((a, b) => a - b) });
  }
  return { ...plan, builds, expectedSeconds: longestChain(builds) };
}
