// What is there of projects before anything is built, and which further metadata: on real gpg, createrepo_c and dnf.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type ChrootName, published, type QueuedBuild, sandboxOf } from '@coppice/config';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildOf, publishTiny, showPackages, testChroot } from '../../testing/publish-builds.ts';
import type { FurtherFile } from '../repodata/repository.ts';
import { closeAllSigning } from '../signing/sign.ts';
import { type StatedRepositories, startProviding } from './provide-repositories.ts';
import { freezeProject } from './takedown.ts';

let home: string;
let publisher: { home: string; url: string };
let stated: readonly StatedRepositories[];
let live: QueuedBuild[];
let tell: (build: QueuedBuild) => void;
let logged: string[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-provide-'));
  publisher = { home, url: 'https://build.example.org' };
  [stated, live, logged] = [[], [], []];
});
afterEach(async () => {
  await closeAllSigning(home);
  await rm(home, { recursive: true, force: true });
});

const other = 'fedora-42-x86_64' as ChrootName;
const project = (changes: Partial<StatedRepositories> = {}): StatedRepositories => ({
  ...{ owner: 'acme', project: 'tools', chroots: [testChroot], restingChroots: [other] },
  ...{ furtherKey: '', further: async () => [], ...changes },
});
const start = () =>
  startProviding({
    publisher,
    queue: {
      builds: () => live,
      onChange: (listener) => {
        tell = (build) => listener({ build } as Parameters<typeof listener>[0]);
        return () => undefined;
      },
    },
    projects: () => stated,
    log: (_level, text) => void logged.push(text),
  });
const folderOf = (name: string, chroot = testChroot) =>
  join(home, 'published', published.repository('acme', name, chroot));
const repoFile = (name: string, chroot = testChroot) =>
  join(home, 'published', published.dnfRepo('acme', name, chroot));
const keyOf = (name: string) => join(home, 'published', published.publicKey('acme', name));

test('a project without builds has an empty signed repository for each chroot that is built for, and nothing is done twice', async () => {
  stated = [project(), project({ project: 'others' }), project({ project: 'more' })];
  const provider = start();
  provider.look();
  await provider.settled();
  for (const { project: name } of stated) {
    expect(await showPackages(home, folderOf(name), keyOf(name))).toEqual([]);
    expect(readFileSync(repoFile(name), 'utf8')).toContain('repo_gpgcheck=1');
    expect(existsSync(folderOf(name, other))).toBe(false);
  }
  const generations = () => readdirSync(join(folderOf('tools'), 'generations')).sort();
  const before = [generations(), statSync(repoFile('tools')).mtimeMs];
  provider.look();
  await provider.settled();
  await provider.stop();
  const again = start();
  again.look();
  await again.settled();
  await again.stop();
  expect([generations(), statSync(repoFile('tools')).mtimeMs]).toEqual(before);
  expect(logged).toEqual([]);
}, 60_000);

test('a chroot that is enabled gets one, and a frozen project none', async () => {
  stated = [project()];
  const provider = start();
  provider.look();
  stated = [project({ chroots: [testChroot, other], restingChroots: [] })];
  provider.look();
  await provider.settled();
  expect(await showPackages(home, folderOf('tools', other), keyOf('tools'))).toEqual([]);
  await freezeProject(publisher, 'acme', 'cold');
  stated = [...stated, project({ project: 'cold' })];
  provider.look();
  await provider.settled();
  await provider.stop();
  expect([existsSync(folderOf('cold')), existsSync(repoFile('cold'))]).toEqual([false, false]);
}, 60_000);

test('a sandbox has one as soon as a build of it is in the queue, also after a restart; other builds wait for theirs', async () => {
  const [first, second] = [sandboxOf('tools', 7), sandboxOf('tools', 8)];
  live = [buildOf(1, 'one', first)];
  const provider = start();
  tell(buildOf(2, 'one', second));
  tell(buildOf(3, 'one', 'tools'));
  await provider.settled();
  await provider.stop();
  for (const name of [first, second]) expect(await showPackages(home, folderOf(name), keyOf(name))).toEqual([]);
  expect(existsSync(folderOf('tools'))).toBe(false);
}, 60_000);

const comps = (id: string) => `<?xml version="1.0" encoding="UTF-8"?>
<comps><group><id>${id}</id><name>Group ${id}</name><description/><default>true</default><uservisible>true</uservisible>
<packagelist><packagereq type="mandatory">one</packagereq></packagelist></group></comps>
`;
const furtherOf = (id: string): FurtherFile[] => {
  const open = Buffer.from(comps(id));
  const catalogue = Buffer.from('<components version="0.16"/>');
  return [
    { type: 'group', ending: 'comps.xml', content: open, seconds: 0 },
    { type: 'group_gz', ending: 'comps.xml.gz', content: gzipSync(open), open, seconds: 0 },
    { type: 'appstream', ending: 'appstream.xml.gz', content: gzipSync(catalogue), open: catalogue, seconds: 0 },
  ];
};

async function groups(): Promise<string> {
  const folder = await mkdtemp(join(home, 'dnf-'));
  const options = ['-q', '-y', '--disableplugin=local', '--releasever=12', `--installroot=${join(folder, 'root')}`];
  const settings = [`--setopt=cachedir=${join(folder, 'cache')}`, '--setopt=reposdir=/nonexistent'];
  const signed = ['--setopt=tiny.repo_gpgcheck=1', `--setopt=tiny.gpgkey=file://${keyOf('tools')}`];
  const repo = ['--repofrompath', `tiny,file://${folderOf('tools')}`, '--repo', 'tiny', ...signed];
  // It ends with 1 where there are none.
  return (await execa('dnf', [...options, ...settings, ...repo, 'group', 'list'], { reject: false })).stdout;
}

test('groups of packages are seen by dnf, change without a build, stay through one, and go', async () => {
  const provider = start();
  const state = async (furtherKey: string, further: readonly FurtherFile[]) => {
    stated = [project({ furtherKey, further: async () => further })];
    provider.look();
    await provider.settled();
  };
  await state('1', furtherOf('first'));
  expect(await groups()).toContain('Group first');
  await publishTiny(publisher, 1, 'one', '1.0');
  expect(await groups()).toContain('Group first');
  expect(readFileSync(join(folderOf('tools'), 'repodata/repomd.xml'), 'utf8')).toContain('<data type="appstream">');
  await state('2', furtherOf('second'));
  const changed = await groups();
  expect([changed.includes('Group second'), changed.includes('Group first')]).toEqual([true, false]);
  expect(await showPackages(home, folderOf('tools'), keyOf('tools'))).toEqual(['one-1.0.noarch', 'one-1.0.src']);
  // Another key for the same files is no change.
  const generations = () => readdirSync(join(folderOf('tools'), 'generations')).length;
  const before = generations();
  await state('3', furtherOf('second'));
  expect(generations()).toBe(before);
  await state('', []);
  expect(await groups()).not.toContain('Group');
  expect(readFileSync(join(folderOf('tools'), 'repodata/repomd.xml'), 'utf8')).not.toContain('group');
  await provider.stop();
  expect(logged).toEqual([]);
}, 60_000);
