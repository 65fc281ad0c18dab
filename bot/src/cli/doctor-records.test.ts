import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readHome } from '../service/home.ts';
import { recordsFinding, snapshotsFinding } from './doctor-records.ts';

const chroot = 'fedora-42-x86_64';
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-doctor-records-'));
});
afterEach(() => rm(folder, { recursive: true }));
const home = () => readHome({ COPPICE_HOME: folder });

/** The folder of a build, with its record unless that is undefined. */
async function addBuild(id: number, record: string | Uint8Array | undefined): Promise<string> {
  const place = join(folder, `published/results/acme/tools/${chroot}/0000000${id}-hello`);
  await mkdir(place, { recursive: true });
  if (record !== undefined) await writeFile(join(place, 'result.json'), record);
  return join(place, 'result.json');
}
const record = (id: number) =>
  JSON.stringify({
    ...{ schemaVersion: 1, id, owner: 'acme', project: 'tools', package: 'hello', chroot, state: 'succeeded' },
    ...{ reason: null, message: null, excerpt: [], where: null, requestedBy: 'mia', request: '', batch: 'b' },
    ...{ requestedAt: '2026-01-01T00:00:00Z', configCommit: 'c', inputDigest: 'd', attempts: 1, builder: null },
    source: { type: 'dir', commit: 'c', path: 'packages/acme/tools/hello', tree: 't' },
    ...{ engine: null, phases: [], artifacts: [], startedAt: null, endedAt: '2026-01-01T00:00:00Z' },
  });

test('whole records are counted, and builds that go on have none', async () => {
  expect(await recordsFinding(home())).toMatchObject({ good: true, detail: '0 of builds, all whole' });
  await addBuild(1, record(1));
  await addBuild(2, undefined);
  expect(await recordsFinding(home())).toMatchObject({ good: true, detail: '1 of builds, all whole' });
});

test.each<[string, (id: number) => Promise<unknown>, RegExp]>([
  ['an empty one', (id) => addBuild(id, ''), /it is not JSON/],
  ['half of one', (id) => addBuild(id, record(id).slice(0, 90)), /it is not JSON/],
  ['one with wrong types', (id) => addBuild(id, '{"schemaVersion":1,"id":"x"}'), /id: /],
  ['one of another build', (id) => addBuild(id, record(7)), /speaks of another build/],
  ['one that is not UTF-8', (id) => addBuild(id, Buffer.from([0x22, 0xff, 0x22])), /it is not UTF-8/],
  ['a huge one', (id) => addBuild(id, ' '.repeat(4 * 2 ** 20 + 1)), /it is larger than 4194304 bytes/],
  ['a folder', async (id) => mkdir(await addBuild(id, undefined)), /it is a folder/],
  ['a FIFO', async (id) => execFileSync('mkfifo', [await addBuild(id, undefined)]), /it is no regular file/],
  ['a link', async (id) => symlink('../x', await addBuild(id, undefined)), /it is a symbolic link/],
])('%s is named', async (_what, damage, expected) => {
  await addBuild(1, record(1));
  await damage(2);
  const { good, detail } = await recordsFinding(home());
  expect(good).toBe(false);
  expect(detail).toMatch(new RegExp(`^published/results/acme/tools/${chroot}/00000002-hello/result.json: .*`));
  expect(detail).toMatch(expected);
});

test('a damaged record is no fault any more once a newer good build of the package is there', async () => {
  await addBuild(1, '');
  await addBuild(2, record(2).replace('"succeeded"', '"failed"'));
  expect(await recordsFinding(home())).toMatchObject({ good: false });
  await addBuild(3, record(3));
  expect(await recordsFinding(home())).toMatchObject({
    good: true,
    detail: '3 of builds, damaged ones of 1: the packages were built again since; /delete with the number clears each',
  });
  // An older one is in the place of nothing.
  await addBuild(4, '');
  expect(await recordsFinding(home())).toMatchObject({
    good: false,
    detail: expect.stringMatching(/^published[^;]*00000004-hello\/result.json: [^;]*$/),
  });
});

test('a damaged record of a source package is no fault once a newer one of the same package is there', async () => {
  const addSrpm = async (id: number, text: string) => {
    const place = join(folder, `published/results/acme/tools/srpm-builds/0000000${id}`);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'result.json'), text);
  };
  const srpm = (id: number) => record(id).replace(`"chroot":"${chroot}"`, '"chroot":"srpm"');
  await addBuild(1, record(1));
  await addSrpm(1, '{');
  await addBuild(2, undefined);
  expect(await recordsFinding(home())).toMatchObject({ good: false });
  await addSrpm(2, srpm(2));
  expect(await recordsFinding(home())).toMatchObject({ good: true, detail: expect.stringContaining('ones of 1:') });
});

test('of many damaged records five are named, and the rest is counted', async () => {
  for (let id = 1; id <= 7; id += 1) await addBuild(id, '');
  expect((await recordsFinding(home())).detail).toMatch(/00000005-hello\/result.json: [^;]*; and 2 more$/);
});

test('a damaged snapshot is named', async () => {
  expect(await snapshotsFinding(home())).toMatchObject({ good: true });
  await mkdir(join(folder, 'published/api/v1/queue.json'), { recursive: true });
  await writeFile(join(folder, 'published/api/v1/projects.json'), '{');
  const { good, detail } = await snapshotsFinding(home());
  expect([good, detail]).toEqual([
    false,
    expect.stringMatching(
      /^published\/api\/v1\/queue.json: it is a folder; published\/api\/v1\/projects.json: it is not/,
    ),
  ]);
});
