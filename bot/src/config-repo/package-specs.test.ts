import { parseConfigRepo } from '@coppice/config';
import { expect, test } from 'vitest';
import { createSpecScanner, isPackageSpec, type SpecFile, specsOfPackages } from './package-specs.ts';

const file = (path: string, text: string): SpecFile & { text: string } => ({
  path,
  id: `id of ${text}`,
  bytes: text.length,
  text,
});
const reader = () => {
  const read: string[] = [];
  const scan = createSpecScanner(async (files: readonly (SpecFile & { text: string })[]) => {
    read.push(...files.map(({ path }) => path));
    return new Map(files.map(({ path, text }) => [path, text]));
  });
  return { read, scan };
};

test('a spec is read once, however many commits hold it', async () => {
  const { read, scan } = reader();
  const lib = file('packages/acme/tools/lib/lib.spec', 'Name: lib\nBuildRequires: gcc\n');
  expect((await scan([lib])).get(lib.path)).toEqual({ buildRequires: ['gcc'], provides: ['lib'] });
  const copy = { ...lib, path: 'packages/acme/tools/copy/lib.spec' };
  expect([...(await scan([lib, copy])).keys()]).toEqual([lib.path, copy.path]);
  expect(read).toEqual([lib.path]);
});

test('specs that are too large, one by one or together, are left out', async () => {
  const { read, scan } = reader();
  const large = file('a.spec', 'x'.repeat(256 * 1024 + 1));
  const many = Array.from({ length: 70 }, (_, at) => ({ ...file(`${at}.spec`, `Name: p${at}\n`), bytes: 256 * 1024 }));
  expect(await scan([large])).toEqual(new Map());
  await scan(many);
  expect(read).toHaveLength(64);
});

test('only specs directly in the folder of a package count', () => {
  expect(isPackageSpec('packages/acme/tools/lib/lib.spec')).toBe(true);
  for (const path of [
    'lib.spec',
    'packages/acme/tools/lib.spec',
    'packages/acme/tools/lib/sub/lib.spec',
    'packages/a/b/c/x.spec.in',
  ])
    expect(isPackageSpec(path)).toBe(false);
});

test('a package has the spec that it names, or the only one in its folder', () => {
  const yaml = `maintainers: [mia]
chroots: [sapling-12-x86_64]
packages:
  one: { source: { type: dir } }
  two: { source: { type: dir, spec: b.spec } }
  far: { source: { type: git, url: 'https://example.test/far.git', ref: main } }
`;
  const paths = ['one/one.spec', 'two/a.spec', 'two/b.spec', 'far/far.spec'].map(
    (path) => `packages/acme/tools/${path}`,
  );
  const texts = new Map([
    ['coppice.yaml', 'admins: [ada]\nchroots: [sapling-12-x86_64]\n'],
    ['projects/acme/tools.yaml', yaml],
  ]);
  const parsed = parseConfigRepo({ texts, oversize: new Map(), paths: new Set([...texts.keys(), ...paths]) });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const specs = new Map(paths.map((path) => [path, { buildRequires: [path], provides: [] }]));
  const found = specsOfPackages(parsed.value, specs);
  expect([...found.keys()]).toEqual(['acme/tools/one', 'acme/tools/two']);
  expect(found.get('acme/tools/two')?.buildRequires).toEqual(['packages/acme/tools/two/b.spec']);
});
