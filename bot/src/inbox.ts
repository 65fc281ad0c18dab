// Write down, return at once, work later: accepted deliveries are worked off one after the other, also those of the last run.
import type { BotOperation, BotState, Delivery, Job } from './bot-state.ts';

/** What came of a job, noted together with its being done. */
export type Handled = Omit<Extract<BotOperation, { op: 'handled' }>, 'op' | 'id'>;

interface InboxOptions {
  readonly state: () => BotState;
  readonly commit: (operations: readonly BotOperation[]) => Promise<unknown>;
  /** Works one off. Does not reject for what people got wrong, nor for faults that it can tell them. */
  readonly work: (delivery: Delivery) => Promise<Handled>;
  /** Called when the job is noted as done. */
  readonly done: (delivery: Delivery, handled: Handled) => void;
  /** The job was given up: it could not be worked off, or not be noted. */
  readonly failed: (delivery: Delivery, error: unknown) => Promise<void>;
}

export interface Inbox {
  /** Notes a delivery; resolves when it is on the disk, false when it was known. Rejects when it cannot be noted. */
  accept(id: string, job: Job): Promise<boolean>;
  start(): void;
  /** Resolves when nothing waits. */
  settled(): Promise<void>;
  /** Ends after the job that is under way. */
  stop(): Promise<void>;
}

export function createInbox(options: InboxOptions): Inbox {
  const { state, commit } = options;
  const known = new Set(state().deliveries);
  const givenUp = new Set<string>();
  let running = false;
  let working: Promise<void> | undefined;

  const workOff = async () => {
    for (;;) {
      const delivery = running ? state().inbox.find(({ id }) => !givenUp.has(id)) : undefined;
      if (delivery === undefined) return;
      try {
        const handled = await options.work(delivery);
        await commit([{ op: 'handled', id: delivery.id, ...handled }]);
        options.done(delivery, handled);
      } catch (error) {
        givenUp.add(delivery.id);
        await options.failed(delivery, error);
        // When even this cannot be noted it is taken up again at the next start.
        await commit([{ op: 'handled', id: delivery.id, checks: [] }]).catch(() => undefined);
      }
    }
  };
  const wake = () => {
    if (!running || working !== undefined) return;
    working = workOff().finally(() => {
      working = undefined;
      if (state().inbox.some(({ id }) => !givenUp.has(id))) wake();
    });
  };
  return {
    async accept(id, job) {
      if (known.has(id)) return false;
      known.add(id);
      try {
        await commit([{ op: 'noted', delivery: { id, job } }]);
      } catch (error) {
        known.delete(id);
        throw error;
      }
      for (const forgotten of known) {
        if (known.size <= state().deliveries.length) break;
        known.delete(forgotten);
      }
      wake();
      return true;
    },
    start() {
      running = true;
      wake();
    },
    async settled() {
      while (working !== undefined) await working;
    },
    async stop() {
      running = false;
      await working;
    },
  };
}
