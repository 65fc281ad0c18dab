// The pool of builders: what others may ask of it. How it decides is in rules.ts, what it does in scheduler.ts.
import type { ChrootName, Settings } from '@coppice/config';
import type { RunnerError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { DriverFacts } from '../builder/driver-facts.ts';
import type { Line, LineOptions, Session } from '../builder/session.ts';
import type { Builder } from '../builder/spawn.ts';
import type { MakingStage } from './builder-operations.ts';

/** What a builder is wanted for. Builders are reused only by the same owner/project and trust. */
export interface BuilderNeed {
  readonly chroot: ChrootName;
  readonly owner: string;
  readonly project: string;
  /**
   * `source`: makes source packages, runs what packagers wrote, maybe with network: the lowest level. `build`: builds
   * packages.
   */
  readonly trust: 'source' | 'build';
  readonly labels: readonly string[];
  /** How long it may take: a builder whose deadline is nearer is not given. Default: 0. */
  readonly seconds?: number;
  /** Somebody is let in by SSH, which not every pool allows. Default: false. */
  readonly logins?: boolean;
}

/** A builder, and what its driver says of it. */
export type LeasedBuilder = Builder &
  Pick<DriverFacts, 'outlivesService' | 'network'> & {
    /** The driver's name, without the folder that it may lie in. */
    readonly driver: string;
  };

/** How somebody speaks to a builder. */
export type SessionWish = Omit<LineOptions, 'builder'> & {
  /** Told what happens to the connection. */
  readonly warn: (message: string) => void;
};

export interface Lease {
  readonly builder: LeasedBuilder;
  /**
   * The connection to it, opened by the first who asks. Throws RunnerError `connect`, `host-key` or `lost`, or the
   * reason of the abort.
   */
  session(options: SessionWish): Promise<Session>;
  /**
   * `reuse`: cleaned and kept warm for the same project and trust; `end`: terminated. Nothing may run on it any more,
   * but results may be on their way from it: until `fetched` settles it is kept for that, and when that fails it is not
   * used again; what is `left` there is fetched by the next start of the service. The first call counts. Resolves when
   * the builder is cared for; never rejects.
   */
  release(how: 'reuse' | 'end', fetched?: Promise<'fetched' | 'left'>): Promise<void>;
  /**
   * For somebody to look at: nobody else gets it; ended at `until`, which may be changed by another call. Throws
   * RunnerError `no-builder` when too many are kept already, or `lost` when it was ended meanwhile.
   */
  keep(until: Date): Promise<void>;
}

/** A pool whose builders cannot be made at present. */
export interface PoolFault {
  /** ISO 8601, UTC. */
  readonly since: string;
  /** In a row. */
  readonly failures: number;
  /** The last one in words. */
  readonly message: string;
  /** When it is tried again. */
  readonly retryAt: string;
}

export interface PoolState {
  readonly pools: readonly {
    readonly name: string;
    readonly driver: string;
    readonly architectures: readonly string[];
    readonly labels: readonly string[];
    readonly min: number;
    readonly max: number;
    readonly builders: Readonly<Record<'making' | 'idle' | 'leased' | 'kept' | 'ending', number>>;
    /** When a builder was made last (ISO 8601, UTC); undefined: none since the start of the service. */
    readonly madeAt: string | undefined;
    /** Undefined while builders can be made. */
    readonly fault: PoolFault | undefined;
  }[];
  /** Needs that wait for a builder. */
  readonly waiting: number;
}

export interface BuilderPool {
  /**
   * A provisioned builder for the need: a warm one, or a new one; waits while the pools are full or their breakers are
   * open. `onStage` is told what is done with which builder, `onNear` of the connection to one that will most likely be
   * given next, so that it can be made ready while somebody else of the same tenant has it. Throws RunnerError
   * `no-builder` when no pool has such builders or none could be made in several tries (trying again would not help),
   * or the reason of the abort.
   */
  take(
    need: BuilderNeed,
    signal: AbortSignal,
    onStage?: (stage: MakingStage, name: string) => void,
    onNear?: (line: Line, builder: LeasedBuilder) => void,
  ): Promise<Lease>;
  /** Why no pool can serve the need, as `take` throws it; undefined when one can. */
  refusal(need: BuilderNeed): RunnerError | undefined;
  /**
   * Such a need will come soon: a builder is made ready for it where there is room, without a lease, and nothing is
   * ended for it.
   */
  expect(need: BuilderNeed): void;
  /**
   * After a restart: the lease of a builder that an earlier run left with this need, or undefined when it is gone or
   * was for another.
   */
  adopt(name: string, need: BuilderNeed): Promise<Lease | undefined>;
  /** Whether there is a builder of this name that is kept for somebody to look at. */
  isKept(name: string): boolean;
  /** Ends it before its time; resolves when it is gone. Nothing when no such builder is kept. */
  endKept(name: string): Promise<void>;
  /**
   * Ends what the drivers list and neither the pool nor a lease knows; from the first call on by itself, every few
   * minutes.
   */
  reap(): Promise<void>;
  /** Other pools, limits and times from now on; builders at work are not disturbed. */
  resize(settings: Settings): void;
  state(): PoolState;
  /** `keepLeased`: builders that outlive the service and are leased or kept stay; all others are ended. */
  stop(options: { readonly keepLeased: boolean }): Promise<void>;
}

export interface PoolOptions {
  readonly settings: Settings;
  /** COPPICE_HOME, absolute. */
  readonly home: string;
  /**
   * Local port of the HTTP server that serves `published/`, from which base roots are made ahead. Default: none are.
   */
  readonly controlPort?: number;
  readonly log: Log;
  readonly now: () => Date;
}
