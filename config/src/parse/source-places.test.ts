import { expect, test } from 'vitest';
import { projectHead, projectPath } from '../../testing/config-for-tests.ts';
import { sourcePlaces } from './source-places.ts';

test('a source stands where its key does, in a block or in one line', () => {
  const text = `${projectHead}packages:
  a:
    needs: []
    source:
      type: git
  b: { needs: [a], source: { type: dir } }
`;
  const place = sourcePlaces(text, projectPath);
  expect(place('a')).toEqual({ line: 6, column: 5 });
  expect(place('b')).toEqual({ line: 8, column: 20 });
});

test('a source that an alias repeats stands where it is written', () => {
  const text = `${projectHead}packages:
  a: &a
    source: { type: dir }
  b: *a
`;
  expect(sourcePlaces(text, projectPath)('b')).toEqual({ line: 5, column: 5 });
});

test('without a source or a file there is still a place', () => {
  expect(sourcePlaces(`${projectHead}packages:\n  a: {}\n`, projectPath)('a')).toEqual({ line: 4, column: 3 });
  expect(sourcePlaces('\t{', projectPath)('a')).toEqual({ line: 1, column: 1 });
});
