import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fixtureHeader } from '../../testing/fixture.ts';
import { keyOf, packageTerms, projectTerms } from './search-terms.ts';

const found = (terms: readonly { term: string; kind: string }[], kind: string) =>
  terms.filter((each) => each.kind === kind).map(({ term }) => term);

test('a package is found by its name and its parts, its versions, files and words', () => {
  const headers = { schemaVersion: 1 as const, packages: [fixtureHeader()], packagesLeft: 0 };
  const nevras = ['Hello-2.12-1.sap12.x86_64', 'hello-2.12-1.sap12.src', 'hello-debuginfo-2.12-1.sap12.x86_64'];
  const terms = packageTerms({ name: 'python3-hello_World', nevras, headers });
  expect(found(terms, 'package')).toEqual(['python3-hello_world', 'hello_world', 'world']);
  expect(found(terms, 'nevra')).toEqual(['hello-2.12-1.sap12.x86_64']);
  expect(found(terms, 'file')).toEqual(['hello', 'hi', 'hello.1.gz']);
  expect(found(terms, 'word')).toEqual(expect.arrayContaining(['greets', 'friendly', 'package']));
  expect(found(terms, 'word')).not.toContain('it');
});

test('a project is found by its owner, its name and its description', () => {
  const terms = projectTerms('acme/tools', 'Größe und Werkzeug');
  expect(found(terms, 'project')).toEqual(['acme/tools', 'tools']);
  expect(found(terms, 'word')).toEqual(['größe', 'und', 'werkzeug']);
});

test('whatever is found, its key is the name of a file', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, text) => {
      const header = fixtureHeader({ summary: text, files: [{ path: `/${text}`, bytes: 1, mode: '100644' }] });
      const headers = { schemaVersion: 1 as const, packages: [header], packagesLeft: 0 };
      for (const { term } of packageTerms({ name, nevras: [text], headers })) {
        expect(keyOf(term)).toMatch(/^[a-z0-9_]{2,16}$/);
        expect(term.isWellFormed()).toBe(true);
      }
    }),
  );
});
