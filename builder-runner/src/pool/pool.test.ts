// The pool with operations that fail, on a machine where nothing is made: what it does with its builders' faults.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChrootName, type Settings, settingsSchema } from '@coppice/config';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startSshd } from '../../testing/sshd-for-tests.ts';
import { RunnerError } from '../base/errors.ts';
import { thisMachine } from '../builder/driver-facts.ts';
import type { Builder } from '../builder/spawn.ts';
import type { BuilderOperations } from './builder-operations.ts';
import { openPoolWith } from './open-pool.ts';
import type { BuilderNeed, BuilderPool, Lease } from './pool.ts';
import type { BuilderRecord } from './records.ts';

const never = new AbortController().signal;
const chroot = `sapling-12-${thisMachine()}` as ChrootName;
const need = (project: string, more: Partial<BuilderNeed> = {}): BuilderNeed => ({
  ...{ chroot, owner: 'acme', project, trust: 'build', labels: [] },
  ...more,
});

/** Builders that exist in memory alone. */
class MemoryBuilders implements BuilderOperations {
  readonly there = new Set<string>();
  readonly records = new Map<string, BuilderRecord>();
  /** How many of the next makings fail. */
  failures = 0;
  /** Makings wait for this. */
  gate: Promise<void> = Promise.resolve();
  made = 0;
  /** When each making and each ending was begun, in milliseconds. */
  readonly begun: number[] = [];
  readonly ended: number[] = [];
  isClean = true;
  /** What all of them are, if they are anything. */
  machine: Partial<Builder> = {};
  endFailures = 0;
  failure = new RunnerError('spawn', 'no room');
  endFailure: Error = new RunnerError('terminate', 'it clings');

  async make(plan: Parameters<BuilderOperations['make']>[0], signal: AbortSignal, onStage: (stage: 'spawn') => void) {
    this.there.add(plan.name);
    this.begun.push(Date.now());
    onStage('spawn');
    await Promise.race([this.gate, rejectOn(signal)]);
    if (this.failures > 0) {
      this.failures -= 1;
      throw this.failure;
    }
    this.made += 1;
    return {
      builder: { ...this.machine, name: plan.name, chroot } as Builder,
      record: { ...plan.record, provisioned: true },
    };
  }
  async write(name: string, record: BuilderRecord) {
    this.records.set(name, record);
  }
  async clean() {
    return this.isClean;
  }
  async end(name: string) {
    this.ended.push(Date.now());
    if (this.endFailures > 0) {
      this.endFailures -= 1;
      throw this.endFailure;
    }
    this.there.delete(name);
  }
  async list() {
    return [...this.there];
  }
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

let home: string;
let builders: MemoryBuilders;
let pool: BuilderPool;
const lines: string[] = [];
const settings = (of: object, more: object = {}) =>
  settingsSchema.parse({ builders: { pools: [{ driver: 'local', ...of }], ...more } });
const openWith = async (all: Settings) => {
  const log = (level: string, message: string) => void lines.push(`${level}: ${message}`);
  pool = await openPoolWith({ settings: all, home, log, now: () => new Date(), operations: builders });
};
const open = (of: object, more: object = {}) => openWith(settings(of, more));

beforeEach(async () => {
  // Without root the driver `local` has one builder at a time, whatever a pool says: see driver-facts.test.ts.
  vi.spyOn(process, 'getuid').mockReturnValue(0);
  home = await mkdtemp(join(tmpdir(), 'coppice-pool-'));
  builders = new MemoryBuilders();
  lines.length = 0;
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await pool.stop({ keepLeased: false });
  expect([...builders.there]).toEqual([]);
  await rm(home, { recursive: true });
});

test('a need whose builders cannot be made is told so after the tries of the settings, and not as anything to try again', async () => {
  await open({}, { attempts: 1 });
  builders.failures = 9;
  const told = pool.take(need('tools'), never);
  await expect(told).rejects.toMatchObject({
    code: 'no-builder',
    message: 'no builder could be made in 1 try, the last time because: no room',
  });
});

test('after a failed spawn another builder is tried, and the need is served', async () => {
  await open({}, { breaker: { failures: 5 } });
  builders.failures = 1;
  const names: string[] = [];
  const lease = await pool.take(need('tools'), never, (_, name) => names.push(name));
  expect(names).toHaveLength(2);
  expect(lease.builder.name).toBe(names[1]);
});

/** How long it is from each to the next, in seconds, on a clock that goes only until there are so many. */
async function gapsOf(times: readonly number[], wanted: number): Promise<readonly number[]> {
  while (times.length < wanted) await vi.advanceTimersByTimeAsync(100);
  return times.slice(1).map((time, index) => Math.round((time - (times[index] ?? 0)) / 1000));
}

test('between tries to make a builder for a need it waits longer and longer', async () => {
  await open({}, { attempts: 6, breaker: { failures: 100 } });
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  builders.failures = 6;
  const told = expect(pool.take(need('tools'), never)).rejects.toMatchObject({ code: 'no-builder' });
  expect(await gapsOf(builders.begun, 6)).toEqual([1, 5, 25, 60, 60]);
  await told;
  expect(builders.begun).toHaveLength(6);
});

test('a builder that cannot be ended is ended later, and later again', async () => {
  await open({});
  const lease = await pool.take(need('tools'), never);
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  builders.endFailures = 2;
  void lease.release('end');
  expect(await gapsOf(builders.ended, 3)).toEqual([2, 10]);
  expect([...builders.there]).toEqual([]);
});

test('a full disk is no fault of a pool: who waits goes on to, and is served a moment after there is room', async () => {
  await open({ min: 1, max: 2 }, { attempts: 1, breaker: { failures: 1, pauseSeconds: 3600 } });
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  builders.failures = 8;
  builders.failure = new RunnerError('spawn', 'no variables', {
    cause: Object.assign(new Error(), { code: 'ENOSPC' }),
  });
  const taking = pool.take(need('tools'), never);
  const gaps = await gapsOf(builders.begun, 9);
  expect(Math.max(...gaps)).toBe(5);
  expect(gaps.reduce((sum, gap) => sum + gap, 0)).toBeGreaterThan(10);
  vi.useRealTimers();
  await taking;
  expect(pool.state().pools[0]).toMatchObject({ fault: undefined });
});

test('a builder that cannot be ended for want of room is tried until it can', async () => {
  await open({});
  const lease = await pool.take(need('tools'), never);
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  builders.endFailures = 6;
  builders.endFailure = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  void lease.release('end');
  expect(await gapsOf(builders.ended, 7)).toEqual([5, 5, 5, 5, 5, 5]);
  await vi.advanceTimersByTimeAsync(100);
  expect([...builders.there]).toEqual([]);
});

test('a pool that is left alone says so in its state; a probe makes it whole again and serves who waits', async () => {
  await open({}, { breaker: { failures: 1, pauseSeconds: 0.2 } });
  builders.failures = 2;
  const taking = pool.take(need('tools'), never);
  await expect.poll(() => pool.state().pools[0]?.fault?.failures).toBe(2);
  expect(pool.state()).toMatchObject({ waiting: 1, pools: [{ fault: { message: 'no room' } }] });
  await taking;
  expect(pool.state()).toMatchObject({ waiting: 0, pools: [{ fault: undefined, madeAt: expect.any(String) }] });
});

test('an architecture that no pool offers is refused with those that are offered', async () => {
  await open({ architectures: ['x86_64'] });
  await expect(pool.take(need('tools', { chroot: 'fedora-42-s390x' as ChrootName }), never)).rejects.toMatchObject({
    code: 'no-builder',
    message: expect.stringContaining('fedora-42-s390x; the architectures that its pools offer: x86_64'),
  });
});

test('labels that no pool has together are refused with those that each pool of the architecture offers', async () => {
  const hosts = [{ address: '192.0.2.1', labels: ['small', 'fast'] }];
  const pools = [
    { driver: 'local', name: 'near', labels: ['big'] },
    { driver: 'static', name: 'lab', options: { hosts } },
    { driver: 'local', name: 'plain' },
    { driver: 'local', name: 'far', architectures: ['s390x'], labels: ['big', 'fast'] },
    { driver: 'local', name: 'sources', trust: ['source'], labels: ['big', 'fast'] },
  ];
  await openWith(settingsSchema.parse({ builders: { pools } }));
  const machine = thisMachine();
  await expect(pool.take(need('tools', { labels: ['big', 'fast'] }), never)).rejects.toMatchObject({
    code: 'no-builder',
    message:
      `no pool of this service has builders for ${chroot} with the labels big, fast; the labels that its pools offer for ` +
      `${machine}: big (pool near); fast, small (pool lab); no label (pool plain)`,
  });
  const arm = 'fedora-42-riscv64' as ChrootName;
  await expect(pool.take(need('tools', { chroot: arm, labels: ['big'] }), never)).rejects.toThrow(
    /for fedora-42-riscv64 with the label big; the architectures that its pools offer: /,
  );
});

test('somebody who is to log in gets a builder of a pool that lets people in', async () => {
  const pools = [
    { driver: 'local', name: 'plain' },
    { driver: 'local', name: 'trusted', loginsTrusted: true },
  ];
  await openWith(settingsSchema.parse({ builders: { pools } }));
  const lease = await pool.take(need('tools', { logins: true }), never);
  expect(pool.state().pools).toMatchObject([
    { name: 'plain', builders: { leased: 0 } },
    { name: 'trusted', builders: { leased: 1 } },
  ]);
  await lease.release('reuse');
});

test('a need with a label gets a builder of a pool that offers it', async () => {
  const pools = [
    { driver: 'local', name: 'plain' },
    { driver: 'local', name: 'near', labels: ['big', 'fast'] },
  ];
  await openWith(settingsSchema.parse({ builders: { pools } }));
  const lease = await pool.take(need('tools', { labels: ['big'] }), never);
  expect(pool.state().pools).toMatchObject([
    { name: 'plain', builders: { leased: 0 } },
    { name: 'near', builders: { leased: 1 } },
  ]);
  await lease.release('reuse');
});

test('who gives up waiting leaves the line; the builder that was made serves the next', async () => {
  await open({ max: 1 });
  const gate = Promise.withResolvers<void>();
  builders.gate = gate.promise;
  const leaving = new AbortController();
  const gone = pool.take(need('tools'), leaving.signal);
  leaving.abort(new Error('canceled'));
  await expect(gone).rejects.toThrow('canceled');
  const next = pool.take(need('games'), never);
  gate.resolve();
  await next;
  expect(builders.made).toBe(1);
});

test('who leaves while a builder is begun for them takes nobody else out of the line', async () => {
  let time = Date.now(); // it passes when we say so
  const log = () => undefined;
  const now = () => new Date(time);
  pool = await openPoolWith({ settings: settings({ max: 3 }), home, log, now, operations: builders });
  await (await pool.take(need('tools'), never)).release('reuse');
  const gate = Promise.withResolvers<void>();
  builders.gate = gate.promise;
  const waits = pool.take(need('letters'), never);
  builders.gate = Promise.resolve();
  const leaving = new AbortController();
  const stages: string[] = [];
  builders.failures = 1;
  const gone = pool.take(need('games'), leaving.signal, (stage) => {
    if (stages.push(stage) === 2) leaving.abort(new Error('canceled'));
  });
  await expect.poll(() => [builders.failures, builders.there.size]).toEqual([0, 2]);
  time += 40_000; // the second try for `games` is due, before anything is given to who comes last
  const last = pool.take(need('tools'), never);
  await expect(gone).rejects.toThrow('canceled');
  gate.resolve();
  const leases = await Promise.all([waits, last]);
  expect(new Set(leases.map(({ builder }) => builder.name)).size).toBe(2);
  expect(pool.state().waiting).toBe(0);
});

test('a full pool ends the idle builder of another project; a clean one is given to its own again', async () => {
  await open({ max: 1 });
  const first = await pool.take(need('tools'), never);
  await first.release('reuse');
  const again = await pool.take(need('tools'), never);
  expect(again.builder.name).toBe(first.builder.name);
  await again.release('reuse');
  const other = await pool.take(need('tools', { trust: 'source' }), never);
  expect(other.builder.name).not.toBe(first.builder.name);
  expect([...builders.there]).toEqual([other.builder.name]);
});

test('a builder that is not clean is ended', async () => {
  await open({});
  builders.isClean = false;
  const lease = await pool.take(need('tools'), never);
  await lease.release('reuse');
  expect([...builders.there]).toEqual([]);
});

test('only the first release counts: a builder that is somebody else’s by now stays', async () => {
  await open({});
  const lease = await pool.take(need('tools'), never);
  await lease.release('reuse');
  const again = await pool.take(need('tools'), never);
  await lease.release('end');
  expect([...builders.there]).toEqual([again.builder.name]);
});

test('while results come from it a builder serves its own project, and is not ended for another one', async () => {
  await open({ max: 1 });
  const first = await pool.take(need('tools'), never);
  const fetching = Promise.withResolvers<'fetched'>();
  await first.release('reuse', fetching.promise);
  const again = await pool.take(need('tools'), never);
  expect(again.builder.name).toBe(first.builder.name);
  await again.release('reuse');
  const others = pool.take(need('games'), never);
  expect([...builders.there]).toEqual([first.builder.name]);
  fetching.resolve('fetched');
  expect((await others).builder.name).not.toBe(first.builder.name);
});

test('a builder whose results cannot be had is given to nobody, and ended when nobody has it', async () => {
  await open({ max: 1 });
  const first = await pool.take(need('tools'), never);
  const fetching = Promise.withResolvers<'fetched'>();
  await first.release('reuse', fetching.promise);
  const again = await pool.take(need('tools'), never);
  fetching.reject(new RunnerError('builder', 'it was killed'));
  await again.release('reuse');
  expect([...builders.there]).toEqual([]);
});

test('a builder that is to be ended stays until its results are there', async () => {
  await open({ max: 1 });
  const first = await pool.take(need('tools'), never);
  const fetching = Promise.withResolvers<'fetched'>();
  await first.release('reuse', fetching.promise);
  const again = await pool.take(need('tools'), never);
  const released = again.release('end');
  await expect.poll(() => pool.state().pools[0]?.builders).toMatchObject({ leased: 0 });
  expect([...builders.there]).toEqual([first.builder.name]);
  fetching.resolve('fetched');
  await released;
  expect([...builders.there]).toEqual([]);
});

test('a builder that outlives the service stays at its end when results were left on it, and is known at the next start', async () => {
  await open({ driver: 'podman', max: 1 });
  const lease = await pool.take(need('tools'), never);
  const { name } = lease.builder;
  const fetching = Promise.withResolvers<'left'>();
  const released = lease.release('reuse', fetching.promise);
  fetching.resolve('left');
  await released;
  await pool.stop({ keepLeased: true });
  expect([...builders.there]).toEqual([name]);
  expect(builders.records.get(name)).toMatchObject({ leased: true, need: { project: 'tools' } });
  builders.there.clear();
});

test('who is next for a builder is told of the connection to it, and nobody of another project is', async () => {
  const server = await startSshd();
  const giveUp = new AbortController();
  try {
    await open({ max: 1 });
    builders.machine = server.builder;
    const first = await pool.take(need('tools'), never);
    const told: string[] = [];
    const taking = ['games', 'tools', 'tools'].map((project, index) =>
      pool.take(need(project), giveUp.signal, undefined, ({ builder }) =>
        told.push(`${project} ${index} ${builder.name}`),
      ),
    );
    const { user } = server;
    const wish = { user, controlPort: 9, reconnectSeconds: 1, resumes: false, signal: never, warn: () => undefined };
    const session = await first.session(wish);
    expect(told).toEqual([`tools 1 ${first.builder.name}`]);
    expect(await session.run((connection) => connection.must(['echo', 'here']), never)).toBe('here\n');
    await first.release('reuse');
    const next = (await taking[1]) as Lease;
    expect(await next.session(wish), 'the connection is the same').toMatchObject({ builder: session.builder });
    expect(told).toEqual([`tools 1 ${first.builder.name}`, `tools 2 ${first.builder.name}`]);
    giveUp.abort(new Error('enough'));
    await Promise.allSettled(taking);
  } finally {
    await server.stop();
  }
});

test('min builders are ready before anybody asks, and others after they were used', async () => {
  await open({ min: 2, max: 3 });
  await expect.poll(() => pool.state().pools[0]?.builders.idle).toBe(2);
  await pool.take(need('tools'), never);
  await expect.poll(() => pool.state().pools[0]?.builders).toMatchObject({ idle: 2, leased: 1 });
  expect(builders.made).toBe(3);
});

test('what is expected is made ready without a lease', async () => {
  await open({});
  pool.expect(need('tools'));
  await expect.poll(() => pool.state().pools[0]?.builders.idle).toBe(1);
  await pool.take(need('tools'), never);
  expect(builders.made).toBe(1);
});

test('a builder is ended at its deadline, also when somebody has it', async () => {
  await open({}, { lifetimeSeconds: 0.3 });
  const lease = await pool.take(need('tools'), never);
  await expect.poll(() => [...builders.there]).toEqual([]);
  expect(lines).toContain(`warn: builder ${lease.builder.name} is ended: deadline`);
});

test('who had a builder that was ended can neither keep it nor speak to it, and its release does no harm', async () => {
  await open({ max: 1 }, { lifetimeSeconds: 0.3 });
  const lease = await pool.take(need('tools'), never);
  await expect.poll(() => pool.state().pools[0]?.builders).toMatchObject({ leased: 0, ending: 0 });
  const wish = {
    user: 'mock',
    controlPort: 9,
    reconnectSeconds: 1,
    resumes: false,
    signal: never,
    warn: () => undefined,
  };
  await expect(lease.keep(new Date(Date.now() + 60_000))).rejects.toMatchObject({ code: 'lost' });
  await expect(lease.session(wish)).rejects.toMatchObject({ code: 'lost' });
  await lease.release('reuse', Promise.reject(new RunnerError('builder', 'it is gone')));
  expect(pool.isKept(lease.builder.name)).toBe(false);
});

test('a builder that is kept is nobody else’s, and ended when its time is over; not all of a pool can be kept', async () => {
  await open({ max: 2 });
  const [one, two] = await Promise.all([pool.take(need('tools'), never), pool.take(need('tools'), never)]);
  await one.keep(new Date(Date.now() + 300));
  await expect(two.keep(new Date(Date.now() + 300))).rejects.toMatchObject({ code: 'no-builder' });
  expect(pool.state().pools[0]?.builders).toMatchObject({ kept: 1, leased: 1 });
  await expect.poll(() => [...builders.there]).toEqual([two.builder.name]);
});

test('how long a builder is kept may be changed, and it is ended before that when nobody wants it any more', async () => {
  await open({ max: 1 });
  const lease = await pool.take(need('tools'), never);
  const { name } = lease.builder;
  await pool.endKept(name);
  expect([pool.isKept(name), [...builders.there]], 'one that is not kept is not ended').toEqual([false, [name]]);
  await lease.keep(new Date(Date.now() + 50));
  await lease.keep(new Date(Date.now() + 60_000));
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(pool.isKept(name)).toBe(true);
  await pool.endKept(name);
  expect([pool.isKept(name), [...builders.there]]).toEqual([false, []]);
});

test('a pool that is made smaller lets those at work go on, and is as small when they are done', async () => {
  await open({ max: 3 });
  const leases = await Promise.all(['a', 'b', 'c'].map((project) => pool.take(need(project), never)));
  pool.resize(settings({ max: 1 }));
  await expect.poll(() => pool.state().pools[0]?.max).toBe(1);
  expect(builders.there.size).toBe(3);
  await Promise.all(leases.map((lease) => lease.release('reuse')));
  await expect.poll(() => builders.there.size).toBe(1);
  pool.resize(settings({ max: 2 }));
  await expect.poll(() => pool.state().pools[0]?.max).toBe(2);
  await pool.take(need('d'), never);
  expect(builders.there.size).toBe(2);
});

test('the reaper ends what the driver lists and nobody knows, and nothing else', async () => {
  await open({});
  const lease = await pool.take(need('tools'), never);
  builders.there.add('coppice-orphan');
  await pool.reap();
  expect([...builders.there]).toEqual([lease.builder.name]);
});

test('the reaper ends several at once, each once, and goes on when one cannot be ended', async () => {
  await open({});
  const names = Array.from({ length: 20 }, (_, of) => `coppice-orphan-${of}`);
  for (const name of names) builders.there.add(name);
  builders.endFailures = 1;
  let most = 0;
  let present = 0;
  const end = builders.end.bind(builders);
  builders.end = async (name) => {
    present += 1;
    most = Math.max(most, present);
    await new Promise(setImmediate);
    present -= 1;
    await end(name);
  };
  await pool.reap();
  expect(builders.ended).toHaveLength(names.length);
  expect(builders.there.size).toBe(1);
  expect(most).toBe(8);
  await pool.reap();
  expect(builders.there.size).toBe(0);
});

test('an idle builder that somebody else has ended is given to nobody', async () => {
  await open({});
  const lease = await pool.take(need('tools'), never);
  await lease.release('reuse');
  builders.there.clear();
  await pool.reap();
  const next = await pool.take(need('tools'), never);
  expect(next.builder.name).not.toBe(lease.builder.name);
});

test('at the end makers are stopped, and those who wait are told', async () => {
  await open({ max: 1 });
  builders.gate = new Promise(() => undefined);
  const waiting = Promise.allSettled([pool.take(need('tools'), never), pool.take(need('games'), never)]);
  await pool.stop({ keepLeased: false });
  expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
