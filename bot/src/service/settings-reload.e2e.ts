// The real service follows its settings file: workers and builders grow and shrink while it runs (A6).
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeHome, type ServiceUnderTest, startService } from '../../testing/service-under-test.ts';

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

test('1 worker → 3 → 1, and builders with them, without a restart and without a build that fails', async () => {
  const all = { timeout: 120_000, interval: 200 };
  expect(await metric('coppice_workers{')).toBe(1);
  expect(await metric('coppice_builders_max{pool="local"}')).toBe(1);

  await state(3, 2);
  await expect.poll(() => metric('coppice_workers{'), all).toBe(3);
  await expect.poll(() => metric('coppice_builders_max{pool="local"}'), all).toBe(2);
  await expect.poll(() => metric('coppice_workers{state="working"}'), all).toBeGreaterThan(1);

  await writeFile(settings, 'workers: none\n');
  await expect.poll(() => service.output(), all).toContain('those from before stay in force');
  expect(await metric('coppice_workers{')).toBe(3);

  await state(1, 1);
  await expect.poll(() => metric('coppice_workers{'), all).toBe(1);
  expect(await metric('coppice_chroots_ended_total{state="failed"')).toBe(0);
}, 300_000);
