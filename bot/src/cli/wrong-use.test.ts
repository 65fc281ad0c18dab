import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readHome, readSettings } from '../service/home.ts';
import { findResults } from './ask-service.ts';
import { diskFinding } from './doctor-home.ts';

// Each is a process of its own.
vi.setConfig({ testTimeout: 60_000 });

const program = fileURLToPath(new URL('../coppice.ts', import.meta.url));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-wrong-'));
  await writeFile(join(folder, 'file'), 'text');
});
afterAll(() => rm(folder, { recursive: true }));

test('a process that was given what it cannot use ends with one sentence that says what to do', async () => {
  const use = (args: readonly string[], env: Readonly<Record<string, string>>) =>
    execa(process.execPath, [program, ...args], { cwd: folder, env, reject: false, all: true });
  const [home, text, project] = await Promise.all([
    use(['serve'], { COPPICE_HOME: 'file' }),
    use(['comment', ' '], {}),
    use(['rollback', 'tools', 'fedora-42-x86_64'], {}),
  ]);
  expect(home.exitCode).toBe(1);
  expect(home.all).toMatch(/^COPPICE_HOME, \S+\/file, is no folder\. Let it be a folder of the user who runs .*\.$/m);
  expect(text.exitCode).toBe(2);
  expect(text.all).toMatch(/A comment says something/);
  expect(project.exitCode).toBe(2);
  expect(project.all).toMatch(/A project is named OWNER\/PROJECT/);
  for (const { all } of [home, text, project]) expect(all).not.toMatch(/E[A-Z]{4,}:|\n {4}at /);
});

test.each([
  [['verify', '--repo', '.', '--attestation', 'file'], /^A repository has no attestation: .+ instead of --repo\.$/m],
  [['verify', 'file', '--repo', '.'], /^Name an RPM or a repository, not both\.$/m],
  [['comment', '/help', '--json', '--no-follow'], /^--json prints the answer, .+ leave one of them out\.$/m],
  [['import', 'copr-be.conf', 'file', '--force'], /^--force replaces files in the folder of --output: /m],
  [['import', 'copr', 'a/b', '--from', 'file', '--force'], /^--force replaces files in the folder of --output: /m],
])('an option that would count for nothing is wrong use: %j', async (args, sentence) => {
  const ended = await execa(process.execPath, [program, ...args], { cwd: folder, reject: false, all: true });
  expect(ended.all).toMatch(sentence);
  expect(ended.exitCode).toBe(2);
});

test('settings that are a folder, and an address that is none, are told with what to write', async () => {
  await expect(readSettings({ COPPICE_SETTINGS: folder })).rejects.toThrow(
    `The settings file ${folder} is a folder. Let COPPICE_SETTINGS name a YAML file`,
  );
  await expect(findResults({ COPPICE_URL: 'nonsense' })).rejects.toThrow(
    'COPPICE_URL must be the address of a service',
  );
});

test('looking for what is wrong makes no folder', async () => {
  const home = readHome({ COPPICE_HOME: join(folder, 'nothing/yet') });
  expect(await diskFinding(home)).toMatchObject({ good: true, detail: expect.stringContaining(`free in ${folder}`) });
  expect(await readdir(folder)).toEqual(['file']);
});
