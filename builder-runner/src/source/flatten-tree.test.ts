import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { flattenTree, onlySpecAmong } from './flatten-tree.ts';

test.each<[readonly string[], string | undefined, string | undefined]>([
  [['a.spec', 'b.c'], undefined, 'a.spec'],
  [['a.spec', 'tests/b.spec'], undefined, 'a.spec'],
  [['rpm/a.spec', 'b.c'], undefined, 'rpm/a.spec'],
  [['rpm/a.spec', 'a.spec', 'rpm-old/b.spec'], './rpm', 'a.spec'],
  [['rpm/in/a.spec', 'a.spec'], 'rpm/', 'in/a.spec'],
  [['a.spec', 'b.spec'], undefined, undefined],
  [['rpm/a.spec', 'suse/a.spec'], undefined, undefined],
  [['b.c'], undefined, undefined],
])('of %j in %j the only spec is %j', (paths, subdirectory, only) => {
  expect(onlySpecAmong(paths, subdirectory)).toBe(only);
});

test('a spec whose ending is in upper case is named with what to do', async () => {
  const top = await mkdtemp(join(tmpdir(), 'coppice-flat-'));
  onTestFinished(() => rm(top, { recursive: true }));
  const tree = join(top, 'tree');
  await mkdir(tree);
  await writeFile(join(tree, 'a.SPEC'), 'Name: a\n');
  const message =
    'There is no .spec file among the sources. "a.SPEC" is none: let its name end with .spec in lower case.';
  const flat = await flattenTree({ tree, folder: join(top, 'flat'), spec: undefined, name: 'a' });
  expect(flat).toMatchObject({ ok: false, failure: { message } });
});
