// Decides which task runs next: owners share the workers fairly, within limits, and each owner's oldest build comes
// first.
import type { BuildId, QueuedBuild } from '@coppice/config';
import type { Limits, Running } from './limits.ts';
import { SmallestFirst } from './smallest-first.ts';
import { type Builds, type LaneName, lanesOf, type Task, taskIn } from './task.ts';
import type { Turns } from './turns.ts';

/** What the choice depends on. */
export interface Schedule {
  readonly builds: Builds;
  readonly ready: ReadyBuilds;
  readonly running: Running;
  readonly turns: Turns;
}

/**
 * The next thing to do. Ending what was canceled or skipped comes first: it takes no builder. Then work that is not in
 * the background, then background work. Of the owners with work that `limits` allow, the one with the fewest tasks
 * running gets the next one, and of those with equally few the one whose last turn is longest ago; of its work, the
 * oldest build's.
 *
 * The bound: an owner of whom nothing runs, and who has such work, gets a task after at most as many others as there
 * were other owners with builds in the queue when its wait began, however many builds these have and whoever comes
 * meanwhile. (Those that get theirs before it must have had an earlier turn, and have a later one afterwards; who comes
 * new has a later one.) Background work has no bound.
 *
 * It takes time in the number of owners with work, not of builds.
 */
export function nextTask(schedule: Schedule, limits: Limits): Task | undefined {
  const { ready, builds } = schedule;
  const close = ready.closing.first((id) => taskOf(builds, 'close', id));
  return close ?? ofFairestOwner(schedule, limits, 'normal') ?? ofFairestOwner(schedule, limits, 'background');
}

function ofFairestOwner(schedule: Schedule, limits: Limits, urgency: Urgency): Task | undefined {
  const { ready, running, turns } = schedule;
  let best: { readonly tasks: number; readonly turn: number; readonly task: Task } | undefined;
  for (const [owner, lanes] of ready.owners(urgency)) {
    const tasks = running.tasksOf(owner);
    const turn = turns.of(owner);
    if (best !== undefined && (tasks > best.tasks || (tasks === best.tasks && turn > best.turn))) continue;
    const task = oldestOf(schedule, limits, owner, lanes);
    if (task !== undefined) best = { tasks, turn, task };
  }
  return best?.task;
}

/** Of the lanes that `limits` allow, the task of the oldest build; of its chroots, the first that it names. */
function oldestOf(schedule: Schedule, limits: Limits, owner: string, lanes: Lanes): Task | undefined {
  let best: Task | undefined;
  for (const [name, lane] of lanes) {
    if (name !== 'srpm' && name !== 'close' && schedule.running.isFull(limits, owner, name)) continue;
    const task = lane.first((id) => taskOf(schedule.builds, name, id));
    if (task === undefined) lanes.delete(name);
    else if (best === undefined || standsBefore(task, best)) best = task;
  }
  return best;
}

function standsBefore(one: Task, other: Task): boolean {
  if (one.build.id !== other.build.id) return one.build.id < other.build.id;
  return placeOf(one) < placeOf(other);
}

function placeOf(task: Task): number {
  return task.kind === 'srpm' ? -1 : task.build.chroots.indexOf(task.chroot);
}

function taskOf(builds: Builds, lane: LaneName, id: BuildId): Task | undefined {
  const build = builds.get(id);
  return build && taskIn(lane, build, builds);
}

type Urgency = 'normal' | 'background';
type Lanes = Map<LaneName, Lane>;

/**
 * The builds that may have something to do, by owner and lane. A build is added whenever it or one that it needs
 * changes, and dropped from a lane when it was looked at there in vain, so that a claim looks at few builds, however
 * many wait.
 */
export class ReadyBuilds {
  readonly closing = new Lane();
  readonly #owners: Record<Urgency, Map<string, Lanes>> = { normal: new Map(), background: new Map() };

  add(build: QueuedBuild): void {
    const owners = this.#owners[build.background ? 'background' : 'normal'];
    for (const name of lanesOf(build)) {
      if (name === 'close') {
        this.closing.add(build.id);
        continue;
      }
      const lanes = getOrMake(owners, build.owner, () => new Map() as Lanes);
      getOrMake(lanes, name, () => new Lane()).add(build.id);
    }
  }

  /** Owners that may have something to do, with their lanes. Those found empty at the look before are left out. */
  *owners(urgency: Urgency): Iterable<readonly [string, Lanes]> {
    for (const [owner, lanes] of this.#owners[urgency]) {
      if (lanes.size === 0) this.#owners[urgency].delete(owner);
      else yield [owner, lanes];
    }
  }
}

/** Numbers of builds, each once, smallest first. */
class Lane {
  readonly #order = new SmallestFirst();
  readonly #members = new Set<number>();

  add(id: BuildId): void {
    if (this.#members.has(id)) return;
    this.#members.add(id);
    this.#order.push(id);
  }

  /** The first that `find` finds something for; those before it are dropped. */
  first<T>(find: (id: BuildId) => T | undefined): T | undefined {
    for (let id = this.#order.peek(); id !== undefined; id = this.#order.peek()) {
      const found = find(id as BuildId);
      if (found !== undefined) return found;
      this.#order.pop();
      this.#members.delete(id);
    }
    return undefined;
  }
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
