// Holds the table of dependencies in the architecture page to what the packages ask for.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'site/content/docs/explanation/architecture.md'), 'utf8');
const [, table = '', prose = ''] =
  /^## What each dependency is for\n(.*?)\n\n(To build and test:.*?)\n\n/ms.exec(page) ?? [];

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const manifests = ['package.json', ...globSync('*/package.json', { cwd: root })].map(
  (path): Manifest => JSON.parse(readFileSync(join(root, path), 'utf8')),
);
const named = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

test('each package that the service needs has its line, and no other has', () => {
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  const stated = rows.flatMap((row) => named(row.split(' | ')[0] ?? ''));
  const wanted = manifests.flatMap(({ dependencies = {} }) => Object.keys(dependencies));
  const ours = (name: string) => name.startsWith('@coppice/');
  expect(stated.sort()).toEqual([...new Set(wanted.filter((name) => !ours(name)))].sort());
});

test('each package for building and testing is named', () => {
  const wanted = manifests.flatMap(({ devDependencies = {} }) => Object.keys(devDependencies));
  expect(wanted.filter((name) => !name.startsWith('@types/') && !named(prose).includes(name))).toEqual([]);
});

test('every version is pinned', () => {
  const ranges = manifests.flatMap(({ dependencies = {}, devDependencies = {} }) =>
    Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
  );
  expect(ranges).toEqual([]);
});
