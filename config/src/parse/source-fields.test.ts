import { describe, expect, test } from 'vitest';
import { formatProblem } from '../words/problem.ts';
import { parseConfigRepo } from './parse-config-repo.ts';

const policy = `admins: [root]
chroots: { fedora-42-x86_64: , epel-9-x86_64: , fedora-40-x86_64: { state: eol } }
`;

/** Problems of one package's source, without the path; or the source as it was read. */
function read(source: string, files: readonly string[] = []) {
  const project = `maintainers: [a]\nchroots: [fedora-42-x86_64, epel-9-x86_64]\npackages:\n  hello:\n    source: ${source}\n`;
  const texts = new Map([
    ['coppice.yaml', policy],
    ['projects/acme/tools.yaml', project],
  ]);
  const paths = new Set([...texts.keys(), ...files.map((name) => `packages/acme/tools/hello/${name}`)]);
  const parsed = parseConfigRepo({ texts, oversize: new Map(), paths });
  if (parsed.ok) return parsed.value.projects[0]?.packages[0]?.source;
  return parsed.problems.map((problem) => formatProblem(problem).replace('projects/acme/tools.yaml:', ''));
}
const hash = 'a'.repeat(64);

describe('sources of every type are read', () => {
  test.each([
    `{ type: git, url: "https://example.org/a.git", ref: main, method: tito }`,
    `{ type: git, url: "https://example.org/a.git", ref: main, sources: { a-1.tar.gz: ${hash}, "https://b.example/c": ${hash} } }`,
    `{ type: distgit, instance: fedora }`,
    `{ type: distgit, instance: copr, package: a/b/c }`,
    `{ type: distgit, url: "https://example.org/a", branch: main, branches: { "epel-*": el }, lookaside: "https://l.example/{filename}/{hash}" }`,
    `{ type: pypi, package: requests, version: "2.32.3", python: ["3", "3.12"], generator: pyp2spec }`,
    `{ type: pypi, package: zope.interface, template: fedora }`,
    `{ type: rubygems, gem: rake }`,
    `{ type: script, script: "#!/bin/sh\\ntrue", builddeps: [git], resultdir: out, chroot: epel-9-x86_64 }`,
  ])('%s', (text) => {
    expect(read(text)).toMatchObject({ type: /type: (\w+)/.exec(text)?.[1] });
  });

  test('a script in the folder of the package', () => {
    expect(read('{ type: script, script: make.sh }', ['make.sh'])).toEqual({ type: 'script', script: 'make.sh' });
  });
});

describe('what is wrong with a source is said with its place', () => {
  const url = 'url: "https://example.org/a"';
  test.each([
    [`{ type: pypy, package: a }`, 'did you mean `pypi`?'],
    [`{ type: rubygems, gem: a, gme: b }`, '5:39: unknown key `gme` (did you mean `gem`?)'],
    [`{ type: git, ${url}, ref: a, method: tita }`, '5:72: `packages.hello.source.method` must be one of'],
    [`{ type: pypi, package: a, version: 1.10 }`, 'must be a version in quotes, not a number'],
    [`{ type: pypi, package: a, python: ["2.7"] }`, '`2.7` is no version of Python 3'],
    [`{ type: pypi, package: ../a }`, '`../a` cannot name a Python package'],
    [`{ type: rubygems, gem: "a/b" }`, '`a/b` cannot name a gem'],
    [`{ type: distgit }`, '5:5: it is not said which dist-git'],
    [`{ type: distgit, instance: fedora, ${url} }`, 'the dist-git is said twice'],
    [`{ type: distgit, instance: copr }`, "Copr's dist-git names packages by owner and project"],
    [`{ type: distgit, ${url}, branches: { "fedora-*": x } }`, 'no branch is said for `epel-9-x86_64`'],
    [
      `{ type: distgit, ${url}, branch: x, lookaside: "https://{name}.example/{filename}{hash}" }`,
      'the host is not said',
    ],
    [
      `{ type: distgit, ${url}, branch: x, lookaside: "https://a.example/{file}{hash}" }`,
      '`{file}` stands for nothing',
    ],
    [`{ type: distgit, ${url}, branch: x, lookaside: "https://a.example/" }`, 'lacks `{filename}` or `{hash}`'],
    [`{ type: distgit, ${url}, branch: x, branches: { "[": x } }`, '`[` is no chroot name or pattern'],
    [`{ type: git, ${url}, ref: a, sources: { "../a": ${hash} } }`, '`../a` is no file name'],
    [`{ type: git, ${url}, ref: a, sources: { a: md5 } }`, '`md5` is no SHA-256'],
    [`{ type: script, script: "sh /x" }`, '`sh /x` is neither a script nor the name of a file'],
    [`{ type: script, script: make.sh }`, '5:37: the folder `packages/acme/tools/hello/` holds no `make.sh`'],
    [
      `{ type: script, script: "#!/bin/sh", chroot: fedora-40-x86_64 }`,
      'the chroot `fedora-40-x86_64` is not one that',
    ],
    [`{ type: script, script: "#!/bin/sh", resultdir: /out }`, '`/out` is no path inside the source'],
  ])('%s', (text, message) => {
    expect(read(text)).toEqual([expect.stringContaining(message)]);
  });
});
