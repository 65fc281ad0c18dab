import { describe, expect, test } from 'vitest';
import {
  gitSource,
  policyText,
  problemsOf,
  projectHead,
  projectPath,
  projectProblems,
  treeOf,
} from '../../testing/config-for-tests.ts';
import { formatProblem } from '../words/problem.ts';
import { parseConfigRepo } from './parse-config-repo.ts';
import type { MetadataFile } from './parse-project.ts';

describe('a project file', () => {
  test('names all mistakes at once, each at its place', () => {
    const text = `discription: x
maintainers: octocat
builders: [1, '@x', a, A]
chroots: [sapling-12-x86_64, sapling-12-x86_65]
repos: ['http://a.example/']
packages:
  ../x: { ${gitSource} }
  hello:
    source: { type: gti }
    needs: [a, a]
    timeout: 90
  empty: {}
  late:
    ${gitSource}
    timeout: 1 hour
    needs:
`;
    expect(projectProblems(text)).toEqual([
      '1:1: unknown key `discription` (did you mean `description`?)',
      '2:14: `maintainers` must be a list of logins, not a text (write each item on a line of its own after `- `, or as `[one, two]`)',
      "3:12: item 1 of `builders` must be a login, not a number (write it in quotes: `'1'`)",
      '3:15: `@x` is no GitHub login (write a person without the `@`, a team as `@organization/team`)',
      '4:30: `sapling-12-x86_65` is no chroot name (a chroot is distribution-release-architecture, for example `fedora-42-x86_64`)',
      '5:9: the address begins with `http:` (only https is fetched: `https://…`)',
      '7:3: `../x` cannot name a package (letters, digits and `._+-`, beginning with a letter, a digit or `_`, 100 characters at most)',
      '9:21: `packages.hello.source.type` must be one of `dir`, `git`, `distgit`, `srpm`, `pypi`, `rubygems`, `script`, not `gti` (did you mean `git`?)',
      '10:16: `a` is in the list twice (keep one of them)',
      '11:14: `packages.hello.timeout` must be a duration such as `1h30m`, not a number (write its unit: `90s` or `1m30s`)',
      '12:3: `packages.empty` lacks `source` (add `source:`)',
      '15:14: `1 hour` is no duration (write `1h`)',
      '16:11: `packages.late.needs` must be a list of package names, not empty (give it a value, or remove the key)',
    ]);
  });

  test.each([
    ['retention: { removed: 0 }', 'not a number (write `remove`: it goes at once)'],
    ['retention: { removed: 14 }', 'not a number (write its unit: `14s`)'],
    ['frozen: true', 'must be a reason in words, not `true` or `false` (say why in a few words, or remove the key)'],
    [
      'runtimeRepos: [acme/tools]',
      '`acme/tools` is no address (of a project of this service write `coppice://acme/tools`)',
    ],
    ['repos: [acme/lib]', '`acme/lib` is no address (of a project of this service write `coppice://acme/lib`)'],
    [
      "repos: ['copr://x/y']",
      '`copr://x/y` is an address that only Copr knows (write where Copr publishes it: `https://download.copr.fedorainfracloud.org/results/x/y/fedora-$releasever-$basearch/`)',
    ],
    [
      'runtimeRepos: [https://x.example/foo.repo]',
      '`https://x.example/foo.repo` is a file for dnf, not the repository itself (write the address that stands in it after `baseurl=`)',
    ],
    ['priority: 10', 'unknown key `priority` (it belongs under `repoOptions:`)'],
    [
      `packages: { a: { ${gitSource}, publish: manual } }`,
      'unknown key `publish` (it belongs to the file as a whole: write it at the top, without indentation)',
    ],
    [`packages: { a: { ${gitSource}, type: git } }`, 'unknown key `type` (it belongs under `source:`)'],
    [`packages: { a: { ${gitSource}, tiemout: 1h } }`, 'unknown key `tiemout` (did you mean `timeout`?)'],
  ])('of `%s` says what to write', (line, expected) => {
    expect(projectProblems(`${projectHead}${line}\n`)).toEqual([expect.stringContaining(expected)]);
  });

  test.each([
    [
      'a chroot that coppice.yaml does not allow',
      `maintainers: [a]\nchroots: [fedora-43-x86_64]\n`,
      '2:11: the chroot `fedora-43-x86_64` is not one that coppice.yaml allows (did you mean `fedora-42-x86_64`?)',
    ],
    [
      "a chroot that is not the project's",
      `${projectHead}packages:\n  a: { ${gitSource}, chroots: [fedora-42-x86_64] }\n`,
      "4:82: the chroot `fedora-42-x86_64` is not one of the project's (the project's: sapling-12-x86_64)",
    ],
    [
      'names that differ only in case',
      `${projectHead}packages:\n  hello: { ${gitSource} }\n  Hello: { ${gitSource} }\n`,
      '5:3: the packages `hello` and `Hello` differ only in upper and lower case (give one of them another name)',
    ],
    [
      'a package twice',
      `${projectHead}packages:\n  hello: { ${gitSource} }\n  hello: { ${gitSource} }\n`,
      '5:3: `hello` is there twice (the first one is on line 4; keep one of them)',
    ],
    [
      'a package with the name of a page',
      `${projectHead}packages:\n  Index.html: { ${gitSource} }\n`,
      '4:3: no package can have the name `Index.html`: web servers take it for the page of a folder (give it another name)',
    ],
    [
      'a package with the name of the page for what does not exist',
      `${projectHead}packages:\n  404.html: { ${gitSource} }\n`,
      '4:3: no package can have the name `404.html`: web servers take it for the page of a folder (give it another name)',
    ],
    [
      'a need that is no package',
      `${projectHead}packages:\n  libgreet: { ${gitSource} }\n  a: { ${gitSource}, needs: [libgret] }\n`,
      '5:80: the project has no package `libgret` (did you mean `libgreet`?)',
    ],
    [
      'a need of itself',
      `${projectHead}packages:\n  a: { ${gitSource}, needs: [a] }\n`,
      '4:80: `a` needs itself (remove it from its `needs`)',
    ],
    [
      'a circle of needs',
      `${projectHead}packages:\n  b: { ${gitSource}, needs: [c] }\n  a: { ${gitSource}, needs: [b] }\n  c: { ${gitSource}, needs: [a] }\n`,
      '5:80: packages need each other in a circle: a → b → c → a (remove one of these needs)',
    ],
    [
      'a timeout that is too long',
      `${projectHead}packages:\n  a: { ${gitSource}, timeout: 9h }\n`,
      '4:81: the timeout of `a` is longer than coppice.yaml allows (`8h` at most)',
    ],
    [
      'a bot among the maintainers',
      `maintainers: ['renovate[bot]']\nchroots: [sapling-12-x86_64]\n`,
      '1:15: `renovate[bot]` is a bot (bots can only be `builders`)',
    ],
    [
      'a team without an organization',
      `maintainers: ['@core']\nchroots: [sapling-12-x86_64]\n`,
      '1:15: `@core` is no GitHub login (write a person without the `@`, a team as `@organization/team`)',
    ],
    [
      'a team that is not in quotes',
      `maintainers: [@acme/core]\nchroots: [sapling-12-x86_64]\n`,
      "1:15: a value cannot begin with this character (put the value in quotes, as in `'@acme/core'`)",
    ],
    [
      'a list as packages',
      `${projectHead}packages: [a]\n`,
      '3:11: `packages` must be a mapping, not a list (write `key: value` lines, indented by two spaces, without `- `)',
    ],
    [
      'a merge key',
      `${projectHead}packages:\n  <<: { a: { ${gitSource} } }\n`,
      '4:3: the merge key `<<` is not read here (write its keys out; an alias (`*name`) may stand for one whole value)',
    ],
    [
      'a number as the name of a package: 1.10 would be called 1.1',
      `${projectHead}packages:\n  1.10: { ${gitSource} }\n`,
      "4:3: the key `1.10` is a number to YAML, not a text (write it in quotes: `'1.10':`)",
    ],
    [
      'a number as the name of a macro',
      `${projectHead}packages:\n  a: { ${gitSource}, macros: { 1e3: x } }\n`,
      "4:82: the key `1e3` is a number to YAML, not a text (write it in quotes: `'1e3':`)",
    ],
    [
      'a word of the language as a name',
      `${projectHead}packages:\n  true: { ${gitSource} }\n`,
      "4:3: the key `true` is `true` or `false` to YAML, not a text (write it in quotes: `'true':`)",
    ],
    [
      'a key behind a space that is none',
      `${projectHead}\u00a0packages: {}\n`,
      '3:1: the key ` packages` holds the character U+00A0 (remove it; it cannot be told from a space or from nothing)',
    ],
    [
      'a list of packages with names',
      `${projectHead}packages:\n  - name: a\n`,
      '4:3: `packages` must be a mapping, not a list (write `NAME:` and its keys below, indented by two spaces, instead of `- name: NAME`)',
    ],
    [
      'a mapping as maintainers',
      `maintainers: { a: b }\nchroots: [sapling-12-x86_64]\n`,
      '1:14: `maintainers` must be a list of logins, not a mapping (write each item on a line of its own after `- `, or as `[one, two]`)',
    ],
    [
      'a number of seconds',
      `${projectHead}packages:\n  a: { ${gitSource}, timeout: 3600 }\n`,
      '4:81: `packages.a.timeout` must be a duration such as `1h30m`, not a number (write its unit: `3600s` or `1h`)',
    ],
    [
      'half an hour in numbers',
      `${projectHead}packages:\n  a: { ${gitSource}, timeout: 0.5 }\n`,
      '4:81: `packages.a.timeout` must be a duration such as `1h30m`, not a number (write its unit: `90s`, `30m`, `1h30m`)',
    ],
    [
      'seconds in quotes',
      `${projectHead}packages:\n  a: { ${gitSource}, timeout: '5400' }\n`,
      '4:81: `5400` is no duration (write `1h30m`)',
    ],
    [
      'a duration in words',
      `${projectHead}packages:\n  a: { ${gitSource}, timeout: 1 hour and 30 min }\n`,
      '4:81: `1 hour and 30 min` is no duration (write days, hours, minutes, seconds: `90s`, `30m`, `1h30m`)',
    ],
    [
      'a size without its unit',
      `${projectHead}packages:\n  a: { ${gitSource}, memory: 2048 }\n`,
      '4:80: `packages.a.memory` must be a size such as `10 GiB`, not a number (write its unit, B, KiB, MiB, GiB or TiB: `10 GiB`)',
    ],
    [
      'a word of earlier YAML',
      `${projectHead}pinned: on\n`,
      '3:9: `pinned` must be `true` or `false`, not a text (write `true`: `on` is a text to YAML)',
    ],
    [
      'a word in quotes',
      `${projectHead}pinned: "false"\n`,
      '3:9: `pinned` must be `true` or `false`, not a text (write it without quotes: `false`)',
    ],
    [
      'a file of comments',
      '# nothing yet\n',
      '1:1: the file is empty (write at least `maintainers:`, `chroots:`; comments count for nothing)',
    ],
    [
      'keys without a space behind their colon',
      'maintainers:[a]\nchroots:[sapling-12-x86_64]\n',
      '1:1: the file must be a mapping, not a text (write `key: value` lines, with a space after each `:`)',
    ],
  ])('refuses %s', (_what, text, expected) => {
    expect(projectProblems(text)[0]).toBe(expected);
  });

  test('takes people, teams and bots, in lower case', () => {
    const text = `maintainers: [Bea, '@Acme/Core_Team']\nbuilders: ['@acme/ci', 'Renovate[bot]']\nchroots: [sapling-12-x86_64]\n`;
    expect(projectProblems(text)).toEqual([]);
    const parsed = parseConfigRepo(treeOf({ 'coppice.yaml': policyText, [projectPath]: text }));
    const [project] = parsed.ok ? parsed.value.projects : [];
    expect([project?.maintainers, project?.builders]).toEqual([
      ['bea', '@acme/core_team'],
      ['@acme/ci', 'renovate[bot]'],
    ]);
  });

  test('a chroot is not held against a coppice.yaml that has problems itself', () => {
    const found = problemsOf(treeOf({ 'coppice.yaml': 'admins: [a]', [projectPath]: projectHead }));
    expect(found).toEqual(['coppice.yaml:1:1: the file lacks `chroots` (add `chroots:`)']);
  });
});

describe('further files of the metadata', () => {
  const files = new Map<string, MetadataFile>([
    ['packages/acme/tools/comps.xml', { root: 'comps' }],
    ['packages/acme/tools/apps.xml.gz', { root: 'components' }],
    ['packages/acme/tools/bad.xml', { fault: 'is no XML' }],
    ['packages/acme/other/there.xml', { root: 'comps' }],
  ]);
  const parse = (metadata: string) => {
    const texts = { 'coppice.yaml': policyText, [projectPath]: `${projectHead}metadata: ${metadata}\n` };
    return parseConfigRepo({ ...treeOf(texts, [...files.keys()]), metadataFiles: files });
  };
  const lines = (metadata: string) => {
    const parsed = parse(metadata);
    return parsed.ok ? [] : parsed.problems.map(formatProblem).map((line) => line.replace(`${projectPath}:`, ''));
  };

  test('are those that the project names', () => {
    const parsed = parse('{ comps: comps.xml, appstream: apps.xml.gz }');
    expect(parsed.ok && parsed.value.projects[0]?.metadata).toEqual({ comps: 'comps.xml', appstream: 'apps.xml.gz' });
  });

  test('are there, regular, and what they are stated as', () => {
    expect(lines('{ comps: bad.xml, appstream: comps.xml }')).toEqual([
      '3:20: `packages/acme/tools/bad.xml` is no XML (mend the file, or remove the key)',
      '3:40: `packages/acme/tools/comps.xml` holds `<comps>`, not `<components>` (mend the file, or remove the key)',
    ]);
    expect(lines('{ comps: there.xml }')).toEqual([
      expect.stringContaining('`metadata.comps`: there is no file `packages/acme/tools/there.xml`'),
    ]);
    expect(lines('{ comps: ../other/there.xml }')).toEqual([expect.stringContaining('is no name such as')]);
    expect(lines('{ comps: comps.xml.gz }')).toEqual([expect.stringContaining('ending in `.xml`')]);
  });
});
