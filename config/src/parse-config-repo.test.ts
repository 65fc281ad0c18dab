import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainBuildroot } from './buildroot.ts';
import { type ConfigTree, isConfigYaml, parseConfigRepo } from './parse-config-repo.ts';
import { formatProblem } from './problem.ts';

const policy = 'admins: [maintainer]\nchroots: [sapling-12-x86_64, fedora-42-x86_64]\n';
const path = 'projects/acme/tools.yaml';
const head = 'maintainers: [octocat]\nchroots: [sapling-12-x86_64]\n';
const git = 'source: { type: git, url: https://a.example/a.git, ref: main }';

function treeOf(texts: Record<string, string>, others: readonly string[] = []): ConfigTree {
  const paths = new Set([...Object.keys(texts), ...others]);
  return { texts: new Map(Object.entries(texts).filter(([name]) => isConfigYaml(name))), oversize: new Map(), paths };
}

function problemsOf(tree: ConfigTree): string[] {
  const parsed = parseConfigRepo(tree);
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
}

/** The problems of one project file, after a right policy. */
const projectProblems = (text: string, others: readonly string[] = []) =>
  problemsOf(treeOf({ 'coppice.yaml': policy, [path]: text }, others)).map((line) => line.replace(`${path}:`, ''));

/** The problems of a source, which stands on line 4 from column 14 on. */
const sourceProblems = (source: string, others: readonly string[] = []) =>
  projectProblems(`${head}packages:\n  a: { source: ${source} }\n`, others);

describe('a right config repo', () => {
  test('the example has no problem', () => {
    const folder = fileURLToPath(new URL('../example', import.meta.url));
    const names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1));
    const texts = Object.fromEntries(names.map((name) => [name, readFileSync(`${folder}/${name}`, 'utf8')]));
    const parsed = parseConfigRepo(treeOf(texts));
    expect(parsed.ok ? [] : parsed.problems).toEqual([]);
    if (!parsed.ok) return;
    expect(parsed.value.projects[0]?.packages.map(({ name, needs }) => ({ name, needs }))).toEqual([
      { name: 'libgreet', needs: [] },
      { name: 'hello', needs: ['libgreet'] },
      { name: 'motd', needs: [] },
    ]);
  });

  test('what is not stated has its default', () => {
    const parsed = parseConfigRepo(treeOf({ 'coppice.yaml': policy, [path]: `${head}packages: { a: { ${git} } }` }));
    expect(parsed).toEqual({
      ok: true,
      value: {
        policy: {
          admins: ['maintainer'],
          chroots: ['sapling-12-x86_64', 'fedora-42-x86_64'],
          chrootStates: new Map([
            ['sapling-12-x86_64', { state: 'active', keepUntil: null }],
            ['fedora-42-x86_64', { state: 'active', keepUntil: null }],
          ]),
          limits: {
            timeoutSeconds: 3600,
            maximumTimeoutSeconds: 28_800,
            diskBytes: 10 * 2 ** 30,
            sourceBytes: 2 ** 30,
            memoryBytes: null,
            maximumMemoryBytes: null,
            perOwner: null,
            perChroot: new Map(),
            perArchitecture: new Map(),
          },
          allow: { network: false, repos: ['https://'], isolation: ['auto', 'simple', 'nspawn'] },
          retention: {
            failedSeconds: 30 * 86_400,
            supersededSeconds: 90 * 86_400,
            pullRequestsSeconds: 14 * 86_400,
          },
        },
        projects: [
          {
            owner: 'acme',
            name: 'tools',
            description: '',
            instructions: '',
            homepage: null,
            contact: null,
            chroots: ['sapling-12-x86_64'],
            maintainers: ['octocat'],
            builders: [],
            repos: [],
            runtimeRepos: [],
            network: false,
            background: false,
            builderLabels: [],
            frozen: null,
            deleteAfter: null,
            pinned: false,
            forkedFrom: null,
            renamedFrom: null,
            packages: [
              {
                name: 'a',
                source: { type: 'git', url: 'https://a.example/a.git', ref: 'main' },
                needs: [],
                timeoutSeconds: 3600,
                memoryBytes: null,
                background: false,
                builderLabels: [],
                rebuildOnNeeds: false,
                chroots: ['sapling-12-x86_64'],
                buildroots: new Map([['sapling-12-x86_64', plainBuildroot]]),
              },
            ],
            path,
          },
        ],
      },
    });
  });

  test('names that JavaScript gives a meaning are names like others', () => {
    const text = `${head}packages:\n  constructor: { ${git} }\n  toString: { ${git}, needs: [constructor] }\n`;
    expect(projectProblems(text)).toEqual([]);
  });

  test('logins are lower case', () => {
    const parsed = parseConfigRepo(treeOf({ 'coppice.yaml': policy.replace('maintainer', 'Maintainer') }));
    expect(parsed.ok && parsed.value.policy.admins).toEqual(['maintainer']);
  });
});

describe('coppice.yaml', () => {
  const policyProblems = (text: string) => problemsOf(treeOf({ 'coppice.yaml': text }));

  test('is needed', () => {
    expect(problemsOf(treeOf({}))[0]).toMatch(/^coppice.yaml:1:1: the repository has no coppice.yaml/);
    expect(problemsOf(treeOf({}, ['coppice.yml']))[0]).toMatch(/\(rename coppice.yml\)$/);
  });

  test.each([
    ['', ['coppice.yaml:1:1: the file is empty (give it a value, or remove the key)']],
    ['admins: [a]\n', ['coppice.yaml:1:1: the file lacks `chroots` (add `chroots:`)']],
    [
      `${policy}limits: { timeout: 9h }`,
      [
        'coppice.yaml:3:20: `limits.timeout` is longer than `limits.maximumTimeout` (make it shorter, or the maximum longer)',
      ],
    ],
    [
      `${policy}limits: { disk: 10 GB, timeot: 1h }`,
      [
        'coppice.yaml:3:17: `10 GB` is no size (write a whole number and B, KiB, MiB, GiB or TiB: `10 GiB`)',
        'coppice.yaml:3:24: unknown key `timeot` (did you mean `timeout`?)',
      ],
    ],
    [
      'admins: []\nchroots: [fedora]\n',
      [
        'coppice.yaml:1:9: `admins` must be a list of logins with at least one item, not an empty list (add one)',
        'coppice.yaml:2:11: `fedora` is no chroot name (a chroot is distribution-release-architecture, for example `fedora-42-x86_64`)',
      ],
    ],
  ])('%j', (text, expected) => {
    expect(policyProblems(text)).toEqual(expected);
  });
});

describe('a project file', () => {
  test('names all mistakes at once, each at its place', () => {
    const text = `discription: x
maintainers: octocat
builders: [1, '@x', a, A]
chroots: [sapling-12-x86_64, sapling-12-x86_65]
repos: ['http://a.example/']
packages:
  ../x: { ${git} }
  hello:
    source: { type: gti }
    needs: [a, a]
    timeout: 90
  empty: {}
  late:
    ${git}
    timeout: 1 hour
    needs:
`;
    expect(projectProblems(text)).toEqual([
      '1:1: unknown key `discription` (did you mean `description`?)',
      '2:14: `maintainers` must be a list of logins, not a text (write each item on a line of its own after `- `, or as `[one, two]`)',
      '3:12: item 1 of `builders` must be a login, not a number (write it in quotes, or as the text that is meant)',
      '3:15: `@x` is no GitHub login (write it without the `@`)',
      '4:30: `sapling-12-x86_65` is no chroot name (a chroot is distribution-release-architecture, for example `fedora-42-x86_64`)',
      '5:9: the address begins with `http:` (only https is fetched: `https://…`)',
      '7:3: `../x` cannot name a package (letters, digits and `._+-`, beginning with a letter, a digit or `_`, 100 characters at most)',
      '9:21: `packages.hello.source.type` must be one of `dir`, `git`, `distgit`, `srpm`, `pypi`, `rubygems`, `script`, not `gti` (did you mean `git`?)',
      '10:16: `a` is in the list twice (keep one of them)',
      '11:14: `packages.hello.timeout` must be a duration such as `1h30m`, not a number (write it in quotes, or as the text that is meant)',
      '12:3: `packages.empty` lacks `source` (add `source:`)',
      '15:14: `1 hour` is no duration (write days, hours, minutes, seconds: `90s`, `30m`, `1h30m`)',
      '16:11: `packages.late.needs` must be a list of package names, not empty (give it a value, or remove the key)',
    ]);
  });

  test.each([
    [
      'a chroot that coppice.yaml does not allow',
      `maintainers: [a]\nchroots: [fedora-43-x86_64]\n`,
      '2:11: the chroot `fedora-43-x86_64` is not one that coppice.yaml allows (did you mean `fedora-42-x86_64`?)',
    ],
    [
      "a chroot that is not the project's",
      `${head}packages:\n  a: { ${git}, chroots: [fedora-42-x86_64] }\n`,
      "4:82: the chroot `fedora-42-x86_64` is not one of the project's (the project's: sapling-12-x86_64)",
    ],
    [
      'names that differ only in case',
      `${head}packages:\n  hello: { ${git} }\n  Hello: { ${git} }\n`,
      '5:3: the packages `hello` and `Hello` differ only in upper and lower case (give one of them another name)',
    ],
    [
      'a package twice',
      `${head}packages:\n  hello: { ${git} }\n  hello: { ${git} }\n`,
      '5:3: `hello` is there twice (the first one is on line 4; keep one of them)',
    ],
    [
      'a need that is no package',
      `${head}packages:\n  libgreet: { ${git} }\n  a: { ${git}, needs: [libgret] }\n`,
      '5:80: the project has no package `libgret` (did you mean `libgreet`?)',
    ],
    [
      'a need of itself',
      `${head}packages:\n  a: { ${git}, needs: [a] }\n`,
      '4:80: `a` needs itself (remove it from its `needs`)',
    ],
    [
      'a circle of needs',
      `${head}packages:\n  b: { ${git}, needs: [c] }\n  a: { ${git}, needs: [b] }\n  c: { ${git}, needs: [a] }\n`,
      '5:80: packages need each other in a circle: a → b → c → a (remove one of these needs)',
    ],
    [
      'a timeout that is too long',
      `${head}packages:\n  a: { ${git}, timeout: 9h }\n`,
      '4:81: the timeout of `a` is longer than coppice.yaml allows (28800 seconds at most)',
    ],
    [
      'a list as packages',
      `${head}packages: [a]\n`,
      '3:11: `packages` must be a mapping, not a list (write `key: value` lines, indented by two spaces)',
    ],
    [
      'a merge key',
      `${head}packages:\n  <<: { a: { ${git} } }\n`,
      '4:3: `<<` cannot name a package (letters, digits and `._+-`, beginning with a letter, a digit or `_`, 100 characters at most)',
    ],
  ])('refuses %s', (_what, text, expected) => {
    expect(projectProblems(text)[0]).toBe(expected);
  });

  test('a chroot is not held against a coppice.yaml that has problems itself', () => {
    const found = problemsOf(treeOf({ 'coppice.yaml': 'admins: [a]', [path]: head }));
    expect(found).toEqual(['coppice.yaml:1:1: the file lacks `chroots` (add `chroots:`)']);
  });
});

describe('a source', () => {
  const folder = 'packages/acme/tools/a';

  test.each([
    ['{ type: dir }', ['a.spec', 'a.c'], []],
    ['{ type: dir, spec: b.spec }', ['a.spec', 'b.spec'], []],
    ['{ type: dir, spec: rpm/a.spec }', ['rpm/a.spec'], []],
    [
      '{ type: dir }',
      [],
      [
        '4:8: the folder `packages/acme/tools/a/` holds no file (add the spec file and its sources there, or check the spelling of the folder)',
      ],
    ],
    ['{ type: dir }', ['a.c'], ['4:8: the folder `packages/acme/tools/a/` holds no spec file (add `a.spec` there)']],
    [
      '{ type: dir }',
      ['b.spec', 'a.spec'],
      ['4:8: the folder `packages/acme/tools/a/` holds 2 spec files (say which one with `spec:`: a.spec, b.spec)'],
    ],
    [
      '{ type: dir, spec: a.spec }',
      ['b.spec'],
      ['4:35: the folder `packages/acme/tools/a/` holds no `a.spec` (did you mean `b.spec`?)'],
    ],
  ])('%s with the files %j', (source, files, expected) => {
    expect(
      sourceProblems(
        source,
        files.map((name) => `${folder}/${name}`),
      ),
    ).toEqual(expected);
  });

  test.each([
    ['{ type: git, url: https://a.example/a.git, ref: v1.0, subdirectory: rpm/x, spec: rpm/x/a.spec }'],
    [`{ type: srpm, url: https://a.example/a.src.rpm, sha256: ${'0a'.repeat(32)} }`],
  ])('%s is right', (source) => {
    expect(sourceProblems(source)).toEqual([]);
  });

  test.each([
    [
      '{ type: git, url: git@github.com:acme/a.git, ref: main }',
      '4:34: `git@github.com:acme/a.git` is an SSH address (the service has no SSH key: https://github.com/acme/a.git)',
    ],
    [
      '{ type: git, url: ssh://git@github.com/acme/a.git, ref: main }',
      '4:34: `ssh://git@github.com/acme/a.git` is an SSH address (the service has no SSH key: https://github.com/acme/a.git)',
    ],
    [
      '{ type: git, url: http://a.example/a.git, ref: main }',
      '4:34: the address begins with `http:` (only https is fetched: `https://…`)',
    ],
    [
      '{ type: git, url: file:///etc, ref: main }',
      '4:34: the address begins with `file:` (only https is fetched: `https://…`)',
    ],
    [
      '{ type: git, url: "ext::sh -c id", ref: main }',
      '4:34: the address begins with `ext:` (only https is fetched: `https://…`)',
    ],
    [
      '{ type: git, url: --upload-pack=id, ref: main }',
      '4:34: `--upload-pack=id` is no address (for example https://example.org/name)',
    ],
    [
      '{ type: git, url: https://token@a.example/a, ref: main }',
      '4:34: the address holds a user name or a password (remove it; everybody can read this file)',
    ],
    [
      '{ type: git, url: https://me:secret@a.example/a, ref: main }',
      '4:34: the address holds a user name or a password (remove it; everybody can read this file)',
    ],
    [
      '{ type: git, url: https://a.example/a, ref: --force }',
      '4:60: `--force` is no branch, tag or commit (for example `main`, `v2.12` or a full commit)',
    ],
    [
      '{ type: git, url: https://a.example/a, ref: a..b }',
      '4:60: `a..b` is no branch, tag or commit (for example `main`, `v2.12` or a full commit)',
    ],
    [
      '{ type: git, url: https://a.example/a, ref: 1.10 }',
      '4:60: `packages.a.source.ref` must be a branch, tag or commit, not a number (write it in quotes, or as the text that is meant)',
    ],
    [
      '{ type: git, url: https://a.example/a, ref: m, spec: /etc/a.spec }',
      '4:69: `/etc/a.spec` is no path inside the source (write it relative to the source, with `/`)',
    ],
    [
      '{ type: git, url: https://a.example/a, ref: m, spec: ../a.spec }',
      '4:69: `../a.spec` is no path inside the source (leave out `.`, `..` and empty parts)',
    ],
    [
      '{ type: git, url: https://a.example/a, ref: m, spec: a.txt }',
      '4:69: `a.txt` is no spec file (its name ends in `.spec`)',
    ],
    [
      '{ type: git, url: https://a.example/a, ref: m, subdirectory: a/../.. }',
      '4:77: `a/../..` is no path inside the source (leave out `.`, `..` and empty parts)',
    ],
    [
      '{ type: git, url: https://a.example/a, ref: m, subdirectory: -x }',
      '4:77: `-x` is no path inside the source (letters, digits and `._+~-` in each part, 200 characters at most)',
    ],
    [
      '{ type: srpm, url: https://a.example/a, sha256: abc }',
      '4:64: `abc` is no SHA-256 (64 of 0-9 and a-f; `sha256sum FILE` prints it)',
    ],
  ])('%s is refused', (source, expected) => {
    expect(sourceProblems(source)).toEqual([expected]);
  });

  test('a password in an address is not repeated in the problem', () => {
    const found = sourceProblems('{ type: git, url: "https://me:hunter2@a.example/a", ref: main }');
    expect(found.join()).not.toContain('hunter2');
  });
});

describe('the places of files', () => {
  test('a project file at a wrong place is a problem, other files are not', () => {
    const others = [
      'projects/x.yaml',
      'projects/a/b/c.yaml',
      'projects/a/b.yml',
      'projects/README.md',
      '.github/ci.yaml',
    ];
    expect(problemsOf(treeOf({ 'coppice.yaml': policy }, others))).toEqual([
      'projects/a/b.yml:1:1: a project is not read from this place (move it to projects/<owner>/<name>.yaml)',
      'projects/a/b/c.yaml:1:1: a project is not read from this place (move it to projects/<owner>/<name>.yaml)',
      'projects/x.yaml:1:1: a project is not read from this place (move it to projects/<owner>/<name>.yaml)',
    ]);
  });

  test('projects whose names differ only in case, reserved owners and names with other signs are problems', () => {
    const names = [
      'projects/acme/tools.yaml',
      'projects/acme/Tools.yaml',
      'projects/API/x.yaml',
      'projects/-x/y z.yaml',
    ];
    const texts = Object.fromEntries(names.map((name) => [name, head]));
    expect(problemsOf(treeOf({ 'coppice.yaml': policy, ...texts })).map((line) => line.replace(/ \(.*/, ''))).toEqual([
      'projects/-x/y z.yaml:1:1: `-x` cannot name an owner',
      'projects/-x/y z.yaml:1:1: `y z` cannot name a project',
      'projects/acme/tools.yaml:1:1: the project differs from `projects/acme/Tools.yaml` only in upper and lower case',
      'projects/API/x.yaml:1:1: no owner can have the name `API`: the site uses it itself',
    ]);
  });

  test('a link in the place of a file is a problem', () => {
    const tree = treeOf({ 'coppice.yaml': policy }, [path]);
    expect(problemsOf(tree)).toEqual([
      `${path}:1:1: this is not a regular file (put the file itself here, not a link)`,
    ]);
    expect(problemsOf(treeOf({}, ['coppice.yaml']))).toHaveLength(1);
  });

  test('a file that was too big to be read is a problem of its own', () => {
    const tree = { ...treeOf({ 'coppice.yaml': policy, [path]: '' }), oversize: new Map([[path, 10_000_000]]) };
    expect(problemsOf(tree)[0]).toMatch(/tools.yaml:1:1: the file has 10000000 bytes; at most 262144 are read/);
    expect(problemsOf(tree)).toHaveLength(1);
  });
});

test('whatever a project file holds, parsing gives problems or a project and never throws', () => {
  const keys = fc.constantFrom(
    'description',
    'maintainers',
    'chroots',
    'packages',
    'repos',
    'builders',
    'needs',
    'source',
    'type',
    '__proto__',
    'a',
  );
  const leaf = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom('git', 'dir', 'a', 'sapling-12-x86_64'),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(keys, tie('value')),
    ),
  }));
  fc.assert(
    fc.property(value, (stated) => {
      const parsed = parseConfigRepo(treeOf({ 'coppice.yaml': policy, [path]: JSON.stringify(stated) ?? '' }));
      if (parsed.ok) return;
      expect(parsed.problems.length).toBeGreaterThan(0);
      for (const { line, column } of parsed.problems) expect(Math.min(line, column)).toBeGreaterThanOrEqual(1);
    }),
    { numRuns: 300 },
  );
});
