import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupByFolder, reachInto } from './paths-below.ts';

test('a folder is reached by itself and by what lies in it, not by a neighbour of nearly its name', () => {
  const reaches = reachInto(['sub-x/a', 'sub/b/c', 'other', '']);
  expect(['sub', 'sub/b', 'sub/b/c', 'sub-x', 'other'].map(reaches)).toEqual([true, true, true, true, true]);
  expect(['su', 'sub/b/c/d', 'sub-', 'othe', 'x'].map(reaches)).toEqual([false, false, false, false, false]);
});

test('whatever the paths are, each folder is found that one of them begins with', () => {
  const path = fc.array(fc.constantFrom('a', 'a-', 'a.b', '.', 'é', '0'), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(path), path, (paths, folder) => {
      const [all, name] = [paths.map((parts) => parts.join('/')), folder.join('/')];
      expect(reachInto(all)(name)).toBe(all.some((each) => each === name || each.startsWith(`${name}/`)));
    }),
  );
});

test('of nested folders the innermost has a path, and none has what lies elsewhere', () => {
  const paths = ['/t/a', '/t/sub/b', '/t/sub/deep/c', '/t/sub-x/d', '/elsewhere', '/t'];
  expect(groupByFolder(paths, ['/t', '/t/sub', '/t/sub/deep', '/t/empty'])).toEqual(
    new Map([
      ['/t', ['a', 'sub-x/d']],
      ['/t/sub', ['b']],
      ['/t/sub/deep', ['c']],
      ['/t/empty', []],
    ]),
  );
});
