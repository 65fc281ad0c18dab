// Whatever happens in the queue, in whatever order: a random life of a queue, checked after each step.
import { type BuildId, type ChrootName, isFinal, type QueuedBuild } from '@coppice/config';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chrootsForTests, requestForTests } from '../../testing/queue/request-for-tests.ts';
import { type Limits, noLimits } from './limits.ts';
import { applyQueueOperation, type QueueOperation } from './queue-operation.ts';
import { decodeQueueState, emptyQueueState, encodeQueueState, type QueueState, wasHelped } from './queue-state.ts';
import { nextTask } from './schedule.ts';
import { lanesOf, othersMayHelp, type Task, taskIn } from './task.ts';

const at = '2026-01-01T00:00:00.000Z';
const names = ['sapling-12-x86_64', 'fedora-42-x86_64', 'fedora-42-aarch64'] as const;
const owners = ['acme', 'mill', 'oak', 'elm'] as const;
const limits: Limits = {
  perOwner: 3,
  perChroot: new Map([['sapling-12-x86_64' as ChrootName, 2]]),
  perArchitecture: new Map([['x86_64', 4]]),
};

/** One step; `pick` chooses among what is possible at that moment. */
const step = fc.record({
  kind: fc.constantFrom('enqueue', 'claim', 'claim', 'claim', 'end', 'end', 'fail', 'release', 'cancel', 'postpone'),
  pick: fc.nat(1000),
  chroots: fc.subarray([...names], { minLength: 1 }),
  needs: fc.array(fc.nat(1000), { maxLength: 3 }),
  owner: fc.constantFrom('acme', ...owners),
  background: fc.constantFrom(false, false, true),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

interface Claimed {
  readonly id: BuildId;
  readonly chroot: ChrootName | 'srpm';
  readonly close: 'canceled' | 'skipped' | 'failed' | undefined;
  readonly owner: string;
}

/** A queue with what an observer knows of it. */
class Life {
  readonly state: QueueState = emptyQueueState();
  readonly operations: QueueOperation[] = [];
  claimed: Claimed[] = [];
  readonly limits: Limits;
  /** Owners in the order of their last turns, the longest ago first. */
  turns: string[] = [];
  /** Owners that wait with nothing running: how many others may still get a task before them. */
  readonly patience = new Map<string, number>();
  /** `<id>/<chroot>` → the final state. */
  readonly ends = new Map<string, string>();
  /** Every build there ever was, with the builds that were live when it came. */
  readonly seen = new Map<BuildId, { readonly build: QueuedBuild; readonly needs: readonly BuildId[] }>();

  constructor(chosen: Limits = noLimits) {
    this.limits = chosen;
  }

  perform(operation: QueueOperation): void {
    this.operations.push(operation);
    for (const { build, gone } of applyQueueOperation(this.state, operation)) {
      expect(this.state.builds.has(build.id)).toBe(!gone);
      for (const { chroot, state } of build.chroots) {
        if (isFinal(state)) this.ends.set(`${build.id}/${chroot}`, state);
      }
    }
    const live = new Set([...this.state.builds.values()].map(({ owner }) => owner));
    this.turns = [
      ...this.turns.filter((owner) => live.has(owner)),
      ...[...live].filter((owner) => !this.turns.includes(owner)),
    ];
    this.watchPatience(live.size);
  }

  /** Starts to count for owners that have nothing running but work that could be started, and stops for the others. */
  watchPatience(liveOwners: number): void {
    const waiting = new Set(
      startable(this.state, this.claimed, this.limits)
        .filter(
          ({ build }) => !build.background && !this.claimed.some(({ owner, close }) => owner === build.owner && !close),
        )
        .map(({ build }) => build.owner),
    );
    for (const owner of this.patience.keys()) if (!waiting.has(owner)) this.patience.delete(owner);
    for (const owner of waiting) if (!this.patience.has(owner)) this.patience.set(owner, liveOwners - 1);
  }

  take(chosen: Step): void {
    const { pick } = chosen;
    const live = [...this.state.builds.keys()];
    const held = this.claimed[pick % Math.max(1, this.claimed.length)];
    if (chosen.kind === 'enqueue') this.enqueue(chosen, live);
    else if (chosen.kind === 'claim') this.claim();
    else if (chosen.kind === 'cancel' && live.length > 0) {
      this.perform({ kind: 'cancel', id: live[pick % live.length] as BuildId, by: 'octocat', at });
    } else if (held !== undefined && chosen.kind === 'release') {
      this.claimed.splice(this.claimed.indexOf(held), 1);
      this.perform({ kind: 'release', ...pickIdAndChroot(held), countAttempt: pick % 2 === 0, at });
    } else if (held !== undefined && chosen.kind === 'postpone') {
      this.postpone(held);
    } else if (held !== undefined && (chosen.kind === 'end' || chosen.kind === 'fail')) {
      this.end(held, chosen.kind === 'end');
    }
  }

  enqueue({ chroots, needs, owner, background }: Step, live: readonly BuildId[]): void {
    const afterBuilds = live.length === 0 ? [] : needs.map((need) => live[need % live.length] as BuildId);
    const first = this.state.lastId + 1;
    const requests = [
      requestForTests({ owner, background, chroots: chrootsForTests(...chroots), afterBuilds }),
      requestForTests({ owner, chroots: chrootsForTests(...names), after: [0] }),
    ];
    this.perform({ kind: 'enqueue', requests, at });
    for (const id of [first, first + 1] as BuildId[]) {
      expect(this.seen.has(id)).toBe(false);
      const build = this.state.builds.get(id) as QueuedBuild;
      this.seen.set(id, { build, needs: build.after });
    }
  }

  claim(): boolean {
    const task = nextTask(this.state, this.limits);
    if (task === undefined) return false;
    const { id, owner } = task.build;
    const chroot = task.kind === 'srpm' ? 'srpm' : task.chroot.chroot;
    expect(this.claimed.some((other) => other.id === id && other.chroot === chroot)).toBe(false);
    if (task.kind === 'chroot') this.expectNeedsSucceeded(task);
    if (task.kind !== 'close') {
      this.patience.delete(owner);
      for (const [other, left] of this.patience) {
        expect(left, `${other} waits`).toBeGreaterThan(0);
        this.patience.set(other, left - 1);
      }
      this.turns = [...this.turns.filter((each) => each !== owner), owner];
    }
    this.claimed.push({ id, chroot, owner, close: task.kind === 'close' ? task.state : undefined });
    this.perform({ kind: 'claim', id, chroot, task: task.kind, worker: 'w', at });
    return true;
  }

  expectNeedsSucceeded({ build, chroot: { chroot } }: Extract<Task, { kind: 'chroot' }>): void {
    for (const need of this.seen.get(build.id)?.needs ?? []) {
      const hadChroot = this.seen.get(need)?.build.chroots.some((each) => each.chroot === chroot);
      if (hadChroot) expect(this.ends.get(`${need}/${chroot}`)).toBe('succeeded');
    }
  }

  postpone(held: Claimed): void {
    const { id, chroot, close } = held;
    const build = this.state.builds.get(id) as QueuedBuild;
    if (chroot === 'srpm' || close !== undefined) return;
    if (!wasHelped(this.state, id, chroot) && !othersMayHelp(this.state.builds, build, chroot)) return;
    this.claimed.splice(this.claimed.indexOf(held), 1);
    this.perform({ kind: 'postpone', id, chroot, reason: 'dependencies', message: 'It misses libgreet.', at });
  }

  end(held: Claimed, well: boolean): void {
    const { id, chroot, close } = held;
    this.claimed.splice(this.claimed.indexOf(held), 1);
    if (chroot !== 'srpm') {
      const outcome = { state: close ?? (well ? 'succeeded' : 'failed'), reason: null, message: null } as const;
      this.perform({ kind: 'finish', id, chroot, outcome, at });
    } else if (well) {
      this.perform({ kind: 'srpmDone', id, file: 'hello-1-1.src.rpm', at });
    } else {
      const outcome = { state: 'failed', reason: 'source', message: 'No spec.' } as const;
      const unfinished = this.state.builds.get(id)?.chroots.filter(({ state }) => !isFinal(state)) ?? [];
      // A worker that is only closing one of them finds it closed.
      this.claimed = this.claimed.filter((each) => each.id !== id);
      for (const each of unfinished) this.perform({ kind: 'finish', id, chroot: each.chroot, outcome, at });
    }
  }
}

function pickIdAndChroot({ id, chroot }: Claimed) {
  return { id, chroot };
}

/** Every task of which the limits allow one more, by looking at everything. */
function startable(
  state: QueueState,
  claimed: readonly Claimed[],
  { perOwner, perChroot, perArchitecture }: Limits,
): Task[] {
  const running = claimed.filter(({ chroot, close }) => chroot !== 'srpm' && close === undefined);
  const archOf = (chroot: string) => chroot.split('-').at(-1) as 'x86_64';
  const fits = (task: Task) => {
    if (task.kind !== 'chroot') return true;
    const { chroot } = task.chroot;
    return (
      running.filter(({ owner }) => owner === task.build.owner).length < (perOwner ?? 1e9) &&
      running.filter((each) => each.chroot === chroot).length < (perChroot.get(chroot) ?? 1e9) &&
      running.filter((each) => archOf(each.chroot) === archOf(chroot)).length <
        (perArchitecture.get(archOf(chroot)) ?? 1e9)
    );
  };
  return [...state.builds.values()].flatMap((build) =>
    lanesOf(build)
      .map((lane) => taskIn(lane, build, state.builds))
      .filter((task) => task !== undefined)
      .filter(fits),
  );
}

/** The rule of `nextTask` in words of its own: everything that could be started, sorted. */
function scanForTask(life: Life): Task | undefined {
  const tasksOf = (owner: string) => life.claimed.filter((each) => each.owner === owner && !each.close).length;
  const rank = ({ kind, build }: Task) =>
    kind === 'close'
      ? [0, 0, 0, build.id]
      : [build.background ? 2 : 1, tasksOf(build.owner), life.turns.indexOf(build.owner), build.id];
  const all = startable(life.state, life.claimed, life.limits).map((task) => ({ task, rank: rank(task) }));
  all.sort((one, other) => {
    const differs = one.rank.findIndex((value, index) => value !== other.rank[index]);
    return differs === -1 ? 0 : (one.rank[differs] ?? 0) - (other.rank[differs] ?? 0);
  });
  return all[0]?.task;
}

function toJson(state: QueueState): string {
  return JSON.stringify(encodeQueueState(state));
}

const lives = fc.array(step, { minLength: 1, maxLength: 60 });

describe('a queue, whatever happens', () => {
  test.each([
    ['without limits', noLimits],
    ['within limits', limits],
  ])('never gives out a chroot twice, nor before what it needs, nor in another order than stated: %s', (_, chosen) => {
    fc.assert(
      fc.property(lives, (steps) => {
        const life = new Life(chosen);
        for (const each of steps) {
          life.take(each);
          expect(nextTask(life.state, chosen)).toEqual(scanForTask(life));
        }
      }),
    );
  });

  test('lets nobody wait longer than the stated bound', () => {
    const busy = fc.array(step, { minLength: 40, maxLength: 120 });
    fc.assert(
      fc.property(busy, (steps) => {
        const life = new Life(limits);
        for (const each of steps) life.take(each); // `claim` holds every owner's patience
      }),
    );
  });

  test('is the same after every prefix of its operations, run again or read from a snapshot', () => {
    fc.assert(
      fc.property(lives, (steps) => {
        const life = new Life();
        for (const each of steps) life.take(each);
        const again = emptyQueueState();
        let restored = emptyQueueState();
        for (const operation of life.operations) {
          const written = JSON.parse(JSON.stringify(operation)) as QueueOperation;
          const changes = applyQueueOperation(again, operation);
          expect(applyQueueOperation(restored, written)).toEqual(changes);
          restored = decodeQueueState(JSON.parse(toJson(restored)));
          expect(toJson(restored)).toBe(toJson(again));
          expect(nextTask(restored, limits)).toEqual(nextTask(again, limits));
        }
        expect(toJson(again)).toBe(toJson(life.state));
      }),
    );
  });

  test('can always be worked off, and then holds nothing', () => {
    fc.assert(
      fc.property(lives, fc.infiniteStream(fc.boolean()), (steps, outcomes) => {
        const life = new Life();
        for (const each of steps) life.take(each);
        for (const well of outcomes) {
          const held = life.claimed[0];
          const before = life.claimed.length;
          if (held !== undefined && !well) life.postpone(held);
          if (held !== undefined && life.claimed.length === before) life.end(held, well);
          else if (held !== undefined) continue;
          else if (!life.claim()) break;
        }
        const { builds, closing, helped, dependents, lastId } = life.state;
        expect([builds, closing, helped, dependents].map(({ size }) => size)).toEqual([0, 0, 0, 0]);
        expect(nextTask(life.state, noLimits)).toBeUndefined();
        expect(lastId).toBe(life.seen.size);
      }),
    );
  });
});
