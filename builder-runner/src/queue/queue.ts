// The queue's interface: the bot adds builds and watches them; the runner takes tasks and reports their progress.
import type {
  BuildId,
  BuildInput,
  BuildRequest,
  ChrootName,
  FailureReason,
  PhaseName,
  QueuedBuild,
  QueuedChroot,
} from '@coppice/config';
import { isFinal } from '@coppice/config';
import { type JournaledStore, openJournaledStore } from '../store/store.ts';
import { QueueError, toQueueError } from '../store/store-error.ts';
import { type Limits, noLimits } from './limits.ts';
import { applyQueueOperation, type QueueOperation } from './queue-operation.ts';
import {
  decodeQueueState,
  emptyQueueState,
  encodeQueueState,
  type QueueChange,
  type QueueState,
  wasHelped,
} from './queue-state.ts';
import { nextTask } from './schedule.ts';
import { othersMayHelp, type Task } from './task.ts';

/**
 * What is known outside of the queue's folder of the numbers that were given out: a queue that is lost must not give
 * them again.
 */
export interface GivenNumbers {
  /** The highest one; 0: none is known. */
  readonly newest: number;
  /** Remembers that numbers up to this one were given out. */
  note(newest: number): Promise<void>;
}

export interface QueueOptions {
  /** Absolute; made when missing. */
  readonly folder: string;
  /** Default: what the folder holds is all there is. */
  readonly numbers?: GivenNumbers;
  /**
   * Hears at the opening which numbers were given out without this queue's knowing: it was lost, or is older than
   * they are.
   */
  readonly onUnknownNumbers?: (first: number, last: number) => void;
  readonly now: () => Date;
  /** Asked at each claim, so that they may change while the service runs. Default: none. */
  readonly limits?: () => Limits;
  /**
   * Called with failures that no caller waits for: an undone phase, a failed snapshot, a listener that threw. Default:
   * a process warning.
   */
  readonly onFault?: (error: QueueError) => void;
  /** Bytes of journal before a snapshot takes its place. Default: 8 MiB. */
  readonly snapshotAfterBytes?: number;
}

/** How a chroot ended; `failed` has a reason. */
export interface FinalOutcome {
  readonly state: 'succeeded' | 'failed' | 'canceled' | 'skipped';
  readonly reason: FailureReason | null;
  readonly message: string | null;
}

/** Something that was given back: a chroot of a build, or the making of its SRPM. */
export interface Released {
  readonly id: BuildId;
  readonly chroot: ChrootName | 'srpm';
}

/**
 * Every method that changes something resolves when the change is on the disk, and rejects with QueueError `full` or
 * `io` when it was undone. Unknown builds and chroots are `unknown`; what does not fit their state is `conflict`.
 */
export interface Queue {
  /**
   * Gives the builds numbers in the order of the list; all or none. Throws `invalid` for requests that could never end.
   */
  enqueue(requests: readonly BuildRequest[]): Promise<readonly QueuedBuild[]>;
  /**
   * The next thing to do, now this worker's until it calls `srpmDone`, `finish` or `release`; undefined when there is
   * none.
   */
  claim(worker: string): Promise<Task | undefined>;
  /** Undefined as soon as the listeners of `onChange` have heard that it is gone, not before. */
  build(id: BuildId): QueuedBuild | undefined;
  /**
   * The live builds, oldest first; those too whose end is not on the disk yet, so that everybody finds them here or
   * there.
   */
  builds(): readonly QueuedBuild[];
  /** `file` is the name of the SRPM in `srpm-builds/<id>/`. */
  srpmDone(id: BuildId, file: string): Promise<void>;
  /**
   * Ends the present phase and begins this one. In memory at once; resolves before it is on the disk, at most 50 ms
   * later.
   */
  setPhase(id: BuildId, chroot: ChrootName, phase: PhaseName, builder?: string): Promise<void>;
  /** What a claimed chroot sees of this service's repositories from now on, until it ends or is given back. */
  pin(id: BuildId, chroot: ChrootName, inputs: readonly BuildInput[]): Promise<void>;
  /** The end of a chroot; call it when `result.json` is written. With its last chroot a build leaves the queue. */
  finish(id: BuildId, chroot: ChrootName, outcome: FinalOutcome): Promise<void>;
  /** Gives a task back to be claimed again. `countAttempt`: the attempt that was begun stays counted. */
  release(id: BuildId, chroot: ChrootName | 'srpm', options: { readonly countAttempt: boolean }): Promise<void>;
  /**
   * Puts off a claimed chroot that failed for want of something, when another build of its batch may still make it, or
   * may have made it since this one began: it is tried again after the next success (or at once), and given up, as a
   * `close` task with this reason, when none can come. False, and nothing is done, when none can now.
   */
  postpone(
    id: BuildId,
    chroot: ChrootName,
    why: { readonly reason: FailureReason; readonly message: string; readonly excerpt?: readonly string[] },
  ): Promise<boolean>;
  /**
   * Asks for the end of the build's unfinished chroots. Waiting ones become `close` tasks, running ones are the
   * runner's to end. `because`: a sentence that says why, where nobody in person asked for it.
   */
  cancel(id: BuildId, by: string, because?: string): Promise<'canceling' | 'unknown'>;
  /** Numbers that no build of the queue will get: for builds that come to be otherwise, such as those of a fork. */
  reserve(count: number): Promise<readonly BuildId[]>;
  /**
   * At the start of a runner: gives back, uncounted, whatever was claimed, and says what that was. What `keep` names
   * stays claimed: whoever starts takes it up where it was.
   */
  recover(keep?: readonly Released[]): Promise<readonly Released[]>;
  /** Calls `listener` after each durable change, in order; returns what ends that. */
  onChange(listener: (change: QueueChange) => void): () => void;
  close(): Promise<void>;
}

type Store = JournaledStore<QueueState, QueueOperation, readonly QueueChange[]>;

/** Opens or makes the queue in `folder`. Throws QueueError `locked`, `corrupt`, `full` or `io`. */
export async function openQueue(options: QueueOptions): Promise<Queue> {
  const onFault = options.onFault ?? ((error: QueueError) => process.emitWarning(error));
  const store = await openJournaledStore<QueueState, QueueOperation, readonly QueueChange[]>({
    folder: options.folder,
    initial: emptyQueueState,
    apply: applyQueueOperation,
    encode: encodeQueueState,
    decode: decodeQueueState,
    onFault,
    ...(options.snapshotAfterBytes !== undefined && { snapshotAfterBytes: options.snapshotAfterBytes }),
  });
  const queue = new JournaledQueue(store, options, onFault);
  try {
    await queue.skipGivenNumbers(options.onUnknownNumbers);
  } catch (error) {
    await queue.close();
    throw error;
  }
  return queue;
}

class JournaledQueue implements Queue {
  readonly #store: Store;
  readonly #now: () => Date;
  readonly #limits: () => Limits;
  readonly #onFault: (error: QueueError) => void;
  readonly #numbers: GivenNumbers | undefined;
  readonly #listeners = new Set<(change: QueueChange) => void>();
  /** Builds that have left the state while their end is being written, as they were before. */
  readonly #leaving = new Map<BuildId, QueuedBuild>();

  constructor(store: Store, options: QueueOptions, onFault: (error: QueueError) => void) {
    this.#store = store;
    this.#now = options.now;
    this.#limits = options.limits ?? (() => noLimits);
    this.#numbers = options.numbers;
    this.#onFault = onFault;
  }

  /** Numbers only grow: goes on behind the highest one that anybody knows of. */
  async skipGivenNumbers(onUnknown?: (first: number, last: number) => void): Promise<void> {
    const { lastId } = this.#store.state;
    const newest = this.#numbers?.newest ?? 0;
    if (newest > lastId) {
      await this.#commitNumbers({ kind: 'reserve', count: newest - lastId, at: this.#time() });
      onUnknown?.(lastId + 1, newest);
    } else await this.#noteNumbers();
  }

  async enqueue(requests: readonly BuildRequest[]): Promise<readonly QueuedBuild[]> {
    assertQueueable(requests, this.#store.state.lastId);
    if (requests.length === 0) return [];
    const changes = await this.#commitNumbers({ kind: 'enqueue', requests, at: this.#time() });
    return changes.map(({ build }) => build);
  }

  async claim(worker: string): Promise<Task | undefined> {
    const task = nextTask(this.#store.state, this.#limits());
    if (task === undefined) return undefined;
    const { kind } = task;
    const { id } = task.build;
    const chroot = kind === 'srpm' ? 'srpm' : task.chroot.chroot;
    const [change] = await this.#commit([{ kind: 'claim', id, chroot, task: kind, worker, at: this.#time() }]);
    const build = change?.build ?? task.build;
    if (task.kind === 'srpm') return { ...task, build };
    return { ...task, build, chroot: build.chroots.find((each) => each.chroot === chroot) ?? task.chroot };
  }

  build(id: BuildId): QueuedBuild | undefined {
    return this.#store.state.builds.get(id) ?? this.#leaving.get(id);
  }

  builds(): readonly QueuedBuild[] {
    const live = this.#store.state.builds;
    if (this.#leaving.size === 0) return [...live.values()];
    return [...new Map([...this.#leaving, ...live]).values()].sort((one, other) => one.id - other.id);
  }

  async srpmDone(id: BuildId, file: string): Promise<void> {
    this.#assertClaimed(id, 'srpm');
    await this.#commit([{ kind: 'srpmDone', id, file, at: this.#time() }]);
  }

  async setPhase(id: BuildId, chroot: ChrootName, phase: PhaseName, builder?: string): Promise<void> {
    this.#liveChroot(id, chroot);
    const operation: QueueOperation = { kind: 'phase', id, chroot, phase, at: this.#time() };
    this.#store.commitLazily([builder === undefined ? operation : { ...operation, builder }]).then(
      (effects) => this.#tell(effects.flat()),
      (error: QueueError) => this.#onFault(error),
    );
  }

  async pin(id: BuildId, chroot: ChrootName, inputs: readonly BuildInput[]): Promise<void> {
    this.#assertClaimed(id, chroot);
    await this.#commit([{ kind: 'pin', id, chroot, inputs, at: this.#time() }]);
  }

  async finish(id: BuildId, chroot: ChrootName, outcome: FinalOutcome): Promise<void> {
    this.#liveChroot(id, chroot);
    const { state, reason, message } = outcome;
    const before = this.#liveBuild(id);
    const operation = { kind: 'finish', id, chroot, outcome: { state, reason, message }, at: this.#time() } as const;
    const written = this.#store.commit([operation]);
    // Gone from the state by now, while those who keep the records hear of it when it is written: until then it is
    // here.
    if (!this.#store.state.builds.has(id)) this.#leaving.set(id, before);
    const effects = await written.finally(() => this.#leaving.delete(id));
    this.#tell(effects.flat());
  }

  async release(id: BuildId, chroot: ChrootName | 'srpm', { countAttempt }: { countAttempt: boolean }): Promise<void> {
    this.#assertClaimed(id, chroot);
    await this.#commit([{ kind: 'release', id, chroot, countAttempt, at: this.#time() }]);
  }

  async postpone(
    id: BuildId,
    chroot: ChrootName,
    why: { readonly reason: FailureReason; readonly message: string; readonly excerpt?: readonly string[] },
  ): Promise<boolean> {
    this.#assertClaimed(id, chroot);
    const { state } = this.#store;
    if (!wasHelped(state, id, chroot) && !othersMayHelp(state.builds, this.#liveBuild(id), chroot)) return false;
    await this.#commit([{ kind: 'postpone', id, chroot, ...why, at: this.#time() }]);
    return true;
  }

  async cancel(id: BuildId, by: string, because?: string): Promise<'canceling' | 'unknown'> {
    if (!this.#store.state.builds.has(id)) return 'unknown';
    const why = because === undefined ? {} : { because };
    await this.#commit([{ kind: 'cancel', id, by, ...why, at: this.#time() }]);
    return 'canceling';
  }

  async reserve(count: number): Promise<readonly BuildId[]> {
    // Read at once, before anything else can be given out: a commit changes the memory at the call.
    const first = this.#store.state.lastId + 1;
    await this.#commitNumbers({ kind: 'reserve', count, at: this.#time() });
    return Array.from({ length: count }, (_, index) => (first + index) as BuildId);
  }

  async recover(keep: readonly Released[] = []): Promise<readonly Released[]> {
    const isKept = ({ id, chroot }: Released) => keep.some((each) => each.id === id && each.chroot === chroot);
    const claimed = [...this.#store.state.builds.values()]
      .flatMap((build): Released[] => [
        ...(build.srpmState === 'running' ? [{ id: build.id, chroot: 'srpm' as const }] : []),
        ...build.chroots.filter(isClaimed).map(({ chroot }) => ({ id: build.id, chroot })),
      ])
      .filter((each) => !isKept(each));
    const at = this.#time();
    await this.#commit(claimed.map((each) => ({ kind: 'release', ...each, countAttempt: false, at })));
    return claimed;
  }

  onChange(listener: (change: QueueChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #commit(operations: readonly QueueOperation[]): Promise<readonly QueueChange[]> {
    // What is asked for anew can be refused on a full disk; how what is under way goes on has to be written down.
    const isNew = operations.every(({ kind }) => kind === 'enqueue');
    const changes = (await this.#store.commit(operations, { takesReserve: !isNew })).flat();
    this.#tell(changes);
    return changes;
  }

  /** As `#commit`, of what gives numbers out: they are known elsewhere, too, before anybody is told them. */
  async #commitNumbers(operation: QueueOperation): Promise<readonly QueueChange[]> {
    const committed = this.#commit([operation]);
    // The state has them at the call. When they are undone, the note is of numbers that nobody has: that does no harm.
    const [changes] = await Promise.all([committed, this.#noteNumbers()]);
    return changes;
  }

  /** A note that cannot be written undoes nothing: the next one says the same and more. */
  async #noteNumbers(): Promise<void> {
    try {
      await this.#numbers?.note(this.#store.state.lastId);
    } catch (cause) {
      this.#onFault(toQueueError(cause, 'Noting the newest build number'));
    }
  }

  #tell(changes: readonly QueueChange[]): void {
    for (const change of changes) {
      for (const listener of this.#listeners) {
        try {
          listener(change);
        } catch (cause) {
          // The change is durable: its caller must not be told that it failed.
          this.#onFault(new QueueError('io', `A listener failed on build ${change.build.id}.`, { cause }));
        }
      }
    }
  }

  #time(): string {
    return this.#now().toISOString();
  }

  #liveBuild(id: BuildId): QueuedBuild {
    const build = this.#store.state.builds.get(id);
    if (build === undefined) throw new QueueError('unknown', `Build ${id} is not in the queue (any more).`);
    return build;
  }

  /** The chroot, unless it is unknown or final. */
  #liveChroot(id: BuildId, name: ChrootName): QueuedChroot {
    const chroot = this.#liveBuild(id).chroots.find((each) => each.chroot === name);
    if (chroot === undefined) throw new QueueError('unknown', `Build ${id} has no chroot ${name}.`);
    if (isFinal(chroot.state)) throw new QueueError('conflict', `Build ${id} has ended for ${name}: ${chroot.state}.`);
    return chroot;
  }

  #assertClaimed(id: BuildId, name: ChrootName | 'srpm'): void {
    const claimed =
      name === 'srpm' ? this.#liveBuild(id).srpmState === 'running' : isClaimed(this.#liveChroot(id, name));
    if (!claimed) throw new QueueError('conflict', `Nobody has claimed ${name} of build ${id}.`);
  }
}

function isClaimed({ state }: QueuedChroot): boolean {
  return state === 'starting' || state === 'running';
}

/**
 * Throws QueueError `invalid` unless every request has chroots, each once, and waits only for earlier requests of the
 * list and for builds that have a number already (so that nothing can wait for itself).
 */
function assertQueueable(requests: readonly BuildRequest[], lastId: number): void {
  requests.forEach((request, index) => {
    const refuse = (why: string) => {
      const name = `${request.owner}/${request.project}/${request.package}`;
      return new QueueError('invalid', `Request ${index} (${name}) cannot be queued: ${why}.`);
    };
    if (request.chroots.length === 0) throw refuse('it names no chroot');
    if (new Set(request.chroots.map(({ chroot }) => chroot)).size < request.chroots.length) {
      throw refuse('it names a chroot twice');
    }
    if (!request.after.every((other) => Number.isInteger(other) && other >= 0 && other < index)) {
      throw refuse('it waits for a request that does not stand before it');
    }
    if (!request.afterBuilds.every((id) => Number.isInteger(id) && id > 0 && id <= lastId)) {
      throw refuse('it waits for a build that does not exist');
    }
  });
}
