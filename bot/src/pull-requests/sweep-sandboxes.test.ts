import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { QueuedBuild } from '@coppice/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { duePulls, sweepSandboxes } from './sweep-sandboxes.ts';

const day = 86_400;
const now = new Date('2026-02-15T00:00:00Z');
const pull = (number: number, closedAt: string | null): KnownPull => ({
  ...{ number, closedAt, author: 'eve', head: 'a'.repeat(40), headSeenAt: '2026-01-01T00:00:00Z' },
  ...{ touched: ['acme/tools'], needsAdmin: false, approvals: [] },
});
const long = pull(1, '2026-02-01T00:00:00Z');
const lately = pull(2, '2026-02-01T00:00:01Z');
const open = pull(3, null);

let folder = '';
let places: { publishedFolder: string; withheldFolder: string; isFrozen: (owner: string, project: string) => boolean };
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-sweep-'));
  places = { publishedFolder: folder, withheldFolder: join(folder, 'withheld'), isFrozen: () => false };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('sandboxes are due once their pull request has been closed for long enough, and nothing of them is queued', () => {
  const queued = [{ project: 'tools:pr:1' }] as unknown as QueuedBuild[];
  const others = [{ project: 'tools' }, { project: 'tools:pr:11' }] as unknown as QueuedBuild[];
  expect(duePulls([long, lately, open], others, 14 * day, now)).toEqual([1]);
  expect(duePulls([long, lately, open], queued, 14 * day, now)).toEqual([]);
  // What is about to be published of one is not thrown away.
  const promoting = [{ project: 'tools', promotes: { project: 'tools:pr:1', id: 7 } }] as unknown as QueuedBuild[];
  expect(duePulls([long, lately, open], promoting, 14 * day, now)).toEqual([]);
  expect(duePulls([long, lately, open], [], 0, now)).toEqual([1, 2]);
});

test('all sandboxes of a pull request go, also those of projects that only an earlier head touched, and nothing else', async () => {
  for (const name of [
    'acme/tools',
    'acme/tools:pr:1',
    'acme/tools:pr:2',
    'acme/tools:pr:11',
    'acme/tools:pr:1x',
    'other/x:pr:1',
  ])
    await mkdir(join(folder, 'results', name), { recursive: true });
  const removed: string[] = [];
  const forgotten: number[] = [];
  const context = {
    ...{ pulls: () => [long, lately, open], live: () => [], ...places, now: () => now },
    retentionSeconds: (): number | undefined => 14 * day,
    remove: async (owner: string, project: string) => void removed.push(`${owner}/${project}`),
    forget: async (number: number) => void forgotten.push(number),
  };
  expect(await sweepSandboxes({ ...context, retentionSeconds: () => undefined })).toEqual([]);
  expect(await sweepSandboxes(context)).toEqual([1]);
  expect(removed.sort()).toEqual(['acme/tools:pr:1', 'other/x:pr:1']);
  expect(forgotten).toEqual([1]);
});

test('what cannot be taken away is not forgotten', async () => {
  await mkdir(join(folder, 'results/acme/tools:pr:1'), { recursive: true });
  const forgotten: number[] = [];
  const sweep = sweepSandboxes({
    ...{ pulls: () => [long], live: () => [], ...places, now: () => now, retentionSeconds: () => 0 },
    remove: () => Promise.reject(new Error('the disk is gone')),
    forget: async (number: number) => void forgotten.push(number),
  });
  await expect(sweep).rejects.toThrow('the disk is gone');
  expect(forgotten).toEqual([]);
});

test('those of a frozen project stay out of reach, and their pull request is not forgotten before that is resolved', async () => {
  for (const name of ['results/acme/one:pr:1', 'withheld/results/acme/tools:pr:1'])
    await mkdir(join(folder, name), { recursive: true });
  const removed: string[] = [];
  const forgotten: number[] = [];
  const context = {
    ...{ pulls: () => [long], live: () => [], ...places, now: () => now, retentionSeconds: () => day },
    remove: async (owner: string, project: string) => void removed.push(`${owner}/${project}`),
    forget: async (number: number) => void forgotten.push(number),
  };
  expect(await sweepSandboxes({ ...context, isFrozen: (_, project) => project === 'tools' })).toEqual([]);
  expect([removed, forgotten]).toEqual([['acme/one:pr:1'], []]);
  expect(await sweepSandboxes(context)).toEqual([1]);
  expect(removed).toContain('acme/tools:pr:1');
});
