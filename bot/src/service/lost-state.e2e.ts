// A service that has lost its private folder, and with it the queue: what it builds from then on still reaches those
// who use dnf.
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDnfClient } from '../../testing/dnf-client.ts';
import { addScriptedPackage } from '../../testing/scripted-package.ts';
import { makeHome, type ServiceUnderTest, startService } from '../../testing/service-under-test.ts';
import { waitFor } from '../../testing/wait-for.ts';

const chroot = 'sapling-12-x86_64';

let home: Awaited<ReturnType<typeof makeHome>>;
let service: ServiceUnderTest;

beforeAll(async () => {
  home = await makeHome();
  service = await startService(home.folder);
  await waitFor('the example to be built', 300, async () => service.output().includes('Coppice is running'));
});

afterAll(async () => {
  await service?.end('SIGTERM');
  await home?.remove();
});

/**
 * Path → hash of all that builds have left, but for the metadata that names the newest ones and the key that signs
 * it.
 */
async function filesOfBuilds(): Promise<Record<string, string>> {
  const results = join(home.folder, 'published/results');
  const files: Record<string, string> = {};
  for (const entry of await readdir(results, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !/\/\d{8}(-[^/]+)?\//.test(path)) continue;
    files[path] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  }
  return files;
}

async function pageOf(id: number): Promise<string> {
  const answer = await fetch(`${service.endpoint.url}/acme/tools/build/${id}/`);
  expect(answer.status).toBe(200);
  return (await answer.text()).match(/<main[\s\S]*<\/main>/)?.[0] ?? '';
}

test('after a loss of state/ builds get new numbers, and are what dnf installs; those from before are as they were', async () => {
  const before = await service.builds();
  expect(before.map(({ id }) => id).sort()).toEqual([1, 2, 3]);
  const old = before.find((build) => build.package === 'motd')?.id as number;
  // People see the number of a build of which nothing is published when the queue is lost.
  await service.push('maintainer', 'Add a package that takes its time', (checkout) =>
    addScriptedPackage(checkout, 'endless', 'sleep 3600'),
  );
  const waiting = await waitFor('the build to have a number', 60, async () =>
    (await service.builds()).find(({ id }) => id === 4),
  );
  expect(waiting.package).toBe('endless');
  expect(await service.end('SIGTERM')).toBe(0);
  const files = await filesOfBuilds();
  expect(Object.keys(files).length).toBeGreaterThan(20);
  // What stands for GitHub lives there too; GitHub is not lost.
  const state = join(home.folder, 'state');
  for (const name of await readdir(state))
    if (name !== 'local-github') await rm(join(state, name), { recursive: true });

  service = await startService(home.folder);
  const page = (await pageOf(old)).replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, '');
  expect(service.output()).toMatch(/numbers 1 to 4 are left out/);
  await waitFor('the build to be found missing', 60, async () =>
    (await service.builds()).find((build) => build.id === 5 && build.package === 'endless'),
  );
  const { exitCode, stdout, stderr } = await service.coppice(['comment', '/build motd']);
  expect(exitCode, stdout + stderr).toBe(0);
  const after = await service.builds();
  const fresh = after.filter(({ id }) => id > waiting.id);
  expect(fresh.map(({ id, package: name, state }) => [id, name, state])).toEqual([
    [6, 'motd', 'succeeded'],
    [5, 'endless', expect.stringMatching(/^(pending|starting|running)$/)],
  ]);
  expect(await filesOfBuilds()).toMatchObject(files);
  expect((await pageOf(old)).replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, '')).toBe(page);
  expect(await pageOf(6)).toMatch(/succeeded/i);

  const client = await makeDnfClient(service.endpoint.url);
  try {
    const enabled = await client.dnf('copr', '--hub', service.endpoint.url, 'enable', 'acme/tools', chroot);
    expect(enabled, enabled.output).toMatchObject({ exitCode: 0 });
    const found = await client.dnf('repoquery', '--location', '--available', 'motd');
    expect(found.output).toContain('/00000006-motd/');
    const installed = await client.dnf('install', 'motd');
    expect(installed, installed.output).toMatchObject({ exitCode: 0 });
  } finally {
    await client.remove();
  }
});
