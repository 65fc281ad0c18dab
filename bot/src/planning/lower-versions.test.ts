import type { ChrootName, PlannedBuild } from '@coppice/config';
import { expect, test } from 'vitest';
import { configOf } from '../../testing/config-of.ts';
import { sayLower, statedVersions, warnOfLower } from './lower-versions.ts';

const chroots = ['sapling-12-x86_64', 'fedora-42-x86_64'] as unknown as readonly ChrootName[];
const text = (more = '') =>
  `maintainers: [mia]\nchroots: [${chroots}]\npackages:\n  hello: { source: { type: git, url: https://a.example/a.git, ref: main }${more} }\n`;
const warn = async (version: string | null, shown: readonly (string | undefined)[], more = '') => {
  const path = 'projects/acme/tools.yaml';
  const texts = { 'coppice.yaml': `admins: [ada]\nchroots: [${chroots}]\n`, [path]: text(more) };
  const specs = new Map([['acme/tools/hello', { buildRequires: [], provides: [], version }]]);
  const build = { owner: 'acme', project: 'tools', package: 'hello', chroots: chroots.map((chroot) => ({ chroot })) };
  const plan = { builds: [build as unknown as PlannedBuild] };
  const stated = statedVersions(plan, { config: configOf(texts), specs }, new Map(Object.entries(texts)));
  return warnOfLower(stated, async (_owner, _project, _name, chroot) => shown[chroots.indexOf(chroot)]);
};

test('a version that is lower than the published one is warned of on the line of its source', async () => {
  const found = await warn('1.9', ['2.0-1', '1.9-7']);
  expect(found).toMatchObject([{ path: 'projects/acme/tools.yaml', line: 4, level: 'warning' }]);
  expect(found[0]?.message).toBe(
    'hello 1.9 is lower than 2.0-1, which is published for sapling-12-x86_64: systems that have that one keep it until `dnf distro-sync` is run there. Raise the version or the epoch, or say `downgrade: allow` if this is meant.',
  );
  expect(sayLower(found)).toContain('- hello 1.9 is lower');
  expect((await warn('3', ['1:1-1', '1:2-1']))[0]?.message).toContain('is lower than 1:2-1, which is published: ');
});

test.each<[string, string | null, string, string]>([
  ['the same version, whatever its release', '2.0', '2.0-9', ''],
  ['a higher one', '1:0.1', '2.0-1', ''],
  ['one that cannot be told', null, '2.0-1', ''],
  ['one that is meant to be lower', '1.0', '2.0-1', ', downgrade: allow'],
])('nothing is said of %s', async (_what, version, shown, more) => {
  expect(await warn(version, [shown, undefined], more)).toEqual([]);
});

test('nothing is said where nothing is published', async () => {
  expect(await warn('0.1', [undefined, undefined])).toEqual([]);
  expect(sayLower([])).toBe('');
});
