// The real service follows its settings file: workers and builders grow and shrink while it runs (A6).
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeHome, type ServiceUnderTest, startService } from '../../testing/service-under-test.ts';
import { waitFor } from '../../testing/wait-for.ts';

let folder: string;
let home: Awaited<ReturnType<typeof makeHome>>;
let service: ServiceUnderTest;
let settings: string;

/** As configuration management does: another file takes its place. */
async function state(workers: number, max: number): Promise<void> {
  await writeFile(`${settings}.new`, `workers: ${workers}\nbuilders: { pools: [{ driver: local, max: ${max} }] }\n`);
  await rename(`${settings}.new`, settings);
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${service.endpoint.url}/metrics`)).text();
  const values = text.split('\n').filter((line) => line.startsWith(name));
  return values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-reload-'));
  settings = join(folder, 'settings.yaml');
  await state(1, 1);
  home = await makeHome();
  service = await startService(home.folder, { COPPICE_SETTINGS: settings });
}, 180_000);
afterAll(async () => {
  await service?.end('SIGTERM');
  await home?.remove();
  await rm(folder, { recursive: true });
}, 60_000);

const all = { timeout: 600_000, interval: 100 };

/** How much went on at once at most while `work` was done, as the service and its driver told meanwhile. */
async function mostDuring(work: Promise<unknown>): Promise<{ readonly working: number; readonly builders: number }> {
  let isOver = false;
  const done = work.finally(() => {
    isOver = true;
  });
  const most = { working: 0, builders: 0 };
  while (!isOver) {
    most.working = Math.max(most.working, await metric('coppice_workers{state="working"}'));
    most.builders = Math.max(most.builders, await buildersThere());
  }
  await done;
  return most;
}

/** Asks for packages that need none of each other, and resolves when they are built. */
async function build(...packages: readonly string[]): Promise<void> {
  const { exitCode, stdout, stderr } = await service.coppice(['comment', `/build ${packages.join(' ')}`]);
  expect(exitCode, stdout + stderr).toBe(0);
}

/** Builders as their driver keeps them; one that is being ended is still there. */
const buildersThere = async () => (await readdir(join(home.folder, 'state/drivers/local')).catch(() => [])).length;

test('1 worker → 3 → 1, and builders with them, without a restart and without a build that fails', async () => {
  expect(await metric('coppice_workers{')).toBe(1);
  expect(await metric('coppice_builders_max{pool="local"}')).toBe(1);
  const running = waitFor('the example to be built', 600, async () => service.output().includes('Coppice is running'));
  expect(await mostDuring(running)).toEqual({ working: 1, builders: 1 });

  await state(3, 2);
  await expect.poll(() => metric('coppice_workers{'), all).toBe(3);
  await expect.poll(() => metric('coppice_builders_max{pool="local"}'), all).toBe(2);
  const more = await mostDuring(build('libgreet', 'motd'));
  expect(more.working).toBeGreaterThan(1);
  expect(more.builders).toBe(2);

  await writeFile(settings, 'workers: none\n');
  await expect.poll(() => service.output(), all).toContain('those from before stay in force');
  expect(await metric('coppice_workers{')).toBe(3);
  expect(await metric('coppice_builders_max{pool="local"}')).toBe(2);

  await state(1, 1);
  await expect.poll(() => metric('coppice_workers{'), all).toBe(1);
  await expect.poll(() => metric('coppice_builders_max{pool="local"}'), all).toBe(1);
  await expect.poll(buildersThere, all).toBeLessThanOrEqual(1);
  expect(await mostDuring(build('libgreet', 'motd'))).toEqual({ working: 1, builders: 1 });

  // None was left out, and one process did it.
  const builds = await service.builds();
  expect(builds.map(({ package: name, state }) => `${name} ${state}`).sort()).toEqual([
    'hello succeeded',
    ...Array(3).fill('libgreet succeeded'),
    ...Array(3).fill('motd succeeded'),
  ]);
  expect(await metric('coppice_chroots_ended_total{state="succeeded"')).toBe(builds.length);
  expect(await metric('coppice_chroots_ended_total{')).toBe(builds.length);
  expect(service.output().match(/Coppice is running/g)).toHaveLength(1);
  expect(service.process.exitCode).toBeNull();
}, 1_800_000);
