// The order of a project's builds: from what its packages state (`needs`) and from what their specs require of each
// other.
import { type Project, projectKey } from '../words/project.ts';
import { compareNames, type Needing, orderByNeeds } from './dependency-order.ts';
import type { SpecRequires } from './plan.ts';

export interface ProjectOrder {
  /** Every package once, what it needs first. */
  readonly order: readonly string[];
  /**
   * What each package waits for: its `needs`, and those whose specs provide what its spec requires. Along a circle that
   * was cut nothing is waited for but stated needs: one that lacks another is tried again after it.
   */
  readonly needs: ReadonlyMap<string, readonly string[]>;
  /** Circles of specs that were cut, named in full, the smallest name first. */
  readonly cycles: readonly (readonly string[])[];
}

/** Hostile specs have as many circles as they have lines: after these rounds of cutting only `needs` count. */
const maximumRounds = 50;

/** Stated needs are never cut: of a circle the first requirement, from its smallest name on, that no `needs` states. */
export function orderBySpecs(project: Project, specs: ReadonlyMap<string, SpecRequires> | undefined): ProjectOrder {
  const stated = new Map(project.packages.map(({ name, needs }) => [name, needs]));
  const required = specs === undefined ? new Map<string, Set<string>>() : requiredBy(project, specs);
  const cycles: (readonly string[])[] = [];
  for (let round = 0; required.size > 0 && round < maximumRounds; round += 1) {
    const items = join(stated, required);
    const found = orderByNeeds(items);
    if (found.cycles.length === 0) {
      return { order: found.order, needs: needsOf(items, stated, cycles), cycles };
    }
    cycles.push(...found.cycles.filter((cycle) => cut(cycle, stated, required)));
  }
  const items = join(stated, new Map());
  return { order: orderByNeeds(items).order, needs: needsOf(items, stated, cycles), cycles };
}

/** Package → packages of the same project that provide something that its spec requires. */
function requiredBy(project: Project, specs: ReadonlyMap<string, SpecRequires>): Map<string, Set<string>> {
  const providers = new Map<string, Set<string>>();
  const specOf = (name: string) => specs.get(`${projectKey(project)}/${name}`);
  for (const { name } of project.packages) {
    for (const provided of [name, ...(specOf(name)?.provides ?? [])]) {
      const known = providers.get(provided) ?? new Set<string>();
      providers.set(provided, known.add(name));
    }
  }
  const required = new Map<string, Set<string>>();
  for (const { name } of project.packages) {
    const found = new Set<string>();
    for (const wanted of specOf(name)?.buildRequires ?? []) {
      for (const provider of providers.get(wanted) ?? []) if (provider !== name) found.add(provider);
    }
    if (found.size > 0) required.set(name, found);
  }
  return required;
}

function join(stated: ReadonlyMap<string, readonly string[]>, required: ReadonlyMap<string, Set<string>>): Needing[] {
  return [...stated].map(([name, needs]) => {
    const more = required.get(name);
    return { name, needs: more === undefined ? needs : [...new Set([...needs, ...[...more].sort(compareNames)])] };
  });
}

function needsOf(
  items: readonly Needing[],
  stated: ReadonlyMap<string, readonly string[]>,
  cycles: readonly (readonly string[])[],
): Map<string, readonly string[]> {
  const circleOf = joinCircles(cycles);
  const waits = (name: string, need: string) => {
    const circle = circleOf.get(name);
    return stated.get(name)?.includes(need) === true || circle === undefined || circle !== circleOf.get(need);
  };
  return new Map(items.map(({ name, needs }) => [name, needs.filter((need) => waits(name, need))]));
}

/** Package → the same object for all that stand on circles which share a package. */
function joinCircles(cycles: readonly (readonly string[])[]): ReadonlyMap<string, Set<string>> {
  const circleOf = new Map<string, Set<string>>();
  for (const cycle of cycles) {
    const members = new Set(cycle.flatMap((name) => [name, ...(circleOf.get(name) ?? [])]));
    for (const name of members) circleOf.set(name, members);
  }
  return circleOf;
}

/** True when one requirement of the circle was cut now: another circle may have shared it. */
function cut(
  cycle: readonly string[],
  stated: ReadonlyMap<string, readonly string[]>,
  required: Map<string, Set<string>>,
): boolean {
  const steps = cycle.map((name, index) => [name, cycle[(index + 1) % cycle.length] ?? name] as const);
  if (!steps.every(([name, next]) => stated.get(name)?.includes(next) || required.get(name)?.has(next))) return false;
  for (const [name, next] of steps) {
    const own = required.get(name);
    if (own === undefined || !own.has(next) || stated.get(name)?.includes(next)) continue;
    own.delete(next);
    if (own.size === 0) required.delete(name);
    return true;
  }
  return false;
}
