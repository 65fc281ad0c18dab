// Write down, return at once, work later: accepted deliveries are worked off one after the other, also those of the
// last run. Pushes go first: what people ask for in comments may be about them. When many wait, people take turns, and
// what each of them asks is done in the order in which they asked.
import { setTimeout as sleep } from 'node:timers/promises';
import { createTurns, type Waiting } from '../answers/turns.ts';
import { RateLimited } from '../github/rate-limit.ts';
import type { BotOperation, BotState, Handled } from '../vocabulary/bot-state.ts';
import type { Delivery, Job } from '../vocabulary/job.ts';
import { NotYet } from '../vocabulary/not-yet.ts';

interface InboxOptions {
  readonly state: () => BotState;
  readonly commit: (operations: readonly BotOperation[]) => Promise<unknown>;
  /** Called when a new delivery is on the disk, unless it has been worked off by then. */
  readonly noted?: (delivery: Delivery) => void;
}

/** So few are worked off in the order in which they came, whoever asked. */
const inOrder = 10;

/** What nobody is known to ask for is one asker, whose name no person has. */
function whoAsks(job: Job): string {
  const login = 'actor' in job ? job.actor : job.kind === 'pull' ? job.author : undefined;
  return login?.toLowerCase() ?? `${job.kind} request`;
}

/** Who works off what was noted. */
export interface InboxWorker {
  /**
   * Called before one is worked off; pushes that are accepted meanwhile go before it. `heardAt`: when it was accepted,
   * as performance.now() counts; 0 when that was in an earlier run. Does not reject.
   */
  readonly before?: (delivery: Delivery, heardAt: number) => Promise<void>;
  /**
   * Works one off. Does not reject for what people got wrong, nor for faults that it can tell them. One that rejects
   * with RateLimited is worked off again when GitHub can be asked again; with NotYet, when that is ready, and others go
   * on meanwhile.
   */
  readonly work: (delivery: Delivery) => Promise<Handled>;
  /** True for what is answered at once and changes nothing. Default: nothing is. */
  readonly isQuick?: (delivery: Delivery) => boolean;
  /** Called when the job is noted as done. */
  readonly done: (delivery: Delivery, handled: Handled) => void;
  /** The job was given up: it could not be worked off, or not be noted. */
  readonly failed: (delivery: Delivery, error: unknown) => Promise<void>;
}

export interface Inbox {
  /** Notes a delivery; resolves when it is on the disk, false when it was known. Rejects when it cannot be noted. */
  accept(id: string, job: Job): Promise<boolean>;
  /** Lets `worker` work off what was noted, and what will be. */
  start(worker: InboxWorker): void;
  /** Resolves when nothing waits but for what is not ready. */
  caughtUp(): Promise<void>;
  /** Resolves when nothing waits at all. */
  settled(): Promise<void>;
  /** Ends after the job that is under way. */
  stop(): Promise<void>;
}

export function createInbox(options: InboxOptions): Inbox {
  return new JournaledInbox(options);
}

class JournaledInbox implements Inbox {
  readonly #options: InboxOptions;
  readonly #known: Set<string>;
  readonly #heardAt = new Map<string, number>();
  readonly #givenUp = new Set<string>();
  /** Deliveries that are not ready, and when they will be. */
  readonly #aside = new Map<string, Promise<unknown>>();
  readonly #stopping = new AbortController();
  readonly #turns = createTurns();
  /** Undefined before the start and after the end. */
  #worker: InboxWorker | undefined;
  #working: Promise<void> | undefined;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#known = new Set(options.state().deliveries);
  }

  async accept(id: string, job: Job): Promise<boolean> {
    const { state, commit, noted } = this.#options;
    if (this.#known.has(id)) return false;
    this.#known.add(id);
    this.#heardAt.set(id, performance.now());
    try {
      await commit([{ kind: 'noted', delivery: { id, job } }]);
    } catch (error) {
      this.#known.delete(id);
      this.#heardAt.delete(id);
      throw error;
    }
    for (const forgotten of this.#known) {
      if (this.#known.size <= state().deliveries.length) break;
      this.#known.delete(forgotten);
    }
    if (state().inbox.some((waiting) => waiting.id === id)) noted?.({ id, job });
    this.#wake();
    return true;
  }

  start(worker: InboxWorker): void {
    this.#worker = worker;
    this.#wake();
  }

  async caughtUp(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  async settled(): Promise<void> {
    while (this.#working !== undefined || this.#aside.size > 0)
      await (this.#working ?? this.#aside.values().next().value);
  }

  async stop(): Promise<void> {
    this.#worker = undefined;
    this.#aside.clear();
    this.#stopping.abort();
    await this.#working;
  }

  #waiting(): readonly Delivery[] {
    return this.#options.state().inbox.filter(({ id }) => !this.#givenUp.has(id) && !this.#aside.has(id));
  }

  #nextPush(): Delivery | undefined {
    if (this.#worker === undefined) return undefined;
    return this.#waiting().find(({ job }) => job.kind === 'push');
  }

  /** What is not a push; with more than `inOrder` of those, of each person the first, by turns. */
  #next(): Delivery | undefined {
    if (this.#worker === undefined) return undefined;
    const waiting = this.#waiting().filter(({ job }) => job.kind !== 'push');
    if (waiting.length <= inOrder) return waiting[0];
    const firsts = new Map<string, Delivery & Waiting>();
    for (const [at, delivery] of waiting.entries()) {
      const by = whoAsks(delivery.job);
      if (firsts.has(by)) continue;
      const isShort = this.#worker.isQuick?.(delivery) ?? false;
      firsts.set(by, { ...delivery, key: delivery.id, by, isShort, at });
    }
    const { key } = this.#turns.next([...firsts.values()], performance.now()) ?? {};
    return waiting.find(({ id }) => id === key);
  }

  #wake(): void {
    const worker = this.#worker;
    if (worker === undefined || this.#working !== undefined) return;
    this.#working = this.#workOff(worker).finally(() => {
      this.#working = undefined;
      if (this.#waiting().length > 0) this.#wake();
    });
  }

  /** All that waits. */
  async #workOff(worker: InboxWorker): Promise<void> {
    for (;;) {
      const push = this.#nextPush();
      const next = push ?? this.#next();
      if (next === undefined) return;
      if (push === undefined) await worker.before?.(next, this.#heardAt.get(next.id) ?? 0);
      if (this.#worker === undefined) return;
      await this.#workOffOne(this.#nextPush() ?? next, worker);
    }
  }

  async #workOffOne(delivery: Delivery, worker: InboxWorker): Promise<void> {
    const { commit } = this.#options;
    const { id } = delivery;
    try {
      const handled = await worker.work(delivery);
      await commit([{ kind: 'handled', id, ...handled }]);
      this.#heardAt.delete(id);
      worker.done(delivery, handled);
    } catch (error) {
      if (error instanceof RateLimited) {
        const wait = Math.max(0, error.until - performance.now());
        await sleep(wait, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
        return;
      }
      if (error instanceof NotYet) return this.#setAside(id, error.ready);
      this.#givenUp.add(id);
      this.#heardAt.delete(id);
      await worker.failed(delivery, error);
      // When even this cannot be noted it is taken up again at the next start.
      await commit([{ kind: 'handled', id, checks: [] }]).catch(() => undefined);
    }
  }
  /** Its place in the row stays. */
  #setAside(id: string, ready: Promise<unknown>): void {
    const back = ready.then(() => {
      this.#aside.delete(id);
      this.#wake();
    });
    this.#aside.set(id, back);
  }
}
