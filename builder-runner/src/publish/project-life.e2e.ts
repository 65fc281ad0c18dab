// The life of projects after publishing, on real RPMs, gpg, createrepo_c and dnf.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BuildId,
  plainRepoOptions,
  plainTerms,
  published,
  type RepoTerms,
  type Result,
  resultSchema,
} from '@coppice/config';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { publishAttested } from '../../testing/attested-builds.ts';
import { buildOf, endingOf, publishTiny, showPackages, testChroot } from '../../testing/publish-builds.ts';
import { verifyRpm } from '../provenance/verify-rpm.ts';
import { ensureKey, keyFolder } from '../signing/keys.ts';
import { closeAllSigning } from '../signing/sign.ts';
import { forkProject } from './fork-project.ts';
import { deleteBuild, removePackage, removeProject, renameOldSandboxes, renameProject } from './project-life.ts';
import { publishEnding, writeMetadata } from './publish.ts';
import { writeRecord } from './record.ts';
import { remarkLower } from './remark-lower.ts';
import { removeDue } from './remove-later.ts';
import { writeRepoFiles, writeSandboxRepoFiles } from './repo-files.ts';

let home: string;
let publisher: { home: string; url: string };
const tools = { owner: 'acme', name: 'tools' };
const instruments = { owner: 'acme', name: 'instruments' };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-life-'));
  publisher = { home, url: 'https://build.example.org' };
});
afterEach(async () => {
  await closeAllSigning(home);
  await rm(home, { recursive: true, force: true });
});

const inPublished = (path: string) => join(home, 'published', path);
const repositoryOf = (name: string) => inPublished(published.repository('acme', name, testChroot));
const keyOf = (name: string) => inPublished(published.publicKey('acme', name));
const repoFileOf = (name: string) => inPublished(published.dnfRepo('acme', name, testChroot));
const rpmrepoOf = (name: string) => inPublished(published.rpmrepo('acme', name));
const shown = (name: string) => showPackages(home, repositoryOf(name), keyOf(name));
const recordOf = (name: string, folder: string): Result =>
  resultSchema.parse(JSON.parse(readFileSync(join(repositoryOf(name), folder, 'result.json'), 'utf8')));

/** Does it twice: what was done already stays done. */
async function twice<T>(work: () => Promise<T>): Promise<T> {
  await work();
  return work();
}

test('a package that is removed is shown no more, in no older version either; its files go later', async () => {
  await publishTiny(publisher, 1, 'one', '1.0');
  await publishTiny(publisher, 2, 'one', '2.0');
  await publishTiny(publisher, 3, 'two', '1.0');
  const failed = buildOf(4, 'one');
  await publishEnding(publisher, failed, failed.chroots[0], endingOf('failed'));
  const sources = inPublished(published.srpmBuild({ ...buildOf(2, 'one') }));
  await mkdir(sources, { recursive: true });
  await writeRecord(join(sources, 'result.json'), { ...recordOf('tools', '00000002-one'), chroot: 'srpm' });
  await twice(() => removePackage(publisher, 'acme', 'tools', 'one'));
  expect(await shown('tools')).toEqual(['two-1.0.noarch', 'two-1.0.src']);
  const folders = () => readdirSync(repositoryOf('tools')).filter((name) => /^\d/.test(name));
  expect(folders()).toEqual(['00000001-one', '00000002-one', '00000003-two']);
  expect(readdirSync(join(repositoryOf('tools'), '00000002-one')).every((name) => name.endsWith('.rpm'))).toBe(true);
  expect(existsSync(sources)).toBe(false);
  await removeDue(home, new Date(Date.now() + 700_000));
  expect(folders()).toEqual(['00000003-two']);
}, 30_000);

test('a version that is lower than the published one is remarked, unless that is meant', async () => {
  await publishTiny(publisher, 1, 'one', '2.0');
  const remark = async (nevra: string, more: object = {}) => {
    const artifact = { file: `${nevra}.rpm`, nevra, bytes: 1, sha256: '' } as Result['artifacts'][number];
    return (await remarkLower({ ...publisher, ...more }, buildOf(2, 'one'), testChroot, [artifact])).remark;
  };
  expect(await remark('one-1.9-1.noarch')).toMatch(
    /^1\.9-1 is lower than 2\.0-1, .*`dnf distro-sync`.*`downgrade: allow`/,
  );
  expect(await remark('one-1.9-1.noarch', { allowsDowngrade: () => true })).toBeUndefined();
  expect(await remark('one-2.0-1.noarch')).toBeUndefined();
  expect(await remark('one-1:0.1-1.noarch')).toBeUndefined();
}, 30_000);

/** True when exactly this project's key signed the package. */
async function isSignedBy(name: string, file: string): Promise<boolean> {
  const database = await mkdtemp(join(home, 'rpmdb-'));
  await execa('rpmkeys', ['--dbpath', database, '--import', keyOf(name)]);
  const { stdout } = await execa('rpmkeys', ['--dbpath', database, '--checksig', file], { reject: false });
  return /digests signatures OK$/.test(stdout);
}

describe('a build that is deleted', () => {
  test('leaves the repository, which shows the good build before it', async () => {
    await publishTiny(publisher, 1, 'one', '1.0');
    await publishTiny(publisher, 2, 'one', '2.0');
    const before = Date.now();
    await twice(() => deleteBuild(publisher, 'acme', 'tools', 2 as BuildId));
    expect(await shown('tools')).toEqual(['one-1.0.noarch', 'one-1.0.src']);
    // Who has read the metadata before may still fetch its packages, for a while.
    const [deleted, kept] = ['00000002-one', '00000001-one'].map((build) =>
      readdirSync(join(repositoryOf('tools'), build)),
    );
    expect(deleted).toEqual(['one-2.0-1.noarch.rpm', 'one-2.0-1.src.rpm']);
    expect(kept).toContain('result.json');
    await removeDue(home, new Date(before + 599_000));
    expect(readdirSync(repositoryOf('tools'))).toContain('00000002-one');
    await removeDue(home, new Date(Date.now() + 601_000));
    expect(readdirSync(repositoryOf('tools')).sort()).toEqual(['00000001-one', 'generations', 'repodata']);
    await deleteBuild(publisher, 'acme', 'tools', 1 as BuildId);
    expect(await shown('tools')).toEqual([]);
  }, 60_000);
});

describe('sandboxes', () => {
  const old = 'tools+pr7';
  const now = 'tools:pr:7';
  const sandbox = (name: string) => inPublished(`results/acme/${name}`);

  test('from before they were called after Copr have that name from the start on, with all that they had', async () => {
    await publishTiny(publisher, 1, 'one', '1.0', old);
    await publishTiny(publisher, 2, 'two', '1.0');
    await mkdir(inPublished('acme/tools+pr7/build/1'), { recursive: true });
    const key = readFileSync(keyOf(old), 'utf8');
    await twice(() => renameOldSandboxes(publisher));
    expect(await shown(now)).toEqual(['one-1.0.noarch', 'one-1.0.src']);
    expect(readFileSync(keyOf(now), 'utf8')).toBe(key);
    expect(recordOf(now, '00000001-one')).toMatchObject({ owner: 'acme', project: now, id: 1 });
    expect(readFileSync(repoFileOf(now), 'utf8')).toContain(`/results/acme/${now}/sapling-12-$basearch/`);
    expect([existsSync(sandbox(old)), existsSync(inPublished('acme/tools+pr7'))]).toEqual([false, false]);
    expect(await shown('tools')).toEqual(['two-1.0.noarch', 'two-1.0.src']);
  }, 60_000);

  test('are renamed to the end when that was cut off, and one that cannot be holds nothing up', async () => {
    await publishTiny(publisher, 1, 'one', '1.0', old);
    await publishTiny(publisher, 2, 'one', '1.0', 'other+pr1');
    await publishTiny(publisher, 3, 'one', '1.0', 'other:pr:1');
    await rename(keyFolder(home, 'acme', old), keyFolder(home, 'acme', now));
    const told: string[] = [];
    await renameOldSandboxes({ ...publisher, log: (level, text) => void told.push(`${level}: ${text}`) });
    expect(await shown(now)).toEqual(['one-1.0.noarch', 'one-1.0.src']);
    expect(existsSync(sandbox('other+pr1'))).toBe(true);
    expect(told.sort()).toEqual([
      'error: The sandbox acme/other+pr1 could not be renamed to acme/other:pr:1',
      'info: The sandbox acme/tools+pr7 is acme/tools:pr:7 now',
    ]);
  }, 60_000);

  test('take their keys with them when they are swept; that of a project is kept', async () => {
    await publishTiny(publisher, 1, 'one', '1.0', now);
    await publishTiny(publisher, 2, 'one', '1.0');
    for (const name of [now, 'tools']) await twice(() => removeProject(home, 'acme', name));
    expect(existsSync(keyFolder(home, 'acme', now))).toBe(false);
    const kept = readdirSync(join(home, 'state/keys-removed/acme'));
    expect(kept).toHaveLength(1);
    expect(kept[0]).toMatch(/^tools-[0-9A-F]{40}$/);
  }, 60_000);

  test("have their project's section in their .repo file, under the name that the project has now", async () => {
    await publishTiny(publisher, 1, 'one', '1.0', now);
    const sections = () => readFileSync(repoFileOf(now), 'utf8').match(/^\[.*\]$/gm);
    expect(sections()).toEqual(['[copr:build.example.org:acme:tools:pr:7]', '[coprdep:build.example.org:acme:tools]']);
    await writeSandboxRepoFiles({ ...publisher, baseOf: () => 'acme/instruments' });
    expect(sections()?.[1]).toBe('[coprdep:build.example.org:acme:instruments]');
    // Nobody states it any more: what is there stays.
    await writeSandboxRepoFiles({ ...publisher, baseOf: () => undefined });
    expect(sections()?.[1]).toBe('[coprdep:build.example.org:acme:instruments]');
  }, 60_000);
});

describe('a project that is renamed', () => {
  test('keeps its packages, its key and its signatures, and its records say the new name', async () => {
    await publishTiny(publisher, 1, 'one', '1.0');
    const key = readFileSync(keyOf('tools'), 'utf8');
    await twice(() => renameProject(publisher, tools, instruments));
    expect(await shown('instruments')).toEqual(['one-1.0.noarch', 'one-1.0.src']);
    expect(readFileSync(keyOf('instruments'), 'utf8')).toBe(key);
    expect(recordOf('instruments', '00000001-one')).toMatchObject({ owner: 'acme', project: 'instruments', id: 1 });
    expect(readFileSync(repoFileOf('instruments'), 'utf8')).toContain('[copr:build.example.org:acme:instruments]');
    expect([existsSync(repoFileOf('tools')), existsSync(inPublished('results/acme/tools'))]).toEqual([false, false]);
    await publishTiny(publisher, 2, 'one', '2.0', 'instruments');
    expect(await shown('instruments')).toEqual(['one-2.0.noarch', 'one-2.0.src']);
    expect(readFileSync(keyOf('instruments'), 'utf8')).toBe(key);
  }, 60_000);

  test('is renamed to the end when it was cut off between its key and its results', async () => {
    await publishTiny(publisher, 1, 'one', '1.0');
    const key = readFileSync(keyOf('tools'), 'utf8');
    await rename(keyFolder(home, 'acme', 'tools'), keyFolder(home, 'acme', 'instruments'));
    // As the start of a service does for each project that is stated.
    await ensureKey(home, 'acme', 'instruments');
    await renameProject(publisher, tools, instruments);
    expect(readFileSync(keyOf('instruments'), 'utf8')).toBe(key);
    expect(await shown('instruments')).toEqual(['one-1.0.noarch', 'one-1.0.src']);
    expect(existsSync(inPublished('results/acme/tools'))).toBe(false);
  }, 60_000);

  test('takes the place of one that has a key and repositories and not one build', async () => {
    await publishTiny(publisher, 1, 'one', '1.0');
    const key = readFileSync(keyOf('tools'), 'utf8');
    await publishTiny(publisher, 2, 'two', '1.0', 'instruments');
    await deleteBuild(publisher, 'acme', 'instruments', 2 as BuildId);
    await twice(() => renameProject(publisher, tools, instruments));
    expect(await shown('instruments')).toEqual(['one-1.0.noarch', 'one-1.0.src']);
    expect(readFileSync(keyOf('instruments'), 'utf8')).toBe(key);
    expect(readdirSync(join(home, 'state/keys-removed/acme'))).toHaveLength(1);
  }, 60_000);

  test('does not take the place of another one', async () => {
    await publishTiny(publisher, 1, 'one', '1.0');
    await publishTiny(publisher, 2, 'two', '1.0', 'instruments');
    await expect(renameProject(publisher, tools, instruments)).rejects.toMatchObject({ code: 'publish' });
    expect(await shown('tools')).toEqual(['one-1.0.noarch', 'one-1.0.src']);
    expect(await shown('instruments')).toEqual(['two-1.0.noarch', 'two-1.0.src']);
  }, 60_000);
});

test('a project that is removed leaves nothing public, and its key is there when it comes back', async () => {
  await publishTiny(publisher, 1, 'one', '1.0');
  const { fingerprint } = await ensureKey(home, 'acme', 'tools');
  await twice(() => removeProject(home, 'acme', 'tools'));
  expect([readdirSync(inPublished('results')), readdirSync(inPublished('coprs'))]).toEqual([[], []]);
  expect(readdirSync(join(home, 'state/keys-removed/acme'))).toEqual([`tools-${fingerprint}`]);
  await publishTiny(publisher, 2, 'one', '2.0');
  expect((await ensureKey(home, 'acme', 'tools')).fingerprint).toBe(fingerprint);
  expect(await shown('tools')).toEqual(['one-2.0.noarch', 'one-2.0.src']);
  await removeProject(home, 'acme', 'tools');
  expect(readdirSync(join(home, 'state/keys-removed/acme'))).toHaveLength(1);
}, 60_000);

describe('a fork', () => {
  test('begins with the newest good builds, signed with its own key, under numbers of its own', async () => {
    await publishTiny(publisher, 1, 'one', '1.0');
    await publishTiny(publisher, 2, 'one', '2.0');
    await publishAttested(home, 3, 'two');
    const asked: number[] = [];
    const reserve = async (count: number) => {
      asked.push(count);
      return Array.from({ length: count }, (_, index) => (10 * asked.length + index) as BuildId);
    };
    const fork = () => forkProject(publisher, tools, instruments, { reserve });
    expect(await fork()).toBe(2);
    expect(await shown('instruments')).toEqual(['one-2.0.noarch', 'one-2.0.src', 'two-1.0.noarch', 'two-1.0.src']);
    const file = join(repositoryOf('instruments'), '00000010-one', 'one-2.0-1.noarch.rpm');
    expect([await isSignedBy('instruments', file), await isSignedBy('tools', file)]).toEqual([true, false]);
    const record = recordOf('instruments', '00000010-one');
    expect(record).toMatchObject({ id: 10, project: 'instruments', package: 'one', state: 'succeeded' });
    const { stdout } = await execa('sha256sum', [file]);
    expect(record.artifacts.find((each) => each.file === 'one-2.0-1.noarch.rpm')?.sha256).toBe(stdout.slice(0, 64));
    expect(await shown('tools')).toHaveLength(4);
    // What was stated of a build is stated of its copy, by the fork's own key; nothing is where nothing was.
    const two = join(repositoryOf('instruments'), '00000011-two');
    const attestation = readFileSync(join(two, 'attestation.intoto.jsonl'), 'utf8');
    const keys = readFileSync(join(home, 'published', published.publicKey('acme', 'instruments')), 'utf8');
    const { checks, statement } = await verifyRpm({ rpm: join(two, 'two-1.0-1.noarch.rpm'), attestation, keys });
    expect(checks.filter(({ good }) => !good)).toEqual([]);
    expect(statement?.predicate).toMatchObject({
      buildDefinition: { externalParameters: { project: 'acme/tools' } },
      coppice_signedAgain: { project: 'acme/instruments', build: 11 },
    });
    expect(recordOf('instruments', '00000011-two').attestation?.bytes).toBe(Buffer.byteLength(attestation));
    expect(record.attestation).toBeUndefined();
    const { packageHeaders } = recordOf('instruments', '00000011-two');
    expect(packageHeaders?.bytes).toBe(readFileSync(join(two, 'packages.json')).length);
    // Again: only what came meanwhile.
    await publishTiny(publisher, 4, 'three', '1.0');
    expect([await fork(), await fork(), asked]).toEqual([1, 0, [2, 1]]);
    expect(existsSync(join(repositoryOf('instruments'), '00000020-three', 'success'))).toBe(true);
  }, 60_000);
});

test('a fork shows readers nothing that waits, neither of the one nor of the other project', async () => {
  const manual = { ...publisher, publishMode: () => 'manual' as const };
  await publishTiny(publisher, 1, 'one', '1.0');
  await publishTiny(manual, 2, 'one', '2.0');
  await publishTiny(manual, 3, 'two', '1.0');
  await publishTiny(manual, 4, 'waiting', '1.0', 'instruments');
  let next = 10;
  const reserve = async (count: number) => Array.from({ length: count }, () => next++ as BuildId);
  const fork = () => forkProject(manual, tools, instruments, { reserve });
  expect(await fork()).toBe(1);
  expect(await shown('instruments')).toEqual(['one-1.0.noarch', 'one-1.0.src']);
  // Cut off between the copy and the metadata.
  const place = { owner: 'acme', project: 'instruments' };
  await writeMetadata(manual, place, testChroot, { hide: ['00000010-one'] });
  expect(await shown('instruments')).toEqual([]);
  expect(await fork()).toBe(0);
  expect(await shown('instruments')).toEqual(['one-1.0.noarch', 'one-1.0.src']);
}, 60_000);

test('`.repo` files follow the project, once it has a repository', async () => {
  const needing = (repo: RepoTerms['needed'][number]): RepoTerms => ({ ...plainTerms, needed: [repo] });
  const libs = needing({ kind: 'project', owner: 'acme', name: 'libs', options: plainRepoOptions });
  await writeRepoFiles(publisher, tools, libs);
  expect([existsSync(repoFileOf('tools')), existsSync(rpmrepoOf('tools'))]).toEqual([false, false]);
  const other = needing({ kind: 'address', url: 'https://example.org/r', key: null });
  await publishTiny({ ...publisher, repoTerms: () => other } as typeof publisher, 1, 'one', '1.0');
  expect(readFileSync(repoFileOf('tools'), 'utf8')).toContain('\nbaseurl=https://example.org/r\n');
  await writeRepoFiles(publisher, tools, libs);
  const text = readFileSync(repoFileOf('tools'), 'utf8');
  expect(text.match(/^\[.*\]$/gm)).toEqual([
    '[copr:build.example.org:acme:tools]',
    '[coprdep:build.example.org:acme:libs]',
  ]);
  expect(JSON.parse(readFileSync(rpmrepoOf('tools'), 'utf8'))).toMatchObject({
    repos: { 'sapling-12': { arch: { x86_64: {} } } },
    dependencies: [{ type: 'copr', data: { owner: 'acme', projectname: 'libs' } }],
  });
  await removeProject(home, 'acme', 'tools');
  expect(existsSync(rpmrepoOf('tools'))).toBe(false);
}, 60_000);
