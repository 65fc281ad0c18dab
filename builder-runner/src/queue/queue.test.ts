import type { BuildId, ChrootName, QueuedBuild } from '@coppice/config';
import { queueSnapshotSchema } from '@coppice/config';
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest';
import type { z } from 'zod';
import { folderForTest } from '../../testing/queue/folder-for-tests.ts';
import { chrootsForTests, requestForTests } from '../../testing/queue/request-for-tests.ts';
import type { QueueError } from '../store/store-error.ts';
import { noLimits } from './limits.ts';
import { openQueue } from './queue.ts';
import { applyQueueOperation } from './queue-operation.ts';
import { decodeQueueState, emptyQueueState, encodeQueueState, type QueueChange } from './queue-state.ts';

const sapling = 'sapling-12-x86_64' as ChrootName;
const first = 1 as BuildId;

async function openForTest(folder?: string) {
  let seconds = 0;
  const changes: QueueChange[] = [];
  const faults: QueueError[] = [];
  const queue = await openQueue({
    folder: folder ?? (await folderForTest()),
    now: () => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)),
    onFault: (error) => faults.push(error),
  });
  onTestFinished(() => queue.close());
  queue.onChange((change) => changes.push(change));
  const pass = (more: number) => {
    seconds += more;
  };
  return { queue, changes, faults, pass };
}

const succeeded = { state: 'succeeded', reason: null, message: null } as const;

test('numbers that were reserved are given to no build, also after it was opened anew', async () => {
  const folder = await folderForTest();
  const { queue } = await openForTest(folder);
  const [reserved, [build], more] = await Promise.all([
    queue.reserve(2),
    queue.enqueue([requestForTests()]),
    queue.reserve(1),
  ]);
  expect([reserved, build?.id, more]).toEqual([[1, 2], 3, [4]]);
  await queue.close();
  const { queue: again } = await openForTest(folder);
  expect((await again.enqueue([requestForTests()])).map(({ id }) => id)).toEqual([5]);
});

test('labels of builders are kept when the queue is opened anew; requests and snapshots from before there were any have none', async () => {
  const folder = await folderForTest();
  const { queue } = await openForTest(folder);
  // As the journal of an earlier version holds it: without the field.
  const { builderLabels: _none, ...old } = requestForTests();
  await queue.enqueue([old, requestForTests({ builderLabels: ['big'] })]);
  const labelsOf = (of: typeof queue) => of.builds().map(({ builderLabels }) => builderLabels);
  expect(labelsOf(queue)).toEqual([[], ['big']]);
  await queue.close();
  const { queue: again } = await openForTest(folder);
  expect(labelsOf(again)).toEqual([[], ['big']]);

  const state = emptyQueueState();
  applyQueueOperation(state, { kind: 'enqueue', requests: [old], at: '2026-01-01T00:00:00.000Z' });
  const json = JSON.parse(JSON.stringify(encodeQueueState(state))) as { builds: Record<string, unknown>[] };
  for (const build of json.builds) delete build.builderLabels;
  expect([...decodeQueueState(json).builds.values()].map(({ builderLabels }) => builderLabels)).toEqual([[]]);
  const snapshot = { generatedAt: '2026-01-01T00:00:00.000Z', builds: json.builds };
  expect(queueSnapshotSchema.parse(snapshot).builds[0]?.builderLabels).toEqual([]);
});

test('a sandbox from before they were called after Copr has its present name, in the journal and in snapshots', () => {
  const state = emptyQueueState();
  const old = requestForTests({ project: 'tools+pr7' });
  applyQueueOperation(state, { kind: 'enqueue', requests: [old], at: '2026-01-01T00:00:00.000Z' });
  const projectsOf = ({ builds }: typeof state) => [...builds.values()].map(({ project }) => project);
  expect(projectsOf(state)).toEqual(['tools:pr:7']);
  const json = JSON.parse(JSON.stringify(encodeQueueState(state)).replaceAll('tools:pr:7', 'tools+pr7'));
  expect(projectsOf(decodeQueueState(json))).toEqual(['tools:pr:7']);
});

test('what a chroot sees is kept until it is given back, also when the queue is opened anew', async () => {
  const folder = await folderForTest();
  const { queue } = await openForTest(folder);
  const inputs = [{ project: 'acme/tools', generation: 7 }];
  await queue.enqueue([requestForTests()]);
  await queue.claim('w');
  await queue.srpmDone(first, 'hello-1-1.src.rpm');
  await expect(queue.pin(first, sapling, inputs)).rejects.toMatchObject({ code: 'conflict' });
  await queue.claim('w');
  await queue.pin(first, sapling, inputs);
  await queue.close();
  const { queue: again } = await openForTest(folder);
  await again.recover([{ id: first, chroot: sapling }]);
  expect(again.build(first)?.chroots[0]?.inputs).toEqual(inputs);
  const snapshot = { generatedAt: '2026-01-01T00:00:00.000Z', builds: again.builds() };
  expect(queueSnapshotSchema.parse(snapshot).builds[0]?.chroots[0]?.inputs).toEqual(inputs);
  await again.release(first, sapling, { countAttempt: true });
  expect(again.build(first)?.chroots[0]).not.toHaveProperty('inputs');
});

test('a chroot is put off only while another of its batch may help, also when the queue is opened anew meanwhile', async () => {
  const folder = await folderForTest();
  const { queue } = await openForTest(folder);
  const [one, two] = (await queue.enqueue([requestForTests(), requestForTests()])).map(({ id }) => id) as [
    BuildId,
    BuildId,
  ];
  for (const _ of [one, two]) await queue.claim('w');
  for (const id of [one, two]) await queue.srpmDone(id, 'hello-1-1.src.rpm');
  await queue.claim('w');
  const why = { reason: 'dependencies', message: 'It misses libgreet.' } as const;
  const excerpt = ['No match for argument: libgreet'];
  expect(await queue.postpone(one, sapling, { ...why, excerpt })).toBe(true);
  await queue.close();
  const { queue: again } = await openForTest(folder);
  expect(again.build(one)?.chroots).toMatchObject([{ state: 'pending', attempts: 0, ...why, excerpt }]);
  expect(await again.claim('w')).toMatchObject({ kind: 'chroot', build: { id: two } });
  expect(await again.postpone(two, sapling, why)).toBe(false);
  await again.finish(two, sapling, { state: 'failed', ...why });
  // Given up on, it was tried once, and tells what was said then.
  const chroot = { attempts: 1, excerpt };
  expect(await again.claim('w')).toMatchObject({ kind: 'close', state: 'failed', build: { id: one }, ...why, chroot });
});

test('a chroot that misses what another of its batch made while it ran is tried again at once', async () => {
  const folder = await folderForTest();
  const { queue } = await openForTest(folder);
  const [one, two] = (await queue.enqueue([requestForTests(), requestForTests()])).map(({ id }) => id) as [
    BuildId,
    BuildId,
  ];
  for (const _ of [one, two]) await queue.claim('w');
  for (const id of [one, two]) await queue.srpmDone(id, 'hello-1-1.src.rpm');
  for (const _ of [one, two]) await queue.claim('w');
  const why = { reason: 'dependencies', message: 'It misses libgreet.' } as const;
  await queue.finish(two, sapling, { state: 'succeeded', reason: null, message: null });
  await queue.close();
  const { queue: again } = await openForTest(folder);
  expect(await again.postpone(one, sapling, why)).toBe(true);
  expect(again.build(one)?.chroots).toMatchObject([{ state: 'pending', attempts: 0, reason: null }]);
  expect(await again.claim('w')).toMatchObject({ kind: 'chroot', build: { id: one } });
  expect(await again.postpone(one, sapling, why)).toBe(false); // now it had its look at all there is
});

test('limits are asked at each claim, and may change', async () => {
  let limits = { ...noLimits, perOwner: 0 };
  const queue = await openQueue({ folder: await folderForTest(), now: () => new Date(), limits: () => limits });
  onTestFinished(() => queue.close());
  await queue.enqueue([requestForTests()]);
  await queue.claim('w');
  await queue.srpmDone(first, 'hello-1-1.src.rpm');
  expect(await queue.claim('w')).toBeUndefined();
  limits = { ...noLimits, perOwner: 1 };
  expect(await queue.claim('w')).toMatchObject({ kind: 'chroot', build: { id: 1 } });
});

describe('a queue', () => {
  test('gives numbers in order and never again, also after everything has left and it was opened anew', async () => {
    const folder = await folderForTest();
    const { queue } = await openForTest(folder);
    const builds = await queue.enqueue([requestForTests(), requestForTests({ after: [0] })]);
    expect(builds.map(({ id, after }) => [id, after])).toEqual([
      [1, []],
      [2, [1]],
    ]);
    for (const { id } of builds) await queue.finish(id, sapling, { ...succeeded, state: 'canceled' });
    expect(queue.builds()).toEqual([]);
    await queue.close();
    const { queue: again } = await openForTest(folder);
    expect((await again.enqueue([requestForTests()])).map(({ id }) => id)).toEqual([3]);
  });

  test('takes a build from request to end, with the seconds of each phase', async () => {
    const { queue, changes, pass } = await openForTest();
    await queue.enqueue([requestForTests()]);
    pass(1);
    expect(await queue.claim('w')).toMatchObject({ kind: 'srpm', build: { id: 1, srpmState: 'running' } });
    pass(2);
    await queue.srpmDone(first, 'hello-2.12-1.src.rpm');
    pass(3);
    expect(await queue.claim('w')).toMatchObject({ kind: 'chroot', chroot: { state: 'starting', attempts: 1 } });
    await queue.setPhase(first, sapling, 'spawn');
    pass(4);
    await queue.setPhase(first, sapling, 'build', 'builder-1');
    expect(queue.build(first)?.chroots[0]).toMatchObject({ state: 'running', phase: 'build', builder: 'builder-1' });
    pass(5);
    await queue.finish(first, sapling, succeeded);
    expect(queue.build(first)).toBeUndefined();
    const { build, gone } = changes.at(-1) as QueueChange;
    expect(gone).toBe(true);
    expect(build.srpm).toBe('hello-2.12-1.src.rpm');
    expect(build.chroots[0]?.phases.map(({ name, seconds }) => [name, seconds])).toEqual([
      ['queued', 1],
      ['srpm', 2],
      ['queued', 3],
      ['spawn', 4],
      ['build', 5],
    ]);
    expect(build.chroots[0]?.endedAt).toBe('2026-01-01T00:00:15.000Z');
  });

  test('tells each change in order, also lazy ones, until told to stop', async () => {
    const { queue, changes } = await openForTest();
    await queue.enqueue([requestForTests()]);
    const seen: QueuedBuild[] = [];
    const stop = queue.onChange(({ build }) => seen.push(build));
    await queue.claim('w');
    await queue.srpmDone(first, 'hello-1-1.src.rpm');
    await queue.claim('w');
    await queue.setPhase(first, sapling, 'spawn');
    await queue.release(first, sapling, { countAttempt: true });
    expect(seen.map(({ chroots }) => chroots[0]?.phase)).toEqual(['srpm', 'queued', 'queued', 'spawn', 'queued']);
    stop();
    await queue.cancel(first, 'octocat');
    expect(seen).toHaveLength(5);
    expect(changes).toHaveLength(7);
  });

  test('holds a build until it has told that it is gone, also while its end is being written', async () => {
    const { queue } = await openForTest();
    await queue.enqueue([requestForTests(), requestForTests()]);
    await queue.claim('w');
    const held = () => queue.builds().map(({ id }) => id);
    const heldWhenTold: (readonly BuildId[])[] = [];
    queue.onChange(({ build, gone }) => gone && build.id === first && heldWhenTold.push(held()));
    const written = queue.finish(first, sapling, succeeded);
    expect([held(), queue.build(first)?.id, heldWhenTold]).toEqual([[1, 2], 1, []]);
    // It has ended all the same.
    expect(await queue.cancel(first, 'octocat')).toBe('unknown');
    await written;
    expect([held(), queue.build(first), heldWhenTold]).toEqual([[2], undefined, [[2]]]);
  });

  test('says so when a listener fails, and the change stands', async () => {
    const { queue, faults } = await openForTest();
    queue.onChange(() => {
      throw new Error('the page cannot be written');
    });
    await queue.enqueue([requestForTests()]);
    expect(queue.builds()).toHaveLength(1);
    expect(faults).toMatchObject([{ code: 'io', cause: { message: 'the page cannot be written' } }]);
  });

  test('gives back, uncounted, what was claimed when it died', async () => {
    const folder = await folderForTest();
    const { queue } = await openForTest(folder);
    await queue.enqueue([requestForTests(), requestForTests(), requestForTests()]);
    await queue.claim('w');
    await queue.srpmDone(first, 'hello-1-1.src.rpm');
    await queue.claim('w');
    await queue.claim('w');
    await queue.close();
    const { queue: again } = await openForTest(folder);
    expect(await again.recover()).toEqual([
      { id: 1, chroot: sapling },
      { id: 2, chroot: 'srpm' },
    ]);
    expect(again.build(first)?.chroots[0]).toMatchObject({ state: 'pending', attempts: 0, phase: 'queued' });
    expect(await again.claim('w')).toMatchObject({ kind: 'chroot', build: { id: 1 } });
    expect(await again.claim('w')).toMatchObject({ kind: 'srpm', build: { id: 2 } });
  });

  test('keeps who canceled first, and does not know builds that are not there', async () => {
    const { queue } = await openForTest();
    await queue.enqueue([requestForTests()]);
    expect(await queue.cancel(first, 'octocat')).toBe('canceling');
    expect(await queue.cancel(first, 'hubot')).toBe('canceling');
    expect(queue.build(first)?.chroots[0]?.cancelRequestedBy).toBe('octocat');
    expect(await queue.cancel(7 as BuildId, 'octocat')).toBe('unknown');
  });

  test('refuses what does not fit, and changes nothing', async () => {
    const { queue } = await openForTest();
    await queue.enqueue([requestForTests()]);
    const before = queue.builds();
    await expect(queue.finish(7 as BuildId, sapling, succeeded)).rejects.toMatchObject({ code: 'unknown' });
    await expect(queue.finish(first, 'x-1-i386' as ChrootName, succeeded)).rejects.toMatchObject({ code: 'unknown' });
    await expect(queue.srpmDone(first, 'a.src.rpm')).rejects.toMatchObject({ code: 'conflict' });
    await expect(queue.release(first, sapling, { countAttempt: false })).rejects.toMatchObject({ code: 'conflict' });
    expect(queue.builds()).toEqual(before);
  });

  test.each([
    ['it names no chroot', { chroots: [] }],
    ['it names a chroot twice', { chroots: chrootsForTests(sapling, sapling) }],
    ['it waits for a request that does not stand before it', { after: [1] }],
    ['it waits for a build that does not exist', { afterBuilds: [9 as BuildId] }],
  ])('refuses a request of which nothing can come: %s', async (why, changes) => {
    const { queue } = await openForTest();
    const requests = [requestForTests(), requestForTests(changes)];
    const message = `Request 1 (acme/tools/hello) cannot be queued: ${why}.`;
    await expect(queue.enqueue(requests)).rejects.toMatchObject({ code: 'invalid', message });
    expect(queue.builds()).toEqual([]);
  });

  test('holds what `api/v1/queue.json` may hold', async () => {
    const { queue } = await openForTest();
    await queue.enqueue([requestForTests(), requestForTests({ after: [0] })]);
    await queue.claim('w');
    // As people and as events do.
    await queue.cancel(1 as BuildId, 'ada');
    await queue.enqueue([requestForTests()]);
    await queue.claim('w');
    await queue.cancel(3 as BuildId, 'coppice', 'Pull request 7 was closed.');
    type Told = z.input<typeof queueSnapshotSchema>['builds'][number];
    expectTypeOf<Exclude<keyof QueuedBuild, keyof Told>>().toBeNever();
    expectTypeOf<Exclude<keyof QueuedBuild['chroots'][number], keyof Told['chroots'][number]>>().toBeNever();
    const json = { generatedAt: '2026-01-01T00:00:00.000Z', builds: queue.builds(), brokenPools: [] };
    expect(queueSnapshotSchema.parse(JSON.parse(JSON.stringify(json)))).toEqual(json);
  });
});
