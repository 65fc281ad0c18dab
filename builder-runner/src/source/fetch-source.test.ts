import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PinnedSource } from '@coppice/config';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fetchInto, gitIn } from '../../testing/fetching.ts';
import { makeRpms } from '../../testing/make-rpms.ts';

let shared: string;
let commit: string;
const git = (...args: string[]) => gitIn(join(shared, 'work'), ...args);

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'coppice-fetch-'));
  await mkdir(join(shared, 'work', 'packages', 'tiny'), { recursive: true });
  await writeFile(join(shared, 'work', 'packages', 'tiny', 'tiny.spec'), 'Name: tiny\n');
  await writeFile(join(shared, 'work', 'big.bin'), Buffer.alloc(2_000_000, 'x'));
  await symlink('/etc', join(shared, 'work', 'outside'));
  await writeLinks(join(shared, 'work'));
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('commit', '--quiet', '-m', 'One');
  commit = git('rev-parse', 'HEAD');
  execFileSync('git', ['clone', '--quiet', '--bare', join(shared, 'work'), join(shared, 'config.git')]);
  await makeRpms(shared, 'tiny', '1.0');
});
afterAll(() => rm(shared, { recursive: true, force: true }));
afterEach(() => rm(join(shared, 'cache'), { recursive: true, force: true }));

/** A package whose files are links, beside others whose links cannot be followed. */
async function writeLinks(work: string): Promise<void> {
  const files = {
    'shared/common.inc': 'common\n',
    'shared/patches/deep/a.patch': 'a\n',
    'shared/patches/tool.sh': '#!/bin/sh\n',
    'packages/linked/linked.spec': 'Name: linked\n',
    'shared/whole/.copr/whole.spec': 'Name: whole\n',
    'shared/whole/.copr/x.conf': 'x\n',
    'shared/whole/tool.sh': '#!/bin/sh\n',
    'packages/stored/stored.spec': 'Name: stored\n',
    'packages/stored/a.bin': `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 1\n`,
    'packages/linked/real.txt': 'REAL\n',
  };
  const links = {
    'packages/linked/same.txt': 'real.txt',
    'packages/linked/common.inc': '../../shared/common.inc',
    'packages/linked/again.inc': 'common.inc',
    'packages/linked/patches': '../../shared/patches',
    'packages/linked/tool.sh': 'patches/tool.sh',
    'packages/absolute/passwd': '/etc/passwd',
    'packages/out/passwd': '../../../../../../../../../etc/passwd',
    'packages/dangling/gone': '../tiny/gone',
    'packages/whole': '../shared/whole',
    'shared/whole/common.inc': '../common.inc',
    'packages/circle/a': 'b',
    'packages/circle/b': 'a',
    'packages/heavy/big.bin': '../../big.bin',
  };
  for (const path of Object.keys({ ...files, ...links })) await mkdir(join(work, path, '..'), { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(join(work, path), text);
  for (const [path, text] of Object.entries(links)) await symlink(text, join(work, path));
  await chmod(join(work, 'shared/patches/tool.sh'), 0o755);
}

function fetchIt(source: PinnedSource, { protocols, mirrors, ...options }: Options = {}) {
  const git = { ...(protocols === undefined ? {} : { protocols }), ...(mirrors === undefined ? {} : { mirrors }) };
  return fetchInto(shared, source, { ...options, git });
}

interface Options {
  readonly sourceBytes?: number;
  readonly seconds?: number;
  readonly protocols?: ('https' | 'http' | 'file')[];
  readonly mirrors?: Record<string, string>;
}

const failing = (message: RegExp) => ({
  ok: false,
  failure: { reason: 'source', message: expect.stringMatching(message) },
});

describe('dir', () => {
  test('a folder of the config repo at its commit', async () => {
    const fetched = await fetchIt({ type: 'dir', commit, path: 'packages/tiny', tree: '' });
    expect(fetched).toMatchObject({ ok: true, value: { kind: 'tree', method: 'spec', spec: 'tiny.spec' } });
    expect(fetched.ok && fetched.value.commits).toEqual([{ commit, subject: 'One' }]);
    expect(fetched.ok && readFileSync(join(fetched.value.folder, 'tiny.spec'), 'utf8')).toBe('Name: tiny\n');
  });

  test('a folder that is not there, a commit that is none, too much', async () => {
    expect(await fetchIt({ type: 'dir', commit, path: 'packages/gone', tree: '' })).toMatchObject(
      failing(/is not in the config repo/),
    );
    expect(await fetchIt({ type: 'dir', commit: '--upload-pack=x', path: '', tree: '' })).toMatchObject(
      failing(/is not a commit/),
    );
    expect(await fetchIt({ type: 'dir', commit, path: 'packages/stored', tree: '' })).toMatchObject(
      failing(/a.bin in packages.stored is a pointer of Git LFS, and the config repo is read without LFS/),
    );
    const whole = { type: 'dir' as const, commit, path: '', tree: '' };
    expect(await fetchIt(whole, { sourceBytes: 1_000_000 })).toMatchObject(failing(/larger than the limit/));
  });
});

describe('links in a folder of the config repo', () => {
  const linked = { commit: '', path: 'packages/linked', tree: '' };
  const textOf = (folder: string, name: string) => readFileSync(join(folder, name), 'utf8');

  test('are the files that they lead to, with their modes', async () => {
    const fetched = await fetchIt({ type: 'dir', ...linked, commit });
    if (!fetched.ok) throw new Error(fetched.failure.message);
    const { folder } = fetched.value;
    const names = ['again.inc', 'common.inc', 'linked.spec', 'real.txt', 'same.txt', 'tool.sh'];
    expect(readdirSync(folder).sort()).toEqual(names);
    expect(names.filter((name) => !lstatSync(join(folder, name)).isFile())).toEqual([]);
    expect(names.map((name) => textOf(folder, name))).toEqual([
      ...['common\n', 'common\n', 'Name: linked\n', 'REAL\n', 'REAL\n', '#!/bin/sh\n'],
    ]);
    expect(lstatSync(join(folder, 'tool.sh')).mode & 0o100).toBe(0o100);
    expect(lstatSync(join(folder, 'same.txt')).mode & 0o111).toBe(0);
  });

  test('may be the folder of a package itself', async () => {
    const whole = { commit, path: 'packages/whole', tree: '' };
    const fetched = await fetchIt({ type: 'dir', ...whole, spec: '.copr/whole.spec' });
    if (!fetched.ok) throw new Error(fetched.failure.message);
    expect(readdirSync(fetched.value.folder).sort()).toEqual(['whole.spec', 'x.conf']);
    const script = await fetchIt({ type: 'script', script: 'tool.sh', ...whole });
    expect(script.ok && textOf(script.value.folder, 'common.inc')).toBe('common\n');
  });

  test('of a script may be folders', async () => {
    const fetched = await fetchIt({ type: 'script', script: 'tool.sh', ...linked, commit });
    if (!fetched.ok) throw new Error(fetched.failure.message);
    const { folder } = fetched.value;
    expect(textOf(folder, 'patches/deep/a.patch')).toBe('a\n');
    expect(lstatSync(join(folder, 'patches/tool.sh')).mode & 0o100).toBe(0o100);
    expect(lstatSync(join(folder, 'patches')).isDirectory()).toBe(true);
  });

  test('that cannot be followed are refused, and what they lead to counts', async () => {
    const fetchFolder = (name: string, sourceBytes?: number) =>
      fetchIt({ type: 'dir', commit, path: `packages/${name}`, tree: '' }, sourceBytes ? { sourceBytes } : {});
    expect(await fetchFolder('absolute')).toMatchObject(
      failing(/"packages.absolute.passwd" leads to an absolute path/),
    );
    expect(await fetchFolder('out')).toMatchObject(failing(/"packages.out.passwd" leads out of the repository/));
    expect(await fetchFolder('dangling')).toMatchObject(failing(/"packages.dangling.gone" leads to nothing/));
    expect(await fetchFolder('circle')).toMatchObject(failing(/"packages.circle.a" leads in a circle/));
    expect(await fetchFolder('heavy', 1_000_000)).toMatchObject(failing(/packages.heavy is larger than the limit/));
    expect(await fetchFolder('heavy')).toMatchObject(failing(/There is no .spec file/));
  });
});

describe('git', () => {
  const source = (more: object = {}) => ({
    type: 'git' as const,
    url: `file://${shared}/work`,
    ref: 'main',
    commit,
    ...more,
  });

  test('the pinned commit, the subdirectory, nothing else', async () => {
    const fetched = await fetchIt(source({ subdirectory: 'packages/tiny' }));
    expect(fetched).toMatchObject({ ok: true, value: { kind: 'tree', spec: 'tiny.spec' } });
    expect(fetched.ok && readdirSync(fetched.value.folder)).toEqual(['tiny.spec']);
  });

  test('an address is fetched from its mirror', async () => {
    const mirrors = { 'https://git.example.org/': `file://${shared}/` };
    const url = 'https://git.example.org/work';
    expect(await fetchIt(source({ url, spec: 'packages/tiny/tiny.spec' }), { mirrors })).toMatchObject({ ok: true });
  });

  test('a protocol that the settings do not name is refused', async () => {
    expect(await fetchIt(source(), { protocols: ['https'] })).toMatchObject(failing(/not allowed/));
    const url = `ext::sh -c "touch ${shared}/owned"`;
    expect(await fetchIt(source({ url }))).toMatchObject(failing(/cannot be fetched/));
    expect(existsSync(join(shared, 'owned'))).toBe(false);
  });

  test('a commit that the ref does not lead to', async () => {
    expect(await fetchIt(source({ commit: '0'.repeat(40) }))).toMatchObject(failing(/is not in main any more/));
  });

  test('a repository that is not there', async () => {
    expect(await fetchIt(source({ url: `file://${shared}/gone` }))).toMatchObject(failing(/cannot be fetched: .*gone/));
  });

  test('too much, and ways out of the clone', async () => {
    expect(await fetchIt(source(), { sourceBytes: 1_000_000 })).toMatchObject(failing(/larger than the limit/));
    expect(await fetchIt(source({ subdirectory: 'outside' }))).toMatchObject(failing(/There is no folder "outside"/));
  });
});

describe('srpm', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  async function answer(listener: RequestListener): Promise<string> {
    server = createServer(listener);
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.src.rpm`;
  }
  const good = () => readFileSync(join(shared, 'tiny-1.0-1.src.rpm'));
  const sha256 = () => createHash('sha256').update(good()).digest('hex');

  test('a package with the pinned hash gets the name that its header says', async () => {
    const url = await answer((_request, response) => response.end(good()));
    expect(await fetchIt({ type: 'srpm', url, sha256: sha256() })).toEqual({
      ok: true,
      value: {
        kind: 'srpm',
        file: 'tiny-1.0-1.src.rpm',
        folder: expect.any(String),
        fetched: [{ url, file: 'tiny-1.0-1.src.rpm', sha256: sha256(), bytes: good().length }],
        notes: [],
      },
    });
  });

  test('an address is fetched from its mirror', async () => {
    const mirror = (await answer((_request, response) => response.end(good()))).replace(/x\.src\.rpm$/, '');
    const mirrors = { 'https://example.org/': 'http://127.0.0.1:1/', 'https://example.org/srpms/': mirror };
    const url = 'https://example.org/srpms/x.src.rpm';
    expect(await fetchIt({ type: 'srpm', url, sha256: sha256() }, { mirrors })).toMatchObject({ ok: true });
  });

  const cases: [string, RequestListener, RegExp, Options?][] = [
    ['404', (_request, response) => response.writeHead(404).end(), /answers 404 Not Found/],
    [
      'HTML',
      (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Log in</p>'),
      /is not a source package but text\/html/,
    ],
    ['another hash', (_request, response) => response.end('other'), /has the SHA-256 [0-9a-f]{64}, not/],
    [
      'too much',
      (_request, response) => response.end(Buffer.alloc(100_000)),
      /larger than the limit/,
      { sourceBytes: 50_000 },
    ],
    ['silence', () => undefined, /did not arrive within 1 s/, { seconds: 1 }],
    [
      'a redirect to a file',
      (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      /redirects to file/,
    ],
    [
      'a torn answer',
      (_request, response) => response.writeHead(200, { 'content-length': 9 }).end('x', () => response.destroy()),
      /cannot be fetched/,
    ],
  ];
  test.each(cases)('%s', async (_name, listener, message, options) => {
    const url = await answer(listener);
    expect(await fetchIt({ type: 'srpm', url, sha256: sha256() }, options)).toMatchObject(failing(message));
  });

  test('a binary package is not a source package', async () => {
    const binary = readFileSync(join(shared, 'tiny-1.0-1.noarch.rpm'));
    const url = await answer((_request, response) => response.end(binary));
    const hash = createHash('sha256').update(binary).digest('hex');
    expect(await fetchIt({ type: 'srpm', url, sha256: hash })).toMatchObject(failing(/is a binary package/));
  });

  test('plain http only where the settings allow it', async () => {
    const url = await answer((_request, response) => response.end(good()));
    expect(await fetchIt({ type: 'srpm', url, sha256: sha256() }, { protocols: ['https'] })).toMatchObject(
      failing(/not an address that sources may come from/),
    );
  });
});
