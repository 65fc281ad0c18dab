import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PinnedSource } from '@coppice/config';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type FetchOptions, fetchInto, gitIn } from '../../testing/fetching.ts';
import { type SourceServer, serveSources } from '../../testing/serve-sources.ts';

const files = new Map<string, string>();
let shared: string;
let server: SourceServer;
const git = (...args: string[]) => gitIn(join(shared, 'work'), ...args);
const commitIds = new Map<string, string>();

async function commit(name: string, contents: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, text] of Object.entries(contents)) await writeFile(join(shared, 'work', file), text);
  git('add', '.');
  git('commit', '--quiet', '-m', name);
  commitIds.set(name, git('rev-parse', 'HEAD'));
}

const sha512 = (text: string) => createHash('sha512').update(text).digest('hex');

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'coppice-git-'));
  await mkdir(join(shared, 'work', 'rpm'), { recursive: true });
  git('init', '--quiet', '--initial-branch=main');
  await symlink('../common.conf', join(shared, 'work', 'rpm', 'common.conf'));
  await commit('one', { 'common.conf': 'shared\n', 'rpm/tool.spec': 'Name: tool\n' });
  git('tag', '--annotate', '-m', 'one', 'tool-1.0-1');
  await commit('two', { 'rpm/tool.spec': 'Name: tool\nVersion: 2\n' });
  git('tag', '--annotate', '-m', 'two', 'tool-2.0-1');
  git('checkout', '--quiet', '-b', 'f42', commitIds.get('one') ?? '');
  files.set('/lookaside/tool/tool-1.tar.gz', 'the tarball');
  await commit('f42', { 'tool.spec': 'Name: tool\n', sources: `SHA512 (tool-1.tar.gz) = ${sha512('the tarball')}\n` });
  git('clone', '--quiet', '--bare', join(shared, 'work'), join(shared, 'repos', 'tool.git'));
});
beforeEach(async () => {
  server = await serveSources(
    (request, response) => {
      const text = files.get(request.url ?? '');
      if (text === undefined) response.writeHead(404).end();
      else response.end(text);
    },
    join(shared, 'repos'),
  );
});
afterEach(async () => {
  await server.close();
  await rm(join(shared, 'cache'), { recursive: true, force: true });
});
afterAll(() => rm(shared, { recursive: true, force: true }));

const id = (name: string) => commitIds.get(name) ?? '';
const gitSource = (name: string, more: object = {}) =>
  ({ type: 'git', url: `${server.url}/git/tool.git`, ref: 'main', commit: id(name), ...more }) as PinnedSource;

interface RepositoryMore {
  readonly links?: Readonly<Record<string, string>>;
  /** Path → commit. */
  readonly submodules?: Readonly<Record<string, string>>;
  readonly executable?: readonly string[];
}

/** A bare repository with one more commit that holds just these files, pinned. */
async function makeRepo(name: string, contents: Readonly<Record<string, string>>, more: RepositoryMore = {}) {
  const work = await mkdtemp(join(shared, 'work-'));
  gitIn(work, 'init', '--quiet', '--initial-branch=main');
  for (const path of [...Object.keys(contents), ...Object.keys(more.links ?? {})])
    await mkdir(join(work, path, '..'), { recursive: true });
  for (const [path, text] of Object.entries(contents)) await writeFile(join(work, path), text);
  for (const path of more.executable ?? []) await chmod(join(work, path), 0o755);
  for (const [path, target] of Object.entries(more.links ?? {})) await symlink(target, join(work, path));
  gitIn(work, 'add', '--all', '.');
  for (const [path, commitId] of Object.entries(more.submodules ?? {}))
    gitIn(work, 'update-index', '--add', '--cacheinfo', `160000,${commitId},${path}`);
  gitIn(work, 'commit', '--quiet', '-m', 'x');
  const bare = join(shared, 'repos', `${name}.git`);
  if (!existsSync(bare)) gitIn(shared, 'init', '--quiet', '--bare', '--initial-branch=main', bare);
  gitIn(bare, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  gitIn(work, 'push', '--quiet', '--force', bare, 'main');
  const made = {
    type: 'git',
    url: `${server.url}/git/${name}.git`,
    ref: 'main',
    commit: gitIn(work, 'rev-parse', 'HEAD'),
  };
  await rm(work, { recursive: true });
  return made as Extract<PinnedSource, { type: 'git' }>;
}

async function fetchGood(source: PinnedSource, options: FetchOptions = {}) {
  const fetched = await fetchInto(shared, source, options);
  if (!fetched.ok) throw new Error(fetched.failure.message);
  return fetched.value;
}
const failing = (message: RegExp) => ({
  ok: false,
  failure: { reason: 'source', message: expect.stringMatching(message) },
});

describe('a repository over HTTP', () => {
  test('is asked once for a commit, and never again', async () => {
    const first = await fetchGood(gitSource('two', { subdirectory: 'rpm' }));
    expect(first.commits).toEqual([{ commit: id('two'), subject: expect.any(String) }]);
    expect(readFileSync(join(first.folder, 'tool.spec'), 'utf8')).toContain('Version: 2');
    expect(server.requests.length).toBeGreaterThan(0);
    server.requests.length = 0;
    await fetchGood(gitSource('two', { spec: 'rpm/tool.spec' }));
    expect(server.requests).toEqual([]);
    await fetchGood(gitSource('one', { subdirectory: 'rpm' }));
    expect(server.requests.length).toBeGreaterThan(0);
  });

  test('twice at a time is fetched once', async () => {
    await Promise.all([1, 2, 3].map(() => fetchGood(gitSource('two', { subdirectory: 'rpm' }))));
    expect(server.requests.filter((line) => line.startsWith('POST'))).toHaveLength(1);
  });

  test('gives the files that its links lead to', async () => {
    const { folder } = await fetchGood(gitSource('two', { subdirectory: 'rpm' }));
    expect(readdirSync(folder).sort()).toEqual(['common.conf', 'tool.spec']);
    expect(readFileSync(join(folder, 'common.conf'), 'utf8')).toBe('shared\n');
  });

  test('whose links lead elsewhere is refused with the link, one that leads to nothing is told', async () => {
    const files = { 'p/p.spec': 'Name: p\n', real: 'r' };
    const links = {
      'p/a': '../chain',
      chain: 'far/../real',
      'far/x': '../real',
      'p/gone': 'nothing',
      'p/dir': '../far',
    };
    const good = await makeRepo('links', files, { links });
    const fetched = await fetchGood({ ...good, subdirectory: 'p' } as PinnedSource);
    expect(readdirSync(fetched.folder).sort()).toEqual(['a', 'p.spec']);
    expect(readFileSync(join(fetched.folder, 'a'), 'utf8')).toBe('r');
    expect(fetched.notes).toEqual([expect.stringMatching(/The link "p.gone" of .* leads to nothing there/)]);
    const bad = {
      '/etc/passwd': 'leads to an absolute path',
      '../../../../../etc/passwd': 'leads out of the repository',
      '../out/passwd': 'leads to an absolute path',
      '../.git/config': 'leads out of the repository',
      a: 'leads in a circle',
    };
    for (const [target, why] of Object.entries(bad)) {
      const source = await makeRepo('bad-links', files, { links: { 'p/a': target, out: '/etc' } });
      expect(await fetchInto(shared, { ...source, subdirectory: 'p' } as PinnedSource)).toMatchObject(
        failing(new RegExp(`The link "p/a" of .* ${why}: let it lead to a file there`)),
      );
    }
  });

  test('keeps the modes of its files', async () => {
    const source = await makeRepo(
      'modes',
      { 'm.spec': 'Name: m\n', 'tool.sh': '#!/bin/sh\n' },
      { executable: ['tool.sh'] },
    );
    const { folder } = await fetchGood(source);
    const modes = ['tool.sh', 'm.spec'].map((name) => lstatSync(join(folder, name)).mode & 0o111);
    expect(modes.map((mode) => mode !== 0)).toEqual([true, false]);
  });

  test('is refused at a private address, unless the settings open it', async () => {
    const closed = { sources: { privateAddresses: false } };
    expect(await fetchInto(shared, gitSource('two'), closed)).toMatchObject(failing(/an address that is not public/));
    expect(server.requests).toEqual([]);
    const mirrors = { 'https://up.example/': `${server.url}/git/` };
    const source = gitSource('two', { url: 'https://up.example/tool.git', subdirectory: 'rpm' });
    expect(await fetchInto(shared, source, { ...closed, git: { mirrors } })).toMatchObject({ ok: true });
  });

  test('that redirects is not followed', async () => {
    const away = await serveSources((request, response) =>
      response.writeHead(302, { location: `${server.url}/git${request.url}` }).end(),
    );
    try {
      const source = gitSource('two', { url: `${away.url}/tool.git` });
      expect(await fetchInto(shared, source)).toMatchObject(failing(/cannot be fetched/));
      expect(server.requests).toEqual([]);
    } finally {
      await away.close();
    }
  });

  test('that was cut off in the middle leaves nothing that counts as fetched', async () => {
    const broken = await serveSources((_request, response) => response.destroy());
    await expect(fetchInto(shared, gitSource('two', { url: `${broken.url}/git/tool.git` }))).resolves.toMatchObject(
      failing(/cannot be fetched/),
    );
    await broken.close();
    expect(await fetchGood(gitSource('two', { subdirectory: 'rpm' }))).toMatchObject({ kind: 'tree' });
  });

  test('is fetched anew when its mirror is broken', async () => {
    await fetchGood(gitSource('two', { subdirectory: 'rpm' }));
    const mirrors = join(shared, 'cache', 'git');
    const pack = join(mirrors, readdirSync(mirrors)[0] ?? '', 'objects', 'pack');
    for (const name of readdirSync(pack)) await rm(join(pack, name));
    server.requests.length = 0;
    expect(await fetchGood(gitSource('two', { subdirectory: 'rpm' }))).toMatchObject({ spec: 'tool.spec' });
    expect(server.requests.length).toBeGreaterThan(0);
  });
});

describe('for the other methods', () => {
  test('there is a clone with history and tags up to the commit, on its branch; a second one asks nobody', async () => {
    const source = gitSource('two', { method: 'tito', subdirectory: 'rpm' });
    const first = await fetchGood(source);
    expect(first).toMatchObject({ kind: 'tree', method: 'tito', subdirectory: 'rpm', needsNetwork: false });
    expect(gitIn(first.folder, 'log', '--format=%s')).toBe('two\none');
    expect(gitIn(first.folder, 'tag')).toBe('tool-1.0-1\ntool-2.0-1');
    expect(gitIn(first.folder, 'describe')).toBe('tool-2.0-1');
    expect(gitIn(first.folder, 'branch', '--show-current')).toBe('main');
    expect(gitIn(first.folder, 'remote', 'get-url', 'origin')).toBe(`${server.url}/git/tool.git`);
    expect(gitIn(first.folder, 'status', '--porcelain')).toBe('');
    expect(existsSync(join(first.folder, '.git', 'hooks'))).toBe(false);
    server.requests.length = 0;
    await fetchGood(gitSource('two', { method: 'rpkg' }));
    expect(server.requests).toEqual([]);
  });

  test('a tag that came later is not in the clone, and a tag is no branch', async () => {
    const fetched = await fetchGood(gitSource('one', { method: 'make_srpm', ref: 'tool-1.0-1' }));
    const { folder } = fetched;
    expect(fetched, 'the only spec is what make is given').toMatchObject({ spec: 'rpm/tool.spec' });
    expect(gitIn(folder, 'tag')).toBe('tool-1.0-1');
    expect(gitIn(folder, 'branch', '--show-current')).toBe('');
    expect(gitIn(folder, 'rev-parse', 'HEAD')).toBe(id('one'));
  });

  test('the network is for those that run what the packager wrote, where policy lets them', async () => {
    const needs = async (method: string, network: boolean) => {
      const fetched = await fetchGood(gitSource('two', { method }), { network });
      return fetched.kind === 'tree' && fetched.needsNetwork;
    };
    expect(await needs('make_srpm', true)).toBe(true);
    expect(await needs('rpkg', true)).toBe(true);
    expect(await needs('make_srpm', false)).toBe(false);
    expect(await needs('tito', true)).toBe(false);
  });

  test('a commit whose files are too large together is not checked out', async () => {
    const source = gitSource('two', { method: 'tito' });
    expect(await fetchInto(shared, source, { sourceBytes: 20 })).toMatchObject(
      failing(/larger than the limit of 20 bytes/),
    );
  });

  test('a folder that is not there, a commit that nobody has', async () => {
    const source = gitSource('two', { method: 'tito', subdirectory: 'gone' });
    expect(await fetchInto(shared, source)).toMatchObject(failing(/There is no folder "gone"/));
    const lost = gitSource('two', { method: 'tito', commit: 'f'.repeat(40) });
    expect(await fetchInto(shared, lost)).toMatchObject(failing(/is not in main any more/));
  });
});

describe('submodules', () => {
  const spec = 'Name: withsub\n';
  const modules = (...entries: [path: string, url: string][]) =>
    entries.map(([path, url]) => `[submodule "${path}"]\n\tpath = ${path}\n\turl = ${url}\n`).join('');

  test('are written with their commits where a method wants a work tree, nested ones too', async () => {
    const inner = await makeRepo('inner', { 'inner.txt': 'inner\n' });
    const lib = await makeRepo(
      'lib',
      { 'lib.txt': 'lib\n', '.gitmodules': modules(['deep/inner', '../inner.git']) },
      { submodules: { 'deep/inner': inner.commit } },
    );
    const url = 'https://github.example/acme/lib.git';
    const source = await makeRepo(
      'super',
      { 'withsub.spec': spec, '.gitmodules': modules(['sub', url]) },
      { submodules: { sub: lib.commit } },
    );
    const mirrors = { 'https://github.example/acme/': `${server.url}/git/` };
    const closed = { sources: { privateAddresses: false } };
    const made = { ...source, url: 'https://github.example/acme/super.git', method: 'make_srpm' } as PinnedSource;
    const fetched = await fetchGood(made, { ...closed, git: { mirrors } });
    const { folder, notes, submodules, commits } = fetched;
    expect(commits).toEqual([{ commit: source.commit, subject: 'x' }]);
    expect(submodules?.map(({ path, commit }) => [path, commit])).toEqual([
      ['sub', lib.commit],
      ['sub/deep/inner', inner.commit],
    ]);
    expect(readFileSync(join(folder, 'sub/lib.txt'), 'utf8')).toBe('lib\n');
    expect(readFileSync(join(folder, 'sub/deep/inner/inner.txt'), 'utf8')).toBe('inner\n');
    expect(notes).toEqual([
      `The submodule sub is ${url} at ${lib.commit}.`,
      `The submodule sub/deep/inner is https://github.example/acme/inner.git at ${inner.commit}.`,
    ]);
    expect(gitIn(folder, 'submodule', 'status')).toContain(`${lib.commit} sub`);
    expect(gitIn(folder, 'status', '--porcelain')).toBe('');
    server.requests.length = 0;
    await fetchGood(made, { ...closed, git: { mirrors } });
    expect(server.requests).toEqual([]);
  });

  test('are fetched for a spec only where it or its links are in them', async () => {
    const lib = await makeRepo('lib', { 'rpm/lib.spec': 'Name: lib\n', 'lib.txt': 'lib\n' });
    const files = { 'withsub.spec': spec, '.gitmodules': modules(['sub', '../lib.git'], ['other', '../gone.git']) };
    const submodules = { sub: lib.commit, other: 'f'.repeat(40) };
    const alone = await fetchGood(await makeRepo('super', files, { submodules }));
    expect([readdirSync(alone.folder), alone.notes]).toEqual([['.gitmodules', 'withsub.spec'], []]);
    const linked = await fetchGood(await makeRepo('super', files, { submodules, links: { 'lib.txt': 'sub/lib.txt' } }));
    expect(readFileSync(join(linked.folder, 'lib.txt'), 'utf8')).toBe('lib\n');
    const outer = await makeRepo(
      'outer',
      { '.gitmodules': modules(['deep/lib', '../lib.git']) },
      {
        submodules: { 'deep/lib': lib.commit },
      },
    );
    const around = { 'withsub.spec': spec, '.gitmodules': modules(['sub', '../outer.git']) };
    const more = { submodules: { sub: outer.commit }, links: { nested: 'sub/deep/lib/lib.txt' } };
    const nested = await fetchGood(await makeRepo('super', around, more));
    expect(readFileSync(join(nested.folder, 'nested'), 'utf8')).toBe('lib\n');
    const inside = await makeRepo('super', files, { submodules });
    expect(await fetchGood({ ...inside, subdirectory: 'sub/rpm' } as PinnedSource)).toMatchObject({ spec: 'lib.spec' });
  });

  test('that a repository surrounds with links write nothing beside themselves', async () => {
    const lib = await makeRepo('lib', { 'lib.txt': 'lib\n' });
    const outside = join(shared, 'outside');
    await writeFile(outside, 'ours\n');
    const links = Object.fromEntries(
      ['index', 'index.lock', 'lock', 'git', 'part', 'new'].map((end) => [`sub.${end}`, outside]),
    );
    const files = { 'rpm/withsub.spec': spec, '.gitmodules': modules(['sub', '../lib.git']) };
    const surrounded = await makeRepo('super', files, {
      submodules: { sub: lib.commit },
      links: { ...links, 'rpm/lib.txt': '../sub/lib.txt' },
    });
    const { folder } = await fetchGood({ ...surrounded, subdirectory: 'rpm' } as PinnedSource);
    expect(readFileSync(join(folder, 'lib.txt'), 'utf8')).toBe('lib\n');
    expect(readFileSync(outside, 'utf8')).toBe('ours\n');
    await fetchGood({ ...surrounded, method: 'make_srpm' } as PinnedSource);
    expect(readFileSync(outside, 'utf8')).toBe('ours\n');
  });

  test.each([
    ['an address that is not https', 'ext::sh -c true', 'f'.repeat(40), /has the address "ext::sh.*which is not https/],
    ['an http address', 'http://127.0.0.1:1/x.git', 'f'.repeat(40), /has the address "http:.*which is not https/],
    ['an SSH address', 'git@a.example:x/y.git', 'f'.repeat(40), /let it be https:..a.example.x.y.git/],
    ['a private address', 'https://127.0.0.1:1/x.git', 'f'.repeat(40), /cannot be had: .* not public/],
    [
      'a commit that nobody has',
      '../lib.git',
      'f'.repeat(40),
      /The submodule "sub" of .* cannot be had: .* is not in HEAD/,
    ],
    ['a program', '../lib.git\n\tupdate = !touch /tmp/x', 'f'.repeat(40), /disallowed submodule update setting/],
    ['no address', undefined, 'f'.repeat(40), /has no address in .gitmodules/],
  ])('with %s are refused with a sentence', async (_, url, commit, message) => {
    await makeRepo('lib', { 'lib.txt': 'lib\n' });
    const listed = url === undefined ? '[core]\n' : modules(['sub', url]);
    const source = await makeRepo('super', { 'a.spec': spec, '.gitmodules': listed }, { submodules: { sub: commit } });
    const mirrors = { 'https://up.example/': `${server.url}/git/` };
    const made = { ...source, url: 'https://up.example/super.git', method: 'rpkg' } as PinnedSource;
    const closed = { sources: { privateAddresses: false }, git: { mirrors } };
    expect(await fetchInto(shared, made, closed)).toMatchObject(failing(message));
  });

  test('have a limit of time for all of them', async () => {
    const lib = await makeRepo('lib', { 'lib.txt': 'lib\n' });
    // For the second one nobody is asked: its commit is there.
    const slow = await serveSources(
      () => undefined,
      join(shared, 'repos'),
      () => void vi.setSystemTime(Date.now() + 100_000),
    );
    onTestFinished(() => slow.close());
    const files = { 'a.spec': spec, '.gitmodules': modules(['a', '../lib.git'], ['b', '../lib.git']) };
    const made = await makeRepo('super', files, { submodules: { a: lib.commit, b: lib.commit } });
    const source = { ...made, url: `${slow.url}/git/super.git` };
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    expect(await fetchInto(shared, { ...source, method: 'make_srpm' } as PinnedSource, { seconds: 30 })).toMatchObject(
      failing(/The submodule "b" of .* is left: all together take longer than 90 s/),
    );
  });

  test.each([
    ['too large', { '.gitmodules': `#${'x'.repeat(300_000)}\n` }, /\.gitmodules is larger than 262144 bytes/],
    ['not there', {}, /it has no file \.gitmodules/],
    ['no list', { '.gitmodules': '[submodule\n' }, /\.gitmodules cannot be read/],
  ])('whose list is %s are refused', async (_, more, message) => {
    const source = await makeRepo('super', { 'a.spec': spec, ...more }, { submodules: { sub: 'f'.repeat(40) } });
    expect(await fetchInto(shared, { ...source, method: 'make_srpm' } as PinnedSource)).toMatchObject(failing(message));
  });

  test('with a protocol that the settings do not name are refused before anybody is asked', async () => {
    const files = { 'a.spec': spec, '.gitmodules': modules(['sub', 'http://lib.example/lib.git']) };
    const source = await makeRepo('super', files, { submodules: { sub: 'f'.repeat(40) } });
    const mirrors = { 'https://up.example/': `file://${join(shared, 'repos')}/` };
    const made = { ...source, url: 'https://up.example/super.git', method: 'make_srpm' } as PinnedSource;
    expect(await fetchInto(shared, made, { git: { mirrors, protocols: ['https', 'file'] } })).toMatchObject(
      failing(/has the address "http:..lib.example.lib.git", which is not https/),
    );
  });

  test('are bounded in number before anything else is asked, those that nobody wants left out', async () => {
    const links = Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`sub-${at}`, 'f'.repeat(40)]));
    const source = await makeRepo('many', { 'a.spec': spec }, { submodules: links });
    expect(await fetchInto(shared, { ...source, method: 'make_srpm' } as PinnedSource)).toMatchObject(
      failing(/many.git has more than 100 submodules/),
    );
    expect(await fetchGood(source)).toMatchObject({ spec: 'a.spec', submodules: [] });
  });

  test('are bounded in depth and size, also of a repository that is its own submodule', async () => {
    const first = await makeRepo('self', { 'a.spec': spec });
    let { commit } = first;
    for (let round = 0; round < 6; round += 1) {
      const files = { 'a.spec': spec, '.gitmodules': modules(['sub', '../self.git']), x: 'x'.repeat(1000) };
      commit = (await makeRepo('self', files, { submodules: { sub: commit } })).commit;
    }
    const source = { ...first, commit, method: 'make_srpm' } as PinnedSource;
    expect(await fetchInto(shared, source)).toMatchObject(failing(/is nested deeper than 5/));
    expect(await fetchInto(shared, source, { sourceBytes: 3000 })).toMatchObject(failing(/larger than the limit/));
  });
});

describe('files in Git LFS', () => {
  const content = 'the real archive';
  const oid = createHash('sha256').update(content).digest('hex');
  const pointer = (hash = oid) =>
    `version https://git-lfs.github.com/spec/v1\noid sha256:${hash}\nsize ${content.length}\n`;
  const repository = () =>
    makeRepo(
      'lfs',
      {
        'a.spec': 'Name: a\nSource0: a.bin\n',
        'a.bin': pointer(),
        'not-lfs.txt': pointer('b'.repeat(64)),
        '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
      },
      { executable: ['a.bin'] },
    );
  const serve = (href: string) =>
    files.set(
      '/git/lfs.git/info/lfs/objects/batch',
      JSON.stringify({ objects: [{ oid, actions: { download: { href } } }] }),
    );

  test('stand in the places of their pointers, for a spec and in a work tree, and are asked for once', async () => {
    serve(`${server.url}/store/a`);
    files.set('/store/a', content);
    const source = await repository();
    const fetched = await fetchGood(source);
    expect(readFileSync(join(fetched.folder, 'a.bin'), 'utf8')).toBe(content);
    expect(lstatSync(join(fetched.folder, 'a.bin')).mode & 0o111).not.toBe(0);
    expect(readFileSync(join(fetched.folder, 'not-lfs.txt'), 'utf8')).toBe(pointer('b'.repeat(64)));
    expect(fetched.fetched).toEqual([{ url: `${server.url}/git/lfs.git`, file: 'a.bin', sha256: oid, bytes: 16 }]);
    const before = server.requests.length;
    const made = await fetchGood({ ...source, method: 'make_srpm' } as PinnedSource);
    expect(readFileSync(join(made.folder, 'a.bin'), 'utf8')).toBe(content);
    expect(lstatSync(join(made.folder, 'a.bin')).mode & 0o111).not.toBe(0);
    expect(server.requests.slice(before).filter((line) => /store|lfs.objects/.test(line))).toEqual([]);
    expect(await fetchInto(shared, { ...source, method: 'tito' } as PinnedSource)).toMatchObject(
      failing(/tito packs what Git has, and of a.bin of .* is a pointer of Git LFS: take the method/),
    );
  });

  test('have a limit of time for all of them', async () => {
    const contents = ['1', '2', '3', '4', '5'].map((text) => ({
      text,
      hash: createHash('sha256').update(text).digest('hex'),
    }));
    const named = contents.map(({ text, hash }) => [`${text}.bin`, pointer(hash).replace(/size .*/, 'size 1')]);
    const source = await makeRepo('lfs', {
      ...{ 'a.spec': 'Name: a\n', '.gitattributes': '*.bin filter=lfs\n' },
      ...Object.fromEntries(named),
    });
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    // Each answer comes within its own limit, as the clock has it.
    const slow = await serveSources((request, response) => {
      vi.setSystemTime(Date.now() + 19_000);
      response.end(contents.find(({ hash }) => request.url === `/${hash}`)?.text);
    });
    onTestFinished(() => slow.close());
    const objects = contents.map(({ hash }) => ({
      oid: hash,
      actions: { download: { href: `${slow.url}/${hash}` } },
    }));
    files.set('/git/lfs.git/info/lfs/objects/batch', JSON.stringify({ objects }));
    expect(await fetchInto(shared, source, { seconds: 20 })).toMatchObject(
      failing(/5.bin of .* is left: all files of Git LFS together take longer than 1 min/),
    );
  });

  test('that are too many or too large together are refused before their server is asked', async () => {
    const plain = { 'a.spec': 'Name: a\n', '.gitattributes': '*.bin filter=lfs\n' };
    const many = Array.from({ length: 501 }, (_, at) => [`${at}.bin`, pointer()]);
    const large = [1, 2].map((at) => [`${at}.bin`, pointer().replace(/size .*/, 'size 5000000')]);
    for (const [files, message] of [
      [many, /has 501 files in Git LFS; 500 at most/],
      [large, /is, with its files of Git LFS, larger than the limit of 10000000 bytes/],
    ] as const) {
      const source = await makeRepo('lfs', { ...plain, ...Object.fromEntries(files) });
      expect(await fetchInto(shared, source)).toMatchObject(failing(message));
    }
    expect(server.requests.filter((line) => line.includes('/info/lfs/'))).toEqual([]);
  });

  test('that the server lacks, changes or keeps elsewhere are refused by name', async () => {
    const source = await repository();
    files.delete('/git/lfs.git/info/lfs/objects/batch');
    expect(await fetchInto(shared, source)).toMatchObject(
      failing(/a.bin of .* cannot be had from Git LFS: .* answers 404/),
    );
    files.set('/git/lfs.git/info/lfs/objects/batch', '{"objects":[]}');
    expect(await fetchInto(shared, source)).toMatchObject(failing(/a.bin of .* is not in the answer of its server/));
    serve(`${server.url}/store/a`);
    files.set('/store/a', 'another archive.');
    expect(await fetchInto(shared, source)).toMatchObject(
      failing(/a.bin of .* has the SHA-256 .*, not .* as its pointer/),
    );
    files.set('/store/a', `${content} and more`);
    expect(await fetchInto(shared, source)).toMatchObject(failing(/a.bin of .* is larger than the limit of 16 bytes/));
    serve('file:///etc/passwd');
    expect(await fetchInto(shared, source)).toMatchObject(failing(/a.bin of .* is not an address that sources may/));
  });
});

describe('a dist-git', () => {
  const distgit = (more: object = {}) =>
    ({
      type: 'distgit',
      url: `${server.url}/git/tool.git`,
      package: 'tool',
      branch: 'f42',
      commit: id('f42'),
      lookaside: `${server.url}/lookaside/{name}/{filename}`,
      ...more,
    }) as PinnedSource;

  test('gives spec and the files of its lookaside cache, once', async () => {
    const first = await fetchGood(distgit());
    expect(readFileSync(join(first.folder, 'tool-1.tar.gz'), 'utf8')).toBe('the tarball');
    expect(first.fetched).toMatchObject([
      { file: 'tool-1.tar.gz', bytes: 11, url: expect.stringMatching(/lookaside/) },
    ]);
    server.requests.length = 0;
    const second = await fetchGood(distgit());
    expect(second.fetched).toEqual(first.fetched);
    expect(server.requests).toEqual([]);
  });

  test('whose cache gives something else is refused', async () => {
    const lookaside = `${server.url}/other/{filename}`;
    files.set('/other/tool-1.tar.gz', 'another tarball');
    expect(await fetchInto(shared, distgit({ lookaside }))).toMatchObject(
      failing(/has the SHA-512 [0-9a-f]{128}, not/),
    );
    files.delete('/other/tool-1.tar.gz');
    expect(await fetchInto(shared, distgit({ lookaside }))).toMatchObject(failing(/tool-1.tar.gz answers 404/));
  });

  test('that knows a file by its MD5 alone needs the SHA-256 from the package', async () => {
    git('checkout', '--quiet', '-b', 'md5', 'f42');
    await commit('md5', { sources: `${'0'.repeat(32)}  tool-1.tar.gz\n` });
    git('push', '--quiet', join(shared, 'repos', 'tool.git'), 'md5');
    const old = distgit({ branch: 'md5', commit: id('md5') });
    expect(await fetchInto(shared, old)).toMatchObject(failing(/MD5 alone, which proves nothing: state its SHA-256/));
    const sha256 = createHash('sha256').update('the tarball').digest('hex');
    expect(await fetchGood({ ...old, sources: { 'tool-1.tar.gz': sha256 } } as PinnedSource)).toMatchObject({
      kind: 'tree',
    });
  });

  test('whose file `sources` leads elsewhere is refused', async () => {
    git('checkout', '--quiet', '-b', 'evil', 'f42');
    await commit('evil', { sources: `SHA512 (../../evil) = ${sha512('x')}\n` });
    git('push', '--quiet', join(shared, 'repos', 'tool.git'), 'evil');
    const evil = distgit({ branch: 'evil', commit: id('evil') });
    expect(await fetchInto(shared, evil)).toMatchObject(failing(/names the file "..\/..\/evil", which cannot be/));
  });
});
