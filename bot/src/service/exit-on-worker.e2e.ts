// `exitOnWorker`: a service in which a worker dies ends as one that has failed, and nothing is lost.
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addScriptedPackage } from '../../testing/scripted-package.ts';
import { leftovers } from '../../testing/service-leftovers.ts';
import { makeHome, type ServiceUnderTest, startService } from '../../testing/service-under-test.ts';
import { waitFor } from '../../testing/wait-for.ts';

let folder: string;
let home: Awaited<ReturnType<typeof makeHome>>;
let service: ServiceUnderTest;
let environment: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-exit-'));
  environment = { COPPICE_SETTINGS: join(folder, 'settings.yaml') };
  await writeFile(environment.COPPICE_SETTINGS as string, 'workers: 1\nexitOnWorker: true\n');
  home = await makeHome();
  service = await startService(home.folder, environment);
  await waitFor('the example to be built', 300, async () => service.output().includes('Coppice is running'));
});

afterAll(async () => {
  await service?.end('SIGTERM');
  await home?.remove();
  await rm(folder, { recursive: true });
});

const stateOf = async (name: string) => (await service.builds()).find((build) => build.package === name);

test('a fault of the disk ends it with 1 and its reason; what waited is built after the next start', async () => {
  await service.push('maintainer', 'Add a package', (checkout) => addScriptedPackage(checkout, 'slow', 'sleep 30'));
  await waitFor('the build to be in its middle', 120, async () => {
    const queue = await (await fetch(`${service.endpoint.url}/api/v1/queue.json`)).json();
    return JSON.stringify(queue).includes('"phase":"build"');
  });
  await service.github('maintainer', 'POST', 'issues/1/comments', { body: '/build libgreet' });
  const waiting = await waitFor('the other build to wait', 60, async () =>
    (await service.builds()).find((build) => build.package === 'libgreet' && build.state === 'pending'),
  );
  // A folder that cannot be used any more: neither can the results be put there, nor can what is left of the build be
  // cleared away.
  const staging = join(home.folder, 'state/staging');
  await rename(staging, `${staging}.aside`);
  await writeFile(staging, '');
  const [code] = await once(service.process, 'exit');
  expect(code, service.output()).toBe(1);
  expect(service.output()).toMatch(/The service ends.*exitOnWorker.*worker-1 died of chroot acme\/tools slow.*ENOTDIR/);
  expect(await leftovers(home.folder)).toEqual([]);

  await rm(staging);
  await rename(`${staging}.aside`, staging);
  service = await startService(home.folder, environment);
  const built = await waitFor('the other build to be built', 180, async () =>
    (await service.builds()).find((build) => build.id === waiting.id && build.state === 'succeeded'),
  );
  expect(built.package).toBe('libgreet');
  // What the disk refused is nobody's fault: it is built again, too.
  await waitFor('the interrupted one to be built', 60, async () => (await stateOf('slow'))?.state === 'succeeded');
});
