// Write down, return at once, work later: accepted deliveries are worked off one after the other, also those of the
// last run. Pushes go first: what people ask for in comments may be about them.
import { setTimeout as sleep } from 'node:timers/promises';
import { RateLimited } from '../github/rate-limit.ts';
import type { BotOperation, BotState, Handled } from '../vocabulary/bot-state.ts';
import type { Delivery, Job } from '../vocabulary/job.ts';

interface InboxOptions {
  readonly state: () => BotState;
  readonly commit: (operations: readonly BotOperation[]) => Promise<unknown>;
  /** Called before one is worked off; pushes that it accepts go before it. Does not reject. */
  readonly before?: (delivery: Delivery) => Promise<void>;
  /**
   * Works one off. Does not reject for what people got wrong, nor for faults that it can tell them. One that rejects
   * with RateLimited is worked off again when GitHub can be asked again.
   */
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
  const stopping = new AbortController();
  let running = false;
  let working: Promise<void> | undefined;

  const next = (): Delivery | undefined => {
    if (!running) return undefined;
    const waiting = state().inbox.filter(({ id }) => !givenUp.has(id));
    return waiting.find(({ job }) => job.kind === 'push') ?? waiting[0];
  };
  const workOff = async () => {
    for (;;) {
      const first = next();
      if (first !== undefined && first.job.kind !== 'push') await options.before?.(first);
      const delivery = next();
      if (delivery === undefined) return;
      try {
        const handled = await options.work(delivery);
        await commit([{ op: 'handled', id: delivery.id, ...handled }]);
        options.done(delivery, handled);
      } catch (error) {
        if (error instanceof RateLimited) {
          const wait = Math.max(0, error.until - performance.now());
          await sleep(wait, undefined, { signal: stopping.signal }).catch(() => undefined);
          continue;
        }
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
      stopping.abort();
      await working;
    },
  };
}
