import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { startWorkers, type Work } from './workers.ts';

const quiet = { onChange: () => () => undefined };
const onDeath = () => expect.unreachable('a worker died');

/** Work that goes on until it is told to end. */
function makeWork(name: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { name, run: () => promise, end: resolve };
}

test('more workers take more tasks at once; fewer let the present tasks end and take no others', async () => {
  const tasks = Array.from({ length: 8 }, (_, index) => makeWork(`task ${index}`));
  const waiting = [...tasks];
  const workers = startWorkers({ next: async () => waiting.shift(), queue: quiet, onDeath }, 1, []);
  const atWork = () => workers.states().flatMap(({ task }) => task ?? []);
  await vi.waitFor(() => expect(atWork()).toEqual(['task 0']), { timeout: 50_000 });
  workers.resize(3);
  await vi.waitFor(() => expect(atWork()).toEqual(['task 0', 'task 1', 'task 2']), { timeout: 50_000 });
  expect(workers.states().map(({ name }) => name)).toEqual(['worker-1', 'worker-2', 'worker-3']);
  workers.resize(1);
  expect(atWork()).toEqual(['task 0', 'task 1', 'task 2']);
  tasks[0]?.end();
  tasks[1]?.end();
  await vi.waitFor(() => expect(atWork()).toEqual(['task 2']), { timeout: 50_000 });
  tasks[2]?.end();
  await vi.waitFor(() => expect(atWork()).toEqual(['task 3']), { timeout: 50_000 });
  expect(workers.states()).toHaveLength(1);
  const stopped = workers.stop();
  tasks[3]?.end();
  await stopped;
  expect(waiting).toHaveLength(4);
});

test('idle workers that are too many end at once; the others look again when they are rung', async () => {
  const next = vi.fn(async () => undefined as Work | undefined);
  const workers = startWorkers({ next, queue: quiet, onDeath }, 3, []);
  await vi.waitFor(() => expect(next).toHaveBeenCalledTimes(3), { timeout: 50_000 });
  workers.resize(1);
  await vi.waitFor(() => expect(workers.states()).toEqual([{ name: expect.any(String), task: null }]), {
    timeout: 50_000,
  });
  const task = makeWork('late');
  next.mockResolvedValueOnce(task);
  workers.wake();
  await vi.waitFor(() => expect(workers.states()[0]?.task).toBe('late'), { timeout: 50_000 });
  task.end();
  await workers.stop();
});

test('what was begun before has a worker at once, beyond their number', async () => {
  const begun = [makeWork('one'), makeWork('two'), makeWork('three')];
  const workers = startWorkers({ next: async () => undefined, queue: quiet, onDeath }, 1, begun);
  await vi.waitFor(() => expect(workers.states().map(({ task }) => task)).toEqual(['one', 'two', 'three']), {
    timeout: 50_000,
  });
  for (const each of begun) each.end();
  await vi.waitFor(() => expect(workers.states()).toHaveLength(1), { timeout: 50_000 });
  await workers.stop();
});

test('however often the number changes, each task is done once and the number is kept in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 8 }), async (sizes) => {
      const done: number[] = [];
      let count = 0;
      const next = async (): Promise<Work | undefined> => {
        const number = count++;
        return number < 40 ? { name: `${number}`, run: async () => void done.push(number) } : undefined;
      };
      const workers = startWorkers({ next, queue: quiet, onDeath }, 2, []);
      for (const size of sizes) {
        workers.resize(size);
        await Promise.resolve();
      }
      const wanted = sizes.at(-1) ?? 2;
      await vi.waitFor(() => expect(done).toHaveLength(40), { interval: 1, timeout: 50_000 });
      await vi.waitFor(() => expect(workers.states()).toHaveLength(wanted), { interval: 1, timeout: 50_000 });
      await workers.stop();
      expect([...done].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index));
      expect(workers.states()).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

test('a worker that dies of its task is told of, and another one takes its place and the next task', async () => {
  const deaths: unknown[] = [];
  const fault = new Error('the disk is gone');
  const [other, later] = [makeWork('other'), makeWork('later')];
  const tasks: Work[] = [{ name: 'first', run: () => Promise.reject(fault) }, other];
  const workers = startWorkers(
    {
      next: async () => tasks.shift(),
      queue: quiet,
      onDeath: (worker, error) => deaths.push([worker, error]),
    },
    2,
    [],
  );
  await vi.waitFor(() => expect(deaths).toEqual([[{ name: 'worker-1', task: 'first' }, fault]]), { timeout: 50_000 });
  tasks.push(later);
  await vi.waitFor(
    () =>
      expect(workers.states()).toEqual(
        expect.arrayContaining([
          { name: 'worker-1', task: 'later' },
          { name: 'worker-2', task: 'other' },
        ]),
      ),
    { timeout: 20_000 },
  );
  other.end();
  later.end();
  await workers.stop();
  expect([workers.states(), deaths.length]).toEqual([[], 1]);
});

test('a worker that dies when all are to end is not missed', async () => {
  const task = Promise.withResolvers<void>();
  const tasks: Work[] = [{ name: 'only', run: () => task.promise }];
  const deaths: string[] = [];
  const workers = startWorkers(
    { next: async () => tasks.shift(), queue: quiet, onDeath: ({ name }) => deaths.push(name) },
    1,
    [],
  );
  await vi.waitFor(() => expect(workers.states()[0]?.task).toBe('only'), { timeout: 50_000 });
  const stopped = workers.stop();
  task.reject(new Error('too late'));
  await stopped;
  expect([workers.states(), deaths]).toEqual([[], ['worker-1']]);
});
