// The queue's figures: `node builder-runner/testing/queue/queue-bench.ts` prints them as a JSON array. The yardstick is
// lowdb as it comes: the same state and the same operations, with the whole JSON file written after each.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Low } from 'lowdb';
import { JSONFile } from 'lowdb/node';
import { noLimits } from '../../src/queue/limits.ts';
import { openQueue } from '../../src/queue/queue.ts';
import { applyQueueOperation, type QueueOperation } from '../../src/queue/queue-operation.ts';
import { emptyQueueState, encodeQueueState, type QueueState } from '../../src/queue/queue-state.ts';
import { nextTask } from '../../src/queue/schedule.ts';
import type { Figure } from '../figure.ts';
import { requestForTests } from './request-for-tests.ts';

interface Medians {
  readonly enqueue: number;
  readonly claim: number;
}

const pendingBuilds = 10_000;
/** How often each operation is measured; the yardstick, which takes tens of milliseconds, less often. */
const samples = 1_000;
const yardstickSamples = 50;
const against = 'lowdb JSONFile';

/**
 * Medians, in milliseconds, of one durable enqueue and one durable claim with 10,000 builds waiting, beside lowdb's
 * plain JSON file.
 */
async function queueFigures(): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-queue-bench-'));
  try {
    const ours = await measureQueue(join(folder, 'queue'));
    const yardstick = await measureJsonFile(join(folder, 'queue.json'));
    return (['enqueue', 'claim'] as const).map((name) => ({
      name: `queue.${name}`,
      value: ours[name],
      unit: 'ms',
      against,
      againstValue: yardstick[name],
      ratio: yardstick[name] / ours[name],
      n: samples,
    }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureQueue(folder: string): Promise<Medians> {
  const queue = await openQueue({ folder, now: () => new Date() });
  try {
    await queue.enqueue(Array.from({ length: pendingBuilds }, () => requestForTests()));
    const enqueue = await medianOf(samples, () => queue.enqueue([requestForTests()]));
    const claim = await medianOf(samples, () => queue.claim('bench'));
    return { enqueue, claim };
  } finally {
    await queue.close();
  }
}

async function measureJsonFile(file: string): Promise<Medians> {
  const state = emptyQueueState();
  const low = new Low<unknown>(new JSONFile(file), {});
  const perform = async (operation: QueueOperation) => {
    applyQueueOperation(state, operation);
    low.data = encodeQueueState(state);
    await low.write();
  };
  const enqueueNow = (count: number) =>
    perform({ kind: 'enqueue', requests: Array.from({ length: count }, () => requestForTests()), at: timeNow() });
  await enqueueNow(pendingBuilds);
  const enqueue = await medianOf(yardstickSamples, () => enqueueNow(1));
  const claim = await medianOf(yardstickSamples, () => perform(claimOf(state)));
  return { enqueue, claim };
}

function claimOf(state: QueueState): QueueOperation {
  const task = nextTask(state, noLimits);
  if (task?.kind !== 'srpm') throw new Error('the next task of a fresh queue is an SRPM');
  return { kind: 'claim', id: task.build.id, chroot: 'srpm', task: 'srpm', worker: 'bench', at: timeNow() };
}

function timeNow(): string {
  return new Date().toISOString();
}

/** The median time of `operation`, one after another, in milliseconds. */
async function medianOf(count: number, operation: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let done = 0; done < count; done++) {
    const start = performance.now();
    await operation();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(count / 2)] ?? Number.NaN;
}

console.log(JSON.stringify(await queueFigures(), undefined, 2));
