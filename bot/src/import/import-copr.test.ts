import { join } from 'node:path';
import { type ConfigTree, parseConfigRepo } from '@coppice/config';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CoprAnswers, coprPackageListSchema, coprProjectSchema } from './copr-answers.ts';
import { type ImportOrder, importCopr } from './import-copr.ts';
import { readRecorded } from './read-recorded.ts';

const testdata = join(import.meta.dirname, 'testdata');
const apple = await readRecorded(join(testdata, 'fruit-apple.json'));
const nothing: ConfigTree = { texts: new Map(), oversize: new Map(), paths: new Set() };

function run(answers: CoprAnswers, more: Partial<ImportOrder> = {}) {
  const order = { answers, tree: nothing, maintainers: ['gardener'], hashes: new Map(), looks: new Map(), ...more };
  const { files, fates } = importCopr(order);
  const texts = new Map([...order.tree.texts, ...files]);
  const parsed = parseConfigRepo({ texts, oversize: new Map(), paths: new Set(texts.keys()) });
  const value = parsed.ok ? parsed.value : undefined;
  const left = fates.filter(({ kind }) => kind === 'left-out').map(({ what }) => what);
  return { files, fates, left, policy: value?.policy, project: value?.projects.at(-1), parsed };
}

/** A project of one chroot without anything else, and what the test is about. */
function small(project: object, rest: Partial<CoprAnswers> = {}): CoprAnswers {
  const bare = { name: 'apple', ownername: 'fruit', chroot_repos: { 'fedora-42-x86_64': '' } };
  return { project: coprProjectSchema.parse({ ...bare, ...project }), packages: [], chroots: [], ...rest };
}

function tree(files: Readonly<Record<string, string>>): ConfigTree {
  const texts = new Map(Object.entries(files));
  return { texts, oversize: new Map(), paths: new Set(texts.keys()) };
}

describe('a recorded project', () => {
  test('becomes the golden project file', async () => {
    const { files } = run(apple);
    expect([...files.keys()]).toEqual(['projects/fruit/apple.yaml', 'coppice.yaml']);
    await expect(files.get('projects/fruit/apple.yaml')).toMatchFileSnapshot('testdata/fruit-apple.yaml');
  });

  test('is valid and keeps what it was', () => {
    const { project, policy } = run(apple);
    expect(project).toMatchObject({
      owner: 'fruit',
      homepage: 'https://example.org/apple',
      contact: 'https://example.org/contact',
      chroots: ['fedora-42-x86_64', 'epel-9-aarch64'],
      network: true,
      maintainers: ['gardener'],
    });
    expect(policy).toMatchObject({ admins: ['gardener'], allow: { network: ['fruit/apple'] } });
    const [one] = project?.packages ?? [];
    expect(one).toMatchObject({ name: 'apple', source: { type: 'git', ref: 'v1.2', subdirectory: 'rpm' } });
    expect(one?.buildroots.get('fedora-42-x86_64' as never)).toMatchObject({
      packages: ['gcc-c++'],
      with: ['tests'],
      without: ['docs'],
      isolation: 'simple',
    });
  });

  test('every package is there or among what was left out', () => {
    const { project, left } = run(apple);
    const kept = project?.packages.map(({ name }) => name) ?? [];
    for (const { name } of apple.packages) expect(kept.includes(name) || left.includes(`package ${name}`)).toBe(true);
    expect(kept).toEqual(['apple', 'bash', 'core', 'python-seed', 'rubygem-pip', 'scripted', 'titan']);
  });

  test('a link comes over with its hash, and says why when there is none', () => {
    const url = 'https://files.example.org/linked-1-1.src.rpm';
    const sha256 = 'ab'.repeat(32);
    const { project } = run(apple, { hashes: new Map([[url, { sha256 }]]) });
    expect(project?.packages.find(({ name }) => name === 'linked')?.source).toEqual({ type: 'srpm', url, sha256 });
    const { fates } = run(apple, { hashes: new Map([[url, { why: 'it answered 404' }]]) });
    expect(fates.find(({ what }) => what === 'package linked')).toMatchObject({ text: 'it answered 404' });
  });
});

describe('what a form of Copr sends', () => {
  const one = (source_type: string, source_dict: object, more: object = {}) => ({
    packages: coprPackageListSchema.parse({ items: [{ name: 'seed', source_type, source_dict, ...more }] }).items,
  });
  const seedOf = (source_type: string, source_dict: object) => {
    const { project, fates } = run(small({}, one(source_type, source_dict)));
    return { source: project?.packages[0]?.source, fates };
  };

  test('line ends of Windows are cleaned, in texts and in scripts', () => {
    const stated = { description: 'One.\r\nTwo.', instructions: 'a\rb\r\n', homepage: ' https://example.org/\r\n' };
    const script = { script: '#!/bin/sh\r\nmake\r\n', builddeps: 'git\r\nmake', resultdir: 'out\r' };
    const { project, files } = run(small(stated, one('custom', script)));
    expect([...files.values()].join('')).not.toMatch(/\r|\\r/);
    expect(project).toMatchObject({
      description: 'One.\nTwo.',
      instructions: 'a\nb',
      homepage: 'https://example.org/',
    });
    expect(project?.packages[0]?.source).toMatchObject({
      ...{ script: '#!/bin/sh\nmake\n', builddeps: ['git', 'make'], resultdir: 'out' },
    });
  });

  test.each([
    ['https://src.fedoraproject.org/rpms/bash', '', { instance: 'fedora', package: 'bash', branch: 'rawhide' }],
    ['https://src.fedoraproject.org/rpms/bash.git/', 'f42', { instance: 'fedora', package: 'bash', branch: 'f42' }],
    [
      'https://pkgs.fedoraproject.org/git/rpms/bash',
      'HEAD',
      { instance: 'fedora', package: 'bash', branch: 'rawhide' },
    ],
    ['http://src.fedoraproject.org/cgit/rpms/bash.git', '', { instance: 'fedora', package: 'bash', branch: 'rawhide' }],
    ['git://pkgs.fedoraproject.org/rpms/bash\r\n', '', { instance: 'fedora', package: 'bash', branch: 'rawhide' }],
    [
      'https://gitlab.com/redhat/centos-stream/rpms/bash.git',
      '',
      { instance: 'centos-stream', package: 'bash', branch: 'HEAD' },
    ],
    [
      'https://copr-dist-git.fedorainfracloud.org/cgit/acme/tools/bash.git',
      '',
      { instance: 'copr', package: 'acme/tools/bash', branch: 'master' },
    ],
  ])('%s at %j is a dist-git, not plain Git', (clone_url, committish, wanted) => {
    const { source } = seedOf('scm', { type: 'git', clone_url, committish, source_build_method: 'rpkg' });
    expect(source).toMatchObject({ type: 'distgit', ...wanted });
  });

  test.each([
    ['https://src.fedoraproject.org/forks/gardener/rpms/bash.git', {}, 'its lookaside cache of seed'],
    ['https://src.fedoraproject.org/rpms/bash.git', { subdirectory: 'sub' }, 'its lookaside cache of seed'],
  ])('%s %o stays Git, and what that leaves out is told', (clone_url, more, what) => {
    const { source, fates } = seedOf('scm', { clone_url, ...more });
    expect(source).toMatchObject({ type: 'git', url: clone_url });
    expect(fates).toContainEqual(expect.objectContaining({ kind: 'left-out', what }));
  });

  test.each(['__proto__', 'constructor', 'toString'])(
    'a name like %s, which the language knows, is one like others',
    (name) => {
      const answers = small(JSON.parse(`{"${name}": "x"}`), one(name, JSON.parse(`{"${name}": "x"}`), { [name]: 'x' }));
      expect(run(answers).left).toContain('package seed');
    },
  );

  test('what the `.repo` file says comes over, and a priority that dnf has not is told', () => {
    const { project, left } = run(small({ module_hotfixes: true, repo_priority: 20 }, one('unset', {}, {})));
    expect(project?.repoOptions).toMatchObject({ moduleHotfixes: true, priority: 20 });
    expect(left).not.toContain('repo_priority');
    expect(run(small({ repo_priority: 500 }, one('unset', {}, {}))).left).toContain('repo_priority');
  });

  test('what nothing reads is told by its key, and what says nothing is not', () => {
    const answers = small(
      {
        multilib: true,
        runtime_dependencies: ['copr://a/b'],
        bootstrap: 'default',
        brand_new: { x: 1 },
        full_name: 'a/b',
      },
      one(
        'pypi',
        { pypi_package_name: 'seed', python_versions: ['3', '2'], extra: 'x', empty: [] },
        { max_builds: 5, timeout: 0, id: 7 },
      ),
    );
    expect(run(answers).left.sort()).toEqual([
      'brand_new',
      'extra of seed',
      'max_builds of seed',
      'multilib',
      'python_versions: 2 of seed',
      'runtime_dependencies',
    ]);
  });
});

describe('into a config repo that is there', () => {
  const policy = 'admins: [boss]\nchroots: [fedora-42-x86_64]\n';

  test('its policy decides: chroots and network that it does not allow stay behind', () => {
    const { files, left, project, parsed } = run(apple, { tree: tree({ 'coppice.yaml': policy }), maintainers: [] });
    expect(parsed.ok).toBe(true);
    expect([...files.keys()]).toEqual(['projects/fruit/apple.yaml']);
    expect(left).toEqual(expect.arrayContaining(['chroot epel-9-aarch64', 'enable_net']));
    expect(project).toMatchObject({ chroots: ['fedora-42-x86_64'], network: false, maintainers: ['boss'] });
  });

  test('a project that was imported before is named by coppice://, also one of a group', () => {
    const stub = 'maintainers: [boss]\nchroots: [fedora-42-x86_64]\n';
    const there = { 'coppice.yaml': policy, 'projects/fruit/pear.yaml': stub, 'projects/acme/libs.yaml': stub };
    const { files, parsed } = run(apple, { tree: tree(there) });
    expect(parsed.ok).toBe(true);
    expect(files.get('projects/fruit/apple.yaml')).toMatch(
      /^repos:\n {2}- coppice:\/\/fruit\/pear\n {2}- coppice:\/\/acme\/libs\n/m,
    );
  });

  test('a policy that is wrong ends it, with the place', () => {
    expect(() => run(apple, { tree: tree({ 'coppice.yaml': 'admins: []\n' }) })).toThrow(
      /mend it first:\n {2}coppice\.yaml:1/,
    );
  });

  test('what is wrong in other files does not hinder it, and is told', () => {
    const files = { 'coppice.yaml': policy, 'projects/other/one.yaml': 'nonsense: 1\n' };
    const result = importCopr({
      answers: apple,
      tree: tree(files),
      maintainers: [],
      hashes: new Map(),
      looks: new Map(),
    });
    expect(result.elsewhere.map(({ path }) => path)).toContain('projects/other/one.yaml');
    expect(result.elsewhere.every(({ path }) => path === 'projects/other/one.yaml')).toBe(true);
  });
});

describe('names and texts of strangers', () => {
  test.each([
    ['an owner that the site uses itself', { ownername: 'api_3' }],
    ['a project with a path as its name', { name: '../../etc' }],
  ])('%s ends it', (_, project) => {
    expect(() => run(small(project))).toThrow(/cannot come over/);
  });

  test('no chroot that can come over ends it, with the reasons', () => {
    expect(() => run(small({ chroot_repos: { 'mageia-8-i586': '' } }))).toThrow(/mageia-8-i586: .*no chroot name/);
  });

  test('a description that is too long keeps its first paragraph and goes into the instructions', () => {
    const description = `Short.\n\n${'long '.repeat(400)}`;
    const { project, left } = run(small({ description, instructions: 'Use it.' }));
    expect(project?.description).toBe('Short.');
    expect(project?.instructions).toContain('long long');
    expect(project?.instructions).toMatch(/Use it\.$/);
    expect(left).toEqual([]);
  });

  test('its own repository is not named again', () => {
    const { left, files } = run(small({ additional_repos: ['copr://fruit/apple'] }));
    expect(left).toEqual([]);
    expect(files.get('projects/fruit/apple.yaml')).not.toContain('repos');
  });

  test('nothing in an answer can end a comment, forge a key or stop the rest', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom(
        'x\nadmins: [evil]',
        '*a',
        '&a b',
        '!!js/function',
        '"',
        '__proto__',
        '1',
        '- a',
        '\u2028k: v',
        'a\r\nb: c',
      ),
    );
    const source = fc.record({
      type: fc.oneof(fc.constant('git'), hostile),
      clone_url: fc.oneof(fc.constant('https://git.example.org/x.git'), hostile),
      committish: hostile,
      subdirectory: hostile,
      spec: hostile,
    });
    const one = fc.record({
      name: hostile,
      source_type: fc.oneof(fc.constantFrom('scm', 'link'), hostile),
      source_dict: source,
    });
    fc.assert(
      fc.property(
        fc.array(one, { maxLength: 4 }),
        hostile,
        hostile,
        fc.array(hostile, { maxLength: 3 }),
        (packages, text, word, repos) => {
          const project = {
            description: text,
            instructions: text,
            homepage: word,
            contact: word,
            additional_repos: repos,
          };
          const answers = small(project, { packages: packages.map((each) => ({ ...each, auto_rebuild: false })) });
          const { parsed, project: read, left, policy } = run(answers);
          expect(parsed.ok).toBe(true);
          expect(policy?.admins).toEqual(['gardener']);
          expect(read?.maintainers).toEqual(['gardener']);
          expect((read?.packages.length ?? 0) + left.filter((what) => /^package(?: |$)/.test(what)).length).toBe(
            packages.length,
          );
        },
      ),
      { numRuns: 15 },
    );
  });
});

test('a folder of raw answers is read page after page', async () => {
  const { packages, project, chroots } = await readRecorded(join(testdata, 'seeds'));
  expect(packages.map(({ name }) => name)).toEqual(['one', 'two']);
  expect([project.homepage, chroots.length]).toEqual(['', 1]);
});
