import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { GitError } from '@coppice/builder-runner/remote';
import { formatProblem, parseConfigRepo, plainBuildroot } from '@coppice/config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfigAt } from './config-in-force.ts';
import { type ConfigRepoMirror, openConfigRepo } from './mirror.ts';
import { statedRepositories } from './stated-repositories.ts';

const hello = 'packages/acme/tools/hello';
const plain = 'packages/acme/tools/plain';
let folder: string;
let mirror: ConfigRepoMirror;

function git(...args: string[]): string {
  // Opening made the repository a bare one.
  const places = [`--git-dir=${folder}/.git`, `--work-tree=${folder}`];
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'];
  return execFileSync('git', [...places, ...identity, ...args], { cwd: folder, encoding: 'utf8' }).trim();
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

function commitAll(): string {
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '-m', 'x');
  return git('rev-parse', 'HEAD');
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-mirror-'));
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', folder]);
  await put('shared/hello.spec', 'Name: hello\nBuildRequires: gcc\n');
  await put('shared/tool.sh', 'one\n');
  await put(`${plain}/plain.spec`, 'Name: plain\n');
  await mkdir(join(folder, hello), { recursive: true });
  await symlink('../../../../shared/hello.spec', join(folder, hello, 'hello.spec'));
  await symlink('../../../../shared/tool.sh', join(folder, hello, 'tool.sh'));
  const access = { url: () => 'https://example.org/', token: async () => '', forgetToken: () => undefined };
  const options = { folder: join(folder, '.git'), ...access };
  mirror = await openConfigRepo(options);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a folder with links', () => {
  test('is another one when what they lead to changes, its mode included; others are not', async () => {
    const first = await mirror.read(commitAll());
    await put('shared/tool.sh', 'two\n');
    const second = await mirror.read(commitAll());
    await chmod(join(folder, 'shared/tool.sh'), 0o755);
    const third = await mirror.read(commitAll());
    await put('shared/other', 'x\n');
    const fourth = await mirror.read(commitAll());
    const trees = [first, second, third, fourth].map(({ packageTrees }) => packageTrees.get(hello));
    expect(new Set(trees.slice(0, 3)).size).toBe(3);
    expect(trees[3]).toBe(trees[2]);
    for (const { packageTrees } of [first, fourth])
      expect(packageTrees.get(plain)).toBe(git('rev-parse', `HEAD:${plain}`));
    const view = { chroot: 'sapling-12-x86_64', buildroot: plainBuildroot };
    expect(first.specs.get(`${hello}/hello.spec`)?.read(view).buildRequires).toEqual(['gcc']);
  });

  test('is changed by a pull request that changes what they lead to', async () => {
    const base = commitAll();
    await put('shared/tool.sh', 'three\n');
    await put('shared/other', 'y\n');
    const { paths } = await mirror.changes(base, commitAll());
    expect(paths).toEqual([`${hello}/tool.sh`, 'shared/other', 'shared/tool.sh']);
  });

  test('is refused by the check when one cannot be followed', async () => {
    await symlink('../../../../../outside', join(folder, hello, 'lost'));
    for (const path of ['chroots/sapling-12-x86_64.cfg', 'projects/acme/tools.yaml']) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await symlink('elsewhere', join(folder, path));
    }
    const parsed = parseConfigRepo((await mirror.read(commitAll())).tree);
    const problems = parsed.ok ? [] : parsed.problems;
    expect(problems.filter(({ message }) => message === 'this is not a regular file').map(({ path }) => path)).toEqual([
      'chroots/sapling-12-x86_64.cfg',
      'projects/acme/tools.yaml',
    ]);
    expect(problems).toContainEqual({
      ...{ path: `${hello}/lost`, line: 1, column: 1 },
      message: 'the link to `../../../../../outside` leads out of the repository',
      hint: 'let it lead to a file of this repository, or put the file itself here',
    });
  });
});

describe('conflicts', () => {
  const on = async (from: string, files: Readonly<Record<string, string>>) => {
    git('checkout', '--quiet', '--force', '--detach', from);
    for (const [path, text] of Object.entries(files)) await put(path, text);
    return commitAll();
  };

  test('are the files that both sides changed otherwise; what fits together is none', async () => {
    const from = commitAll();
    const base = await on(from, { 'projects/a/x.yaml': 'base\n', 'projects/a/y é.yaml': 'base\n' });
    const head = await on(from, { 'projects/a/x.yaml': 'head\n', 'projects/a/y é.yaml': 'head\n', 'z.txt': 'head\n' });
    const other = await on(from, { 'projects/a/other.yaml': 'other\n' });
    expect(await mirror.conflicts(base, head)).toEqual(['projects/a/x.yaml', 'projects/a/y é.yaml']);
    expect(await mirror.conflicts(base, other)).toEqual([]);
    expect(await mirror.conflicts(base, '0'.repeat(40))).toBeUndefined();
  });
});

describe('of two commits', () => {
  const nowhere = '0123456789'.repeat(4);
  const unrelated = () => git('commit-tree', '-m', 'x', git('rev-parse', 'HEAD^{tree}'));

  test('it is said whether one holds the other, and a fault of Git is no answer', async () => {
    const [first, second, other] = [commitAll(), commitAll(), unrelated()];
    expect(await mirror.isContained(first, second)).toBe(true);
    expect(await mirror.isContained(second, first)).toBe(false);
    expect(await mirror.isContained(other, second)).toBe(false);
    expect(await mirror.isContained(nowhere, second)).toBe(false);
    await expect(mirror.isContained(first, nowhere)).rejects.toThrow(GitError);
  });

  test('without a common one all that differs is changed; a fault of Git is no answer', async () => {
    const [first, other] = [commitAll(), unrelated()];
    expect(await mirror.changes(first, other)).toEqual({ from: first, paths: [] });
    await expect(mirror.changes(first, nowhere)).rejects.toThrow('git merge-base failed');
  });
});

test('a submodule in the place of a project is refused, not taken for a project that is gone', async () => {
  const path = 'projects/acme/other.yaml';
  const commit = commitAll();
  git('update-index', '--add', '--cacheinfo', `160000,${commit},${path}`);
  git('commit', '--quiet', '-m', 'x');
  const parsed = parseConfigRepo((await mirror.read(git('rev-parse', 'HEAD'))).tree);
  expect(parsed.ok ? [] : parsed.problems).toContainEqual(
    expect.objectContaining({ path, message: 'this is a submodule, which is not read' }),
  );
});

test('files of the metadata are looked into and handed on as clients read them; links are none', async () => {
  const comps = '<comps><group><id>a</id></group></comps>\n';
  for (const name of await readdir(folder)) if (name !== '.git') await rm(join(folder, name), { recursive: true });
  const head = 'maintainers: [mia]\nchroots: { epel-9-x86_64: , epel-8-x86_64: }\n';
  await put('coppice.yaml', 'admins: [ada]\nchroots: { epel-9-x86_64: , epel-8-x86_64: { state: eol } }\n');
  await put('projects/acme/groups.yaml', `${head}metadata: { comps: comps.xml }\n`);
  await put('packages/acme/groups/comps.xml', comps);
  await put('packages/acme/groups/bad.xml', '<comps>');
  await symlink('comps.xml', join(folder, 'packages/acme/groups/linked.xml'));
  const commit = commitAll();
  const { tree } = await mirror.read(commit);
  expect(tree.metadataFiles).toEqual(
    new Map<string, object>([
      ['packages/acme/groups/bad.xml', { fault: expect.stringContaining('is no XML') }],
      ['packages/acme/groups/comps.xml', { root: 'comps' }],
    ]),
  );
  const parsed = await readConfigAt(mirror, commit);
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  const [stated] = statedRepositories(parsed.value, mirror);
  expect(stated).toMatchObject({ project: 'groups', chroots: ['epel-9-x86_64'], restingChroots: ['epel-8-x86_64'] });
  const further = (await stated?.further()) ?? [];
  expect(further.map(({ type, ending }) => `${type} ${ending}`)).toEqual(['group comps.xml', 'group_gz comps.xml.gz']);
  expect(further[0]?.content.toString()).toBe(comps);
  expect(gunzipSync(further[1]?.content ?? '').toString()).toBe(comps);
  await put('projects/acme/groups.yaml', head);
  const after = await readConfigAt(mirror, commitAll());
  expect(after.ok && statedRepositories(after.value, mirror)[0]?.furtherKey).toBe('');
});
