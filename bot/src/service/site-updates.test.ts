import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openQueue } from '@coppice/builder-runner/queue';
import { replaceFile } from '@coppice/builder-runner/replace-file';
import { type BrokenPool, queueSnapshotSchema, type ServiceJson } from '@coppice/config';
import { expect, onTestFinished, test, vi } from 'vitest';
import { coprChroot, coprResult } from '../../testing/copr-tree.ts';
import { startSiteUpdates } from './site-updates.ts';

const nothingKnown: ServiceJson = {
  pools: [],
  limits: { perOwner: null, perChroot: {}, perArchitecture: {} },
  mirror: null,
  github: true,
};

/** The updates of a site in a folder of their own; with `blocked`, a folder stands where a file has to be. */
async function openUpdates(options: Partial<Parameters<typeof startSiteUpdates>[0]>, { blocked = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-updates-'));
  const published = join(folder, 'published');
  const inTheWay = join(published, 'api/v1/queue.json');
  await mkdir(blocked ? join(inTheWay, 'x') : join(published, 'api/v1'), { recursive: true });
  const now = () => new Date('2026-11-22T12:00:00Z');
  const queue = await openQueue({ folder: join(folder, 'queue'), now });
  const complaints: string[] = [];
  const site = startSiteUpdates({
    ...{
      queue,
      published,
      history: join(folder, 'state/site.sqlite'),
      url: 'http://127.0.0.1:8080',
      now,
      lookMilliseconds: 5,
      brokenPools: () => [],
    },
    log: (_level, message) => complaints.push(message),
    service: () => nothingKnown,
    ...options,
  });
  onTestFinished(async () => {
    await site.stop();
    await queue.close();
    await rm(folder, { recursive: true });
  });
  return { site, published, complaints, unblock: () => rm(inTheWay, { recursive: true }) };
}

test('a pool that breaks while nothing happens in the queue is told, and so is its end', async () => {
  let broken: readonly BrokenPool[] = [];
  const { site, published, complaints } = await openUpdates({ lookMilliseconds: 20, brokenPools: () => broken });
  const page = () => readFile(join(published, 'queue/index.html'), 'utf8');
  const told = async () =>
    queueSnapshotSchema.parse(JSON.parse(await readFile(join(published, 'api/v1/queue.json'), 'utf8'))).brokenPools;
  await site.all();
  expect(await told()).toEqual([]);

  broken = [{ name: 'big', since: '2026-11-22T11:00:00Z', failures: 3, retryAt: '2026-11-22T12:10:00Z' }];
  await expect.poll(page, { timeout: 30_000 }).toContain('No builders can be made in the pool <strong>big</strong>');
  expect(await told()).toEqual(broken);

  broken = [];
  await expect.poll(page, { timeout: 30_000 }).not.toContain('No builders can be made');
  expect(await told()).toEqual([]);
  expect(complaints).toEqual([]);
});

test('what could not be written stays owed, and is tried again although nothing more happens', async () => {
  const { site, published, complaints, unblock } = await openUpdates({ retryMilliseconds: 100 }, { blocked: true });
  await expect(site.all()).rejects.toMatchObject({ code: 'EISDIR' });
  await vi.waitFor(() => expect(complaints.length).toBeGreaterThan(1), { timeout: 30_000 });
  expect(new Set(complaints)).toEqual(new Set(['The site could not be written, and is tried again']));
  // It is looked every 5 ms: without pauses that grow there would be hundreds.
  expect(complaints.length).toBeLessThan(20);
  await unblock();
  // Nobody has to wait for the pause to end.
  await site.all();
  expect(await readFile(join(published, 'index.html'), 'utf8')).toContain('<h1');
});

test('what was asked for and could not be written is written when it can be, although nobody asks again', async () => {
  const { site, published, unblock } = await openUpdates({ retryMilliseconds: 50 }, { blocked: true });
  const asked = await Promise.allSettled([site.all(), site.all()]);
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await unblock();
  await expect.poll(() => readFile(join(published, 'index.html'), 'utf8'), { timeout: 30_000 }).toContain('<h1');
});

test('what users get of a repository is told to the pages when it changes, although nothing is built', async () => {
  const { site, published } = await openUpdates({});
  await site.all();
  const record = coprResult(2);
  const repository = join(published, 'results/acme/tools', coprChroot);
  const place = join(repository, `00000002-${record.package}`);
  await replaceFile(join(place, 'result.json'), JSON.stringify(record), { sync: false });
  await site.all();
  const page = () => readFile(join(published, `acme/tools/package/${record.package}/index.html`), 'utf8');
  expect(await page()).toContain('sudo dnf install');
  const waiting = {
    schemaVersion: 1,
    packages: [{ package: record.package, build: null, version: null, why: 'waits' }],
  };
  await replaceFile(join(repository, 'shown.json'), JSON.stringify(waiting), { sync: false });
  await expect.poll(page, { timeout: 30_000 }).toContain('waits to be published');
  expect(await page()).not.toContain('sudo dnf install');
});
