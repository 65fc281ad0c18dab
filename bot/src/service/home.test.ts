import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsSchema } from '@coppice/config';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readGithubPort, readHome, readSettings } from './home.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-home-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('without settings the service is the embedded default on port 8080', async () => {
  const settings = await readSettings({});
  expect([settings.github.mode, settings.listen.port, settings.workers]).toEqual(['embedded', 8080, 2]);
});

test('COPPICE_PORT wins over the settings file', async () => {
  const path = join(folder, 'settings.yaml');
  await writeFile(path, 'listen: { port: 9000 }\nworkers: 5\n');
  const settings = await readSettings({ COPPICE_SETTINGS: path, COPPICE_PORT: '9001' });
  expect([settings.listen.port, settings.workers]).toEqual([9001, 5]);
});

test('every problem of the settings file is named with its place', async () => {
  const path = join(folder, 'bad.yaml');
  await writeFile(path, 'workerz: 5\nlisten: { port: many }\n');
  await expect(readSettings({ COPPICE_SETTINGS: path })).rejects.toThrow(/bad\.yaml:1:1: .*workerz[\s\S]*bad\.yaml:2:/);
});

test('a missing settings file and a port that is none are refused in words', async () => {
  await expect(readSettings({ COPPICE_SETTINGS: join(folder, 'none.yaml') })).rejects.toThrow(/COPPICE_SETTINGS/);
  await expect(readSettings({ COPPICE_PORT: '80 80' })).rejects.toThrow(/COPPICE_PORT must be a port number/);
  expect(() => readGithubPort({ COPPICE_GITHUB_PORT: '99999' })).toThrow(/COPPICE_GITHUB_PORT/);
});

test('a settings file that is none is refused at once; a link to one is followed', async () => {
  const fifo = join(folder, 'fifo.yaml');
  execFileSync('mkfifo', [fifo]);
  for (const path of [fifo, '/dev/zero', '/dev/full']) {
    const said = `The settings file ${path} cannot be used: it is no regular file. Let COPPICE_SETTINGS name a YAML file`;
    await expect(readSettings({ COPPICE_SETTINGS: path })).rejects.toThrow(said);
  }
  await writeFile(join(folder, 'large.yaml'), '#'.repeat(1024 ** 2 + 1));
  const large = readSettings({ COPPICE_SETTINGS: join(folder, 'large.yaml') });
  await expect(large).rejects.toThrow('it is larger than 1048576 bytes');
  await writeFile(join(folder, 'real.yaml'), 'workers: 7\n');
  await symlink('real.yaml', join(folder, 'linked.yaml'));
  expect((await readSettings({ COPPICE_SETTINGS: join(folder, 'linked.yaml') })).workers).toBe(7);
});

test('all folders are below COPPICE_HOME', () => {
  expect(readHome({ COPPICE_HOME: '/srv/coppice' })).toEqual({
    folder: '/srv/coppice',
    state: '/srv/coppice/state',
    published: '/srv/coppice/published',
    cache: '/srv/coppice/cache',
  });
});

test('the reference page shows every setting with the default that it really has', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../site/content/docs/reference/settings.md'), 'utf8');
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const path = join(folder, 'documented.yaml');
  await writeFile(path, yaml);
  expect(await readSettings({ COPPICE_SETTINGS: path })).toEqual(await readSettings({}));
  for (const key of Object.keys(settingsSchema.shape.github.unwrap().shape)) expect(yaml).toContain(`${key}:`);
});
