import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PinnedSource } from '@coppice/config';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type FetchOptions, fetchInto, gitIn } from '../../testing/fetching.ts';
import { type SourceServer, serveSources } from '../../testing/serve-sources.ts';

const files = new Map<string, string | RequestListener>();
let shared: string;
let server: SourceServer;

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'coppice-spec-sources-'));
  await mkdir(join(shared, 'work'));
  gitIn(join(shared, 'work'), 'init', '--quiet', '--initial-branch=main');
  gitIn(shared, 'init', '--quiet', '--bare', 'config.git');
});
beforeEach(async () => {
  files.clear();
  server = await serveSources((request, response) => {
    const answer = files.get(request.url ?? '');
    if (typeof answer === 'function') answer(request, response);
    else if (answer === undefined) response.writeHead(404).end();
    else response.end(answer);
  });
});
afterEach(async () => {
  await server.close();
  await rm(join(shared, 'cache'), { recursive: true, force: true });
});
afterAll(() => rm(shared, { recursive: true, force: true }));

/** The files as a folder of the config repo, pinned. */
async function folderOf(contents: Readonly<Record<string, string>>, more: object = {}): Promise<PinnedSource> {
  const work = join(shared, 'work');
  await rm(join(work, 'p'), { recursive: true, force: true });
  await mkdir(join(work, 'p'));
  for (const [name, text] of Object.entries(contents)) await writeFile(join(work, 'p', name), text);
  gitIn(work, 'add', '--all', '.');
  gitIn(work, 'commit', '--quiet', '--allow-empty', '-m', 'x');
  gitIn(work, 'push', '--quiet', '--force', join(shared, 'config.git'), 'main');
  return { type: 'dir', commit: gitIn(work, 'rev-parse', 'HEAD'), path: 'p', tree: '', ...more };
}

const preamble = 'Name: tool\nVersion: 1\nRelease: 1\nSummary: x\nLicense: MIT\n%description\nx\n';
const specOf = (lines: string) => `%global base ${server.url}\n${lines}\n${preamble}`;

async function fetchGood(source: PinnedSource, options: FetchOptions = {}) {
  const fetched = await fetchInto(shared, source, options);
  if (!fetched.ok) throw new Error(fetched.failure.message);
  return fetched.value;
}
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const failing = (message: RegExp) => ({
  ok: false,
  failure: { reason: 'source', message: expect.stringMatching(message) },
});

describe('sources that a spec names by address', () => {
  test('are fetched once, recorded, and taken from the cache by the next build', async () => {
    files.set('/v1.tar.gz', 'one').set('/fix.patch', 'patch');
    const spec = specOf('Source0: %{base}/v1.tar.gz#/%{name}-1.tar.gz\nPatch0: %{base}/fix.patch\nSource1: local.conf');
    const source = await folderOf({ 'tool.spec': spec.replace('%{name}-1', 'tool-1'), 'local.conf': 'here' });
    const first = await fetchGood(source);
    expect(readdirSync(first.folder).sort()).toEqual(['fix.patch', 'local.conf', 'tool-1.tar.gz', 'tool.spec']);
    expect(first.fetched).toEqual([
      { url: `${server.url}/v1.tar.gz`, file: 'tool-1.tar.gz', sha256: sha256('one'), bytes: 3 },
      { url: `${server.url}/fix.patch`, file: 'fix.patch', sha256: sha256('patch'), bytes: 5 },
    ]);
    expect(server.requests).toEqual(['GET /v1.tar.gz', 'GET /fix.patch']);
    expect((await fetchGood(source)).fetched).toEqual(first.fetched);
    expect(server.requests).toHaveLength(2);
  });

  test('stay what they were: a changed one is refused with both hashes, until the package states the new one', async () => {
    files.set('/a', 'one');
    const texts = { 'tool.spec': specOf('Source0: %{base}/a') };
    await fetchGood(await folderOf(texts), { sources: { cacheBytes: 0 } });
    files.set('/a', 'two');
    const changed = await fetchInto(shared, await folderOf(texts), { sources: { cacheBytes: 0 } });
    expect(changed).toMatchObject(failing(new RegExp(`is ${sha256('two')}, and was ${sha256('one')} when`)));
    const stated = await folderOf(texts, { sources: { a: sha256('two') } });
    expect(await fetchGood(stated)).toMatchObject({ fetched: [{ sha256: sha256('two') }] });
    expect(await fetchGood(await folderOf(texts))).toMatchObject({ fetched: [{ sha256: sha256('two') }] });
  });

  test('are held against the hash that the package or the file `sources` states', async () => {
    files.set('/a', 'one');
    const texts = { 'tool.spec': specOf('Source0: %{base}/a') };
    const wrong = await folderOf(texts, { sources: { [`${server.url}/a`]: sha256('two') } });
    expect(await fetchInto(shared, wrong)).toMatchObject(failing(/has the SHA-256 .*, not .* as the package says/));
    const line = (text: string) => `SHA512 (a) = ${createHash('sha512').update(text).digest('hex')}\n`;
    const beside = await folderOf({ ...texts, sources: line('two') });
    expect(await fetchInto(shared, beside)).toMatchObject(failing(/has the SHA-512 .*, not .* as the package says/));
    expect(await fetchGood(await folderOf({ ...texts, sources: line('one') }))).toMatchObject({
      fetched: [{ file: 'a' }],
    });
    expect(await fetchGood(await folderOf({ ...texts, sources: 'our sources are in a/\n' }))).toMatchObject({
      notes: [expect.stringMatching(/`sources` is not read as a list of hashes/)],
    });
  });

  test('depend on the distribution that is built for', async () => {
    files.set('/f', 'f').set('/e', 'e');
    const spec = specOf(
      '%if 0%{?fedora}\nSource0: %{base}/f\n%else\n%if 0%{?rhel} == 9\nSource0: %{base}/e\n%endif\n%endif',
    );
    const source = await folderOf({ 'tool.spec': spec });
    expect(await fetchGood(source, { chroot: 'fedora-42-x86_64' })).toMatchObject({ fetched: [{ file: 'f' }] });
    expect(await fetchGood(source, { chroot: 'epel-9-x86_64' })).toMatchObject({ fetched: [{ file: 'e' }] });
    expect(await fetchGood(source)).toMatchObject({ fetched: [] });
  });

  test('depend on what the package asks for, and on the release of the distribution', async () => {
    files.set('/dl/tool-1-1.sap12.txt', 'r').set('/dl/extra', 'e').set('/dl/mine-word', 'm').set('/dl/s390x', 's');
    const spec = `%bcond_with extra
%global base ${server.url}
Name: tool
Version: 1
Release: 1%{?dist}
Summary: x
License: MIT
Source0: %{base}/dl/%{name}-%{version}-%{release}.txt
%if %{with extra}
Source1: %{base}/dl/extra
%endif
%{?word:Source2: %{base}/dl/%{word}-%{?rest}%{!?rest:word}}
%ifarch s390x
Source3: %{base}/dl/%{_target_cpu}
%endif
%description
x
`;
    const source = await folderOf({ 'tool.spec': spec });
    const names = async (options: FetchOptions) => (await fetchGood(source, options)).fetched.map(({ file }) => file);
    expect(await names({})).toEqual(['tool-1-1.sap12.txt']);
    expect(await names({ buildroot: { with: ['extra'] } })).toEqual(['tool-1-1.sap12.txt', 'extra']);
    expect(await names({ buildroot: { macros: { word: 'mine' } } })).toEqual(['tool-1-1.sap12.txt', 'mine-word']);
    expect(await names({ chroot: 'sapling-12-s390x' })).toEqual(['tool-1-1.sap12.txt', 's390x']);
    files.set('/dl/tool-1-1.own.txt', 'o').set('/dl/tool-1-1.said.txt', 'o');
    expect(await names({ config: "config_opts['dist'] = 'own'\n" })).toEqual(['tool-1-1.own.txt']);
    expect(await names({ buildroot: { macros: { dist: '.said' } } })).toEqual(['tool-1-1.said.txt']);
    // No macro of a package leads rpm out of the folder of the sources.
    expect(await names({ buildroot: { macros: { _sourcedir: '/etc', dist: '.said' } } })).toHaveLength(1);
    const message = `${server.url}/dl/tool-1-1.fc42.txt answers 404 Not Found: it is Source0 of tool.spec, written there as %{base}/dl/%{name}-%{version}-%{release}.txt and read for fedora-42-x86_64.`;
    expect(await fetchInto(shared, source, { chroot: 'fedora-42-x86_64' })).toMatchObject({ failure: { message } });
  });

  test('that differ between the chroots of a build are fetched for each, one folder for those that agree', async () => {
    files.set('/f', 'f').set('/e', 'e').set('/all', 'a');
    const spec = specOf(
      'Source0: %{base}/all\n%if 0%{?fedora}\nSource1: %{base}/f#/own\n%else\nSource1: %{base}/e#/own\n%endif',
    );
    const source = await folderOf({ 'tool.spec': spec, 'local.conf': 'l' });
    const chroots = ['fedora-42-x86_64', 'epel-9-x86_64', 'epel-9-aarch64', 'fedora-41-x86_64'];
    const fetched = await fetchGood(source, { chroots });
    if (fetched.kind !== 'tree' || fetched.method !== 'spec') throw new Error('no spec');
    const read = ({ folder, chroots: of }: { folder: string; chroots: readonly string[] }) => ({
      ...{ of, own: readFileSync(join(folder, 'own'), 'utf8'), files: readdirSync(folder).sort() },
    });
    const names = ['all', 'local.conf', 'own', 'tool.spec'];
    expect([fetched, ...fetched.variants].map(read)).toEqual([
      { of: ['fedora-42-x86_64', 'fedora-41-x86_64'], own: 'f', files: names },
      { of: ['epel-9-x86_64', 'epel-9-aarch64'], own: 'e', files: names },
    ]);
    expect(fetched.fetched.map(({ url }) => url)).toEqual(['all', 'f', 'e'].map((name) => `${server.url}/${name}`));
    const closed = await folderOf({
      'tool.spec': `%if 0%{?rhel}\n%{error:not for this}\n%endif\n${specOf('Source0: %{base}/all')}`,
    });
    expect(await fetchGood(closed, { chroots })).toMatchObject({ variants: [], fetched: [{ file: 'all' }] });
    const local = '%if 0%{?fedora}\nSource0: a.conf\n%else\nSource0: b.conf\n%endif\n';
    const plain = await folderOf({ 'tool.spec': `${local}${preamble}`, 'a.conf': 'a', 'b.conf': 'b' });
    expect(await fetchGood(plain, { chroots })).toMatchObject({ variants: [{ sources: [{ file: 'b.conf' }] }] });
  });

  test('may not be too large together, private, or anything but http', async () => {
    files.set('/a', 'x'.repeat(600)).set('/b', 'x'.repeat(600));
    const both = await folderOf({ 'tool.spec': specOf('Source0: %{base}/a\nSource1: %{base}/b') });
    expect(await fetchInto(shared, both, { sourceBytes: 1100 })).toMatchObject(
      failing(/\/b is larger than the limit of/),
    );
    expect(await fetchInto(shared, both, { sources: { privateAddresses: false } })).toMatchObject(
      failing(/not public/),
    );
    for (const url of ['ftp://a.example/x', 'file:///etc/passwd', 'gopher://a.example/x']) {
      const source = await folderOf({ 'tool.spec': specOf(`Source0: ${url}`) });
      expect(await fetchInto(shared, source)).toMatchObject(failing(/is not an address that sources may come from/));
    }
  });

  test('have names that stay in their folder', async () => {
    for (const name of ['..', '.hidden', '-rf', 'a%2Fb c', '?']) {
      files.set(`/${name}`, 'x');
      const source = await folderOf({ 'tool.spec': specOf(`Source0: ${server.url}/${name}`) });
      expect(await fetchInto(shared, source)).toMatchObject(failing(/whose file name cannot be used/));
    }
    expect(server.requests).toEqual([]);
  });
});

describe('a hostile spec', () => {
  test('is expanded where it reaches neither the network nor the files of this machine', async () => {
    const marker = join(shared, 'owned');
    const spec = `%global out %(touch ${marker}; cat ${shared}/config.git/HEAD; echo reached > /dev/tcp/127.0.0.1/${new URL(server.url).port})
Source0: %{out}
${preamble}`;
    const { notes } = await fetchGood(await folderOf({ 'tool.spec': spec }));
    expect(existsSync(marker)).toBe(false);
    expect(server.requests).toEqual([]);
    expect(notes.join()).not.toContain('refs/heads');
  });

  test('that rpm cannot read here is left to the builder, with a note', async () => {
    const { notes, folder } = await fetchGood(await folderOf({ 'tool.spec': 'Source0: %{base}/a\n%if\n' }));
    expect(notes).toEqual([
      expect.stringMatching(/cannot read tool.spec for sapling-12-x86_64 .*: no source address was fetched/),
    ]);
    expect(readdirSync(folder)).toEqual(['tool.spec']);
  });
});

describe('releases and scripts', () => {
  test('an sdist and a gem are fetched by their hashes, once', async () => {
    files.set('/packages/tool-1.0.tar.gz', 'sdist').set('/gems/tool-1.0.gem', 'gem');
    const pypi = {
      ...{ type: 'pypi', package: 'tool', version: '1.0', python: ['3.12'] },
      ...{ url: `${server.url}/packages/tool-1.0.tar.gz`, sha256: sha256('sdist') },
    } as PinnedSource;
    const gem = {
      ...{ type: 'rubygems', gem: 'tool', version: '1.0' },
      ...{ url: `${server.url}/gems/tool-1.0.gem`, sha256: sha256('gem') },
    } as PinnedSource;
    for (let round = 0; round < 2; round += 1) {
      expect(await fetchGood(pypi)).toMatchObject({
        ...{ kind: 'pypi', file: 'tool-1.0.tar.gz', generator: 'pyp2rpm', python: ['3.12'], needsNetwork: false },
      });
      expect(await fetchGood(gem)).toMatchObject({ kind: 'rubygems', file: 'tool-1.0.gem', name: 'tool' });
    }
    expect(server.requests).toEqual(['GET /packages/tool-1.0.tar.gz', 'GET /gems/tool-1.0.gem']);
    const other = { ...pypi, sha256: sha256('other') } as PinnedSource;
    expect(await fetchInto(shared, other)).toMatchObject(failing(/has the SHA-256 .*, not/));
    const nameless = { ...pypi, url: `${server.url}/` } as PinnedSource;
    expect(await fetchInto(shared, nameless)).toMatchObject(failing(/has no file name that can be used/));
  });

  test('a script is its text, or a file with all that is beside it', async () => {
    const text = await fetchGood({ type: 'script', script: '#!/bin/sh\ntrue\n', builddeps: ['git'] });
    expect(text).toMatchObject({ kind: 'script', script: 'script', buildDependencies: ['git'], needsNetwork: false });
    expect(statSync(join(text.folder, 'script')).mode & 0o777).toBe(0o755);
    const { commit, path, tree } = (await folderOf({ 'make.sh': '#!/bin/sh\n', data: 'd' })) as Extract<
      PinnedSource,
      { type: 'dir' }
    >;
    const source: PinnedSource = { type: 'script', script: 'make.sh', commit, path, tree, resultdir: 'out' };
    const file = await fetchGood(source, { network: true });
    expect(file).toMatchObject({ script: 'make.sh', resultFolder: 'out', needsNetwork: true });
    expect(readFileSync(join(file.folder, 'data'), 'utf8')).toBe('d');
    expect(await fetchInto(shared, { ...source, script: 'data' })).toMatchObject(failing(/does not begin with `#!`/));
    expect(await fetchInto(shared, { ...source, script: '../x' })).toMatchObject(failing(/is not pinned to a folder/));
    expect(await fetchInto(shared, { ...source, script: 'gone' })).toMatchObject(failing(/There is no gone in p/));
  });
});
