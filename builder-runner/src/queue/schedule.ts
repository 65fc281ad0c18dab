// Which thing is done next: oldest build first, what it needs before it, its SRPM before its chroots. Pure.
import { type BuildId, isFinal, type QueuedBuild, type QueuedChroot } from '@coppice/config';
import { SmallestFirst } from './smallest-first.ts';

/** What a worker gets to do. */
export type Task =
  | { readonly kind: 'srpm'; readonly build: QueuedBuild }
  | { readonly kind: 'chroot'; readonly build: QueuedBuild; readonly chroot: QueuedChroot }
  /** Nothing is to be built any more: write the result, then `finish` with this state and message. */
  | {
      readonly kind: 'close';
      readonly build: QueuedBuild;
      readonly chroot: QueuedChroot;
      readonly state: 'canceled' | 'skipped';
      readonly message: string;
    };

type Builds = ReadonlyMap<BuildId, QueuedBuild>;

/**
 * The first thing to do for one build, or undefined. While a worker makes the SRPM, the build is that worker's alone: it sees a
 * cancellation itself. The SRPM needs none of the builds in `after`; a chroot needs those that are in the queue and have the same chroot.
 */
export function taskOf(build: QueuedBuild, builds: Builds): Task | undefined {
  if (build.srpmState === 'running') return undefined;
  const pending = build.chroots.filter((chroot) => chroot.state === 'pending');
  const ended = pending.find((chroot) => chroot.cancelRequestedBy !== null || chroot.skipBecause !== null);
  if (ended !== undefined) return closeTask(build, ended);
  if (pending.length === 0) return undefined;
  if (build.srpmState !== 'succeeded') return { kind: 'srpm', build };
  const chroot = pending.find((each) => build.after.every((id) => hasSucceeded(builds.get(id), each)));
  return chroot && { kind: 'chroot', build, chroot };
}

function closeTask(build: QueuedBuild, chroot: QueuedChroot): Task {
  if (chroot.cancelRequestedBy !== null) {
    return { kind: 'close', build, chroot, state: 'canceled', message: `Canceled by ${chroot.cancelRequestedBy}.` };
  }
  return { kind: 'close', build, chroot, state: 'skipped', message: chroot.skipBecause ?? '' };
}

/** A needed build that has left the queue, or never had this chroot, stands in nobody's way. */
function hasSucceeded(needed: QueuedBuild | undefined, { chroot }: QueuedChroot): boolean {
  const there = needed?.chroots.find((each) => each.chroot === chroot);
  return there === undefined || (isFinal(there.state) && there.state === 'succeeded');
}

/** The next thing to do: that of the oldest build that has one. `ready` names all builds that may have one. */
export function nextTask(state: { readonly builds: Builds; readonly ready: ReadyBuilds }): Task | undefined {
  const { builds, ready } = state;
  for (let id = ready.first(); id !== undefined; id = ready.first()) {
    const build = builds.get(id);
    const task = build && taskOf(build, builds);
    if (task !== undefined) return task;
    ready.dropFirst();
  }
  return undefined;
}

/**
 * The builds that may have something to do. A build is added whenever it or one that it needs changes, and dropped when it was
 * looked at in vain, so that a claim looks at few builds, however many wait.
 */
export class ReadyBuilds {
  readonly #order = new SmallestFirst();
  readonly #members = new Set<number>();

  add(id: BuildId): void {
    if (this.#members.has(id)) return;
    this.#members.add(id);
    this.#order.push(id);
  }

  first(): BuildId | undefined {
    return this.#order.peek() as BuildId | undefined;
  }

  dropFirst(): void {
    const id = this.#order.pop();
    if (id !== undefined) this.#members.delete(id);
  }
}
