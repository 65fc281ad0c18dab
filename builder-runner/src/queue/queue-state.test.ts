// Whatever happens in the queue, in whatever order: a random life of a queue, checked after each step.
import { type BuildId, type ChrootName, isFinal, type QueuedBuild } from '@coppice/config';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyQueueOperation,
  decodeQueueState,
  emptyQueueState,
  encodeQueueState,
  type QueueOperation,
  type QueueState,
} from './queue-state.ts';
import { chrootsForTests, requestForTests } from './request-for-tests.ts';
import { nextTask, type Task, taskOf } from './schedule.ts';

const at = '2026-01-01T00:00:00.000Z';
const names = ['sapling-12-x86_64', 'fedora-42-x86_64', 'epel-9-x86_64'] as const;

/** One step; `pick` chooses among what is possible at that moment. */
const step = fc.record({
  kind: fc.constantFrom('enqueue', 'claim', 'claim', 'claim', 'end', 'end', 'fail', 'release', 'cancel'),
  pick: fc.nat(1000),
  chroots: fc.subarray([...names], { minLength: 1 }),
  needs: fc.array(fc.nat(1000), { maxLength: 3 }),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

interface Claimed {
  readonly id: BuildId;
  readonly chroot: ChrootName | 'srpm';
  readonly close: 'canceled' | 'skipped' | undefined;
}

/** A queue with what an observer knows of it. */
class Life {
  readonly state: QueueState = emptyQueueState();
  readonly operations: QueueOperation[] = [];
  readonly claimed: Claimed[] = [];
  /** `<id>/<chroot>` → the final state. */
  readonly ends = new Map<string, string>();
  /** Every build there ever was, with the builds that were live when it came. */
  readonly seen = new Map<BuildId, { readonly build: QueuedBuild; readonly needs: readonly BuildId[] }>();

  perform(operation: QueueOperation): void {
    this.operations.push(operation);
    for (const { build, gone } of applyQueueOperation(this.state, operation)) {
      expect(this.state.builds.has(build.id)).toBe(!gone);
      for (const { chroot, state } of build.chroots) {
        if (isFinal(state)) this.ends.set(`${build.id}/${chroot}`, state);
      }
    }
  }

  take(chosen: Step): void {
    const { pick } = chosen;
    const live = [...this.state.builds.keys()];
    const held = this.claimed[pick % Math.max(1, this.claimed.length)];
    if (chosen.kind === 'enqueue') this.enqueue(chosen, live);
    else if (chosen.kind === 'claim') this.claim();
    else if (chosen.kind === 'cancel' && live.length > 0) {
      this.perform({ type: 'cancel', id: live[pick % live.length] as BuildId, by: 'octocat', at });
    } else if (held !== undefined && chosen.kind === 'release') {
      this.claimed.splice(this.claimed.indexOf(held), 1);
      this.perform({ type: 'release', ...pickIdAndChroot(held), countAttempt: pick % 2 === 0, at });
    } else if (held !== undefined && (chosen.kind === 'end' || chosen.kind === 'fail')) {
      this.end(held, chosen.kind === 'end');
    }
  }

  enqueue({ chroots, needs }: Step, live: readonly BuildId[]): void {
    const afterBuilds = live.length === 0 ? [] : needs.map((need) => live[need % live.length] as BuildId);
    const first = this.state.lastId + 1;
    const requests = [
      requestForTests({ chroots: chrootsForTests(...chroots), afterBuilds }),
      requestForTests({ chroots: chrootsForTests(...names), after: [0] }),
    ];
    this.perform({ type: 'enqueue', requests, at });
    for (const id of [first, first + 1] as BuildId[]) {
      expect(this.seen.has(id)).toBe(false);
      const build = this.state.builds.get(id) as QueuedBuild;
      this.seen.set(id, { build, needs: build.after });
    }
  }

  claim(): boolean {
    const task = nextTask(this.state);
    if (task === undefined) return false;
    const { id } = task.build;
    const chroot = task.kind === 'srpm' ? 'srpm' : task.chroot.chroot;
    expect(this.claimed.some((other) => other.id === id && other.chroot === chroot)).toBe(false);
    if (task.kind === 'chroot') this.expectNeedsSucceeded(task);
    this.claimed.push({ id, chroot, close: task.kind === 'close' ? task.state : undefined });
    this.perform({ type: 'claim', id, chroot, kind: task.kind, worker: 'w', at });
    return true;
  }

  expectNeedsSucceeded({ build, chroot: { chroot } }: Extract<Task, { kind: 'chroot' }>): void {
    for (const need of this.seen.get(build.id)?.needs ?? []) {
      const hadChroot = this.seen.get(need)?.build.chroots.some((each) => each.chroot === chroot);
      if (hadChroot) expect(this.ends.get(`${need}/${chroot}`)).toBe('succeeded');
    }
  }

  end(held: Claimed, well: boolean): void {
    const { id, chroot, close } = held;
    this.claimed.splice(this.claimed.indexOf(held), 1);
    if (chroot !== 'srpm') {
      const outcome = { state: close ?? (well ? 'succeeded' : 'failed'), reason: null, message: null } as const;
      this.perform({ type: 'finish', id, chroot, outcome, at });
    } else if (well) {
      this.perform({ type: 'srpmDone', id, file: 'hello-1-1.src.rpm', at });
    } else {
      const outcome = { state: 'failed', reason: 'source', message: 'No spec.' } as const;
      const unfinished = this.state.builds.get(id)?.chroots.filter(({ state }) => !isFinal(state)) ?? [];
      for (const each of unfinished) this.perform({ type: 'finish', id, chroot: each.chroot, outcome, at });
    }
  }
}

function pickIdAndChroot({ id, chroot }: Claimed) {
  return { id, chroot };
}

function scanForTask(state: QueueState): Task | undefined {
  for (const build of state.builds.values()) {
    const task = taskOf(build, state.builds);
    if (task !== undefined) return task;
  }
  return undefined;
}

function toJson(state: QueueState): string {
  return JSON.stringify(encodeQueueState(state));
}

const lives = fc.array(step, { minLength: 1, maxLength: 60 });

describe('a queue, whatever happens', () => {
  test('never gives out a chroot twice, nor before what it needs, and finds the task that a full scan would find', () => {
    fc.assert(
      fc.property(lives, (steps) => {
        const life = new Life();
        for (const each of steps) {
          life.take(each);
          expect(nextTask(life.state)).toEqual(scanForTask(life.state));
        }
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
          expect(nextTask(restored)).toEqual(nextTask(again));
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
          if (held !== undefined) life.end(held, well);
          else if (!life.claim()) break;
        }
        const { builds, closing, dependents, ready, lastId } = life.state;
        expect([builds.size, closing.size, dependents.size, ready.first()]).toEqual([0, 0, 0, undefined]);
        expect(lastId).toBe(life.seen.size);
      }),
    );
  });
});
