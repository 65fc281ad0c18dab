import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  gitSource,
  packageForTests,
  policyText,
  problemsOf,
  projectForTests,
  projectHead,
  projectPath,
  projectProblems,
  treeOf,
} from '../../testing/config-for-tests.ts';
import { plainBuildroot } from '../words/buildroot.ts';
import type { ChrootName } from '../words/chroot.ts';
import { countProblems } from '../words/problem.ts';
import { parseConfigRepo } from './parse-config-repo.ts';

describe('a right config repo', () => {
  test('the example has no problem', () => {
    const folder = fileURLToPath(new URL('../../example', import.meta.url));
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
    const parsed = parseConfigRepo(
      treeOf({ 'coppice.yaml': policyText, [projectPath]: `${projectHead}packages: { a: { ${gitSource} } }` }),
    );
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
          signing: { lifeSeconds: 730 * 86_400, overlapSeconds: 7 * 86_400 },
          retention: {
            failedSeconds: 30 * 86_400,
            supersededSeconds: 90 * 86_400,
            failedBuilds: null,
            supersededBuilds: null,
            pullRequestsSeconds: 14 * 86_400,
            removedSeconds: 14 * 86_400,
          },
        },
        projects: [
          projectForTests({
            packages: [
              packageForTests('a', {
                source: { type: 'git', url: 'https://a.example/a.git', ref: 'main' },
                buildroots: new Map([['sapling-12-x86_64' as ChrootName, plainBuildroot]]),
              }),
            ],
          }),
        ],
      },
    });
  });

  test('names that JavaScript gives a meaning are names like others', () => {
    const text = `${projectHead}packages:\n  constructor: { ${gitSource} }\n  toString: { ${gitSource}, needs: [constructor] }\n`;
    expect(projectProblems(text)).toEqual([]);
  });

  test('logins are lower case', () => {
    const parsed = parseConfigRepo(treeOf({ 'coppice.yaml': policyText.replace('maintainer', 'Maintainer') }));
    expect(parsed.ok && parsed.value.policy.admins).toEqual(['maintainer']);
  });
});

describe('the places of files', () => {
  test('a project file at a wrong place is a problem, other files are not', () => {
    const others = [
      'projects/x.yaml',
      'projects/a/b/c.yaml',
      'projects/a/b.yml',
      'projects/a/d.YAML',
      'projects/a/e.Yml',
      'projects/a/f.yaml.bak',
      'Projects/a/g.yaml',
      'projects/README.md',
      '.github/ci.yaml',
    ];
    expect(problemsOf(treeOf({ 'coppice.yaml': policyText }, others))).toEqual([
      'projects/a/b.yml:1:1: a project is not read from this place (rename it to projects/a/b.yaml)',
      'projects/a/b/c.yaml:1:1: a project is not read from this place (move it to projects/<owner>/<name>.yaml)',
      'projects/a/d.YAML:1:1: a project is not read from this place (rename it to projects/a/d.yaml)',
      'projects/a/e.Yml:1:1: a project is not read from this place (rename it to projects/a/e.yaml)',
      'Projects/a/g.yaml:1:1: a project is not read from this place (rename it to projects/a/g.yaml)',
      'projects/x.yaml:1:1: a project is not read from this place (move it to projects/<owner>/<name>.yaml)',
    ]);
  });

  test('a policy of nearly the right name is told, beside the right one and instead of it', () => {
    for (const near of ['coppice.YAML', 'Coppice.yaml', 'coppice.yml']) {
      expect(problemsOf(treeOf({ 'coppice.yaml': policyText }, [near]))).toEqual([
        `${near}:1:1: the policy is not read from this place: it is in coppice.yaml (put what holds into coppice.yaml, and remove this file)`,
      ]);
      expect(problemsOf(treeOf({}, [near]))).toEqual([
        `coppice.yaml:1:1: the repository has no coppice.yaml (rename ${near})`,
      ]);
    }
    expect(problemsOf(treeOf({ 'coppice.yaml': policyText }, ['docs/coppice.yml', 'my-coppice.yaml']))).toEqual([]);
  });

  test('projects whose names differ only in case, reserved owners and names with other signs are problems', () => {
    const names = [
      'projects/acme/tools.yaml',
      'projects/acme/Tools.yaml',
      'projects/API/x.yaml',
      'projects/404.html/x.yaml',
      'projects/acme/index.html.yaml',
      'projects/acme/404.html.yaml',
      'projects/-x/y z.yaml',
    ];
    const texts = Object.fromEntries(names.map((name) => [name, projectHead]));
    expect(
      problemsOf(treeOf({ 'coppice.yaml': policyText, ...texts })).map((line) => line.replace(/ \(.*/, '')),
    ).toEqual([
      'projects/-x/y z.yaml:1:1: `-x` cannot name an owner',
      'projects/-x/y z.yaml:1:1: `y z` cannot name a project',
      'projects/404.html/x.yaml:1:1: no owner can have the name `404.html`: the site uses it itself',
      'projects/acme/404.html.yaml:1:1: no project can have the name `404.html`: web servers take it for the page of a folder',
      'projects/acme/index.html.yaml:1:1: no project can have the name `index.html`: web servers take it for the page of a folder',
      'projects/acme/tools.yaml:1:1: the project differs from `projects/acme/Tools.yaml` only in upper and lower case',
      'projects/API/x.yaml:1:1: no owner can have the name `API`: the site uses it itself',
    ]);
  });

  test('a link or a submodule in the place of a folder or a file is a problem', () => {
    const links = new Map([
      ['projects', 'old'],
      ['chroots', 'old'],
    ]);
    const submodules = new Set(['coppice.yaml', 'projects/acme', projectPath, `packages/acme/tools/hello`, 'vendor']);
    const tree = { ...treeOf({}, [...links.keys()]), links, submodules };
    expect(problemsOf(tree)).toEqual([
      'chroots:1:1: this is not a regular file (put the file itself here, not a link)',
      ...['coppice.yaml', 'packages/acme/tools/hello', 'projects', 'projects/acme', projectPath].map((path) =>
        path === 'projects'
          ? 'projects:1:1: this is not a regular file (put the file itself here, not a link)'
          : `${path}:1:1: this is a submodule, which is not read (put the files themselves here, not a link)`,
      ),
    ]);
  });

  test('a link in the place of a file is a problem', () => {
    const tree = treeOf({ 'coppice.yaml': policyText }, [projectPath]);
    expect(problemsOf(tree)).toEqual([
      `${projectPath}:1:1: this is not a regular file (put the file itself here, not a link)`,
    ]);
    expect(problemsOf(treeOf({}, ['coppice.yaml']))).toHaveLength(1);
  });

  test('a file that was too big to be read is a problem of its own', () => {
    const tree = {
      ...treeOf({ 'coppice.yaml': policyText, [projectPath]: '' }),
      oversize: new Map([[projectPath, 10_000_000]]),
    };
    expect(problemsOf(tree)[0]).toMatch(/tools.yaml:1:1: the file has 10000000 bytes; at most 262144 are read/);
    expect(problemsOf(tree)).toHaveLength(1);
  });
});

describe('more mistakes than anybody reads', () => {
  const lines = (count: number, line: (at: number) => string) =>
    Array.from({ length: count }, (_, at) => line(at)).join('');
  test.each<[string, string, number]>([
    ['keys that nobody knows', lines(2000, (at) => `unknown${at}: 1\n`), 1950],
    ['a key twice', lines(200, () => 'homepage: https://a.example/\n'), 149],
    ['needs that nobody has', `packages:\n  a: { ${gitSource}, needs: [${lines(500, (at) => `need${at},`)}] }\n`, 450],
    [
      'chroots that the policy does not know',
      `packages:\n  a: { ${gitSource}, chroots: [${lines(64, (at) => `el-${at}-x86_64,`)}] }\n`,
      14,
    ],
  ])('%s: 50 of each file are told in the order of the file, and the rest is counted', (_what, text, rest) => {
    const other = 'projects/acme/other.yaml';
    const parsed = parseConfigRepo(
      treeOf({ 'coppice.yaml': policyText, [projectPath]: projectHead + text, [other]: projectHead + text }),
    );
    const problems = parsed.ok ? [] : parsed.problems;
    expect(problems).toHaveLength(102);
    expect(problems.map(({ path }) => path)).toEqual([...Array(51).fill(other), ...Array(51).fill(projectPath)]);
    expect(problems[50]).toMatchObject({ message: `${rest} more problems are not listed`, more: rest });
    const places = problems.slice(0, 50).map(({ line, column }) => line * 100_000 + column);
    expect(places).toEqual(places.toSorted((one, another) => one - another));
    expect(countProblems(problems)).toBe(2 * (50 + rest));
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
      const parsed = parseConfigRepo(
        treeOf({ 'coppice.yaml': policyText, [projectPath]: JSON.stringify(stated) ?? '' }),
      );
      if (parsed.ok) return;
      expect(parsed.problems.length).toBeGreaterThan(0);
      for (const { line, column } of parsed.problems) expect(Math.min(line, column)).toBeGreaterThanOrEqual(1);
    }),
    { numRuns: 300 },
  );
});
