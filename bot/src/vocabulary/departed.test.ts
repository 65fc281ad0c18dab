import { expect, test } from 'vitest';
import { configOf } from '../../testing/config-of.ts';
import { type DepartedPackage, departedPackages, whenPackagesGo } from './departed.ts';

const configWith = (project: string, policy = '') =>
  configOf({
    'coppice.yaml': `admins: [ada]\nchroots: [sapling-12-x86_64]\n${policy}`,
    'projects/acme/tools.yaml': `maintainers: [mia]\nchroots: [sapling-12-x86_64]\n${project}`,
  });
const known: DepartedPackage = {
  ...{ project: 'acme/tools', package: 'gone', leftAt: 'c1', by: 'mia', since: '2026-01-01T00:00:00.000Z' },
};

test.each([
  ['two weeks later where nothing is said', '', '', '2026-01-15T00:00:00.000Z'],
  ['as the admins say', '', 'retention: { removed: 1d }', '2026-01-02T00:00:00.000Z'],
  [
    'as the project says before that',
    'retention: { removed: 30d }',
    'retention: { removed: 1d }',
    '2026-01-31T00:00:00.000Z',
  ],
  ['at once', 'retention: { removed: remove }', '', '2026-01-01T00:00:00.000Z'],
  ['never', 'retention: { removed: keep }', '', null],
  ['never while the project is frozen', 'frozen: a licence is looked at', '', null],
])('a package that left goes %s', (_when, project, policy, deleteAt) => {
  expect(whenPackagesGo([known], configWith(project, policy))).toEqual([{ ...known, deleteAt }]);
});

test('a package that is stated again, or whose project is not, does not go', () => {
  const back = configWith('packages: { gone: { source: { type: git, url: https://a.example/a.git, ref: main } } }');
  expect(whenPackagesGo([known], back)).toEqual([]);
  expect(whenPackagesGo([{ ...known, project: 'acme/other' }], configWith(''))).toEqual([]);
});

test('the time of a package that is gone goes on through other pushes and a renaming, and begins again elsewhere', () => {
  const built = new Map([['acme/tools', new Set(['gone', 'new'])]]);
  const push = { renamed: new Map([['acme/tools', 'acme/old']]), built, leftAt: 'c2', by: 'bob', since: 'now' };
  const fresh = { project: 'acme/tools', package: 'new', leftAt: 'c2', by: 'bob', since: 'now' };
  const config = configWith('');
  expect(departedPackages(config, { ...push, known: [known] })).toEqual([known, fresh]);
  expect(departedPackages(config, { ...push, known: [{ ...known, project: 'acme/old' }] })).toEqual([known, fresh]);
  const moved = { ...known, project: 'acme/else' };
  expect(departedPackages(config, { ...push, known: [moved] })).toEqual([{ ...fresh, package: 'gone' }, fresh]);
});
