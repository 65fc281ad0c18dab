import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JournaledStore, openJournaledStore } from '@coppice/builder-runner/queue';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RateLimited } from '../github/rate-limit.ts';
import {
  applyToBotState,
  type BotOperation,
  type BotState,
  type Handled,
  initialBotState,
} from '../vocabulary/bot-state.ts';
import type { Delivery, Job } from '../vocabulary/job.ts';
import { NotYet } from '../vocabulary/not-yet.ts';
import { createInbox, type InboxWorker } from './inbox.ts';

type Store = JournaledStore<BotState, BotOperation, void>;
let folder: string;
let store: Store;

const open = () =>
  openJournaledStore<BotState, BotOperation, void>({ folder, initial: initialBotState, apply: applyToBotState });
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-inbox-'));
  store = await open();
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const push = (commit: string): Job => ({ kind: 'push', commit, branch: 'main', pusher: 'builder' });
const newInbox = () => createInbox({ state: () => store.state, commit: (operations) => store.commit(operations) });
const workerOf = (work: (delivery: Delivery) => Promise<Handled>, failed: string[] = []): InboxWorker => ({
  work,
  done: () => undefined,
  failed: async ({ id }) => {
    failed.push(id);
  },
});

test('what was accepted before the end is worked off after the next start, in order, and once', async () => {
  const before = newInbox();
  expect(await Promise.all(['a', 'b', 'a'].map((id) => before.accept(id, push(id))))).toEqual([true, true, false]);
  await store.close();
  store = await open();

  const worked: string[] = [];
  const after = newInbox();
  expect(await after.accept('b', push('b'))).toBe(false);
  after.start(
    workerOf(async ({ id }) => {
      worked.push(id);
      return { checks: [] };
    }),
  );
  await after.accept('c', push('c'));
  await after.settled();
  expect(worked).toEqual(['a', 'b', 'c']);
  expect(store.state.inbox).toEqual([]);
});

test('what an earlier run has noted was heard of before anything of this one', async () => {
  await newInbox().accept('a', comment(1));
  const heard: number[] = [];
  const inbox = newInbox();
  inbox.start({
    ...workerOf(async () => ({ checks: [] })),
    before: async (_delivery, heardAt) => void heard.push(heardAt),
  });
  await inbox.settled();
  expect(heard).toEqual([0]);
});

test('what is new is told of once, when it is on the disk, unless it has been worked off by then', async () => {
  const told: string[] = [];
  const start = () =>
    createInbox({
      state: () => store.state,
      commit: (operations) => store.commit(operations),
      noted: ({ id }) => told.push(`noted ${id}`),
    });
  const worker = workerOf(async ({ id }) => {
    told.push(`worked off ${id}`);
    return { checks: [] };
  });
  const first = start();
  for (const id of ['a', 'a']) await first.accept(id, comment(1));
  first.start(worker);
  await first.settled();
  expect(told.splice(0)).toEqual(['noted a', 'worked off a']);
  const second = start();
  second.start(worker);
  // Its worker is awake: it takes the job while the disk is being written to.
  await second.accept('b', comment(2));
  await second.settled();
  expect(told).toEqual(['worked off b']);
});

test('a job that fails is told of and does not hold up the next', async () => {
  const failed: string[] = [];
  const worked: string[] = [];
  const inbox = newInbox();
  const worker = workerOf(async ({ id }) => {
    if (id === 'a') throw new Error('the machinery is at fault');
    worked.push(id);
    return { checks: [], handledCommit: id };
  }, failed);
  inbox.start(worker);
  await Promise.all(['a', 'b'].map((id) => inbox.accept(id, push(id))));
  await inbox.settled();
  expect([failed, worked]).toEqual([['a'], ['b']]);
  expect(store.state).toMatchObject({ inbox: [], handledCommit: 'b' });
});

test('what is not ready holds nobody up, keeps its place, and is worked off when it is', async () => {
  const ready = Promise.withResolvers<void>();
  const tried: string[] = [];
  const inbox = newInbox();
  for (const [at, id] of ['slow', 'a', 'b'].entries()) await inbox.accept(id, comment(at));
  let isReady = false;
  inbox.start(
    workerOf(async ({ id }) => {
      tried.push(id);
      if (id === 'slow' && !isReady) throw new NotYet(ready.promise);
      return { checks: [] };
    }),
  );
  await inbox.caughtUp();
  expect(tried).toEqual(['slow', 'a', 'b']);
  expect(store.state.inbox.map(({ id }) => id)).toEqual(['slow']);
  isReady = true;
  ready.resolve();
  await inbox.settled();
  expect(tried).toEqual(['slow', 'a', 'b', 'slow']);
  expect(store.state.inbox).toEqual([]);
});

test('what is not ready at the end is worked off after the next start', async () => {
  const before = newInbox();
  before.start(workerOf(() => Promise.reject(new NotYet(Promise.withResolvers().promise))));
  await before.accept('slow', comment(1));
  await before.caughtUp();
  await before.stop();
  const worked: string[] = [];
  const after = newInbox();
  after.start(
    workerOf(async ({ id }) => {
      worked.push(id);
      return { checks: [] };
    }),
  );
  await after.settled();
  expect(worked).toEqual(['slow']);
});

const comment = (id: number): Job => ({
  ...{ kind: 'comment', issue: 1, comment: id, url: '', actor: 'builder', actorId: 2, body: '/help' },
  onPullRequest: false,
});

test('a push goes before the comments that wait, also one that is found only when a comment is about to be worked off', async () => {
  const worked: string[] = [];
  const heard: [id: string, known: boolean][] = [];
  const inbox = newInbox();
  await inbox.accept('first', comment(1));
  await inbox.accept('second', comment(2));
  await inbox.accept('push', push('push'));
  inbox.start({
    ...workerOf(async ({ id }) => {
      worked.push(id);
      return { checks: [] };
    }),
    before: async ({ id }, heardAt) => {
      heard.push([id, heardAt > 0 && heardAt <= performance.now()]);
      if (id === 'first') await inbox.accept('found', push('found'));
    },
  });
  await inbox.settled();
  expect(worked).toEqual(['push', 'found', 'first', 'second']);
  expect(new Map(heard)).toEqual(
    new Map([
      ['first', true],
      ['second', true],
    ]),
  );
});

test('a job that GitHub had no time for is worked off when it has', async () => {
  const failed: string[] = [];
  let tries = 0;
  const inbox = newInbox();
  const worker = workerOf(async () => {
    tries += 1;
    if (tries < 3) throw new RateLimited(performance.now() + 10);
    return { checks: [] };
  }, failed);
  inbox.start(worker);
  await inbox.accept('a', comment(1));
  await inbox.settled();
  expect([tries, failed, store.state.inbox]).toEqual([3, [], []]);
});

test('a delivery that cannot be noted is not accepted, and may come again', async () => {
  const inbox = createInbox({
    state: () => store.state,
    commit: () => Promise.reject(new Error('the disk is full')),
  });
  await expect(inbox.accept('a', push('a'))).rejects.toThrow('full');
  await expect(inbox.accept('a', push('a'))).rejects.toThrow('full');
});

test('when many wait people take turns, and what each of them asks is done in the order in which they asked', async () => {
  const worked: string[] = [];
  const inbox = newInbox();
  const by = (actor: string, id: number): Job => ({ ...comment(id), actor }) as Job;
  const flood = Array.from({ length: 60 }, (_, at) => at);
  await Promise.all(flood.map((at) => inbox.accept(`flood/${at}`, by('flood', at))));
  const crowd = Array.from({ length: 20 }, (_, at) => at);
  await Promise.all(crowd.map((at) => inbox.accept(`crowd/${at}`, by(`one-${at}`, 100 + at))));
  for (const at of [0, 1, 2, 3, 4, 5]) {
    await inbox.accept(`many/${at}`, { kind: 'pull', number: at, again: false, author: 'mallory' });
  }
  await inbox.accept('pull', { kind: 'pull', number: 9, again: false, author: 'bea' });
  for (const at of [0, 1, 2]) await inbox.accept(`ada/${at}`, by(at === 1 ? 'Ada' : 'ada', 200 + at));
  inbox.start({
    ...workerOf(async ({ id }) => {
      worked.push(id);
      return { checks: [] };
    }),
    isQuick: ({ id }) => id.startsWith('crowd'),
  });
  await inbox.settled();
  expect(worked).toHaveLength(60 + 20 + 6 + 1 + 3);
  const of = (whose: string) => worked.filter((id) => id.startsWith(whose));
  expect(of('ada')).toEqual(['ada/0', 'ada/1', 'ada/2']);
  expect(of('flood')).toEqual(flood.map((at) => `flood/${at}`));
  // Behind eighty others: of three turns one is that of the newest.
  expect(worked.indexOf('ada/0')).toBeLessThan(3);
  expect(worked.indexOf('pull')).toBeLessThan(6);
});
