// What is said where the mirror of the service cannot be read: by what is published.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { published } from '@coppice/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configOf } from '../../testing/config-of.ts';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import { projectsJson } from '../config-repo/projects-json.ts';
import { readHome } from '../service/home.ts';
import { fatesInFolder } from './plan-fates.ts';

const due = '2026-01-31T15:00:00.000Z';
const chroots = 'chroots: [fedora-42-x86_64]\n';
const named = (names: readonly string[]) =>
  names.map((name) => `  ${name}: { source: { type: git, url: "https://a.example/a.git", ref: main } }\n`).join('');
const project = (names: readonly string[], more = '') =>
  `maintainers: [a]\n${chroots}${more}${names.length === 0 ? '' : `packages:\n${named(names)}`}`;
const stated = (files: Readonly<Record<string, string>>): ConfigAtCommit => ({
  commit: 'c'.repeat(40),
  config: configOf({ 'coppice.yaml': `admins: [root]\n${chroots}`, ...files }),
  packageTrees: new Map(),
  chrootConfigDigests: new Map(),
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-fates-'));
});
afterEach(() => rm(folder, { recursive: true }));

const fates = async (before: ConfigAtCommit, after: ConfigAtCommit) => {
  const home = readHome({ COPPICE_HOME: folder });
  const file = join(home.published, published.projectsJson);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(projectsJson(before, 'acme/packages', new Map())));
  return await fatesInFolder(after, home, new Map([['acme/tools', 3]]), due, new Date('2026-01-31T14:00:00Z'));
};

test('packages that leave a project or come back are told, and that a frozen one is out of reach', async () => {
  const file = 'projects/acme/tools.yaml';
  const gone = { project: 'acme/tools', package: 'b', leftAt: 'c', by: 'mia', since: due };
  const before = { ...stated({ [file]: project(['a']) }), departed: [gone] };
  expect(await fates(before, stated({ [file]: project(['a', 'b']) }))).toEqual([
    { kind: 'returns', project: 'acme/tools', packages: ['b'] },
  ]);
  expect(await fates(before, stated({ [file]: project([], 'frozen: a report\n') }))).toEqual([
    {
      ...{ kind: 'retimes', project: 'acme/tools', packages: ['b'], before: '2026-02-14T15:00:00.000Z' },
      ...{ at: null, due: false, frozen: true },
    },
    {
      ...{ kind: 'drops', project: 'acme/tools', packages: ['a'], chroots: [] },
      ...{ keptSeconds: 14 * 86_400, frozen: true },
    },
    { kind: 'shows', project: 'acme/tools', changes: [{ what: 'frozen', frozen: true }], frozen: true },
  ]);
  const frozen = stated({ [file]: project(['a'], 'frozen: a report\n') });
  expect(await fates(frozen, stated({}))).toEqual([
    { kind: 'deletes', project: 'acme/tools', packages: 1, builds: 3, at: due, before: false, frozen: true },
  ]);
});
