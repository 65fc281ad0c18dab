// One operations issue for each standing fault, in a real local GitHub.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPool } from '@coppice/builder-runner/runner';
import { type ChrootName, settingsSchema } from '@coppice/config';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestService, type TestService, until } from '../../../testing/bot-fixture.ts';
import { poolFaults } from './pool-faults.ts';
import type { FaultReport } from './standing-faults.ts';

interface IssueJson {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly state: string;
  readonly labels: readonly { readonly name: string }[];
}

let service: TestService;
let reports: readonly FaultReport[] = [];
let faults = () => reports;
const fault = (failures: number): FaultReport => ({
  ...{ key: 'pool/local', state: 'stands', title: 'Builders cannot be made: pool local, driver local' },
  body: `It has failed ${failures} times.`,
});
const issues = async () =>
  (await service.ask<IssueJson[]>('maintainer', 'GET', 'issues?state=all&labels=coppice-operations')).sort(
    (one, other) => one.number - other.number,
  );

beforeAll(async () => {
  service = await startTestService({ faults: () => faults(), editMilliseconds: 50 });
});
afterAll(() => service.stop());

test('a fault is told in one issue that is edited while it stands, also over a restart, and closed when it is over', async () => {
  reports = [fault(3)];
  const opened = await until(async () => (await issues())[0]);
  expect(opened).toMatchObject({ state: 'open', title: 'Builders cannot be made: pool local, driver local' });
  expect(opened.labels.map(({ name }) => name)).toContain('coppice-operations');

  reports = [fault(4)];
  await until(async () => (await issues())[0]?.body.includes('failed 4 times'));

  await service.restart(async () => {
    reports = [{ key: 'pool/local', state: 'unknown' }];
  });
  reports = [fault(5)];
  await until(async () => (await issues())[0]?.body.includes('failed 5 times'));
  expect(await issues()).toHaveLength(1);

  reports = [{ key: 'pool/local', state: 'over', closing: 'Builders can be made again.' }];
  await until(async () => (await issues())[0]?.state === 'closed');
  const comments = await service.comments(opened.number);
  expect(comments.map(({ body }) => body)).toEqual(['Builders can be made again.']);

  reports = [fault(3)];
  await until(async () => (await issues())[1]?.state === 'open');
  expect((await issues()).map(({ state }) => state)).toEqual(['closed', 'open']);
  expect(service.complaints).toEqual([]);
});

test('a driver that makes no builders is told in one issue, and it is closed when a probe could make one', async () => {
  const home = await mkdtemp(join(tmpdir(), 'coppice-faults-'));
  const driver = join(home, 'driver');
  await cp(join(import.meta.dirname, '../../../../ansible/drivers/local'), driver, { recursive: true });
  const spawn = join(driver, 'spawn.yml');
  const good = await readFile(spawn, 'utf8');
  await writeFile(spawn, '- hosts: localhost\n  tasks:\n    - ansible.builtin.fail: { msg: the quota is used up }\n');
  const pool = await openPool({
    settings: settingsSchema.parse({
      builders: { pools: [{ driver, name: 'flaky', max: 1 }], breaker: { failures: 2, pauseSeconds: 2 } },
    }),
    ...{ home, log: () => undefined, now: () => new Date() },
  });
  faults = () => poolFaults(pool.state());
  try {
    const chroot = 'sapling-12-x86_64' as ChrootName;
    const need = { chroot, owner: 'acme', project: 'tools', trust: 'build', labels: [] } as const;
    const taking = pool.take(need, new AbortController().signal);
    const about = async () => (await issues()).filter(({ title }) => title.includes('pool flaky, driver driver'));
    await expect
      .poll(async () => (await about())[0]?.body, { timeout: 60_000, interval: 200 })
      .toContain('the quota is used up');
    await writeFile(spawn, good);
    const lease = await taking;
    await expect.poll(async () => (await about()).map(({ state }) => state), { timeout: 60_000 }).toEqual(['closed']);
    await lease.release('end');
  } finally {
    await pool.stop({ keepLeased: false });
    await rm(home, { recursive: true });
  }
});
