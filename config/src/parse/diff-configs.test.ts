import { describe, expect, test } from 'vitest';
import { formatProblem } from '../words/problem.ts';
import { type ConfigState, diffConfigs } from './diff-configs.ts';
import { createConfigParser, parseConfigRepo } from './parse-config-repo.ts';

const policy = 'admins: [a]\nchroots: [fedora-42-x86_64]\n';
const head = 'maintainers: [a]\nchroots: [fedora-42-x86_64]\n';
const hello = 'hello: { source: { type: git, url: https://a.example/hello, ref: main } }';
const motd = 'motd: { source: { type: git, url: https://a.example/motd, ref: main } }';
const packages = (...lines: readonly string[]) => `${head}packages:\n${lines.map((line) => `  ${line}\n`).join('')}`;

function stateOf(
  projects: Record<string, string>,
  more: { policy?: string; trees?: Record<string, string>; chroots?: Record<string, string> } = {},
  parse = parseConfigRepo,
): ConfigState {
  const texts = new Map([
    ['coppice.yaml', more.policy ?? policy],
    ...Object.entries(projects).map(([name, text]) => [`projects/${name}.yaml`, text] as const),
  ]);
  const trees = new Map(Object.entries(more.trees ?? {}));
  const specs = [...trees.keys()].map((folder) => `${folder}/${folder.split('/').at(-1)}.spec`);
  const parsed = parse({ texts, oversize: new Map(), paths: new Set([...texts.keys(), ...specs]) });
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return {
    config: parsed.value,
    packageTrees: trees,
    chrootConfigDigests: new Map(Object.entries(more.chroots ?? {})),
  };
}

const nothing = {
  ...{ added: [], removed: [], renamed: [], changed: [], policyChanged: false, chrootConfigs: [], touchedPackages: [] },
};
const touched = (project: string, name: string, change: string) => ({ owner: 'acme', project, package: name, change });

describe('diffConfigs', () => {
  test('finds nothing between equal states', () => {
    const projects = { 'acme/tools': packages(hello) };
    expect(diffConfigs(stateOf(projects), stateOf(projects))).toEqual(nothing);
  });

  test('names projects and packages that came, went or changed', () => {
    const before = stateOf({ 'acme/a': packages(hello, motd), 'acme/b': packages(hello), 'acme/c': packages(hello) });
    const after = stateOf({
      'acme/a': packages(hello.replace('main', 'v2'), hello.replace('hello:', 'new:')),
      'acme/c': `${packages(hello)}description: other words\n`,
      'acme/d': packages(motd),
    });
    expect(diffConfigs(before, after)).toEqual({
      ...nothing,
      added: ['acme/d'],
      removed: ['acme/b'],
      changed: ['acme/a', 'acme/c'],
      touchedPackages: [
        touched('a', 'hello', 'changed'),
        touched('a', 'motd', 'removed'),
        touched('a', 'new', 'added'),
        touched('d', 'motd', 'added'),
      ],
    });
  });

  test('a package whose folder changed is touched, though its project says the same', () => {
    const dir = { 'acme/a': packages('hello: { source: { type: dir } }', 'motd: { source: { type: dir } }') };
    const trees = (hash: string) => ({ trees: { 'packages/acme/a/hello': hash, 'packages/acme/a/motd': 'm' } });
    expect(diffConfigs(stateOf(dir, trees('1')), stateOf(dir, trees('2')))).toEqual({
      ...nothing,
      touchedPackages: [touched('a', 'hello', 'changed')],
    });
  });

  test.each([
    ['says so', `${packages(hello, motd)}renamedFrom: acme/old\n`],
    ['was forked from one that left', `${packages(hello, motd)}forkedFrom: acme/old\n`],
    ['says the same', packages(hello)],
  ])('a project that %s is renamed', (_how, text) => {
    const diff = diffConfigs(stateOf({ 'acme/old': packages(hello) }), stateOf({ 'acme/new': text }));
    expect(diff).toMatchObject({ added: [], removed: [], renamed: [{ from: 'acme/old', to: 'acme/new' }] });
    expect(diff.touchedPackages).toEqual(text.includes('motd') ? [touched('new', 'motd', 'added')] : []);
  });

  test('an owner that is renamed takes all projects along, also those that read each other', () => {
    const owned = (owner: string) => ({
      [`${owner}/lib`]: packages(hello),
      [`${owner}/user`]: `${packages(motd)}repos: [coppice://${owner}/lib]\n`,
    });
    expect(diffConfigs(stateOf(owned('acme')), stateOf(owned('other')))).toMatchObject({
      ...{ added: [], removed: [] },
      renamed: [
        { from: 'acme/lib', to: 'other/lib' },
        { from: 'acme/user', to: 'other/user' },
      ],
    });
  });

  test('a project that left is renamed once: to the one that says so', () => {
    const before = stateOf({ 'acme/old': packages(hello) });
    const after = stateOf({ 'acme/a': packages(hello), 'acme/b': `${packages(hello)}renamedFrom: acme/old\n` });
    expect(diffConfigs(before, after)).toMatchObject({
      added: ['acme/a'],
      renamed: [{ from: 'acme/old', to: 'acme/b' }],
    });
  });

  test('a fork beside its origin is new', () => {
    const before = stateOf({ 'acme/a': packages(hello) });
    const after = stateOf({ 'acme/a': packages(hello), 'acme/b': `${packages(hello)}forkedFrom: acme/a\n` });
    expect(diffConfigs(before, after)).toMatchObject({ added: ['acme/b'], renamed: [], changed: [] });
  });

  test('the policy and the configurations of chroots are told apart from projects', () => {
    const before = stateOf({}, { chroots: { 'fedora-42-x86_64': '1', 'epel-9-x86_64': '1' } });
    const other = { policy: `${policy}limits: { perOwner: 2 }\n`, chroots: { 'fedora-42-x86_64': '2' } };
    expect(diffConfigs(before, stateOf({}, other))).toEqual({
      ...nothing,
      policyChanged: true,
      chrootConfigs: ['epel-9-x86_64', 'fedora-42-x86_64'],
    });
  });
});

describe('createConfigParser', () => {
  test('gives what parseConfigRepo gives, and the same objects for projects that nothing changed for', () => {
    const parse = createConfigParser();
    const lib = { 'acme/lib': packages(hello) };
    const user = (repos: string) => ({ ...lib, 'acme/user': `${packages(motd)}repos: [${repos}]\n` });
    const first = stateOf(user(''), {}, parse);
    const second = stateOf(user('coppice://acme/lib'), {}, parse);
    expect(second.config).toEqual(stateOf(user('coppice://acme/lib')).config);
    expect(second.config.projects[0]).toBe(first.config.projects[0]);
    expect(second.config.policy).toBe(first.config.policy);
  });

  test.each([
    ['the policy changed', { policy: policy.replace('fedora-42', 'fedora-43') }, /not one that coppice.yaml allows/],
    ['a project that it names has gone', { without: 'acme/lib' }, /there is no project `acme\/lib`/],
    ['the folder of a package has gone', { trees: {} }, /holds no file/],
  ])('checks again a project whose file is the same when %s', (_what, change, expected) => {
    const parse = createConfigParser();
    const user = `${packages('own: { source: { type: dir } }')}repos: [coppice://acme/lib]\n`;
    const projects: Record<string, string> = { 'acme/lib': packages(hello), 'acme/user': user };
    const trees = { 'packages/acme/user/own': '1' };
    stateOf(projects, { trees }, parse);
    const { without = '', ...more } = change as { without?: string };
    const left = Object.fromEntries(Object.entries(projects).filter(([name]) => name !== without));
    expect(() => stateOf(left, { trees, ...more }, parse)).toThrow(expected);
    expect(stateOf(projects, { trees }, parse).config).toEqual(stateOf(projects, { trees }).config);
  });
});
