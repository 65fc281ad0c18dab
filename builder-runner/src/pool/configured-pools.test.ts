import { settingsSchema } from '@coppice/config';
import { afterEach, expect, test, vi } from 'vitest';
import { readPools } from './configured-pools.ts';

afterEach(() => vi.restoreAllMocks());

const settings = settingsSchema.parse({
  builders: {
    pools: [
      { driver: 'local', min: 2, max: 3 },
      { name: 'hosts', driver: 'static', max: 3 },
    ],
  },
});
const bounds = async () => (await readPools(settings)).map(({ settings: { min, max } }) => [min, max]);

test('local builders of a service that is not root share its account: there is one at a time', async () => {
  vi.spyOn(process, 'getuid').mockReturnValue(1000);
  expect(await bounds()).toEqual([
    [1, 1],
    [0, 3],
  ]);
});

test('root has as many local builders as the settings say', async () => {
  vi.spyOn(process, 'getuid').mockReturnValue(0);
  expect(await bounds()).toEqual([
    [2, 3],
    [0, 3],
  ]);
});
