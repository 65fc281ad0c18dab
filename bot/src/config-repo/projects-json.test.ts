import { expect, test } from 'vitest';
import { configOf } from '../../testing/config-of.ts';
import { projectsJson } from './projects-json.ts';

const config = configOf({
  'coppice.yaml': 'admins: [maintainer]\nchroots: { fedora-42-x86_64: {} }\n',
  'projects/acme/tools.yaml':
    'maintainers: [maintainer]\nchroots: [fedora-42-x86_64]\npackages:\n  libpebble: { source: { type: dir } }\n  gravel: { source: { type: dir } }\n  pebble: { source: { type: dir }, needs: [gravel] }\n',
  ...Object.fromEntries(['libpebble', 'gravel', 'pebble'].map((name) => [`packages/acme/tools/${name}/x.spec`, ''])),
});

test('a package names what its spec requires of its project beside what it states', () => {
  const says = (buildRequires: string[], provides: string[]) => ({ buildRequires, provides, version: null });
  const specs = new Map([
    ['acme/tools/libpebble', says([], ['libpebble-devel'])],
    ['acme/tools/pebble', says(['libpebble-devel', 'gravel', 'gcc'], [])],
  ]);
  const stated = projectsJson({ config, commit: 'c', specs }, 'acme/packages', new Map());
  const needs = stated.projects[0]?.packages.map(({ name, needs, requires }) => [name, needs, requires]);
  expect(needs).toEqual([
    ['libpebble', [], []],
    ['gravel', [], []],
    ['pebble', ['gravel'], ['libpebble']],
  ]);
});
