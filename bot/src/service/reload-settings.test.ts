import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '@coppice/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSettings } from './home.ts';
import { changeSettings, type SettingsReload, startSettingsReload } from './reload-settings.ts';

let folder: string;
let path: string;
let reload: SettingsReload | undefined;
const lines: string[] = [];
const applied: Settings[] = [];
const read = () => readSettings({ COPPICE_SETTINGS: path });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-settings-'));
  path = join(folder, 'settings.yaml');
  await writeFile(path, 'workers: 1\n');
  lines.length = 0;
  applied.length = 0;
  const stated = await read();
  const log = (level: string, message: string, fields?: Readonly<Record<string, unknown>>) =>
    void lines.push(`${level}: ${message} ${fields?.error ?? ''}`);
  reload = startSettingsReload({ path, stated, inForce: stated, read, apply: (one) => applied.push(one), log });
});
afterEach(async () => {
  await reload?.stop();
  await rm(folder, { recursive: true });
});

/** As editors and configuration management do. */
async function replace(text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

test('a file that is replaced counts at once, and what cannot is named', async () => {
  await replace('workers: 3\nexitOnWorker: true\nbuilders: { pools: [{ max: 2 }] }\nlisten: { port: 9 }\n');
  await expect.poll(() => applied.length).toBe(1);
  expect(applied[0]).toMatchObject({
    workers: 3,
    exitOnWorker: true,
    builders: { pools: [{ max: 2 }] },
    listen: { port: 8080 },
  });
  expect(lines).toEqual([
    'info: The settings were read again; these count from now on: workers, exitOnWorker, builders.pools ',
    'warn: These settings have changed and count after the next start of the service: listen.port ',
  ]);
});

test('a bad file changes nothing, is told with its problems, and a good one after it counts', async () => {
  await replace('workers: many\n');
  await expect.poll(() => lines.length).toBe(1);
  expect(lines[0]).toMatch(/^error: .*those from before stay in force .*settings\.yaml:1.*workers/s);
  expect(applied).toEqual([]);
  await replace('workers: 2\n');
  await expect.poll(() => applied.length).toBe(1);
  expect(await readFile(path, 'utf8')).toBe('workers: 2\n');
});

test('SIGHUP makes the file be read again', async () => {
  process.kill(process.pid, 'SIGHUP');
  await expect.poll(() => lines).toEqual(['info: The settings were read again: nothing has changed ']);
});

test('what the service filled in by itself stays', async () => {
  const stated = await read();
  const inForce = { ...stated, url: 'http://filled.in' };
  expect(changeSettings(inForce, stated, { ...stated, workers: 7 })).toMatchObject({
    settings: { url: 'http://filled.in', workers: 7 },
    applied: ['workers'],
    waiting: [],
  });
});
