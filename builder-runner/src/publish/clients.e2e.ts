// How readers come to a project's repository: dnf 4 with its stock plugins, and what dnf 5's plugin would write, read
// by dnf 4. A plain web server gives the files.
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import {
  type ChrootName,
  coprAnswer,
  type NeededRepo,
  plainRepoOptions,
  plainTerms,
  published,
  type RepoTerms,
  sandboxOf,
} from '@coppice/config';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dnf5CoprEnable, dnf5RepoUrl } from '../../testing/dnf5-copr.ts';
import { needRoot } from '../../testing/need-root.ts';
import { buildOf, publishMade, publishTiny, testChroot } from '../../testing/publish-builds.ts';
import { closeAllSigning } from '../signing/sign.ts';
import type { Publisher } from './publisher.ts';
import { writeRepoFiles } from './repo-files.ts';

needRoot();

const sandbox = sandboxOf('tools', 7);
const narrow = 'sapling-12-i686' as ChrootName;
const libs: NeededRepo = { kind: 'project', owner: 'acme', name: 'libs', options: plainRepoOptions };
const foreign: NeededRepo = { kind: 'address', url: 'http://127.0.0.1:1/none/', key: null };
const terms: RepoTerms = { ...plainTerms, needed: [libs, foreign] };
const wide: RepoTerms = {
  ...terms,
  options: { ...plainRepoOptions, multilib: true },
  multilib: new Map([['sapling-12', 'i686']]),
};

let home: string;
let server: Server;
let url: string;
let publisher: Publisher;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-clients-'));
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const path = decodeURIComponent(pathname);
    const answer = path.startsWith('/api_3/') ? coprAnswer(path, searchParams) : undefined;
    const file = join(home, 'published', answer?.kind === 'file' ? answer.file : normalize(path));
    stat(file).then(
      (about) => (about.isFile() ? createReadStream(file).pipe(response) : response.writeHead(404).end()),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const repoTerms = (_: string, name: string) => (name === 'libs' ? plainTerms : terms);
  publisher = { home, url, repoTerms };
  await publishTiny(publisher, 1, 'lib', '1.0', 'libs');
  await publishMade(publisher, buildOf(2, 'tool'), '1.0', { preamble: 'Requires: lib' });
  await publishMade(publisher, buildOf(3, 'narrow', 'tools', narrow), '1.0');
  await publishMade(publisher, buildOf(4, 'tool', sandbox), '0.9', { preamble: 'Requires: lib' });
  await publishTiny(publisher, 5, 'other', '1.0', 'others');
}, 120_000);
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await closeAllSigning(home);
  await rm(home, { recursive: true, force: true });
});

let root: string;
const repositories = () => join(root, 'etc/yum.repos.d');
const dnf = async (...args: readonly string[]) => {
  const fixed = ['-y', `--installroot=${root}`, '--releasever=12', '--disableplugin=local'];
  const settings = [`--setopt=reposdir=${repositories()}`, '--setopt=timeout=5', '--setopt=retries=0'];
  const ended = await execa('dnf', [...fixed, ...settings, ...args], {
    reject: false,
    all: true,
    env: { LC_ALL: 'C.UTF-8' },
  });
  return { exitCode: ended.exitCode, output: ended.all };
};
const must = async (...args: readonly string[]) => {
  const ended = await dnf(...args);
  expect(ended, ended.output).toMatchObject({ exitCode: 0 });
  return ended.output;
};
const installed = async () => {
  const { stdout } = await execa('rpm', ['--root', root, '-qa', '--qf', '%{name}-%{version}\n']);
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('gpg-pubkey'))
    .sort();
};

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'coppice-client-'));
  await mkdir(repositories(), { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('the stock copr plugin of dnf 4', () => {
  test('enables a project, installs with what it needs, lists it and removes it', async () => {
    const hub = ['copr', '--hub', url];
    await must(...hub, 'enable', 'acme/tools', testChroot);
    expect(await must('copr', 'list')).toContain(`127.0.0.1/acme/tools`);
    await must('install', 'tool');
    expect(await installed()).toEqual(['lib-1.0', 'tool-1.0']);
    await must(...hub, 'enable', `acme/${sandbox}`, testChroot);
    expect(await must('copr', 'list')).toContain(`127.0.0.1/acme/${sandbox}`);
    await must('distro-sync', 'tool');
    expect(await installed()).toEqual(['lib-1.0', 'tool-0.9']);
    await must(...hub, 'remove', `acme/${sandbox}`);
    await must(...hub, 'remove', 'acme/tools');
    expect(await readdir(repositories())).toEqual([]);
  }, 120_000);
});

test('two projects that are added by their addresses both stay', async () => {
  for (const project of ['tools', 'others']) {
    await must('config-manager', '--add-repo', `${url}/${published.ownRepo('acme', project, testChroot)}`);
  }
  expect((await readdir(repositories())).sort()).toEqual(['acme-others-sapling-12.repo', 'acme-tools-sapling-12.repo']);
  await must('install', 'tool', 'other');
  expect(await installed()).toEqual(['lib-1.0', 'other-1.0', 'tool-1.0']);
}, 120_000);

describe('what the copr plugin of dnf 5 writes', () => {
  const hub = () => ({ hostname: '127.0.0.1', protocol: 'http', port: new URL(url).port });
  const machine = { distribution: 'sapling', release: '12', arch: 'x86_64' };
  /** Enables as dnf 5 does. */
  const enable = async (project: string, chroot?: string) => {
    const address = dnf5RepoUrl(hub(), 'acme', project, machine);
    const json = await (await fetch(address)).json();
    const spec = { hub: hub(), owner: 'acme', dirname: project, ...(chroot === undefined ? {} : { chroot }) };
    const { name, text } = dnf5CoprEnable(json, spec, machine);
    await writeFile(join(repositories(), name), text);
  };

  test('installs with what the packages need', async () => {
    await enable('tools');
    await must('install', 'tool');
    expect(await installed()).toEqual(['lib-1.0', 'tool-1.0']);
    expect(await must('copr', 'list')).toContain('127.0.0.1/acme/tools');
  }, 60_000);

  test('has packages of 32 bits where the project says so, and only there', async () => {
    await enable('tools');
    expect((await dnf('install', 'narrow')).exitCode).not.toBe(0);
    await writeRepoFiles(publisher, { owner: 'acme', name: 'tools' }, wide);
    await enable('tools');
    await must('--refresh', 'install', 'narrow');
    await rm(join(repositories(), '_copr:127.0.0.1:acme:tools.repo'));
    await must('copr', '--hub', url, 'enable', 'acme/tools', testChroot);
    await must('--refresh', 'reinstall', 'narrow');
    expect(await must('copr', 'list')).not.toContain(':ml');
    await enable('tools', testChroot);
    expect((await dnf('--refresh', 'reinstall', 'narrow')).exitCode).not.toBe(0);
    await writeRepoFiles(publisher, { owner: 'acme', name: 'tools' }, terms);
  }, 120_000);

  // The plugin looks for a sandbox's files under the name that it has for dnf.
  test('installs from a sandbox what that has, and the rest from its project', async () => {
    await enable(sandbox);
    await must('install', 'tool');
    expect(await installed()).toEqual(['lib-1.0', 'tool-0.9']);
  }, 60_000);
});
