// A builder in somebody's hands, and its way back into the pool.
import { describeError, RunnerError } from '../base/errors.ts';
import { openLine } from '../builder/session.ts';
import { abortable } from '../builder/ssh.ts';
import type { BuilderOperations } from './builder-operations.ts';
import { sweepBuilder } from './clean.ts';
import type { Held } from './held.ts';
import type { Lease, LeasedBuilder, PoolOptions } from './pool.ts';

/** What leases need of their pool. */
export interface LeaseOffice extends Pick<PoolOptions, 'log'> {
  readonly operations: BuilderOperations;
  readonly now: () => number;
  /** Ends the builder; resolves when it is gone. */
  readonly end: (held: Held) => Promise<void>;
  /** Something has changed: others may be served. */
  readonly look: () => void;
  /** Throws RunnerError `no-builder` when too many are kept already. */
  readonly assertRoomToKeep: (held: Held) => void;
}

/** Gives the builder to one more: after a restart a build that runs and one whose results come may share it. */
export function lend(held: Held, office: LeaseOffice): Lease {
  held.holders += 1;
  let cared: Promise<void> | undefined;
  return {
    builder: leasedBuilder(held),
    session: async ({ warn, signal, ...options }) => {
      // One that others use is theirs to mend; a new one is not tried again when the builder is gone.
      if (held.line?.isUp === false && held.holders + held.fetching.size === 1) {
        held.line.close();
        held.line = undefined;
      }
      held.opening ??= openLineOf(held, options).finally(() => {
        held.opening = undefined;
      });
      const line = held.line ?? (await abortable(signal, held.opening));
      office.look(); // who is next may make ready
      return line.session(warn);
    },
    release: (how, fetched) => {
      cared ??= giveBack(held, how, fetched, office);
      return cared;
    },
    keep: async (until) => {
      office.assertRoomToKeep(held);
      held.state = 'kept';
      held.record = { ...held.record, keptUntil: until.toISOString() };
      await write(held, office);
      office.look();
    },
  };
}

/** The builder, which has to be made, as those who have it see it. Pure. */
export function leasedBuilder({ builder, facts }: Held): LeasedBuilder {
  return { ...(builder as NonNullable<Held['builder']>), ...facts };
}

async function openLineOf(held: Held, options: Omit<Parameters<Lease['session']>[0], 'warn' | 'signal'>) {
  if (held.line !== undefined) return held.line;
  const builder = held.builder as NonNullable<Held['builder']>;
  const line = await openLine({ builder, ...options, signal: held.abort.signal });
  held.line = line;
  return line;
}

/** Writes the record down; one write after the other. */
export function write(held: Held, { operations }: Pick<LeaseOffice, 'operations'>): Promise<void> {
  const written = held.written.then(() => operations.write(held.name, held.record));
  held.written = written.catch(() => undefined); // whoever asked for it hears of it
  return written;
}

async function giveBack(
  held: Held,
  how: 'reuse' | 'end',
  fetched: Promise<'fetched' | 'left'> | undefined,
  office: LeaseOffice,
): Promise<void> {
  held.holders -= 1;
  if (how === 'end') held.isDoubtful = true;
  if (fetched !== undefined) watchFetching(held, fetched, office);
  if (held.holders > 0) return;
  if (held.state !== 'leased') return await office.end(held);
  held.state = 'cleaning';
  office.look();
  if (held.isDoubtful) {
    // Results that are on their way have their own limit of time.
    await Promise.allSettled(held.fetching);
    return await office.end(held);
  }
  await clean(held, office);
}

async function clean(held: Held, office: LeaseOffice): Promise<void> {
  const { operations, log } = office;
  try {
    if (!(await operations.clean(held.builder as NonNullable<Held['builder']>, held.line, held.abort.signal))) {
      log('warn', `builder ${held.name} is not used again: processes of the last build were left on it`);
      await Promise.allSettled(held.fetching);
      return await office.end(held);
    }
    held.record = { ...held.record, leased: isOwed(held) };
    await write(held, office);
  } catch (error) {
    if (held.hasLeft) return; // the service ends, and its connections with it
    if (held.ended === undefined) log('warn', `builder ${held.name} is not used again: ${describeError(error)}`);
    return await office.end(held);
  }
  if (held.ended !== undefined) return await held.ended;
  if (held.isDoubtful) return await office.end(held);
  held.state = 'idle';
  held.idleSince = office.now();
  office.look();
}

/** There are results on it for which an earlier build still has it. */
function isOwed({ fetching, hasLeft }: Held): boolean {
  return fetching.size > 0 || hasLeft;
}

/**
 * Until the results are here nobody ends the builder for want of room; when they cannot be had, nobody gets it any
 * more.
 */
function watchFetching(held: Held, fetched: Promise<'fetched' | 'left'>, office: LeaseOffice): void {
  const settled = fetched.then(
    (end) => {
      if (end === 'left') held.hasLeft = true;
    },
    () => {
      held.isDoubtful = true;
    },
  );
  held.fetching.add(settled);
  void settled.then(() => {
    held.fetching.delete(settled);
    if (held.state !== 'idle' || held.ended !== undefined || held.hasLeft) return undefined;
    return held.isDoubtful ? office.end(held) : tidy(held, office);
  });
}

async function tidy(held: Held, office: LeaseOffice): Promise<void> {
  try {
    if (held.line !== undefined) await sweepBuilder(held.line, held.abort.signal);
    if (held.state !== 'idle') return; // who has it now tidies after himself
    held.record = { ...held.record, leased: isOwed(held) };
    await write(held, office);
    office.look();
  } catch (error) {
    if (held.state !== 'idle') return;
    office.log('warn', `builder ${held.name} is not used again: ${describeError(error)}`);
    await office.end(held);
  }
}

/** Throws RunnerError `no-builder` when so many are kept that nobody could build any more. Pure. */
export function assertFewKept(held: Held, all: Iterable<Held>, max: number): void {
  const kept = [...all].filter((one) => one !== held && one.poolId === held.poolId && one.state === 'kept').length;
  if (kept < Math.max(1, max - 1)) return;
  throw new RunnerError('no-builder', `${kept} builders of the pool ${held.record.pool} are kept already`);
}
