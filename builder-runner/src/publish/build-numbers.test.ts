import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { published } from '@coppice/config';
import { expect, onTestFinished, test } from 'vitest';
import { buildOf, endingOf, testChroot } from '../../testing/publish-builds.ts';
import { requestForTests } from '../../testing/queue/request-for-tests.ts';
import { openQueue, type QueueError } from '../queue/index.ts';
import { openBuildNumbers } from './build-numbers.ts';
import { recordOfChroot, writeRecord } from './record.ts';

async function homeWith(...folders: readonly string[]): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'coppice-numbers-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  for (const folder of folders) await mkdir(join(home, 'published', folder), { recursive: true });
  return home;
}

const numbersIn = (home: string, said: string[] = []) =>
  openBuildNumbers(home, (_, message) => void said.push(message));

/** A queue in this home, as the service opens it. */
async function openIn(home: string) {
  const unknown: [number, number][] = [];
  const faults: QueueError[] = [];
  const queue = await openQueue({
    folder: join(home, 'state/queue'),
    numbers: await numbersIn(home),
    onUnknownNumbers: (first, last) => unknown.push([first, last]),
    now: () => new Date(),
    onFault: (error) => faults.push(error),
  });
  onTestFinished(() => queue.close());
  const enqueue = async (count = 1) =>
    (await queue.enqueue(Array.from({ length: count }, () => requestForTests()))).map(({ id }) => id);
  return { queue, unknown, faults, enqueue };
}

test('nothing published: the first number is 1', async () => {
  const { enqueue, unknown, faults } = await openIn(await homeWith());
  expect(await enqueue()).toEqual([1]);
  expect([unknown, faults]).toEqual([[], []]);
});

test.each([
  ['a build', 'results/acme/tools/sapling-12-x86_64/00000041-hello'],
  ['a source package, of a build that got no further', 'results/acme/tools/srpm-builds/00000041'],
  ['a build of a sandbox', 'results/acme/tools:pr:7/sapling-12-x86_64/00000041-hello'],
  ['a build for a chroot that is no longer known', 'results/acme/tools/old_name/00000041-hello'],
  ['the page of a build that only waited, or whose results were pruned', 'acme/tools/build/41'],
])('the next number is behind that of %s', async (_, folder) => {
  const home = await homeWith('results/acme/tools/sapling-12-x86_64/00000007-hello', folder);
  const { enqueue, unknown } = await openIn(home);
  expect(await enqueue(2)).toEqual([42, 43]);
  expect(unknown).toEqual([[1, 41]]);
});

test('a number far beyond all others counts with a record alone; without one it is named', async () => {
  const chroot = 'results/acme/tools/sapling-12-x86_64';
  const home = await homeWith(`${chroot}/00000007-hello`, `${chroot}/00100007-waiting`, `${chroot}/99999999-big`);
  const said: string[] = [];
  expect((await numbersIn(home, said)).newest).toBe(100_007);
  expect(said).toEqual([
    `published/${chroot}/99999999-big has the number of no build that is known here, and no record: it is not counted. Remove it, or put its result.json back`,
  ]);
  const build = buildOf(123_456_789, 'hello');
  const record = recordOfChroot(build, build.chroots[0], endingOf('failed'));
  await writeRecord(join(home, 'published', published.chrootBuild(build, testChroot), 'result.json'), record);
  expect((await numbersIn(home)).newest).toBe(123_456_789);
});

test('what is no build of ours counts for nothing: other names, links, files where folders should be', async () => {
  const chroot = 'results/acme/tools/sapling-12-x86_64';
  const names = ['41-hello', '00000000041-hello', '0000004x-hello', '9999999999999999-hello', '00000041hello', '-1'];
  const home = await homeWith(`${chroot}/00000003-hello`, ...names.map((name) => `${chroot}/${name}/00000090-deep`));
  const elsewhere = await homeWith('results/acme/tools/sapling-12-x86_64/00000080-hello');
  await symlink(join(elsewhere, 'published/results/acme'), join(home, 'published/results/linked'));
  await writeFile(join(home, 'published/results/00000070-file'), '');
  expect((await numbersIn(home)).newest).toBe(3);
});

test('a queue that was lost goes on behind all numbers that it gave, also those of builds that only waited', async () => {
  const home = await homeWith();
  const { enqueue, queue } = await openIn(home);
  expect(await enqueue(3)).toEqual([1, 2, 3]);
  expect(await queue.reserve(2)).toEqual([4, 5]);
  await queue.close();
  await rm(join(home, 'state'), { recursive: true });
  const again = await openIn(home);
  expect(again.unknown).toEqual([[1, 5]]);
  expect(await again.enqueue()).toEqual([6]);
});

test.each<[string, (path: string) => Promise<unknown>]>([
  ['is empty', (path) => writeFile(path, '')],
  ['is a folder', (path) => mkdir(join(path, 'x'), { recursive: true })],
  ['is a FIFO', async (path) => execFileSync('mkfifo', [path])],
  ['is a link to nothing', (path) => symlink('nothing', path)],
])('a note of the newest number that %s is written anew, and the folders tell', async (_what, damage) => {
  const home = await homeWith('results/acme/tools/sapling-12-x86_64/00000041-hello', 'api/v1');
  const path = join(home, 'published', published.newestBuild);
  await mkdir(dirname(path), { recursive: true });
  await damage(path);
  const { enqueue, faults } = await openIn(home);
  expect(await enqueue()).toEqual([42]);
  expect(faults).toEqual([]);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ id: 42 });
});

test('a queue from an older backup goes on behind the numbers that were given since', async () => {
  const home = await homeWith();
  const before = await openIn(home);
  await before.enqueue(2);
  await before.queue.close();
  const journal = await readFile(join(home, 'state/queue/journal.jsonl'));
  const since = await openIn(home);
  await since.enqueue(2);
  await since.queue.close();
  await writeFile(join(home, 'state/queue/journal.jsonl'), journal);
  const after = await openIn(home);
  expect(after.unknown).toEqual([[3, 4]]);
  expect(await after.enqueue()).toEqual([5]);
});

test('opening again leaves no number out, and the note follows a queue that it did not know', async () => {
  const home = await homeWith();
  const first = await openIn(home);
  await first.enqueue(2);
  await first.queue.close();
  await rm(join(home, 'published'), { recursive: true });
  const second = await openIn(home);
  expect(second.unknown).toEqual([]);
  await second.queue.close();
  await rm(join(home, 'state'), { recursive: true });
  expect(await (await openIn(home)).enqueue()).toEqual([3]);
});

test.each(['', '{"id": 9', '{"id": -4}', '{"id": 1e400}', '[]'])(
  'a note that is %j is as good as none',
  async (text) => {
    const home = await homeWith('api/v1', 'results/acme/tools/srpm-builds/00000003');
    await writeFile(join(home, 'published/api/v1/newest-build.json'), text);
    expect(await (await openIn(home)).enqueue()).toEqual([4]);
  },
);

test('many requests at once leave the highest number in the note', async () => {
  const home = await homeWith();
  const { enqueue } = await openIn(home);
  const ids = (await Promise.all(Array.from({ length: 50 }, () => enqueue(2)))).flat();
  expect(new Set(ids).size).toBe(100);
  expect((await numbersIn(home)).newest).toBe(100);
});

test('a note that cannot be written is a fault that is told; the builds are queued, and the next note says it all', async () => {
  const home = await homeWith('results');
  const { enqueue, faults } = await openIn(home);
  await writeFile(join(home, 'published/api'), 'a file where the folder should be');
  expect(await enqueue()).toEqual([1]);
  expect(faults.map(({ code, message }) => [code, message])).toEqual([
    ['io', expect.stringContaining('Noting the newest build number')],
  ]);
  await rm(join(home, 'published/api'));
  await enqueue();
  expect((await numbersIn(home)).newest).toBe(2);
});

test('results that cannot be read are not taken for none', async () => {
  const home = await homeWith('.');
  const loop = join(home, 'published/results');
  await symlink(loop, loop);
  await expect(numbersIn(home)).rejects.toMatchObject({ code: 'ELOOP' });
});
