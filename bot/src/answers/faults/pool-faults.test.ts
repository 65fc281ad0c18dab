import { expect, test } from 'vitest';
import { brokenPools, poolFaults } from './pool-faults.ts';

test('a pool that makes no builders is told with its driver and last failure; what a playbook printed formats nothing', () => {
  const pool = {
    ...{ name: 'cloud', driver: '/srv/drivers/ec2', architectures: [], labels: [], min: 0, max: 4, madeAt: undefined },
    builders: { making: 0, idle: 0, leased: 0, kept: 0, ending: 0 },
  };
  const fault = {
    ...{ since: '2026-01-02T03:04:05.000Z', retryAt: '2026-01-02T03:05:05.000Z', failures: 3 },
    message: '``` @maintainer **no** room',
  };
  const [told] = poolFaults({ pools: [{ ...pool, fault }], waiting: 2 });
  expect(told).toMatchObject({
    state: 'stands',
    key: 'pool/cloud',
    title: 'Builders cannot be made: pool cloud, driver ec2',
    body: expect.stringContaining('````text\n``` @maintainer **no** room\n````'),
  });
  expect(poolFaults({ pools: [{ ...pool, fault: undefined }], waiting: 0 })).toEqual([
    { key: 'pool/cloud', state: 'unknown' },
  ]);
  // What everybody may read does not hold what a playbook printed.
  const { message: _message, ...known } = fault;
  const sound = { ...pool, fault: undefined };
  expect(brokenPools({ pools: [sound, { ...pool, fault }], waiting: 0 })).toEqual([{ name: 'cloud', ...known }]);
  expect(brokenPools(undefined)).toEqual([]);
});
