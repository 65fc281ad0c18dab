// The queue's state and the values derived from it, always updated together. Deterministic and without effects.
import {
  type BuildId,
  type BuildRequest,
  type ChrootName,
  presentName,
  type QueuedBuild,
  type QueuedChroot,
} from '@coppice/config';
import { Running } from './limits.ts';
import { ReadyBuilds } from './schedule.ts';
import { isPostponed } from './task.ts';
import { Turns, type TurnsJson } from './turns.ts';

/** A build that an operation changed, as it is afterwards. `gone`: it has left the queue, its states are final. */
export interface QueueChange {
  readonly build: QueuedBuild;
  readonly gone: boolean;
}

/** The live builds by number, oldest first, and what is derived from them. Builds are never changed, only replaced. */
export interface QueueState {
  lastId: number;
  readonly builds: Map<BuildId, QueuedBuild>;
  /** `<id>/<chroot>` of chroots that a worker is closing; they were given to no builder. */
  readonly closing: Set<string>;
  /**
   * `<id>/<chroot>` of chroots that run; since their start another build of their batch has succeeded, which may have
   * what they miss.
   */
  readonly helped: Set<string>;
  /** Derived: the live builds that wait for a live build. */
  readonly dependents: Map<BuildId, BuildId[]>;
  /** Derived: builds with a chroot that was put off. */
  readonly postponed: Set<BuildId>;
  /** Derived: where there may be something to do. */
  readonly ready: ReadyBuilds;
  /** Derived: what workers are working on. */
  readonly running: Running;
  /** Whose turn it is. */
  readonly turns: Turns;
}

/** A queue that never held a build. */
export function emptyQueueState(): QueueState {
  return {
    lastId: 0,
    builds: new Map(),
    closing: new Set(),
    helped: new Set(),
    dependents: new Map(),
    postponed: new Set(),
    ready: new ReadyBuilds(),
    running: new Running(),
    turns: new Turns(),
  };
}

interface QueueStateJson {
  readonly lastId: number;
  readonly closing: readonly string[];
  /** Missing in snapshots from before a success was noted for those that ran meanwhile. */
  readonly helped?: readonly string[];
  /** Missing in snapshots from before owners took turns. */
  readonly turns?: TurnsJson;
  readonly builds: readonly QueuedBuildJson[];
}

/** Labels are missing in snapshots from before packages could ask for them. */
type QueuedBuildJson = Omit<QueuedBuild, 'builderLabels'> & Pick<BuildRequest, 'builderLabels'>;

/** The state as JSON, without what is derived. */
export function encodeQueueState(state: QueueState): QueueStateJson {
  const { lastId, closing, helped, turns, builds } = state;
  return { lastId, closing: [...closing], helped: [...helped], turns: turns.toJson(), builds: [...builds.values()] };
}

/** The reverse of `encodeQueueState`. */
export function decodeQueueState(json: unknown): QueueState {
  const { lastId, closing, helped, turns, builds } = json as QueueStateJson;
  const sets = { closing: new Set(closing), helped: new Set(helped) };
  const state = { ...emptyQueueState(), lastId, ...sets, turns: new Turns(turns) };
  for (const build of builds) {
    insert(state, { ...build, project: presentName(build.project), builderLabels: build.builderLabels ?? [] });
  }
  return state;
}

/** True when a build of its batch has succeeded since this chroot began to run. */
export function wasHelped({ helped }: QueueState, id: BuildId, chroot: ChrootName): boolean {
  return helped.has(taskKey(id, chroot));
}

/** The build that is in the queue under this number. Throws a RangeError when none is. */
export function liveBuild(state: QueueState, id: BuildId): QueuedBuild {
  const build = state.builds.get(id);
  if (build === undefined) throw new RangeError(`build ${id} is not in the queue`);
  return build;
}

/** How `closing` and `helped` name a chroot of a build. */
export function taskKey(id: BuildId, chroot: ChrootName): string {
  return `${id}/${chroot}`;
}

/** Puts a changed chroot in its place in the build. */
export function replaceChroot(
  state: QueueState,
  build: QueuedBuild,
  name: ChrootName,
  change: (chroot: QueuedChroot) => QueuedChroot,
): QueueChange {
  const chroots = build.chroots.map((each) => (each.chroot === name ? change(each) : each));
  return replace(state, { ...build, chroots });
}

/** Puts a build in the place of the one with its number; what is derived follows. */
export function replace(state: QueueState, build: QueuedBuild): QueueChange {
  hold(state, build);
  return { build, gone: false };
}

function hold(state: QueueState, build: QueuedBuild): void {
  state.builds.set(build.id, build);
  state.ready.add(build);
  if (build.chroots.some(isPostponed)) state.postponed.add(build.id);
  else state.postponed.delete(build.id);
  state.running.note(build, ({ chroot }) => state.closing.has(taskKey(build.id, chroot)));
}

/** Takes in a build that is new to the queue. */
export function insert(state: QueueState, build: QueuedBuild): void {
  hold(state, build);
  state.turns.come(build.owner);
  for (const id of build.after) {
    if (!state.builds.has(id)) continue;
    const dependents = state.dependents.get(id);
    if (dependents === undefined) state.dependents.set(id, [build.id]);
    else dependents.push(build.id);
  }
}

/** Removes a build once all its chroots have ended. */
export function remove(state: QueueState, build: QueuedBuild): void {
  state.builds.delete(build.id);
  state.postponed.delete(build.id);
  state.running.forget(build);
  state.turns.leave(build.owner);
  state.dependents.delete(build.id);
  for (const id of build.after) {
    const dependents = state.dependents.get(id);
    const index = dependents?.indexOf(build.id) ?? -1;
    if (index !== -1) dependents?.splice(index, 1);
  }
}
