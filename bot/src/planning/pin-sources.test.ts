import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChrootName, type PinnedSource, type Source, settingsSchema } from '@coppice/config';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageForTests, projectForTests } from '../../testing/project-for-tests.ts';
import { pinSources } from './pin-sources.ts';

let folder: string;
const ids = new Map<string, string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-source-'));
  const git = async (...args: string[]) =>
    (await execa('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.test', ...args], { cwd: folder })).stdout;
  await git('init', '--quiet', '--initial-branch=main');
  await git('commit', '--quiet', '--allow-empty', '--message', 'first');
  ids.set('first', await git('rev-parse', 'HEAD'));
  await git('tag', '--annotate', '--message', 'release', 'v1');
  await git('commit', '--quiet', '--allow-empty', '--message', 'second');
  ids.set('second', await git('rev-parse', 'HEAD'));
  // Its name ends like the one asked for; Git's own pattern matches both.
  await git('branch', 'refs/heads/main', 'v1');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const pin = async (source: Source) => {
  const project = projectForTests({ packages: [packageForTests('hello', { source })] });
  const { pinned, unpinned } = await pinSources(project, [], {
    lookUp: true,
    commit: 'c0ffee',
    packageTrees: new Map([['packages/acme/tools/hello', 'a-tree']]),
    rules: {
      git: { protocols: ['file'], mirrors: { 'https://mirrored.example/': `file://${folder}/` } },
      sources: settingsSchema.parse({}).sources,
    },
  });
  const found = pinned.get('acme/tools/hello');
  if (found === undefined) return unpinned.get('acme/tools/hello');
  return 'type' in found && found.type === 'git' ? found.commit : found;
};

describe('a git source', () => {
  test('is pinned to the commit of its branch, of its tag, of the default branch, or the commit that it names', async () => {
    const url = `file://${folder}`;
    expect(await pin({ type: 'git', url, ref: 'main' })).toBe(ids.get('second'));
    expect(await pin({ type: 'git', url, ref: 'v1' })).toBe(ids.get('first'));
    expect(await pin({ type: 'git', url, ref: 'HEAD' })).toBe(ids.get('second'));
    expect(await pin({ type: 'git', url, ref: 'f'.repeat(40) })).toBe('f'.repeat(40));
  });

  test('is asked of the mirror that the settings name', async () => {
    expect(await pin({ type: 'git', url: 'https://mirrored.example/.git', ref: 'main' })).toBe(ids.get('second'));
  });

  test('that cannot be pinned is one sentence', async () => {
    expect(await pin({ type: 'git', url: `file://${folder}`, ref: 'nowhere' })).toMatch(
      /has no branch or tag "nowhere"$/,
    );
    expect(await pin({ type: 'git', url: `file://${folder}/missing`, ref: 'main' })).toMatch(
      /could not be asked for "main": git ls-remote failed/,
    );
    expect(await pin({ type: 'git', url: 'ext::sh -c touch% /tmp/owned', ref: 'main' })).toMatch(/not allowed/);
  });
});

describe('a dist-git', () => {
  const chroots = ['fedora-42-x86_64', 'fedora-41-x86_64', 'epel-9-x86_64'] as ChrootName[];
  const pinDistgit = async (source: Source) => {
    const project = projectForTests({ packages: [packageForTests('hello', { source, chroots })] });
    const context = {
      ...{ lookUp: true, commit: 'c0ffee', packageTrees: new Map() },
      rules: { git: { protocols: ['file' as const], mirrors: {} }, sources: settingsSchema.parse({}).sources },
    };
    return await pinSources(project, [], context);
  };

  test('is pinned to the commit of the branch of each chroot; a branch that is not there concerns its chroots alone', async () => {
    const url = `file://${folder}`;
    const branches = { 'fedora-42-*': 'main', 'fedora-*': 'v1', 'epel-*': 'nowhere' };
    const { pinned, unpinned } = await pinDistgit({ type: 'distgit', url, branches, spec: 'a.spec' });
    const found = pinned.get('acme/tools/hello') as ReadonlyMap<ChrootName, PinnedSource>;
    expect([...found].map(([chroot, one]) => [chroot, 'commit' in one && one.commit])).toEqual([
      ['fedora-42-x86_64', ids.get('second')],
      ['fedora-41-x86_64', ids.get('first')],
    ]);
    expect(found.get(chroots[0] as ChrootName)).toMatchObject({ type: 'distgit', url, branch: 'main', spec: 'a.spec' });
    expect([...unpinned]).toEqual([
      ['acme/tools/hello/epel-9-x86_64', expect.stringMatching(/no branch or tag "nowhere"/)],
    ]);
  });
});

test('a repository at a private address is not asked', async () => {
  expect(await pin({ type: 'git', url: 'http://127.0.0.1:9/x', ref: 'main' })).toMatch(
    /^http:\/\/127.0.0.1:9\/x (leads to 127.0.0.1, an address that is not public|is not an address that sources may come from)$/,
  );
});

test('a script is its text, or pinned with its folder', async () => {
  const text: Source = { type: 'script', script: '#!/bin/sh' };
  expect(await pin(text)).toEqual(text);
  const file: Source = { type: 'script', script: 'make.sh' };
  expect(await pin(file)).toEqual({ ...file, commit: 'c0ffee', path: 'packages/acme/tools/hello', tree: 'a-tree' });
});

test('a dir source is the tree of its folder', async () => {
  expect(await pin({ type: 'dir', spec: 'hello.spec' })).toEqual({
    type: 'dir',
    commit: 'c0ffee',
    path: 'packages/acme/tools/hello',
    tree: 'a-tree',
    spec: 'hello.spec',
  });
});
