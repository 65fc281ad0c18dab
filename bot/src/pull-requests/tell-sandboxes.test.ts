import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { published, sandboxesJsonSchema } from '@coppice/config';
import { expect, onTestFinished, test } from 'vitest';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { tellSandboxes } from './tell-sandboxes.ts';

test('it is written when it changes: how long sandboxes stay, and of closed pull requests when theirs go', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-tell-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const pulls = [
    { number: 7, closedAt: null },
    { number: 8, closedAt: '2026-02-01T00:00:00.000Z' },
  ] as unknown as KnownPull[];
  const told = async () =>
    sandboxesJsonSchema.parse(JSON.parse(await readFile(join(folder, published.sandboxesJson), 'utf8')));
  expect(await tellSandboxes(folder, pulls, 3600)).toBe(true);
  expect(await told()).toEqual({ keptSeconds: 3600, closed: [{ pull: 8, deleteAt: '2026-02-01T01:00:00.000Z' }] });
  expect(await tellSandboxes(folder, pulls, 3600)).toBe(false);
  expect(await tellSandboxes(folder, pulls.slice(0, 1), 3600)).toBe(true);
  expect((await told()).closed).toEqual([]);
});
