// A small durable state: lowdb over the journal adapter, one writer. The queue and the bot's own state are such stores.
import { mkdir } from 'node:fs/promises';
import { Low } from 'lowdb';
import { JournalAdapter, type JournalRules } from './journal.ts';
import { lockFolder } from './lock.ts';
import { Reserve } from './reserve.ts';
import { QueueError, toQueueError } from './store-error.ts';

export interface StoreOptions<State, Operation, Effect> {
  /** Absolute; made when missing. No other store may live in it. */
  readonly folder: string;
  /** The state of a new store. */
  readonly initial: () => State;
  /**
   * Changes `state` in place, and may tell what it did. Deterministic: it runs again at every start, so times and
   * random numbers belong in the operation. Check before you commit: it
   * should throw for nothing that is committed.
   */
  readonly apply: (state: State, operation: Operation) => Effect;
  /** State → JSON value and back; left out when the state is JSON as it stands. */
  readonly encode?: (state: State) => unknown;
  readonly decode?: (json: unknown) => State;
  /**
   * Hears of failures that nobody waits for (a lazy change that was undone, a snapshot that failed). Default: a process
   * warning.
   */
  readonly onFault?: (error: QueueError) => void;
  /** Bytes of journal before a snapshot takes its place. Default: 8 MiB. */
  readonly snapshotAfterBytes?: number;
}

export interface JournaledStore<State, Operation, Effect> {
  /** The truth: changed by `commit` at once. Never change it yourself. After a failed write it is another object. */
  readonly state: State;
  /**
   * Applies the operations at once and resolves, with what `apply` gave, when they are on the disk; all of them or
   * none. Rejects with QueueError `full` or `io` when they are not, and then `state` is without them again. On a full
   * disk they are written in the room that the store holds for itself, unless `takesReserve` is false.
   */
  commit(operations: readonly Operation[], options?: { readonly takesReserve?: boolean }): Promise<readonly Effect[]>;
  /** As `commit`, but its write may wait up to 50 ms for others. */
  commitLazily(operations: readonly Operation[]): Promise<readonly Effect[]>;
  /** Writes what waits and lets go of the folder. */
  close(): Promise<void>;
}

/** How long a lazy change may wait for a write that it can share. */
const lazyMilliseconds = 50;

/** Opens or makes the store. Throws QueueError `locked`, `corrupt`, `full` or `io`. */
export async function openJournaledStore<State, Operation, Effect = unknown>(
  options: StoreOptions<State, Operation, Effect>,
): Promise<JournaledStore<State, Operation, Effect>> {
  const { folder, initial, apply } = options;
  const fault = options.onFault ?? ((error: QueueError) => process.emitWarning(error));
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw toQueueError(cause, `Making the folder ${folder}`);
  });
  const lock = await lockFolder(folder).catch(async (error: unknown) => {
    // The lock names its holder: on a full disk there may be no room even for that.
    if (toQueueError(error, '').code !== 'full' || !(await new Reserve(folder).giveUp())) throw error;
    return lockFolder(folder);
  });
  const rules: JournalRules<State, Operation> = {
    initial,
    apply,
    encode: options.encode ?? ((state) => state),
    decode: options.decode ?? ((json) => json as State),
  };
  const rolledBack = (state: State) => {
    low.data = state;
  };
  const adapter = new JournalAdapter(folder, rules, { rolledBack, fault }, options.snapshotAfterBytes);
  const low = new Low<State>(adapter, initial());
  try {
    await low.read();
  } catch (cause) {
    await lock.release();
    throw cause;
  }

  let closed = false;
  const applyNow = (operations: readonly Operation[], takesReserve = true): Effect[] => {
    if (closed) throw new QueueError('closed', `The store ${folder} is closed.`);
    adapter.assertUsable();
    return operations.map((operation) => {
      const effect = apply(low.data, operation);
      adapter.record(operation, takesReserve);
      return effect;
    });
  };
  return {
    get state() {
      return low.data;
    },
    async commit(operations, { takesReserve = true } = {}) {
      const effects = applyNow(operations, takesReserve);
      await low.write();
      return effects;
    },
    async commitLazily(operations) {
      const effects = applyNow(operations);
      await adapter.writeWithin(lazyMilliseconds, low.data);
      return effects;
    },
    async close() {
      if (closed) return;
      closed = true;
      try {
        await low.write();
      } finally {
        await adapter.close();
        await lock.release();
      }
    },
  };
}
