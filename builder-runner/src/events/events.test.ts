import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BuildId, ChrootName, CoppiceEvent } from '@coppice/config';
import { eventIndexSchema, eventSchema, published } from '@coppice/config';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { endingOf } from '../../testing/publish-builds.ts';
import { folderForTest } from '../../testing/queue/folder-for-tests.ts';
import { chrootsForTests, requestForTests } from '../../testing/queue/request-for-tests.ts';
import { recordOfChroot, writeRecord } from '../publish/record.ts';
import { openQueue } from '../queue/queue.ts';
import { endOfLog, nextEvent } from './event-log.ts';
import { openEvents } from './events.ts';

const sapling = 'sapling-12-x86_64' as ChrootName;
const other = 'sapling-12-noarch' as ChrootName;
const first = 1 as BuildId;
const succeeded = { state: 'succeeded', reason: null, message: null } as const;
const failed = { state: 'failed', reason: 'compile', message: 'It does not compile.' } as const;

/** A service's queue and events; `kill` ends the events as a crash would, `pass` lets seconds go by. */
async function service(home?: string) {
  const folder = home ?? (await folderForTest());
  const clock = { seconds: 0 };
  const now = () => new Date(Date.UTC(2026, 0, 1, 0, 0, clock.seconds++));
  const queue = await openQueue({ folder: join(folder, 'state/queue'), now });
  const log: string[] = [];
  const start = (url = 'https://coppice.example', retentionDays = 90) =>
    openEvents({ queue, home: folder, url, retentionDays, now, log: (_, message) => log.push(message) });
  onTestFinished(() => queue.close());
  return { home: folder, queue, now, log, clock, start };
}

async function linesOf(home: string): Promise<CoppiceEvent[]> {
  const folder = join(home, 'published/events');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.jsonl')).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  return texts
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => eventSchema.parse(JSON.parse(line)));
}

const namesOf = (events: readonly CoppiceEvent[]) => events.map(({ id }) => id);

describe('the events of a build', () => {
  test('are told in the order in which they happened, with a second attempt and the way that each chroot ended', async () => {
    const { home, queue, start } = await service();
    const events = await start();
    events.noteWorker('worker-1');
    await queue.enqueue([requestForTests({ chroots: chrootsForTests(sapling, other) })]);
    await events.settled();
    expect(await linesOf(home), 'a build that waits is no event').toHaveLength(1);
    await queue.claim('w');
    await queue.srpmDone(first, 'hello-1-1.src.rpm');
    await queue.claim('w');
    await queue.release(first, sapling, { countAttempt: true });
    await queue.claim('w');
    await queue.claim('w');
    await queue.finish(first, sapling, failed);
    await queue.finish(first, other, succeeded);
    await events.stop();
    const told = await linesOf(home);
    expect(namesOf(told).slice(1)).toEqual([
      '1-build-start',
      `1-${sapling}-start-1`,
      `1-${sapling}-start-2`,
      `1-${other}-start-1`,
      `1-${sapling}-end`,
      `1-${other}-end`,
      '1-build-end',
    ]);
    expect(told[0]).toMatchObject({ type: 'worker.create', worker: 'worker-1' });
    expect(told.at(-3)).toMatchObject({ chroot: sapling, attempts: 2, ...failed });
    expect(told.at(-1)).toMatchObject({
      type: 'build.end',
      build: { package: 'hello', url: 'https://coppice.example/acme/tools/build/1/' },
      ...{ state: 'failed', reason: 'compile' },
    });
    const times = told.slice(1).map(({ at }) => at);
    expect(times).toEqual([...times].sort());
    const index = JSON.parse(await readFile(join(home, 'published/events/index.json'), 'utf8'));
    expect(eventIndexSchema.parse(index).files).toEqual(['2026-01-01.jsonl']);
  });

  test('of a build that was canceled while it waited are its end alone, after its start', async () => {
    const { home, queue, start } = await service();
    const events = await start();
    await queue.enqueue([requestForTests()]);
    await queue.cancel(first, 'octocat');
    await queue.claim('w');
    await queue.finish(first, sapling, { state: 'canceled', reason: null, message: 'Canceled by octocat.' });
    await events.stop();
    expect(namesOf(await linesOf(home))).toEqual(['1-build-start', `1-${sapling}-end`, '1-build-end']);
  });
});

describe('after a crash', () => {
  test('what the queue knows and no line says is told once, and a half line is told whole', async () => {
    const { home, queue, start } = await service();
    const events = await start();
    await queue.enqueue([requestForTests()]);
    await queue.claim('w');
    await events.stop();
    // The queue goes on where nobody listens, and the last line was being written.
    await queue.srpmDone(first, 'hello-1-1.src.rpm');
    await queue.claim('w');
    await appendFile(join(home, 'published/events/2026-01-01.jsonl'), '{"schemaVersion":1,"id":"1-sap');
    const again = await start();
    await again.stop();
    const once = ['1-build-start', `1-${sapling}-start-1`];
    expect(namesOf(await linesOf(home))).toEqual(once);
    await (await start()).stop();
    expect(namesOf(await linesOf(home)), 'a third start has nothing to say').toEqual(once);
  });

  test.each([
    ['what is published', 'published'],
    ['a frozen project', 'state/withheld'],
  ])('the end of a build that has left the queue is told from its record in %s', async (_, place) => {
    const { home, queue, start } = await service();
    const events = await start();
    await queue.enqueue([requestForTests()]);
    await queue.claim('w');
    await queue.srpmDone(first, 'hello-1-1.src.rpm');
    await queue.claim('w');
    await events.stop();
    const build = queue.build(first);
    const [chroot] = build?.chroots ?? [];
    if (build === undefined || chroot === undefined) throw new Error('the build is gone');
    const record = join(home, place, published.chrootBuild(build, sapling), 'result.json');
    await mkdir(dirname(record), { recursive: true });
    await writeRecord(record, recordOfChroot(build, chroot, endingOf('failed')));
    await queue.finish(first, sapling, failed);
    await (await start()).stop();
    await (await start()).stop();
    const told = await linesOf(home);
    expect(namesOf(told).slice(2)).toEqual([`1-${sapling}-end`, '1-build-end']);
    expect(told.at(-1)).toMatchObject({ state: 'failed', reason: 'compile' });
  });

  test('a record that is none tells no end, and is no reason not to start', async () => {
    const { home, queue, start, log } = await service();
    const events = await start();
    await queue.enqueue([requestForTests()]);
    await queue.claim('w');
    await queue.srpmDone(first, 'hello-1-1.src.rpm');
    await queue.claim('w');
    await events.stop();
    const build = queue.build(first);
    if (build === undefined) throw new Error('the build is gone');
    const folder = join(home, 'published', published.chrootBuild(build, sapling));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'result.json'), '{"schemaVersion": 1');
    await queue.finish(first, sapling, failed);
    const again = await start();
    await again.settled();
    await again.stop();
    expect(log).toEqual([expect.stringMatching(/00000001-hello.result\.json tells no event: it is not JSON/)]);
    expect(namesOf(await linesOf(home))).not.toContain(`1-${sapling}-end`);
  });

  test('at whatever change the service dies, each event is told once and in order', async () => {
    const steps = ['claim', 'claim', 'release', 'claim', 'finish', 'crash'] as const;
    const script = fc.array(fc.constantFrom(...steps), { minLength: 4, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(script, async (todo) => {
        const { home, queue, start } = await service();
        await queue.enqueue([requestForTests(), requestForTests({ package: 'libgreet' })]);
        let events = await start();
        const held: { id: BuildId; counted: boolean }[] = [];
        const ended: BuildId[] = [];
        for (const step of todo) {
          if (step === 'crash') {
            await events.stop();
            events = await start();
          } else if (step === 'claim') {
            const task = await queue.claim('w');
            if (task?.kind === 'srpm') await queue.srpmDone(task.build.id, 'a.src.rpm');
            if (task?.kind === 'chroot') held.push({ id: task.build.id, counted: held.length % 2 === 0 });
          } else {
            const task = held.shift();
            if (task === undefined) continue;
            if (step === 'release') await queue.release(task.id, sapling, { countAttempt: task.counted });
            else {
              await queue.finish(task.id, sapling, succeeded);
              ended.push(task.id);
            }
          }
        }
        await events.stop();
        const names = namesOf(await linesOf(home));
        expect(names).toEqual([...new Set(names)]);
        for (const id of [1, 2]) {
          const own = names.filter((name) => name.startsWith(`${id}-`));
          const end = ended.includes(id as BuildId);
          expect(own.filter((name) => name.endsWith('-end'))).toEqual(
            end ? [`${id}-${sapling}-end`, `${id}-build-end`] : [],
          );
          expect(own.indexOf(`${id}-build-start`)).toBeLessThanOrEqual(0);
          if (end) expect(own.at(-1)).toBe(`${id}-build-end`);
        }
        await rm(home, { recursive: true, force: true });
      }),
      { numRuns: 15 },
    );
  });
});

test('days that are too old are taken away, and the index says what is left', async () => {
  const { home, start } = await service();
  const folder = join(home, 'published/events');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, '2025-12-01.jsonl'), '');
  await writeFile(join(folder, '2025-12-30.jsonl'), '');
  // No days, whatever they are called: neither is read, nor waited for.
  await mkdir(join(folder, '2025-12-31.jsonl'));
  execFileSync('mkfifo', [join(folder, '2026-01-01.jsonl')]);
  await (await start('https://coppice.example', 7)).stop();
  const kept = ['2025-12-30.jsonl', '2025-12-31.jsonl', '2026-01-01.jsonl', 'index.json'];
  expect((await readdir(folder)).sort()).toEqual(kept);
  expect(JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')).files).toEqual(['2025-12-30.jsonl']);
});

test('a folder that cannot be written holds events back and loses none', async () => {
  const { home, queue, start, log } = await service();
  const events = await start();
  const folder = join(home, 'published/events');
  await rm(folder, { recursive: true });
  await writeFile(folder, 'in the way');
  await queue.enqueue([requestForTests()]);
  await queue.claim('w');
  await events.stop();
  expect(log.join()).toContain('events cannot be written');
  await rm(folder);
  await (await start()).stop();
  expect(namesOf(await linesOf(home))).toEqual(['1-build-start']);
});

test.each([
  ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
  ['a folder', (path: string) => mkdir(join(path, 'within'), { recursive: true })],
  ['a link', (path: string) => symlink('/dev/full', path)],
])('%s in the place of a file is set aside, which the log tells, and the lines go on', async (_, make) => {
  const { home, queue, start, log } = await service();
  const folder = join(home, 'published/events');
  await mkdir(folder, { recursive: true });
  for (const name of ['2026-01-01.jsonl', 'index.json']) await make(join(folder, name));
  const events = await start();
  await queue.enqueue([requestForTests()]);
  await queue.claim('w');
  await events.stop();
  expect(namesOf(await linesOf(home))).toEqual(['1-build-start']);
  const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'));
  expect(index).toMatchObject({ files: ['2026-01-01.jsonl'] });
  expect(log.join('\n')).toContain('events/2026-01-01.jsonl was no regular file: it is kept as');
  expect(log.join('\n')).toContain('events/index.json was no regular file');
});

test('a reader goes from line to line, over days that are gone, and leaves out what is no event', async () => {
  const { queue, start } = await service();
  const events = await start();
  await queue.enqueue([requestForTests()]);
  await queue.claim('w');
  await events.stop();
  const { folder } = events;
  await appendFile(join(folder, '2026-01-01.jsonl'), 'no event\n{"half');
  const found = await nextEvent(folder, { file: '2025-01-01.jsonl', offset: 77 });
  expect(found?.event?.id).toBe('1-build-start');
  const odd = await nextEvent(folder, found?.after ?? { file: '', offset: 0 });
  expect(odd).toMatchObject({ event: undefined, after: await endOfLog(folder) });
  expect(await nextEvent(folder, await endOfLog(folder))).toBeUndefined();
});
