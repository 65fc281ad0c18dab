// The builders that the pools have now: the value of each, what belongs to it while the service runs, and how it is
// written down and ended.
import { EventEmitter } from 'node:events';
import { describeError, isDiskFull, RunnerError } from '../base/errors.ts';
import { inTurn } from '../base/in-turn.ts';
import type { Log } from '../base/log.ts';
import type { BuilderOperations } from './builder-operations.ts';
import type { PooledBuilder } from './pooled-builder.ts';
import { SharedLine } from './shared-line.ts';
import { ending } from './transitions.ts';

/** What belongs to a builder and is no value. */
interface LiveParts {
  /** Ends what is being done to it: making, connecting, cleaning. */
  readonly abort: AbortController;
  readonly connection: SharedLine;
  /** Results that are on their way from it; none rejects. */
  readonly fetching: Set<Promise<void>>;
}

interface FleetOptions {
  readonly operations: BuilderOperations;
  readonly log: Log;
  /** In milliseconds since 1970. */
  readonly now: () => number;
  /** Aborted when the service ends. */
  readonly stopped: AbortSignal;
}

/** Between tries to end a builder; what cannot be ended then is left to the reaper. */
const endPauses = [2000, 10_000];
/** While the disk is full: what it holds is what is missing. */
const fullPause = 5000;

/** Emits `change` when something has changed by which others may be served. */
export class Fleet extends EventEmitter<{ change: [] }> {
  readonly operations: BuilderOperations;
  readonly log: Log;
  readonly now: () => number;
  readonly #stopped: AbortSignal;
  readonly #builders = new Map<string, PooledBuilder>();
  readonly #parts = new Map<string, LiveParts>();
  /** Each resolves when the builder is gone. */
  readonly #ends = new Map<string, Promise<void>>();

  constructor({ operations, log, now, stopped }: FleetOptions) {
    super();
    this.operations = operations;
    this.log = log;
    this.now = now;
    this.#stopped = stopped;
  }

  get all(): readonly PooledBuilder[] {
    return [...this.#builders.values()];
  }

  /** Undefined when it is gone, or never was. */
  get(name: string): PooledBuilder | undefined {
    return this.#builders.get(name);
  }

  add(pooled: PooledBuilder): void {
    this.#builders.set(pooled.name, pooled);
    const parts = { abort: new AbortController(), connection: new SharedLine(), fetching: new Set<Promise<void>>() };
    this.#parts.set(pooled.name, parts);
  }

  /** Makes the builder what `next` gives. Throws RunnerError `lost` when it is gone. */
  become<Next extends PooledBuilder>(name: string, next: (pooled: PooledBuilder) => Next): Next {
    const before = this.#builders.get(name);
    if (before === undefined) throw wasEnded(name);
    const after = next(before);
    this.#builders.set(name, after);
    return after;
  }

  /** Throws RunnerError `lost` when the builder is gone. */
  parts(name: string): LiveParts {
    const parts = this.#parts.get(name);
    if (parts === undefined) throw wasEnded(name);
    return parts;
  }

  /**
   * Writes its record down as it is then, one writing after the other. Throws RunnerError `lost` when the builder is
   * gone.
   */
  write(name: string): Promise<void> {
    return inTurn(`record of the builder ${name}`, async () => {
      const pooled = this.#builders.get(name);
      if (pooled === undefined) throw wasEnded(name);
      await this.operations.write(name, pooled.record);
    });
  }

  /** Resolves when it is gone, or cannot be ended now; never rejects. */
  end(name: string): Promise<void> {
    const before = this.#ends.get(name);
    if (before !== undefined || !this.#builders.has(name)) return before ?? Promise.resolve();
    const ended = this.#end(name);
    this.#ends.set(name, ended);
    return ended;
  }

  async #end(name: string): Promise<void> {
    this.become(name, ending);
    const { abort, connection } = this.parts(name);
    abort.abort(wasEnded(name));
    connection.close();
    for (const pauses = [...endPauses]; ; ) {
      const ended = await this.#tryToEnd(name);
      const pause = ended === 'full' ? fullPause : pauses.shift();
      if (ended === 'ended' || pause === undefined || !(await this.#pause(pause))) break;
    }
    this.#builders.delete(name);
    this.#parts.delete(name);
    this.#ends.delete(name);
    this.emit('change');
  }

  /** False when the service ends meanwhile: what is left then is ended at its next start. */
  async #pause(milliseconds: number): Promise<boolean> {
    if (this.#stopped.aborted) return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    this.#stopped.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
    return !this.#stopped.aborted;
  }

  async #tryToEnd(name: string): Promise<'ended' | 'failed' | 'full'> {
    const record = this.#builders.get(name)?.record;
    if (record === undefined) return 'ended';
    try {
      await this.operations.end(name, record);
      return 'ended';
    } catch (error) {
      this.log('error', `builder ${name} could not be ended: ${describeError(error)}`);
      return isDiskFull(error) ? 'full' : 'failed';
    }
  }
}

function wasEnded(name: string): RunnerError {
  return new RunnerError('lost', `the builder ${name} was ended`);
}
