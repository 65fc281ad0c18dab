import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSettings } from '@coppice/config';
import { expect, test } from 'vitest';
import { backendKeys } from './backend-keys.ts';
import { convertBackendConf } from './convert-backend-conf.ts';
import { parseIni } from './parse-ini.ts';

const seed = readFileSync(join(import.meta.dirname, 'testdata/copr-be.conf'), 'utf8');

function settingsOf(yaml: string) {
  const parsed = parseSettings(yaml, 'settings.yaml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

test('a file with every key of that time becomes the golden settings', async () => {
  await expect(convertBackendConf(seed).yaml).toMatchFileSnapshot('testdata/copr-be.settings.yaml');
});

test('the settings are read by the service and say the same', () => {
  expect(settingsOf(convertBackendConf(seed).yaml)).toMatchObject({
    url: 'http://copr-be.example.org',
    workers: 5,
    exitOnWorker: true,
    builders: { pools: [{ driver: 'copr-be' }] },
    github: { mode: 'github', pollSeconds: 30 },
  });
});

test('every key of the file is named in a comment, and only known ones are in the table', () => {
  const { yaml, fates } = convertBackendConf(seed);
  const stated = parseIni(seed).entries;
  expect(fates).toHaveLength(stated.length);
  for (const { key } of stated) expect(yaml).toMatch(new RegExp(`^#.*\\b${key}: `, 'm'));
  const inSeed = new Set(stated.map(({ section, key }) => `${section}.${key}`));
  expect([...backendKeys.keys()].filter((key) => !inSeed.has(key))).toEqual(['backend.playbook']);
});

test('the secret is nowhere in the result', () => {
  expect(JSON.stringify(convertBackendConf(seed))).not.toContain('hunter2');
});

test.each(['frontend_auth', 'frontend_password', 'keygen_host', 'results_baseurl', 'num_workers', 'timeout'])(
  'a value that nobody can use is not repeated: %s',
  (key) => {
    const section = key === 'timeout' ? 'builder' : 'backend';
    expect(JSON.stringify(convertBackendConf(`[${section}]\n${key}=hunter2\n more\n`))).not.toContain('hunter2');
  },
);

test('an unknown key and a line that is no key are reported, not dropped', () => {
  const { fates } = convertBackendConf('[backend]\ncolour=red\nnonsense\n[extra]\nnum_workers=3\n');
  expect(fates.map(({ kind, what }) => [kind, what])).toEqual([
    ['left-out', 'line 3'],
    ['left-out', 'colour'],
    ['left-out', '[extra] num_workers'],
  ]);
});

test.each([
  ['results_baseurl', 'https://builds.example.org/copr/results/', { url: 'https://builds.example.org/copr' }],
  ['num_workers', '256', { workers: 256 }],
  ['exit_on_worker', 'False', { exitOnWorker: false }],
  ['exit_on_worker', 'on', { exitOnWorker: true }],
  ['sleeptime', '60', { github: { mode: 'github', pollSeconds: 60 } }],
])('%s=%s is converted', (key, value, settings) => {
  const { yaml, fates } = convertBackendConf(`[backend]\n${key}=${value}`);
  expect(fates.map(({ kind }) => kind)).toEqual(['converted']);
  expect(settingsOf(yaml)).toMatchObject(settings);
});

test.each([
  ['results_baseurl', 'https://builds.example.org/elsewhere'],
  ['results_baseurl', 'javascript:alert(1)/results'],
  ['results_baseurl', 'https://user:secret@builds.example.org/results'],
  ['exit_on_worker', 'perhaps'],
  ['num_workers', '0'],
  ['num_workers', '1000'],
  ['sleeptime', 'soon'],
  ['sleeptime', '0'],
  ['num_workers', '%(other)s'],
])('%s=%s needs a person and changes no setting', (key, value) => {
  const { yaml, fates } = convertBackendConf(`[backend]\n${key}=${value}`);
  expect(fates.map(({ kind }) => kind)).toEqual(['person']);
  expect(settingsOf(yaml)).toMatchObject({ workers: 2, exitOnWorker: false });
  expect(settingsOf(yaml).url).toBeUndefined();
});

test('of a key that is stated twice the last counts, and the first is reported', () => {
  const { yaml, fates } = convertBackendConf('[backend]\nnum_workers=3\nnum_workers=4');
  expect(settingsOf(yaml).workers).toBe(4);
  expect(fates.map(({ kind }) => kind)).toEqual(['no-equal', 'converted']);
});

test('nothing in the file can end a comment or forge a setting', () => {
  const { yaml } = convertBackendConf('[backend]\nspawn_playbook=/a\n workers: 99\nevil\u2028workers=1\n');
  expect(settingsOf(yaml).workers).toBe(2);
});
