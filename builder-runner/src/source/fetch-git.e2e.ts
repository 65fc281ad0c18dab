import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PinnedSource } from '@coppice/config';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
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
  await symlink('/etc/passwd', join(shared, 'work', 'rpm', 'passwd'));
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

  test('gives the files that its links lead to, and none of this machine', async () => {
    const { folder } = await fetchGood(gitSource('two', { subdirectory: 'rpm' }));
    expect(readdirSync(folder).sort()).toEqual(['common.conf', 'tool.spec']);
    expect(readFileSync(join(folder, 'common.conf'), 'utf8')).toBe('shared\n');
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
    const { folder } = await fetchGood(gitSource('one', { method: 'make_srpm', ref: 'tool-1.0-1' }));
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
