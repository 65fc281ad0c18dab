import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openQueue, type QueueChange } from '@coppice/builder-runner/queue';
import {
  type BuildId,
  type BuildRequest,
  chrootOf,
  plainBuildroot,
  published,
  type QueuedBuild,
  type Result,
} from '@coppice/config';
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { openBuiltIndex, seenBuilds } from './built.ts';

const chroot = chrootOf('sapling-12-x86_64').name;
const at = '2026-01-02T03:04:05.000Z';
let folder: string;
const root = await mkdtemp(join(tmpdir(), 'coppice-built-'));
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'case-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function record(
  id: number,
  name: string,
  outcome: Pick<Result, 'state' | 'reason'> & { readonly message?: string },
): Promise<void> {
  const place = { id: id as BuildId, owner: 'acme', project: 'tools', package: name };
  const result: Result = {
    ...{
      schemaVersion: 1,
      ...place,
      chroot,
      message: null,
      ...outcome,
      excerpt: [],
      where: null,
      requestedBy: 'a',
      request: 'r',
    },
    ...{ requestedAt: at, batch: 'b', configCommit: 'c', inputDigest: `digest-${id}`, attempts: 1, builder: null },
    ...{ source: { type: 'dir', commit: 'c', path: 'p', tree: 't' }, engine: null, phases: [], artifacts: [] },
    ...{ startedAt: at, endedAt: at },
  };
  const path = join(folder, published.chrootBuild(place, chroot));
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'result.json'), JSON.stringify(result));
}

test('the last build of a package is the last that a builder could try', async () => {
  await record(1, 'hello', { state: 'succeeded', reason: null });
  await record(2, 'hello', { state: 'failed', reason: 'infrastructure' });
  await record(3, 'motd', { state: 'failed', reason: 'compile' });
  await record(4, 'libgreet', { state: 'failed', reason: 'infrastructure' });
  const index = await openBuiltIndex(folder);
  for (const _again of [1, 2]) {
    const last = await index.lastOf('acme', 'tools');
    expect(last.map(({ id, inputDigest, reason }) => ({ id, inputDigest, reason }))).toEqual([
      { id: 1, inputDigest: 'digest-1', reason: null },
      { id: 3, inputDigest: 'digest-3', reason: 'compile' },
    ]);
  }
});

const good = { state: 'succeeded', reason: null } as const;

test('builds are found by number, by project and by package, whatever order their folders are listed in', async () => {
  for (const id of [30, 4, 200]) await record(id, 'hello', good);
  await record(7, 'motd', good);
  const other = { id: 4 as BuildId, owner: 'acme', project: 'tools', package: 'hello' };
  const elsewhere = chrootOf('sapling-13-x86_64').name;
  await mkdir(join(folder, published.chrootBuild(other, elsewhere)), { recursive: true });
  const index = await openBuiltIndex(folder);
  const hello = { owner: 'acme', project: 'tools', package: 'hello' };
  expect(index.buildsOf('acme', 'tools').map(({ id, package: name }) => [id, name])).toEqual([
    [4, 'hello'],
    [7, 'motd'],
    [30, 'hello'],
    [200, 'hello'],
  ]);
  expect(index.find(200 as BuildId)).toEqual({ ...hello, id: 200, chroots: [chroot] });
  expect([...(index.find(4 as BuildId)?.chroots ?? [])].sort()).toEqual([chroot, elsewhere]);
  expect(index.find(5 as BuildId)).toBeUndefined();
  expect([...index.counts()]).toEqual([['acme/tools', 4]]);
  expect([...(index.packages().get('acme/tools') ?? [])].sort()).toEqual(['hello', 'motd']);

  await rm(join(folder, published.chrootBuild({ ...other, id: 200 as BuildId }, chroot)), { recursive: true });
  await index.reread('acme', 'tools');
  expect(index.buildsOf('acme', 'tools').map(({ id }) => id)).toEqual([4, 7, 30]);
});

/** A queue that holds builds 1 … `count` of `hello`, all begun. */
async function openQueueWith(count: number) {
  const queue = await openQueue({ folder: join(folder, 'queue'), now: () => new Date(at) });
  onTestFinished(() => queue.close());
  const request: BuildRequest = {
    ...{ owner: 'acme', project: 'tools', package: 'hello', after: [], afterBuilds: [], repos: [], background: false },
    ...{ source: { type: 'dir', commit: 'c', path: 'p', tree: 't' }, timeoutSeconds: 60, memoryBytes: null },
    ...{ diskBytes: 1, sourceBytes: 1, requestedBy: 'a', request: 'r', configCommit: 'c', batch: 'b' },
    chroots: [{ chroot, inputDigest: 'd', buildroot: plainBuildroot }],
  };
  await queue.enqueue(Array.from({ length: count }, () => request));
  const end = async (id: number) => {
    await record(id, 'hello', good);
    return { told: queue.finish(id as BuildId, chroot, { ...good, message: null }) };
  };
  return { queue, end };
}

test('who canceled a build is known when it was a person', async () => {
  await record(1, 'hello', { state: 'canceled', reason: null, message: 'Canceled by octocat.' });
  await record(2, 'motd', { state: 'canceled', reason: null, message: 'Canceled by coppice.' });
  await record(3, 'tree', { state: 'canceled', reason: null, message: 'Its project was changed.' });
  await record(4, 'odd', { state: 'failed', reason: 'compile', message: 'Canceled by octocat.' });
  const index = await openBuiltIndex(folder);
  const last = await index.lastOf('acme', 'tools');
  expect(last.map(({ canceledBy }) => canceledBy)).toEqual(['octocat', null, null, null]);
});

test('a build that ends is seen at every moment, in the queue or in the records', async () => {
  const { queue, end } = await openQueueWith(1);
  const built = await openBuiltIndex(folder, queue);
  const seen = async () => (await seenBuilds({ queue, built }, 'acme', ['tools'])).map(({ id, state }) => [id, state]);
  expect(await seen()).toEqual([[1, 'pending']]);
  const { told } = await end(1);
  // Its end is being written, and nobody has been told.
  expect(await seen()).toEqual([[1, 'pending']]);
  await told;
  expect(await seen()).toEqual([[1, 'succeeded']]);
});

test('what ends while folders are read is not lost, although they were listed before', async () => {
  const heard: ((change: QueueChange) => void)[] = [];
  const follow = {
    onChange(listener: (change: QueueChange) => void) {
      heard.push(listener);
      return () => undefined;
    },
  };
  const end = (id: number) => {
    const chroots = [{ chroot, state: 'succeeded' }];
    const build = { id, owner: 'acme', project: 'tools', package: 'hello', chroots } as unknown as QueuedBuild;
    for (const listener of heard) listener({ build, gone: true });
  };
  const opening = openBuiltIndex(folder, follow);
  end(1);
  const index = await opening;
  expect(index.find(1 as BuildId)?.chroots).toEqual([chroot]);
  const rereading = index.reread('acme', 'tools');
  end(2);
  await rereading;
  await record(2, 'hello', good);
  expect((await index.lastOf('acme', 'tools')).map(({ id }) => id)).toEqual([2]);
});

test('a project that was renamed is read under its new name alone', async () => {
  await record(1, 'hello', good);
  const index = await openBuiltIndex(folder);
  await rename(join(folder, 'results/acme/tools'), join(folder, 'results/acme/gadgets'));
  await index.reread('acme', 'gadgets');
  expect(index.find(1 as BuildId)).toEqual({
    ...{ id: 1, owner: 'acme', project: 'gadgets', package: 'hello', chroots: [chroot] },
  });
  expect(index.counts()).toEqual(new Map([['acme/gadgets', 1]]));
});

test('of two builds of a package the later one counts, although it ended first', async () => {
  const { queue, end } = await openQueueWith(2);
  const index = await openBuiltIndex(folder, queue);
  for (const id of [2, 1]) await (await end(id)).told;
  expect((await index.lastOf('acme', 'tools')).map(({ id }) => id)).toEqual([2]);
  index.close();
});

test.each<[string, (path: string) => Promise<unknown>]>([
  ['empty', (path) => writeFile(path, '')],
  ['a folder', (path) => mkdir(path)],
  ['a FIFO', async (path) => execFileSync('mkfifo', [path])],
  ['a link to a record', (path) => symlink('../00000001-hello/result.json', path)],
])('where a record is %s, the build before it counts', async (_what, damage) => {
  await record(1, 'hello', { state: 'succeeded', reason: null });
  const place = { id: 2 as BuildId, owner: 'acme', project: 'tools', package: 'hello' };
  const path = join(folder, published.chrootBuild(place, chroot), 'result.json');
  await mkdir(dirname(path), { recursive: true });
  await damage(path);
  const index = await openBuiltIndex(folder);
  expect((await index.lastOf('acme', 'tools')).map(({ id }) => id)).toEqual([1]);
  expect(await index.results({ ...place, chroots: [chroot] })).toEqual(new Map());
});
