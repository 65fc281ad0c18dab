// The lowdb adapter of Coppice's stores: what is in memory is the truth, every change is appended to a journal, changes
// that come together share one fdatasync (group commit), and now and then a snapshot takes the journal's place.
import { closeSync, constants, fsyncSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Adapter } from 'lowdb';
import { corrupt, formatGroup, formatSnapshot, parseJournal, parseSnapshot } from './journal-format.ts';
import { Reserve } from './reserve.ts';
import { QueueError, toQueueError } from './store-error.ts';

/** How a state is made, changed and turned into JSON. */
export interface JournalRules<State, Operation> {
  readonly initial: () => State;
  /** Changes `state` in place. Must be deterministic: it is run again at every start. */
  readonly apply: (state: State, operation: Operation) => unknown;
  readonly encode: (state: State) => unknown;
  readonly decode: (json: unknown) => State;
}

/** What the adapter tells its store besides the outcome of a write. */
export interface JournalEvents<State> {
  /** A write failed: `state`, read from the disk, replaces what is in memory. */
  readonly rolledBack: (state: State) => void;
  /** A failure that undid nothing and that no caller waits for. */
  readonly fault: (error: QueueError) => void;
}

interface Batch<Operation> {
  readonly operations: Operation[];
  /** One of them is to be written on a full disk too. */
  takesReserve: boolean;
  readonly waiters: { readonly resolve: () => void; readonly reject: (error: QueueError) => void }[];
}

/** Not O_APPEND: after a failed write we go on where the last good line ends. */
const openFlags = constants.O_RDWR | constants.O_CREAT;

/** A snapshot is written when the journal is longer than this and than twice the last snapshot. */
const smallestJournalToReplace = 8 * 1024 * 1024;

/**
 * `record` operations that were applied in memory, then `write`, which resolves when they are on the disk. When that
 * fails, the torn tail is cut, `rolledBack` gets the state as it is on the disk, and every write that was under way is
 * rejected: what they had changed in memory stood on what was lost.
 */
export class JournalAdapter<State, Operation> implements Adapter<State> {
  readonly #folder: string;
  readonly #rules: JournalRules<State, Operation>;
  readonly #events: JournalEvents<State>;
  readonly #snapshotAfterBytes: number;
  readonly #reserve: Reserve;
  #journal: FileHandle | undefined;
  #journalBytes = 0;
  #snapshotBytes = 0;
  #seq = 0;
  #next: Batch<Operation> = { operations: [], waiters: [], takesReserve: false };
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The state in memory, as of the last call. */
  #state: State | undefined;
  #broken: QueueError | undefined;

  constructor(
    folder: string,
    rules: JournalRules<State, Operation>,
    events: JournalEvents<State>,
    snapshotAfterBytes = smallestJournalToReplace,
  ) {
    this.#folder = folder;
    this.#rules = rules;
    this.#events = events;
    this.#snapshotAfterBytes = snapshotAfterBytes;
    this.#reserve = new Reserve(folder);
  }

  get #journalPath() {
    return join(this.#folder, 'journal.jsonl');
  }

  get #snapshotPath() {
    return join(this.#folder, 'snapshot.json');
  }

  /**
   * Opens the files and gives the state that they hold. A torn tail is cut. Throws QueueError `corrupt`, `full` or
   * `io`.
   */
  async read(): Promise<State> {
    try {
      this.#journal ??= await open(this.#journalPath, openFlags, 0o600);
      syncFolder(this.#folder);
      const state = this.#load();
      ftruncateSync(this.#journal.fd, this.#journalBytes);
      await this.#journal.datasync();
      await this.#reserve.keep();
      return state;
    } catch (cause) {
      await this.close();
      throw toQueueError(cause, `Reading the store ${this.#folder}`);
    }
  }

  /** Takes an operation that was just applied to the state in memory; the next `write` makes it durable. */
  record(operation: Operation, takesReserve: boolean): void {
    this.#next.operations.push(operation);
    this.#next.takesReserve ||= takesReserve;
  }

  /** Throws when a failed write could not be undone: then nothing may be changed any more. */
  assertUsable(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }

  /**
   * Resolves when everything recorded so far is on the disk; rejects with QueueError `full` or `io` when it was undone.
   */
  write(state: State): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    const written = new Promise<void>((resolve, reject) => this.#next.waiters.push({ resolve, reject }));
    this.#state = state;
    this.#running ??= this.#writeBatches();
    return written;
  }

  /** As `write`, but waits up to `milliseconds` for a write that it can share. */
  writeWithin(milliseconds: number, state: State): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    const written = new Promise<void>((resolve, reject) => this.#next.waiters.push({ resolve, reject }));
    this.#state = state;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#running ??= this.#writeBatches();
    }, milliseconds);
    return written;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running;
    await this.#journal?.close();
    this.#journal = undefined;
  }

  async #writeBatches(): Promise<void> {
    // One turn of the microtask queue, so that all who write in the same tick share the first fdatasync as well.
    await Promise.resolve();
    while (this.#next.waiters.length > 0) {
      const batch = this.#next;
      this.#next = { operations: [], waiters: [], takesReserve: false };
      try {
        // Made now, before anything newer is applied to the state.
        const snapshot = this.#snapshotIsDue()
          ? formatSnapshot(this.#seq + 1, this.#rules.encode(this.#state as State))
          : undefined;
        if (batch.operations.length > 0) await this.#appendOnAnyDisk(batch);
        for (const waiter of batch.waiters) waiter.resolve();
        if (snapshot !== undefined && batch.operations.length > 0) await this.#replaceJournal(snapshot);
        await this.#reserve.keep();
      } catch (cause) {
        this.#undo(batch, toQueueError(cause, `Writing ${this.#journalPath}`));
      }
    }
    this.#running = undefined;
  }

  /** On a full disk, again and again in a part of the room that is held for it. */
  async #appendOnAnyDisk({ operations, takesReserve }: Batch<Operation>): Promise<void> {
    for (;;) {
      try {
        return await this.#append(operations);
      } catch (cause) {
        const isFull = toQueueError(cause, '').code === 'full';
        if (!takesReserve || !isFull || !(await this.#reserve.giveUp())) throw cause;
      }
    }
  }

  async #append(operations: readonly Operation[]): Promise<void> {
    if (this.#journal === undefined) throw new QueueError('closed', `The store ${this.#folder} is closed.`);
    const bytes = Buffer.from(formatGroup(this.#seq + 1, operations));
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#journal.write(bytes, done, bytes.length - done, this.#journalBytes + done);
      done += bytesWritten;
    }
    await this.#journal.datasync();
    this.#journalBytes += bytes.length;
    this.#seq += 1;
  }

  #snapshotIsDue(): boolean {
    return this.#journalBytes > Math.max(this.#snapshotAfterBytes, 2 * this.#snapshotBytes);
  }

  /**
   * The journal holds everything, so a snapshot that fails loses nothing: it is reported, and tried again after more
   * changes. This is not `replaceFile`: the journal may be cut only after snapshot and folder are on the disk, and a
   * failure of any step must leave it whole.
   */
  async #replaceJournal(snapshot: string): Promise<void> {
    const temporary = `${this.#snapshotPath}.new`;
    try {
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(snapshot);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#snapshotPath);
      syncFolder(this.#folder);
      await this.#journal?.truncate(0);
      this.#journalBytes = 0;
      this.#snapshotBytes = snapshot.length;
    } catch (cause) {
      this.#snapshotBytes = this.#journalBytes;
      this.#events.fault(toQueueError(cause, `Writing ${this.#snapshotPath}`));
      await rm(temporary, { force: true });
    }
  }

  /** Synchronous from the failure to the state that is on the disk: nobody can change what is about to be undone. */
  #undo(failed: Batch<Operation>, error: QueueError): void {
    const unwritten = this.#next;
    this.#next = { operations: [], waiters: [], takesReserve: false };
    let reason = error;
    try {
      if (this.#journal === undefined) throw error;
      ftruncateSync(this.#journal.fd, this.#journalBytes);
      fsyncSync(this.#journal.fd);
      this.#events.rolledBack(this.#load());
    } catch (cause) {
      // What is in memory and what is on the disk may differ from here on: only opening the store again can tell.
      reason = new QueueError('io', `${error.message} The store stopped; start the service again.`, { cause });
      this.#broken = reason;
    }
    for (const waiter of [...failed.waiters, ...unwritten.waiters]) waiter.reject(reason);
  }

  /** The state on the disk; sets the position from which the journal goes on. */
  #load(): State {
    const snapshotText = readIfThere(this.#snapshotPath);
    const snapshot =
      snapshotText === undefined ? undefined : parseSnapshot(snapshotText.toString('utf8'), this.#snapshotPath);
    const journal = parseJournal<Operation>(readFileSync(this.#journalPath), this.#journalPath);
    const state = snapshot === undefined ? this.#rules.initial() : this.#rules.decode(snapshot.state);
    this.#seq = snapshot?.seq ?? 0;
    for (const group of journal.groups) {
      // A crash between the snapshot's rename and the cut of the journal leaves groups that the snapshot already holds.
      if (group.seq <= this.#seq) continue;
      if (group.seq !== this.#seq + 1)
        throw corrupt(this.#journalPath, group.line, `has number ${group.seq} out of turn`);
      try {
        for (const operation of group.operations) this.#rules.apply(state, operation);
      } catch (cause) {
        throw corrupt(this.#journalPath, group.line, 'cannot be applied', cause);
      }
      this.#seq = group.seq;
    }
    this.#journalBytes = journal.goodBytes;
    this.#snapshotBytes = snapshotText?.length ?? 0;
    return state;
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}

/** Makes new and renamed names in `folder` survive a power cut. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
