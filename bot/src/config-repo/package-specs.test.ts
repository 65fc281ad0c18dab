import { parseConfigRepo, plainBuildroot, planBuilds } from '@coppice/config';
import { expect, test } from 'vitest';
import { createSpecScanner, isPackageSpec, type SpecFile, specsOfPackages } from './package-specs.ts';

const file = (path: string, text: string): SpecFile & { text: string } => ({
  path,
  id: `id of ${text}`,
  bytes: text.length,
  text,
});
const reader = (rememberedBytes?: number) => {
  const read: string[] = [];
  const scan = createSpecScanner(async (files: readonly (SpecFile & { text: string })[]) => {
    read.push(...files.map(({ path }) => path));
    return new Map(files.map(({ path, text }) => [path, text]));
  }, rememberedBytes);
  return { read, scan };
};

test('a spec is read once, however many commits hold it', async () => {
  const { read, scan } = reader();
  const lib = file('packages/acme/tools/lib/lib.spec', 'Name: lib\nBuildRequires: gcc\n');
  const view = { chroot: 'sapling-12-x86_64', buildroot: plainBuildroot };
  expect((await scan([lib])).get(lib.path)?.read(view)).toMatchObject({
    buildRequires: ['gcc'],
    provides: ['lib'],
  });
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

test('what is remembered of specs is bounded by its size; a commit loses none of its own', async () => {
  // Each takes some 40 kB to remember.
  const { read, scan } = reader(100_000);
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) =>
    file(`packages/acme/tools/${name}/${name}.spec`, `Name: ${name}\nBuildRequires: ${'x'.repeat(10_000)}\n`),
  );
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('there are four');
  await scan([a]);
  await scan([b]);
  await scan([a]);
  expect([...(await scan([a, b, c, d])).keys()]).toEqual([a.path, b.path, c.path, d.path]);
  expect(read).toEqual([a, b, c, d].map(({ path }) => path));
  // Those that were asked for last are still known, the others are read again.
  await scan([c, d]);
  expect(read).toHaveLength(4);
  await scan([a]);
  expect(read).toHaveLength(5);
});

test('only specs in the folder of a package count', () => {
  for (const path of ['lib.spec', '.copr/lib.spec'])
    expect(isPackageSpec(`packages/acme/tools/lib/${path}`)).toBe(true);
  for (const path of ['lib.spec', 'packages/acme/tools/lib.spec', 'packages/a/b/c/x.spec.in'])
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
  const specs = new Map(paths.map((path) => [path, { read: () => ({ buildRequires: [path], provides: [] }) }]));
  const found = specsOfPackages(parsed.value, specs);
  expect([...found.keys()]).toEqual(['acme/tools/one', 'acme/tools/two']);
  expect(found.get('acme/tools/two')?.buildRequires).toEqual(['packages/acme/tools/two/b.spec']);
});

test('a spec is read as each build reads it: what a package does not require in any chroot closes no circle', async () => {
  const yaml = `maintainers: [mia]
chroots: [fedora-42-x86_64, epel-9-x86_64]
packages:
  una: { source: { type: dir }, with: [bootstrap] }
  cfile: { source: { type: dir } }
  old: { source: { type: dir } }
`;
  const texts = new Map([
    ['coppice.yaml', 'admins: [ada]\nchroots: [fedora-42-x86_64, epel-9-x86_64]\n'],
    ['projects/acme/tools.yaml', yaml],
  ]);
  const specs = {
    una: '%bcond_with bootstrap\nName: una\n%if %{without bootstrap}\nBuildRequires: cfile-devel\n%endif\n%package devel\n',
    cfile: 'Name: cfile\nBuildRequires: una-devel\n%package devel\n',
    old: 'Name: old\n%if 0%{?rhel} == 9\nBuildRequires: cfile\n%endif\n%if 0%{?suse_version}\nBuildRequires: never\n%endif\n',
  };
  const files = Object.entries(specs).map(([name, text]) => file(`packages/acme/tools/${name}/${name}.spec`, text));
  const paths = new Set([...texts.keys(), ...files.map(({ path }) => path)]);
  const orderOf = async (text: string) => {
    const parsed = parseConfigRepo({ texts: texts.set('projects/acme/tools.yaml', text), oversize: new Map(), paths });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const specRequires = specsOfPackages(parsed.value, await reader().scan(files));
    const pinned = new Map(
      [...specRequires.keys()].map((key) => [key, { type: 'srpm', url: key, sha256: '' } as const]),
    );
    const nothing = { unpinned: new Map(), chrootConfigDigests: new Map(), built: [], force: false };
    const selection = { packages: [], chroots: [] };
    const { builds, cycles } = planBuilds({ config: parsed.value, specRequires, pinned, ...nothing, selection });
    return {
      circles: cycles.map(({ packages }) => packages),
      waits: Object.fromEntries(builds.map((one) => [one.package, one.after.map((at) => builds[at]?.package)])),
      requires: specRequires.get('acme/tools/old')?.buildRequires,
    };
  };
  expect(await orderOf(yaml)).toEqual({
    ...{ circles: [], requires: ['cfile'] },
    waits: { una: [], cfile: ['una'], old: ['cfile'] },
  });
  // What stands on a circle that is cut is tried, and tried again after the others.
  expect(await orderOf(yaml.replace(', with: [bootstrap]', ''))).toMatchObject({
    ...{ circles: [['cfile', 'una']], waits: { una: [], cfile: [], old: ['cfile'] } },
  });
});
