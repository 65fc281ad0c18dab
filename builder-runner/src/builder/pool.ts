// The pool of builders: makes them when they are needed, lends them out, ends them.
import { randomBytes } from 'node:crypto';
import { type ChrootName, chrootOf, type PoolSettings, type Settings } from '@coppice/config';
import { describeError, RunnerError } from '../errors.ts';
import { type DriverFacts, type DriverOffer, offerOf, readDriverFacts, thisMachine } from './driver-facts.ts';
import { type BuilderRecord, readBuilder, readRecord, recordedNames, writeRecord } from './pool-records.ts';
import { provisionBuilder } from './provision.ts';
import {
  type Builder,
  builderPrefix,
  type Driver,
  listBuilders,
  machineArchitecture,
  spawnBuilder,
  terminateBuilder,
} from './spawn.ts';

/** What a builder is wanted for. Builders are reused only by the same owner/project and trust. */
export interface BuilderNeed {
  readonly chroot: ChrootName;
  readonly owner: string;
  readonly project: string;
  /** `source`: makes source packages, runs what packagers wrote, maybe with network: the lowest level. `build`: builds packages. */
  readonly trust: 'source' | 'build';
  readonly labels: readonly string[];
  /** How long it may take: a builder whose deadline is nearer is not given. Default: 0. */
  readonly seconds?: number;
}

/** A builder, and what its driver says of it. */
export type LeasedBuilder = Builder & Pick<DriverFacts, 'outlivesService' | 'network'>;

export interface Lease {
  readonly builder: LeasedBuilder;
  /** `reuse`: clean, kept warm for the same project and trust; `end`: terminated. Idempotent; resolves when the builder is cared for. */
  release(how: 'reuse' | 'end'): Promise<void>;
  /** For somebody to look at: nobody else gets it; ended at `until`. */
  keep(until: Date): Promise<void>;
}

export interface PoolState {
  readonly pools: readonly {
    readonly name: string;
    readonly driver: string;
    readonly max: number;
    readonly builders: Readonly<Record<'making' | 'idle' | 'leased' | 'kept' | 'ending', number>>;
    /** Undefined while builders can be made; else since when they cannot (ISO 8601), and the last fault in words. */
    readonly fault?: { readonly since: string; readonly failures: number; readonly message: string } | undefined;
  }[];
  /** Needs that wait for a builder. */
  readonly waiting: number;
}

export interface BuilderPool {
  /**
   * A provisioned builder for the need: a warm one, or a new one; waits while the pools are full or their breakers are open. `onStage`
   * is told what is done with which builder. Throws RunnerError `no-builder` when no pool has such builders or none could be made in
   * several tries (trying again would not help), or the reason of the abort.
   */
  take(
    need: BuilderNeed,
    signal: AbortSignal,
    onStage?: (stage: 'spawn' | 'provision', name: string) => void,
  ): Promise<Lease>;
  /** After a restart: the lease of a builder that an earlier run left with this need, or undefined when it is gone or was for another. */
  adopt(name: string, need: BuilderNeed): Promise<Lease | undefined>;
  /** Ends what the drivers list and neither the pool nor a lease knows. Call it at the start, after all adopting. */
  reap(): Promise<void>;
  resize(settings: Settings): void;
  state(): PoolState;
  /** `keepLeased`: builders that outlive the service and are leased stay; all others are ended. */
  stop(options: { readonly keepLeased: boolean }): Promise<void>;
}

export interface PoolOptions {
  readonly settings: Settings;
  /** COPPICE_HOME, absolute. */
  readonly home: string;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;
  readonly now: () => Date;
}

interface OpenPool {
  readonly settings: PoolSettings;
  readonly facts: DriverFacts;
  readonly offer: DriverOffer;
}

interface Member {
  readonly name: string;
  readonly pool: OpenPool;
  state: 'making' | 'leased' | 'kept' | 'ending';
}

/** Reads what the drivers offer. Throws RunnerError `spawn` when a driver's facts are not good. */
export async function openPool(options: PoolOptions): Promise<BuilderPool> {
  const { home, log, now } = options;
  let settings = options.settings;
  const pools: OpenPool[] = [];
  for (const one of settings.builders.pools) pools.push(await openOne(one));
  const members = new Map<string, Member>();
  const timers = new Set<NodeJS.Timeout>();
  let changed: PromiseWithResolvers<void> = Promise.withResolvers();
  let waiting = 0;
  const ring = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const driverOf = (source: { driver: string; options: Record<string, unknown> }): Driver => ({
    settings,
    home,
    source,
  });

  const end = async (name: string, driver: Driver) => {
    const member = members.get(name);
    if (member !== undefined) member.state = 'ending';
    try {
      await terminateBuilder(driver, name);
    } catch (error) {
      log('error', `builder ${name} could not be ended: ${describeError(error)}`);
    } finally {
      members.delete(name);
      ring();
    }
  };

  const leaseOf = (member: Member, builder: Builder, record: BuilderRecord): Lease => {
    const { outlivesService, network } = member.pool.facts;
    let ended: Promise<void> | undefined;
    const release = () => {
      ended ??= end(member.name, driverOf(record));
      return ended;
    };
    return {
      builder: { ...builder, outlivesService, network },
      release,
      keep: async (until) => {
        member.state = 'kept';
        await writeRecord(home, member.name, { ...record, keptUntil: until.toISOString() });
        const timer = setTimeout(
          () => {
            timers.delete(timer);
            void release();
          },
          Math.max(0, until.getTime() - now().getTime()),
        );
        timers.add(timer);
      },
    };
  };

  const fits = (pool: OpenPool, need: BuilderNeed) =>
    pool.offer.architectures.includes(machineArchitecture(chrootOf(need.chroot).architecture)) &&
    need.labels.every((label) => pool.offer.labels.includes(label));
  const sizeOf = (pool: OpenPool) => [...members.values()].filter((member) => member.pool === pool).length;

  const take: BuilderPool['take'] = async (need, signal, onStage) => {
    const fitting = pools.filter((pool) => fits(pool, need));
    if (fitting.length === 0) throw noPoolFor(need, pools);
    signal.throwIfAborted();
    waiting += 1;
    let pool: OpenPool | undefined;
    try {
      for (;;) {
        pool = fitting.find((one) => sizeOf(one) < one.settings.max);
        if (pool !== undefined) break;
        await Promise.race([changed.promise, aborted(signal)]);
      }
    } finally {
      waiting -= 1;
    }
    const name = `${builderPrefix(home)}${now().getTime().toString(36)}${randomBytes(3).toString('hex')}`;
    const member: Member = { name, pool, state: 'making' };
    members.set(name, member);
    const { driver, options, name: poolName } = pool.settings;
    const source = driverOf({ driver, options });
    try {
      onStage?.('spawn', name);
      const builder = await spawnBuilder(source, name, need.chroot, signal);
      onStage?.('provision', name);
      await provisionBuilder(source, builder, signal);
      const spawnedAt = now();
      const record: BuilderRecord = {
        ...{ pool: poolName, driver, options },
        architecture: machineArchitecture(chrootOf(need.chroot).architecture),
        chroot: need.chroot,
        publicKey: builder.publicKey,
        spawnedAt: spawnedAt.toISOString(),
        deadline: new Date(spawnedAt.getTime() + settings.builders.lifetimeSeconds * 1000).toISOString(),
        provisioned: true,
        need: { ...need, labels: [...need.labels] },
        leased: true,
        keptUntil: null,
      };
      await writeRecord(home, name, record);
      member.state = 'leased';
      return leaseOf(member, builder, record);
    } catch (error) {
      void end(name, source);
      throw error;
    }
  };

  const reap = async () => {
    const known = new Set(members.keys());
    const found = new Map<string, Driver>();
    for (const name of await recordedNames(home)) {
      const record = await readRecord(home, name);
      found.set(name, record === undefined ? driverOf(pools[0]?.settings as PoolSettings) : driverOf(record));
    }
    for (const { settings: one } of pools) {
      const driver = driverOf(one);
      try {
        for (const name of await listBuilders(driver)) if (!found.has(name)) found.set(name, driver);
      } catch (error) {
        log('error', `the builders of ${one.name} cannot be listed: ${describeError(error)}`);
      }
    }
    for (const [name, driver] of found) {
      if (known.has(name) || members.has(name)) continue;
      await end(name, driver);
      log('warn', `builder ${name} belonged to nobody and was ended`);
    }
  };

  return {
    take,
    adopt: async (name, need) => {
      const record = await readRecord(home, name);
      const pool = pools.find((one) => one.settings.name === record?.pool);
      if (record === undefined || pool === undefined || !isFor(record, need)) return undefined;
      const builder = await readBuilder(home, name, record);
      const listed = await listBuilders(driverOf(record));
      if (builder === undefined || !listed.includes(name)) return undefined;
      const member: Member = { name, pool, state: 'leased' };
      members.set(name, member);
      return leaseOf(member, builder, record);
    },
    reap,
    resize: (next) => {
      settings = next;
    },
    state: () => ({
      pools: pools.map((pool) => {
        const of = (state: Member['state']) =>
          [...members.values()].filter((member) => member.pool === pool && member.state === state).length;
        const { name, driver, max } = pool.settings;
        const builders = {
          making: of('making'),
          idle: 0,
          leased: of('leased'),
          kept: of('kept'),
          ending: of('ending'),
        };
        return { name, driver, max, builders };
      }),
      waiting,
    }),
    stop: async ({ keepLeased }) => {
      for (const timer of timers) clearTimeout(timer);
      const stays = ({ pool, state }: Member) => keepLeased && pool.facts.outlivesService && state === 'leased';
      await Promise.all(
        [...members.values()]
          .filter((member) => !stays(member))
          .map(({ name, pool }) => end(name, driverOf(pool.settings))),
      );
    },
  };
}

async function openOne(settings: PoolSettings): Promise<OpenPool> {
  const facts = await readDriverFacts(settings.driver);
  const offer = offerOf(facts, settings.options, thisMachine());
  return {
    settings,
    facts,
    offer: {
      architectures: settings.architectures ?? offer.architectures,
      labels: [...offer.labels, ...settings.labels],
    },
  };
}

function isFor(record: BuilderRecord, need: BuilderNeed): boolean {
  const { need: was } = record;
  return (
    was !== null &&
    was.chroot === need.chroot &&
    was.owner === need.owner &&
    was.project === need.project &&
    was.trust === need.trust
  );
}

function noPoolFor(need: BuilderNeed, pools: readonly OpenPool[]): RunnerError {
  const offered = [...new Set(pools.flatMap(({ offer }) => offer.architectures))].sort().join(', ');
  const labels = need.labels.length === 0 ? '' : ` with the labels ${need.labels.join(', ')}`;
  return new RunnerError(
    'no-builder',
    `no pool has builders for ${need.chroot}${labels}; the architectures that are offered: ${offered}`,
  );
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
