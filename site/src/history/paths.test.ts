import { expect, test } from 'vitest';
import { filesOf } from '../../testing/files-of.ts';
import { fixtureProjects, fixtureResult, fixtureSite } from '../../testing/fixture.ts';
import { owedFor, subjectOf } from './paths.ts';

// Names that end as files do stand beside folders that would be called alike.
const names = ['hello', 'x', 'x.json', 'x.svg', 'c++', 'version'];
const { history } = fixtureSite({
  projects: fixtureProjects(),
  results: [
    ...names.map((name, index) => fixtureResult({ id: index + 1, package: name })),
    ...['x', 'x.json', 'x.svg', 'tools:pr:7'].map((project, index) => fixtureResult({ id: index + 101, project })),
    ...['x', 'x.json', 'x.svg'].map((owner, index) => fixtureResult({ id: index + 201, owner })),
  ],
});
const files = [...filesOf(history, 'https://rpm.example.org').keys()];

test('every file for programs leads back to what is owed for it', () => {
  const ours = files.filter((file) => /^(api\/v1\/(builds|owners|projects)\/|badges\/|feeds\/)/.test(file));
  expect(ours.length).toBeGreaterThan(60);
  const subjects = ours.map((file) => [file, subjectOf(owedFor(file) ?? '')] as const);
  expect(subjects.filter(([, subject]) => subject === undefined)).toEqual([]);
  expect(subjectOf(owedFor('badges/acme/x.svg~/c++/version.svg') ?? '')).toEqual({
    kind: 'package',
    key: 'acme/x.svg',
    name: 'c++',
  });
});

test('no file stands where a folder is needed, whatever the names are', () => {
  const all = new Set(files);
  const folders = files.flatMap((file) => file.split('/').map((_part, end, parts) => parts.slice(0, end).join('/')));
  expect([...new Set(folders)].filter((folder) => all.has(folder))).toEqual([]);
});
