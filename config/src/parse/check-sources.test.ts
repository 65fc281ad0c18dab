import { describe, expect, test } from 'vitest';
import { projectHead, projectProblems } from '../../testing/config-for-tests.ts';

/** The problems of a source, which stands on line 4 from column 14 on. */
const sourceProblems = (source: string, others: readonly string[] = []) =>
  projectProblems(`${projectHead}packages:\n  a: { source: ${source} }\n`, others);

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
        '4:8: the folder `packages/acme/tools/a/` holds no file (add the spec file and its sources there, or check the spelling of the folder; of a project that was renamed, move it there)',
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
    ['{ type: git, url: https://a.example/a.git, ref: v1.0, subdirectory: .distro, spec: .copr/a.spec }'],
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
      "4:60: `packages.a.source.ref` must be a branch, tag or commit, not a number (write it in quotes: `'1.10'`)",
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
      '{ type: git, url: https://a.example/a, ref: m, subdirectory: .GIT/hooks }',
      "4:77: `.GIT/hooks` is no path inside the source (`.git` is Git's own: it is no folder of a source)",
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

test('of a project that says its former name, what has to be moved is said', () => {
  const project = `${projectHead}renamedFrom: acme/old\npackages:\n  a: { source: { type: dir } }\n`;
  expect(projectProblems(project, ['packages/acme/old/a/a.spec'])).toEqual([
    '5:8: the folder `packages/acme/tools/a/` holds no file (folders have the new name too: move `packages/acme/old/a/` there)',
  ]);
});

test('of a project whose former folder is gone too, it is not said to be moved', () => {
  const one = `${projectHead}renamedFrom: acme/old\npackages:\n  a: { source: { type: dir } }\n`;
  const gone = /`packages\/acme\/old\/(a\/)?` is gone as well: .+`git revert`/;
  expect(projectProblems(one, [])).toEqual([expect.stringMatching(gone)]);
  expect(projectProblems(`${one}  b: { source: { type: dir } }\n`, [])).toEqual([expect.stringMatching(gone)]);
});

test('of a project whose whole folder is missing, that is said once', () => {
  const packages = 'packages:\n  a: { source: { type: dir } }\n  b: { source: { type: dir } }\n';
  expect(projectProblems(`${projectHead}renamedFrom: acme/old\n${packages}`, ['packages/acme/old/a/a.spec'])).toEqual([
    '5:8: the folder `packages/acme/tools/`, where 2 packages have their sources, holds no file (folders have the new name too: move `packages/acme/old/` there)',
  ]);
  expect(projectProblems(projectHead + packages, ['packages/acme/tools/a/a.spec'])).toEqual([
    expect.stringContaining('the folder `packages/acme/tools/b/` holds no file'),
  ]);
});
