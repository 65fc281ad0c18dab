import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildId, type ChrootName, published, type Result } from '@coppice/config';
import { expect, onTestFinished, test } from 'vitest';
import { endingOf } from '../../testing/publish-builds.ts';
import { folderForTest } from '../../testing/queue/folder-for-tests.ts';
import { requestForTests } from '../../testing/queue/request-for-tests.ts';
import type { RunnerContext } from '../context/runner-context.ts';
import { recordOfChroot, writeRecord } from '../publish/record.ts';
import { openQueue } from '../queue/queue.ts';
import { recoverTasks } from './recover.ts';

const chrootName = 'sapling-12-x86_64' as ChrootName;
const id = 1 as BuildId;

/** A build that a worker had when the service died, with its record on the disk; `recover` is the next start. */
async function diedWithRecord() {
  const home = await folderForTest();
  const now = () => new Date(Date.UTC(2026, 0, 1));
  const queue = await openQueue({ folder: join(home, 'state/queue'), now });
  onTestFinished(() => queue.close());
  await queue.enqueue([requestForTests()]);
  await queue.claim('w');
  await queue.srpmDone(id, 'hello-1-1.src.rpm');
  await queue.claim('w');
  const build = queue.build(id);
  const chroot = build?.chroots[0];
  if (build === undefined || chroot === undefined) throw new Error('the build is gone');
  const path = join(home, 'published', published.chrootBuild(build, chrootName), 'result.json');
  const record = recordOfChroot(build, chroot, endingOf('failed'));
  await writeRecord(path, record);
  const log: string[] = [];
  // Nothing is on a builder: of the pool only its look at left-over builders is asked for.
  const pool = { reap: async () => undefined } as unknown as RunnerContext['pool'];
  const say: RunnerContext['log'] = (_, message) => log.push(message);
  const context = { home, queue, pool, log: say, now } as Partial<RunnerContext> as RunnerContext;
  return { queue, path, record, log, recover: () => recoverTasks(context) };
}

test('a chroot that has its record has ended', async () => {
  const { queue, recover, log } = await diedWithRecord();
  await recover();
  expect(queue.build(id)).toBeUndefined();
  expect(log).toEqual([expect.stringContaining('had ended before the service did')]);
});

test.each([
  ['half of one', (record: Result) => JSON.stringify(record).slice(0, 30), /it is not JSON/],
  ['of another number', (record: Result) => JSON.stringify({ ...record, id: 2 }), /another build/],
  ['of another package', (record: Result) => JSON.stringify({ ...record, package: 'other' }), /another build/],
])('a record that is %s marks nothing: the chroot is built again, and the log says why', async (_, spoil, why) => {
  const { queue, path, record, recover, log } = await diedWithRecord();
  await writeFile(path, spoil(record));
  await recover();
  expect(queue.build(id)?.chroots).toMatchObject([{ state: 'pending' }]);
  expect(log).toEqual([expect.stringMatching(why)]);
});
