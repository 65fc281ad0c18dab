import { type ConfigTree, parseConfigRepo, readSandbox, sandboxOf } from '@coppice/config';
import { describe, expect, test } from 'vitest';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import { changedPackages, judgeChanges, sortChanges, underPolicy } from './changes.ts';

const chroot = 'sapling-12-x86_64';
const policy = `admins: [ada]\nchroots: [${chroot}]\n`;
const tools = `maintainers: [mia]
chroots: [${chroot}]
packages:
  lib: { source: { type: dir } }
  app: { source: { type: dir }, needs: [lib], rebuildOnNeeds: true }
  other: { source: { type: dir } }
`;
const specs = Object.fromEntries(
  ['lib', 'app', 'other'].map((name) => [`packages/acme/tools/${name}/${name}.spec`, '']),
);

function treeOf(files: Readonly<Record<string, string>>): ConfigTree {
  const all: Record<string, string> = { 'coppice.yaml': policy, 'projects/acme/tools.yaml': tools, ...specs, ...files };
  const texts = Object.entries(all).filter(([path]) => path.endsWith('.yaml'));
  return { texts: new Map(texts), oversize: new Map(), paths: new Set(Object.keys(all)) };
}

function configOf(
  files: Readonly<Record<string, string>> = {},
  trees: Readonly<Record<string, string>> = {},
  chrootConfig = 'c1',
): ConfigAtCommit {
  const parsed = parseConfigRepo(treeOf(files));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const packages = { lib: 't1', app: 't1', other: 't1', ...trees };
  return {
    commit: 'c',
    config: parsed.value,
    packageTrees: new Map(Object.entries(packages).map(([name, tree]) => [`packages/acme/tools/${name}`, tree])),
    chrootConfigDigests: new Map([[chroot, chrootConfig]]),
  };
}

describe('the files of a pull request', () => {
  test.each<[string, string[], Partial<ReturnType<typeof sortChanges>>]>([
    ['none of ours', ['README.md', '.github/workflows/x.yml', 'docs/projects/a/b.yaml'], { ours: false, projects: [] }],
    ['a project', ['projects/acme/tools.yaml'], { ours: true, projects: ['acme/tools'] }],
    [
      'files of a package',
      ['packages/acme/tools/lib/a/b.patch', 'packages/acme/tools/lib/lib.spec'],
      { projects: ['acme/tools'] },
    ],
    ['two projects', ['packages/b/y/p/p.spec', 'projects/a/x.yaml'], { projects: ['a/x', 'b/y'] }],
    ['the policy', ['coppice.yaml'], { ours: true, policy: true, projects: [] }],
    [
      'a file that only looks like the policy',
      ['sub/coppice.yaml', 'coppice.yaml.bak'],
      { ours: false, policy: false },
    ],
    ['a mock config', ['chroots/fedora-42-x86_64.cfg'], { ours: true, chroots: ['fedora-42-x86_64.cfg'] }],
    [
      'a program beside mock configs, which they may include',
      ['chroots/lib/x.py'],
      { ours: true, chroots: ['lib/x.py'] },
    ],
    ['another case is another project', ['packages/acme/Tools/lib/x'], { projects: ['acme/Tools'] }],
    ['a project at a wrong place', ['projects/tools.yaml'], { ours: true, projects: [] }],
  ])('%s', (_what, paths, expected) => {
    expect(sortChanges(paths)).toMatchObject(expected);
  });
});

describe('what a change demands', () => {
  const base = configOf().config;
  const judge = (paths: string[], head: ConfigAtCommit | undefined) =>
    judgeChanges(sortChanges(paths), base, head?.config);
  const extra = { 'projects/acme/extra.yaml': `maintainers: [eve]\nchroots: [${chroot}]\n` };

  test('rights on what it touches, and no admin, for a change of a project that is', () => {
    expect(judge(['packages/acme/tools/lib/lib.spec'], configOf())).toEqual({
      touched: ['acme/tools'],
      adminReasons: [],
      notes: [],
    });
  });

  test('an admin for a new project, the policy and the chroots', () => {
    const judged = judge(['coppice.yaml', 'chroots/x.cfg', 'projects/acme/extra.yaml'], configOf(extra));
    expect(judged.touched).toEqual(['acme/extra']);
    expect(judged.adminReasons).toHaveLength(3);
  });

  test('an admin for what cannot be read, as it may be anything', () => {
    expect(judge(['projects/acme/extra.yaml'], undefined).adminReasons).toEqual(['`acme/extra` is a new project']);
  });

  test('nothing for files of a project that is nowhere: nothing is built of them', () => {
    expect(judge(['packages/acme/Tools/lib/x'], configOf())).toEqual({ touched: [], adminReasons: [], notes: [] });
  });

  test('a word about rights that it changes', () => {
    const greedy = configOf({ 'projects/acme/tools.yaml': tools.replace('[mia]', '[mia, eve]') });
    expect(judge(['projects/acme/tools.yaml'], greedy).notes).toEqual([
      'It changes who may change or build `acme/tools`; that counts once it is merged.',
    ]);
  });
});

describe('the policy in force', () => {
  test('takes the place of the one that the head states, also of one that is deleted or too large', () => {
    const head = treeOf({ 'coppice.yaml': 'admins: [eve]\nchroots: []\n' });
    const gone = new Map([...head.texts].filter(([path]) => path !== 'coppice.yaml'));
    for (const tree of [
      head,
      { ...head, texts: gone, paths: new Set([...head.paths].filter((path) => path !== 'coppice.yaml')) },
      { ...head, oversize: new Map([['coppice.yaml', 9_999_999]]) },
    ]) {
      const parsed = parseConfigRepo(underPolicy(tree, policy));
      expect(parsed.ok && parsed.value.policy.admins).toEqual(['ada']);
    }
  });
});

describe('changed packages', () => {
  test('are those whose statement or folder differs, and those that are rebuilt on their account', () => {
    const before = configOf();
    expect(changedPackages('acme/tools', before, configOf())).toEqual([]);
    expect(changedPackages('acme/tools', before, configOf({}, { other: 't2' }))).toEqual(['other']);
    expect(changedPackages('acme/tools', before, configOf({}, { lib: 't2' }))).toEqual(['lib', 'app']);
    const slower = configOf({ 'projects/acme/tools.yaml': tools.replace('other: {', 'other: { timeout: 2h,') });
    expect(changedPackages('acme/tools', before, slower)).toEqual(['other']);
  });

  test('are all when the repositories or the mock config change, or nobody knows what was before', () => {
    const all = ['lib', 'app', 'other'];
    const repos = configOf({ 'projects/acme/tools.yaml': `repos: ['https://example.test/r/']\n${tools}` });
    expect(changedPackages('acme/tools', configOf(), repos)).toEqual(all);
    expect(changedPackages('acme/tools', configOf(), configOf({}, {}, 'c2'))).toEqual(all);
    expect(changedPackages('acme/tools', undefined, configOf())).toEqual(all);
    expect(changedPackages('acme/gone', configOf(), configOf())).toEqual([]);
  });
});

test('a sandbox is named after its project and pull request, and read back', () => {
  expect(readSandbox(sandboxOf('tools', 7))).toEqual({ project: 'tools', pull: 7 });
  expect(readSandbox(sandboxOf('c++', 12))).toEqual({ project: 'c++', pull: 12 });
  for (const name of ['tools', 'tools:pr', 'tools:pr:', 'tools:pr:0', 'tools:pr:7x', ':pr:7', 'tools+pr7'])
    expect(readSandbox(name)).toBeUndefined();
});
