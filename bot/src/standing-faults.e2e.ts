// One operations issue for each standing fault, in a real local GitHub.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestService, type TestService, until } from '../test-support/bot-fixture.ts';
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
const fault = (failures: number): FaultReport => ({
  ...{ key: 'pool/local', state: 'stands', title: 'Builders cannot be made: pool local, driver local' },
  body: `It has failed ${failures} times.`,
});
const issues = async () =>
  (await service.ask<IssueJson[]>('maintainer', 'GET', 'issues?state=all&labels=coppice-operations')).sort(
    (one, other) => one.number - other.number,
  );

beforeAll(async () => {
  service = await startTestService({ faults: () => reports, editMilliseconds: 50 });
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
