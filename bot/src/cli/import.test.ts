import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSettings } from '@coppice/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readConfigFolder } from '../import/config-folder.ts';
import { importBackendConf, importCoprProject } from './import.ts';

const testdata = join(import.meta.dirname, '../import/testdata');
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-import-'));
});
afterEach(() => rm(folder, { recursive: true }));

function listen() {
  const printed: string[] = [];
  const said: string[] = [];
  const terminal = { print: (text: string) => void printed.push(text), say: (text: string) => void said.push(text) };
  return { terminal, printed: () => printed.join('\n'), said: () => said.join('\n') };
}

const order = (more: object = {}) => ({
  from: join(testdata, 'seeds'),
  output: folder,
  hash: false,
  force: false,
  maintainers: ['gardener'],
  ...more,
});

test('the settings of a backend are printed, and 1 says that a person is needed', async () => {
  const { terminal, printed, said } = listen();
  const code = await importBackendConf(terminal, join(testdata, 'copr-be.conf'), { output: undefined, force: false });
  expect(code).toBe(1);
  expect(parseSettings(printed(), 'printed').ok).toBe(true);
  expect(said()).toMatch(/frontend_auth: a secret/);
  expect(said()).not.toMatch(/hunter2/);
});

test('what is no regular file is refused at once, as a backend and as recorded answers', async () => {
  for (const file of ['/dev/zero', '/dev/full']) {
    const { terminal, said } = listen();
    expect(await importBackendConf(terminal, file, { output: undefined, force: false })).toBe(1);
    expect(await importCoprProject(terminal, 'gardener/seeds', order({ from: file }))).toBe(1);
    expect(said()).toBe(
      `${file} cannot be used: it is no regular file. Name a copr-be.conf.\n${file} cannot be used: it is no regular file. Record the answer of Copr's API there.`,
    );
  }
});

test('a file without anything for a person ends in 0; one that is not there in 1', async () => {
  const conf = join(folder, 'copr-be.conf');
  await writeFile(conf, '[backend]\nnum_workers=3\n');
  expect(await importBackendConf(listen().terminal, conf, { output: join(folder, 'new'), force: false })).toBe(0);
  expect(await readFile(join(folder, 'new/settings.yaml'), 'utf8')).toMatch(/^workers: 3$/m);
  const { terminal, said } = listen();
  expect(await importBackendConf(terminal, join(folder, 'none'), { output: undefined, force: false })).toBe(1);
  expect(said()).toMatch(/none is not there\. Name a copr-be\.conf/);
});

test('a project of which all came over ends in 0, and the folder is a config repo', async () => {
  const { terminal, said } = listen();
  expect(await importCoprProject(terminal, 'acme/seeds', order())).toBe(0);
  const { paths } = await readConfigFolder(folder);
  expect([...paths].sort()).toEqual(['coppice.yaml', 'projects/acme/seeds.yaml']);
  expect(said()).toMatch(/2 converted, 0 left out/);
});

test('a folder in which nothing can be made is told, with another way', async () => {
  const { terminal, said } = listen();
  expect(await importCoprProject(terminal, 'acme/seeds', order({ output: '/proc/coppice-none' }))).toBe(1);
  expect(said()).toMatch(/^\/proc\/coppice-none\/.* is not there\. Name another folder with --output\.$/);
});

test('1 and a list say that something was left out', async () => {
  const { terminal, said } = listen();
  const from = join(testdata, 'fruit-apple.json');
  expect(await importCoprProject(terminal, '@fruit/apple', order({ from }))).toBe(1);
  expect(said()).toMatch(/Left out:\n(?:.*\n)* {2}package thrown-over: /);
});

test('nothing is overwritten without --force, and then nothing is written at all', async () => {
  await mkdir(join(folder, 'projects/acme'), { recursive: true });
  await writeFile(join(folder, 'projects/acme/seeds.yaml'), '# mine\n');
  const { terminal, said } = listen();
  expect(await importCoprProject(terminal, 'acme/seeds', order())).toBe(1);
  expect(said()).toMatch(/Nothing was written: .*seeds\.yaml exists\. Use --force/);
  expect(await readdir(folder)).toEqual(['projects']);
  expect(await importCoprProject(listen().terminal, 'acme/seeds', order({ force: true }))).toBe(0);
  expect(await readFile(join(folder, 'projects/acme/seeds.yaml'), 'utf8')).toMatch(/^# Imported/);
});

test('a link in the place of a file is replaced, not followed', async () => {
  await mkdir(join(folder, 'out/projects/acme'), { recursive: true });
  await writeFile(join(folder, 'precious'), 'precious');
  await symlink(join(folder, 'precious'), join(folder, 'out/projects/acme/seeds.yaml'));
  await importCoprProject(listen().terminal, 'acme/seeds', order({ output: join(folder, 'out'), force: true }));
  expect(await readFile(join(folder, 'precious'), 'utf8')).toBe('precious');
});

test.each([
  ['seeds', {}, /no project of Copr/],
  ['../x/y', {}, /no project of Copr/],
  ['acme/seeds', { from: 'http://copr.example.org' }, /not asked/],
  ['acme/seeds', { from: 'https://user:secret@copr.example.org' }, /not asked/],
])('%s %o is wrong usage', async (name, more, message) => {
  const { terminal, said } = listen();
  expect(await importCoprProject(terminal, name, order(more))).toBe(2);
  expect(said()).toMatch(message);
});

test('answers of another project are not taken for the one that was asked for', async () => {
  const { terminal, said } = listen();
  expect(await importCoprProject(terminal, 'acme/other', order())).toBe(1);
  expect(said()).toMatch(/holds acme\/seeds, not acme\/other/);
});
