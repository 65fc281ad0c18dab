#!/usr/bin/env node
// Makes the excerpts in testing/failures/testdata anew: builds every package of its recipes/*.yml, which all fail, with
// mock-lite and Sapling.
//   COPPICE_SAPLING=<folder made by ansible/sapling/make-sapling> node make-failures.ts [NAME…]      (as root, one to
//   three minutes) Runs in namespaces of its own, without network, so that no path, address or name of this machine
//   gets into a log.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'yaml';
import { excerptOfFile } from './excerpt-of-file.ts';
import { makeRepositories } from './make-repositories.ts';
import { type Recipe, recipeSchema } from './recipe.ts';
import { makeSrpm, writeSources } from './recipe-sources.ts';
import { serveFiles } from './serve-files.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const here = join(repository, 'builder-runner/testing/failures/testdata');
const mockLite = process.env.COPPICE_MOCK_LITE ?? join(repository, 'ansible/roles/builder/files/mock-lite/mock-lite');
const port = 8080;
const home = '/home/mockbuild';
/** Empty folders in the namespace's own mount table; those that the machine lacks are removed again at the end. */
const places = ['/home', '/var/lib/mock', '/var/cache/mock'];

if (process.argv[2] === '--inside') await makeAll(process.argv.slice(3));
else await enterNamespaces(process.argv.slice(2));

async function enterNamespaces(names: readonly string[]): Promise<void> {
  const made: string[] = [];
  for (const place of places) if ((await mkdir(place, { recursive: true })) !== undefined) made.push(place);
  const unshare = ['--mount', '--propagation=private', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  try {
    const inside = [...unshare, '--', process.execPath, import.meta.filename, '--inside', ...names];
    const end = await execa('unshare', inside, { stdio: 'inherit', reject: false });
    process.exitCode = end.exitCode ?? 1;
  } finally {
    for (const place of made) await rmdir(place);
  }
}

async function makeAll(names: readonly string[]): Promise<void> {
  const sapling = process.env.COPPICE_SAPLING;
  if (sapling === undefined) throw new Error('COPPICE_SAPLING is not set');
  await execa('ip', ['link', 'set', 'lo', 'up']);
  for (const place of places) await execa('mount', ['-t', 'tmpfs', 'tmpfs', place]);
  await mkdir(home);
  const published = await mkdtemp('/home/published-');
  await mkdir(join(published, 'distributions'));
  await symlink(sapling, join(published, 'distributions', 'sapling-12-x86_64'));
  const server = await serveFiles(published, port);
  const recipes = await readRecipes();
  const chosen = recipes.filter(({ name }) => names.length === 0 || names.includes(name));
  // The first build installs the base root, which would fill its log: let it be one that is thrown away.
  const plain = recipeSchema.parse({ name: 'init', reason: '' });
  await writeFile(`${home}/init.cfg`, configOf(plain, '', 1));
  await runMock(plain, ['-r', `${home}/init.cfg`, '--resultdir', `${home}/init`, '--init'], `${home}/init`);
  for (const [index, recipe] of chosen.entries()) {
    const end = await make(recipe, published, 100 + index).catch((error) => `was not built: ${error.message}`);
    process.stdout.write(`${recipe.name}: ${end}\n`);
  }
  server.close();
  process.exit(0);
}

async function readRecipes(): Promise<readonly Recipe[]> {
  const folder = join(here, 'recipes');
  const recipes: Recipe[] = [];
  for (const file of (await readdir(folder)).sort()) {
    const all = parse(await readFile(join(folder, file), 'utf8')) as Record<string, object>;
    for (const [name, value] of Object.entries(all)) recipes.push(recipeSchema.parse({ name, ...value }));
  }
  return recipes;
}

/** Builds one package and keeps the end of its logs. Returns how it ended. */
async function make(recipe: Recipe, published: string, id: number): Promise<string> {
  const folder = `${home}/builds/${id}`;
  const results = `${folder}/result`;
  await mkdir(results, { recursive: true });
  await writeSources(recipe, `${folder}/sources`);
  const sections = await makeRepositories(recipe, published, port);
  await writeFile(`${folder}/build.cfg`, configOf(recipe, sections, id));
  const what =
    recipe.mode === 'buildsrpm'
      ? ['--buildsrpm', '--spec', `${folder}/sources/${recipe.package}.spec`, '--sources', `${folder}/sources`]
      : ['--rebuild', await makeSrpm(recipe, folder)];
  const exitCode = await runMock(recipe, ['-r', `${folder}/build.cfg`, '--resultdir', results, ...what], results);
  const target = join(here, recipe.name);
  await rm(target, { recursive: true, force: true });
  if (exitCode === 0) return 'exit code 0: it does not fail here, and leaves no case';
  await mkdir(target);
  const firstLines: Record<string, number> = {};
  for (const [log, lines] of [
    ['build.log', 90],
    ['root.log', 40],
  ] as const) {
    if (!existsSync(join(results, log))) continue;
    const excerpt = await excerptOfFile(join(results, log), lines);
    firstLines[log] = excerpt.firstLine;
    await writeFile(join(target, log), excerpt.text);
  }
  const { reason, memoryBytes, timeoutSeconds } = recipe;
  const facts = { exitCode, timeoutSeconds, memoryBytes, firstLines, reason };
  await writeFile(join(target, 'case.json'), `${JSON.stringify(facts, null, 2)}\n`);
  await rm(folder, { recursive: true });
  return `exit code ${exitCode}`;
}

function configOf(recipe: Recipe, sections: string, id: number): string {
  const lines = [
    `config_opts['coppice_control'] = 'http://127.0.0.1:${port}'`,
    `include('${join(repository, 'config/example/chroots/sapling-12-x86_64.cfg')}')`,
    `config_opts['root'] = 'coppice-${id}-sapling-12-x86_64'`,
    `config_opts['rpmbuild_timeout'] = ${recipe.timeoutSeconds}`,
    `config_opts['coppice_memory_bytes'] = ${recipe.memoryBytes ?? 0}`,
    `config_opts['coppice_disk_quota_bytes'] = ${recipe.diskBytes}`,
    `config_opts['dnf.conf'] += ${JSON.stringify(sections)}`,
    recipe.config,
  ];
  return `${lines.join('\n')}\n`;
}

/** Runs mock-lite to its end, or to what the recipe does to it. */
async function runMock(recipe: Recipe, options: readonly string[], results: string): Promise<number> {
  const mock = spawn('/usr/bin/python3', ['-I', mockLite, ...options], { stdio: 'ignore' });
  const { kill } = recipe;
  const timer = setInterval(async () => {
    if (kill === null) return;
    const log = await readFile(join(results, 'build.log'), 'utf8').catch(() => '');
    if (!log.includes(kill.after)) return;
    clearInterval(timer);
    await execa('sh', ['-c', kill.command, 'kill', String(mock.pid)]);
  }, 100);
  return await new Promise((resolve) => {
    mock.on('exit', (code, signal) => {
      clearInterval(timer);
      resolve(code ?? (signal === 'SIGKILL' ? 137 : 143));
    });
  });
}
