import { afterAll, beforeAll, expect, test } from 'vitest';
import { gitIn } from '../../local-github/git/git-in.ts';
import { openTestGithub, type TestGithub } from '../../testing/local-github-client.ts';
import { type GitLook, gitKey } from './git-looks.ts';
import { gitRemarks } from './git-remarks.ts';
import { type LookBounds, lookAtGit } from './look-at-git.ts';

const bounds: LookBounds = { seconds: 20, allSeconds: 40, bytes: 5_000_000 };
let it: TestGithub;
let url = '';

/** A branch of the repository with these files, and submodules by their paths. */
async function commit(branch: string, files: Readonly<Record<string, string>>, submodules: readonly string[]) {
  const who = [
    ['user.name', 'mia'],
    ['user.email', 'mia@example.test'],
  ] as const;
  const git = gitIn(`${it.folder}/repositories/acme/packages.git`, { config: who });
  const entries: string[] = submodules.map((path) => `160000 commit ${'f'.repeat(40)}\t${path}`);
  for (const [path, text] of Object.entries(files)) {
    entries.push(`100644 blob ${await git.text(['hash-object', '-w', '--stdin'], text)}\t${path}`);
  }
  const tree = await git.text(['mktree'], `${entries.join('\n')}\n`);
  await git.text(['update-ref', `refs/heads/${branch}`, await git.text(['commit-tree', '-m', branch, tree])]);
}

beforeAll(async () => {
  it = await openTestGithub();
  url = `${it.github().url}/acme/packages.git`;
  const large = { 'large.bin': 'x'.repeat(100_000), 'a.spec': 'Name: a\n' };
  await commit('plain', { ...large, '.gitattributes': '# *.bin filter=lfs\n*.txt text\n' }, []);
  await commit('both', { ...large, '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n' }, ['lib', 'more']);
});
afterAll(() => it.close());

test('a repository tells its submodules and whether it keeps files in Git LFS', async () => {
  const looks = await lookAtGit(
    [
      { url, ref: 'plain' },
      { url, ref: 'both' },
    ],
    bounds,
  );
  expect(looks.get(gitKey({ url, ref: 'plain' }))).toEqual({ submodules: [], lfs: false });
  expect(looks.get(gitKey({ url, ref: 'both' }))).toEqual({ submodules: ['lib', 'more'], lfs: true });
});

test.each([
  ['nothing is there', () => ({ url: `${it.github().url}/acme/none.git`, ref: 'HEAD' }), /not found/],
  ['no branch is', () => ({ url, ref: 'none' }), /couldn't find remote ref none/],
  ['nobody answers', () => ({ url: 'http://127.0.0.1:1/x.git', ref: 'HEAD' }), /127\.0\.0\.1/],
  ['http leads elsewhere', () => ({ url: 'http://git.example.test/x', ref: 'HEAD' }), /no https address/],
  ['a program is named', () => ({ url: 'ext::sh -c true', ref: 'HEAD' }), /no https address/],
  ['an option is named', () => ({ url, ref: '--upload-pack=x' }), /committish is none/],
])('where %s it is said that nobody looked', async (_what, place, why) => {
  const looks = await lookAtGit([place()], bounds);
  expect([...looks.values()]).toEqual([{ why: expect.stringMatching(why) }]);
});

test('a repository that is too large is left', async () => {
  await commit('many', Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`f${at}`, randomText()])), []);
  const [look] = (await lookAtGit([{ url, ref: 'many' }], { ...bounds, bytes: 100_000 })).values();
  expect(look).toMatchObject({ why: expect.any(String) });
});

test('what is told goes by how the source package is made, and of whom nobody looked at', () => {
  const source = (ref: string, method?: string) => ({ source: { type: 'git', url, ref, ...(method && { method }) } });
  const packages = new Map([
    ['spec', source('both')],
    ['tito', source('both', 'tito')],
    ['make', source('both', 'make_srpm')],
    ['plain', source('plain')],
    ['gone', source('gone')],
  ]);
  const both = { submodules: ['lib', 'more'], lfs: true };
  const looks = new Map<string, GitLook>([
    [gitKey({ url, ref: 'both' }), both],
    [gitKey({ url, ref: 'plain' }), { submodules: [], lfs: false }],
    [gitKey({ url, ref: 'gone' }), { why: 'it did not answer' }],
  ]);
  expect(gitRemarks(packages, looks).map(({ kind, what, text }) => [kind, `${what}: ${text}`])).toEqual(
    [
      /^submodules of spec: its repository has 2, lib …: Coppice fetches those that hold the spec/,
      /^files in Git LFS of spec: Coppice fetches those beside the spec/,
      /^submodules of tito: its repository has 2, .* there for tito$/,
      /^files in Git LFS of tito: tito packs what Git itself has, so that a file in LFS fails the build/,
      /^submodules of make: .* there for make_srpm$/,
      /^files in Git LFS of make: Coppice fetches them all/,
      /^repositories of packages from Git: not looked at .*\(it did not answer\): gone$/,
    ].map((line) => ['person', expect.stringMatching(line)]),
  );
});

function randomText(): string {
  return Array.from({ length: 20_000 }, () => Math.random().toString(36)[2]).join('');
}
