import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildId, chrootOf, published, type Result } from '@coppice/config';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBuiltIndex } from './built.ts';

const chroot = chrootOf('sapling-12-x86_64').name;
const at = '2026-01-02T03:04:05.000Z';
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-built-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function record(id: number, name: string, outcome: Pick<Result, 'state' | 'reason'>): Promise<void> {
  const place = { id: id as BuildId, owner: 'acme', project: 'tools', package: name };
  const result: Result = {
    ...{ schemaVersion: 1, ...place, chroot, ...outcome, message: null, excerpt: [], where: null, requestedBy: 'a', request: 'r' },
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
