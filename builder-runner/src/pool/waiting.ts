// Those who wait for a builder, and what will be wanted soon.
import type { ChrootName } from '@coppice/config';
import type { Line } from '../builder/session.ts';
import type { MakingStage } from './builder-operations.ts';
import { retryPause, roomPauseMilliseconds } from './circuit-breaker.ts';
import { architectureFor, keyOf, tenantOf } from './need.ts';
import type { BuilderNeed, Lease, LeasedBuilder } from './pool.ts';
import type { Want } from './rules.ts';

/** One who waits. Times in milliseconds since 1970. */
export interface Waiting {
  readonly id: number;
  readonly need: BuilderNeed;
  readonly since: number;
  readonly onStage: ((stage: MakingStage, name: string) => void) | undefined;
  readonly onNear: ((line: Line, builder: LeasedBuilder) => void) | undefined;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (reason: unknown) => void;
  /** No builder is made for it before. */
  readonly retryAt: number;
  /** Pool → how many builders that were made there for it failed. */
  readonly failures: ReadonlyMap<string, number>;
  /** The builder that it was told to make ready for itself. */
  readonly near: string | undefined;
}

const expectedMilliseconds = 300_000;

/** Oldest first. */
export class WaitingList {
  #all: readonly Waiting[] = [];
  #nextId = 1;
  /** Forgotten when it is wanted, or after a while. */
  readonly #expected = new Map<string, { readonly need: BuilderNeed; readonly until: number }>();
  /** Architecture → the chroot that was wanted last. */
  readonly #lastChroot = new Map<string, ChrootName>();

  get all(): readonly Waiting[] {
    return this.#all;
  }

  add(one: Pick<Waiting, 'need' | 'since' | 'onStage' | 'onNear' | 'resolve' | 'reject'>): Waiting {
    const { need } = one;
    const waiting = { ...one, id: this.#nextId++, retryAt: 0, failures: new Map(), near: undefined };
    this.#all = [...this.#all, waiting];
    this.#expected.delete(keyOf(need));
    this.#lastChroot.set(architectureFor(need.chroot), need.chroot);
    return waiting;
  }

  get(id: number | null): Waiting | undefined {
    return this.#all.find((one) => one.id === id);
  }

  /** Undefined when nobody of this id waits any more. */
  remove(id: number): Waiting | undefined {
    const found = this.get(id);
    this.#all = this.#all.filter((one) => one !== found);
    return found;
  }

  /** Puts it in the place of the one of the same id, if that still waits. */
  replace(waiting: Waiting): void {
    this.#all = this.#all.map((one) => (one.id === waiting.id ? waiting : one));
  }

  /** Such a need will come soon. */
  expect(need: BuilderNeed, now: number): void {
    this.#expected.set(keyOf(need), { need, until: now + expectedMilliseconds });
  }

  expected(now: number): readonly Want[] {
    for (const [key, { until }] of this.#expected) if (until <= now) this.#expected.delete(key);
    return [...this.#expected.values()].map(({ need }) => newWant(need, now));
  }

  /**
   * A driver may choose by it what it makes ahead; what was never wanted for an architecture is for a chroot that does
   * not exist.
   */
  likelyChroot(architecture: string): ChrootName {
    return this.#lastChroot.get(architecture) ?? (`any-0-${architecture}` as ChrootName);
  }
}

/** As the rules see it. Pure. */
export function wantOf({ id, need, since, retryAt, failures }: Waiting): Want {
  return { ...newWant(need, since), id, retryAt, failures };
}

/** The want of one for whom nothing was tried yet. Pure. */
export function newWant(need: BuilderNeed, since: number): Want {
  return {
    ...{ id: 0, since, retryAt: 0, failures: new Map() },
    tenant: tenantOf(need),
    trust: need.trust,
    chroot: need.chroot,
    architecture: architectureFor(need.chroot),
    labels: need.labels,
    milliseconds: (need.seconds ?? 0) * 1000,
    logins: need.logins ?? false,
  };
}

/** After a builder that the pool was to make for it could not be made: the next one is made after a pause. Pure. */
export function triedInVain(waiting: Waiting, pool: string, now: number): Waiting {
  const failures = new Map(waiting.failures).set(pool, (waiting.failures.get(pool) ?? 0) + 1);
  return { ...waiting, failures, retryAt: now + retryPause(triesOf({ failures })) };
}

/** After the disk of the control host was full: that is no try. Pure. */
export function waitsForRoom(waiting: Waiting, now: number): Waiting {
  return { ...waiting, retryAt: now + roomPauseMilliseconds };
}

/** How many builders could not be made for it. Pure. */
export function triesOf({ failures }: Pick<Waiting, 'failures'>): number {
  return [...failures.values()].reduce((sum, count) => sum + count, 0);
}
