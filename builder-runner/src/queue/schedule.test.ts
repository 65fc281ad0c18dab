import type { BuildId, BuildRequest, ChrootName } from '@coppice/config';
import { describe, expect, test } from 'vitest';
import { chrootsForTests, requestForTests } from '../../testing/queue/request-for-tests.ts';
import { type Limits, noLimits } from './limits.ts';
import { applyQueueOperation, type QueueOperation } from './queue-operation.ts';
import { emptyQueueState, type QueueState } from './queue-state.ts';
import { nextTask } from './schedule.ts';

const at = '2026-01-01T00:00:00.000Z';
const sapling = 'sapling-12-x86_64' as ChrootName;
const fedora = 'fedora-42-x86_64' as ChrootName;
const both = { chroots: chrootsForTests(sapling, fedora) };

type Untimed = QueueOperation extends infer Each ? (Each extends { at: string } ? Omit<Each, 'at'> : never) : never;

function perform(state: QueueState, operation: Untimed) {
  return applyQueueOperation(state, { ...operation, at } as QueueOperation);
}

function queueOf(...requests: Partial<BuildRequest>[]): QueueState {
  const state = emptyQueueState();
  perform(state, { kind: 'enqueue', requests: requests.map(requestForTests) });
  return state;
}

/** `srpm 1`, `chroot 1 sapling-12-x86_64`, `close 2 … skipped`, or `nothing`. */
function next(state: QueueState, limits = noLimits): string {
  const task = nextTask(state, limits);
  if (task === undefined) return 'nothing';
  if (task.kind === 'srpm') return `srpm ${task.build.id}`;
  const what = `${task.kind} ${task.build.id} ${task.chroot.chroot}`;
  return task.kind === 'close' ? `${what} ${task.state}: ${task.message}` : what;
}

function claimNext(state: QueueState, limits = noLimits): string {
  const what = next(state, limits);
  const task = nextTask(state, limits);
  if (task === undefined) return what;
  const chroot = task.kind === 'srpm' ? 'srpm' : task.chroot.chroot;
  perform(state, { kind: 'claim', id: task.build.id, chroot, task: task.kind, worker: 'w' });
  return what;
}

function makeSrpm(state: QueueState, id: number) {
  perform(state, { kind: 'claim', id: id as BuildId, chroot: 'srpm', task: 'srpm', worker: 'w' });
  perform(state, { kind: 'srpmDone', id: id as BuildId, file: 'hello-1-1.src.rpm' });
}

function finish(
  state: QueueState,
  id: number,
  chroot: ChrootName,
  ended: 'succeeded' | 'failed' | 'skipped' | 'canceled',
) {
  const outcome = { state: ended, reason: ended === 'failed' ? ('compile' as const) : null, message: null };
  return perform(state, { kind: 'finish', id: id as BuildId, chroot, outcome });
}

describe('what is done next', () => {
  test('an empty queue has nothing to do', () => {
    expect(next(emptyQueueState())).toBe('nothing');
  });

  test('the SRPM comes before the chroots, and its build waits while it is made', () => {
    const state = queueOf(both);
    expect(claimNext(state)).toBe('srpm 1');
    expect(next(state)).toBe('nothing');
    perform(state, { kind: 'srpmDone', id: 1 as BuildId, file: 'hello-1-1.src.rpm' });
    expect([claimNext(state), claimNext(state), next(state)]).toEqual([
      `chroot 1 ${sapling}`,
      `chroot 1 ${fedora}`,
      'nothing',
    ]);
  });

  test('the oldest build that has something to do comes first', () => {
    const state = queueOf({}, {});
    makeSrpm(state, 2);
    expect(next(state)).toBe('srpm 1');
    makeSrpm(state, 1);
    expect([claimNext(state), claimNext(state)]).toEqual([`chroot 1 ${sapling}`, `chroot 2 ${sapling}`]);
  });

  test('a chroot waits for the same chroot of what it needs; its SRPM does not', () => {
    const state = queueOf({ package: 'libgreet', ...both }, { ...both, after: [0] });
    makeSrpm(state, 1);
    makeSrpm(state, 2);
    claimNext(state);
    claimNext(state);
    expect(next(state)).toBe('nothing');
    finish(state, 1, fedora, 'succeeded');
    expect([claimNext(state), next(state)]).toEqual([`chroot 2 ${fedora}`, 'nothing']);
    finish(state, 1, sapling, 'succeeded');
    expect(next(state)).toBe(`chroot 2 ${sapling}`);
  });

  test('a needed build without this chroot does not hold it up', () => {
    const state = queueOf({ chroots: chrootsForTests(fedora) }, { ...both, after: [0] });
    makeSrpm(state, 2);
    claimNext(state);
    expect(next(state)).toBe(`chroot 2 ${sapling}`);
  });

  test('when a build fails, those that need it are skipped, one after another, in that chroot only', () => {
    const state = queueOf(
      { package: 'libgreet', ...both },
      { package: 'hello', ...both, after: [0] },
      { package: 'shout', ...both, after: [1] },
    );
    for (const id of [1, 2, 3]) makeSrpm(state, id);
    finish(state, 1, fedora, 'succeeded');
    finish(state, 1, sapling, 'failed');
    const why2 = `It needs libgreet, and build 1 of libgreet failed for ${sapling}.`;
    expect(claimNext(state)).toBe(`close 2 ${sapling} skipped: ${why2}`);
    finish(state, 2, sapling, 'skipped');
    const why3 = `It needs hello, and build 2 of hello was skipped for ${sapling}.`;
    expect(claimNext(state)).toBe(`close 3 ${sapling} skipped: ${why3}`);
    expect([claimNext(state), next(state)]).toEqual([`chroot 2 ${fedora}`, 'nothing']);
  });

  test('a build queued after the one that it needs has failed, but is not over, is skipped as well', () => {
    const state = queueOf({ package: 'libgreet', ...both });
    makeSrpm(state, 1);
    finish(state, 1, sapling, 'failed');
    perform(state, { kind: 'enqueue', requests: [requestForTests({ ...both, afterBuilds: [1 as BuildId] })] });
    expect(next(state)).toContain(`close 2 ${sapling} skipped: It needs libgreet`);
  });

  test('waiting chroots of a canceled build are closed and its SRPM is not made', () => {
    const state = queueOf(both, {});
    perform(state, { kind: 'cancel', id: 1 as BuildId, by: 'octocat' });
    expect([claimNext(state), claimNext(state), next(state)]).toEqual([
      `close 1 ${sapling} canceled: Canceled by octocat.`,
      `close 1 ${fedora} canceled: Canceled by octocat.`,
      'srpm 2',
    ]);
  });

  test('a build that something ended, and nobody in person, says what it was', () => {
    const state = queueOf({});
    perform(state, { kind: 'cancel', id: 1 as BuildId, by: 'coppice', because: 'Its pull request was closed.' });
    expect(next(state)).toBe(`close 1 ${sapling} canceled: Its pull request was closed.`);
  });

  test('a build canceled while its SRPM is made stays with the worker that makes it', () => {
    const state = queueOf({});
    claimNext(state);
    perform(state, { kind: 'cancel', id: 1 as BuildId, by: 'octocat' });
    expect(next(state)).toBe('nothing');
    perform(state, { kind: 'release', id: 1 as BuildId, chroot: 'srpm', countAttempt: false });
    expect(next(state)).toBe(`close 1 ${sapling} canceled: Canceled by octocat.`);
  });

  test('a build leaves with its last chroot, and what needs it goes on', () => {
    const state = queueOf({}, { after: [0] });
    makeSrpm(state, 1);
    makeSrpm(state, 2);
    expect(finish(state, 1, sapling, 'succeeded')).toMatchObject([{ build: { id: 1 }, gone: true }]);
    expect([...state.builds.keys()]).toEqual([2]);
    expect(next(state)).toBe(`chroot 2 ${sapling}`);
  });

  test('what is released is claimed again, and only a counted attempt stays counted', () => {
    const state = queueOf({});
    makeSrpm(state, 1);
    const attempts = () => state.builds.get(1 as BuildId)?.chroots[0]?.attempts;
    for (const countAttempt of [true, false]) {
      expect(claimNext(state)).toBe(`chroot 1 ${sapling}`);
      perform(state, { kind: 'release', id: 1 as BuildId, chroot: sapling, countAttempt });
      expect(attempts()).toBe(1);
    }
    perform(state, { kind: 'cancel', id: 1 as BuildId, by: 'octocat' });
    claimNext(state);
    perform(state, { kind: 'release', id: 1 as BuildId, chroot: sapling, countAttempt: false });
    expect(attempts()).toBe(1);
  });
});

/** Builds of these owners, each with its SRPM made and, where told so, in the background. */
function madeQueue(...builds: Partial<BuildRequest>[]): QueueState {
  const state = queueOf(...builds);
  builds.forEach((_, index) => {
    makeSrpm(state, index + 1);
  });
  return state;
}

const limited = (limits: Partial<Limits>): Limits => ({ ...noLimits, ...limits });

describe('owners', () => {
  const big = { owner: 'big' };

  test('take turns, however many builds one of them has', () => {
    const state = queueOf(...Array.from({ length: 100 }, () => big), { owner: 'small' });
    expect([claimNext(state), claimNext(state), claimNext(state)]).toEqual(['srpm 1', 'srpm 101', 'srpm 2']);
  });

  test('with fewer tasks running come first', () => {
    const state = madeQueue(big, big, big, { owner: 'small' }, { owner: 'small' });
    for (const expected of [1, 4, 2, 5]) expect(claimNext(state)).toBe(`chroot ${expected} ${sapling}`);
    finish(state, 4, sapling, 'succeeded');
    finish(state, 5, sapling, 'succeeded');
    perform(state, { kind: 'enqueue', requests: [requestForTests({ owner: 'small' })] });
    expect(claimNext(state)).toBe('srpm 6');
  });

  test('may not run more chroots at once than their limit; SRPMs are made meanwhile', () => {
    const state = madeQueue(big, big, big);
    perform(state, { kind: 'enqueue', requests: [requestForTests(big)] });
    const two = limited({ perOwner: 2 });
    claimNext(state, two);
    claimNext(state, two);
    expect([claimNext(state, two), next(state, two)]).toEqual(['srpm 4', 'nothing']);
    expect(next(state)).toBe(`chroot 3 ${sapling}`);
    finish(state, 1, sapling, 'failed');
    expect(next(state, two)).toBe(`chroot 3 ${sapling}`);
  });
});

describe('limits', () => {
  test('of a chroot leave the others going', () => {
    const state = madeQueue(both, both);
    const one = limited({ perChroot: new Map([[sapling, 1]]) });
    const claims = [claimNext(state, one), claimNext(state, one), claimNext(state, one), next(state, one)];
    expect(claims).toEqual([`chroot 1 ${sapling}`, `chroot 1 ${fedora}`, `chroot 2 ${fedora}`, 'nothing']);
    finish(state, 1, sapling, 'succeeded');
    expect(next(state, one)).toBe(`chroot 2 ${sapling}`);
  });

  test('of an architecture count all its chroots', () => {
    const arm = 'fedora-42-aarch64' as ChrootName;
    const state = madeQueue({ chroots: chrootsForTests(sapling, fedora, arm) });
    const one = limited({ perArchitecture: new Map([['x86_64', 1]]) });
    expect([claimNext(state, one), claimNext(state, one), next(state, one)]).toEqual([
      `chroot 1 ${sapling}`,
      `chroot 1 ${arm}`,
      'nothing',
    ]);
  });

  test('hold up neither what is canceled nor count what is only closed', () => {
    const state = madeQueue({}, {}, {});
    const one = limited({ perOwner: 1 });
    claimNext(state, one);
    perform(state, { kind: 'cancel', id: 2 as BuildId, by: 'octocat' });
    expect(claimNext(state, one)).toContain('close 2');
    finish(state, 1, sapling, 'succeeded');
    expect(next(state, one)).toBe(`chroot 3 ${sapling}`);
  });
});

describe('background builds', () => {
  const background = { background: true };

  test('wait for all others, and run when none of those could be started', () => {
    const state = madeQueue(background, {}, { owner: 'late' });
    const one = limited({ perOwner: 1 });
    expect([claimNext(state, one), claimNext(state, one)]).toEqual([`chroot 2 ${sapling}`, `chroot 3 ${sapling}`]);
    expect([next(state, one), claimNext(state), next(state)]).toEqual(['nothing', `chroot 1 ${sapling}`, 'nothing']);
  });

  test('share what is left fairly', () => {
    const state = queueOf(background, background, { ...background, owner: 'other' });
    expect([claimNext(state), claimNext(state), claimNext(state)]).toEqual(['srpm 1', 'srpm 3', 'srpm 2']);
  });
});

describe('a batch in the wrong order', () => {
  const postpone = (state: QueueState, id: number) =>
    perform(state, {
      kind: 'postpone',
      id: id as BuildId,
      chroot: sapling,
      reason: 'dependencies',
      message: 'It misses libgreet.',
    });

  test('what was put off is tried again when another of its batch has succeeded, its attempt not counted', () => {
    const state = madeQueue({ package: 'hello' }, { package: 'libgreet' });
    claimNext(state);
    postpone(state, 1);
    expect([claimNext(state), next(state)]).toEqual([`chroot 2 ${sapling}`, 'nothing']);
    finish(state, 2, sapling, 'succeeded');
    expect(claimNext(state)).toBe(`chroot 1 ${sapling}`);
    expect(state.builds.get(1 as BuildId)?.chroots[0]).toMatchObject({ attempts: 1, reason: null, message: null });
    expect(state.builds.get(1 as BuildId)?.chroots[0]).not.toHaveProperty('excerpt');
  });

  test('all that were put off fail when nothing gets further', () => {
    const state = madeQueue({}, {}, {}, { after: [0] });
    for (const id of [1, 2, 3]) {
      claimNext(state);
      if (id < 3) postpone(state, id);
    }
    expect(next(state)).toBe('nothing');
    finish(state, 3, sapling, 'failed');
    expect([claimNext(state), claimNext(state), next(state)]).toEqual([
      `close 1 ${sapling} failed: It misses libgreet.`,
      `close 2 ${sapling} failed: It misses libgreet.`,
      'nothing', // build 4 needs build 1: it could not help
    ]);
    finish(state, 1, sapling, 'failed');
    expect(next(state)).toContain(`close 4 ${sapling} skipped`);
  });

  test('only its own batch, project and chroot count', () => {
    const state = madeQueue({}, {}, { batch: 'b2' }, { project: 'other' });
    for (let count = 0; count < 4; count++) claimNext(state);
    postpone(state, 1);
    for (const id of [3, 4]) finish(state, id, sapling, 'succeeded');
    expect(next(state)).toBe('nothing');
    finish(state, 2, sapling, 'succeeded');
    expect(next(state)).toBe(`chroot 1 ${sapling}`);
  });
});
