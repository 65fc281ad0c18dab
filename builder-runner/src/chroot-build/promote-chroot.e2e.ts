// Promotion on real RPMs, gpg and createrepo_c: what a sandbox has becomes the project's, signed anew; what is gone or
// damaged is built.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { appendFile, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildId, packageHeadersSchema, published, type Result, resultSchema, sandboxOf } from '@coppice/config';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildOf, endingOf, publishMade, publishTiny, showPackages, testChroot } from '../../testing/publish-builds.ts';
import { Canceled } from '../base/abort.ts';
import type { ChrootTask, RunnerContext } from '../context/runner-context.ts';
import { removeProject } from '../publish/project-life.ts';
import { publishEnding } from '../publish/publish.ts';
import { recordOfSrpm, writeRecord } from '../publish/record.ts';
import { describeArtifacts } from '../rpm/describe-artifacts.ts';
import { closeAllSigning } from '../signing/sign.ts';
import { promoteSrpm } from '../srpm/promote-srpm.ts';
import { buildChroot } from './build-chroot.ts';
import { clearStaging, readMark } from './staged.ts';

const sandbox = sandboxOf('tools', 7);
const file = 'one-1.0-1.noarch.rpm';
let home: string;
let context: RunnerContext;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-promote-'));
  // A builder is asked for where it is to be built.
  const pool = { take: () => Promise.reject(new Error('it is built')) };
  const queue = { setPhase: async () => undefined };
  context = {
    ...{ home, url: 'https://build.example.org', now: () => new Date('2026-01-02T04:00:00Z'), log: () => undefined },
    ...{ pool, queue },
  } as unknown as RunnerContext;
  await publishSandbox(1, 'one');
});
afterEach(async () => {
  await closeAllSigning(home);
  await rm(home, { recursive: true, force: true });
});

const inPublished = (path: string) => join(home, 'published', path);
const repositoryOf = (name: string) => inPublished(published.repository('acme', name, testChroot));
const folderOf = (name: string, build: string) => join(repositoryOf(name), build);
const recordOf = (name: string, build: string): Result =>
  resultSchema.parse(JSON.parse(readFileSync(join(folderOf(name, build), 'result.json'), 'utf8')));

/** Build `id` of the sandbox, whose chroot and source package have their records. */
async function publishSandbox(id: number, name: string): Promise<void> {
  const build = { ...buildOf(id, name, sandbox), srpm: `${name}-1.0-1.src.rpm` };
  await publishMade(context, build, '1.0');
  const place = inPublished(published.srpmBuild(build));
  await mkdir(place, { recursive: true });
  await copyFile(join(folderOf(sandbox, `0000000${id}-${name}`), build.srpm), join(place, build.srpm));
  const artifacts = await describeArtifacts(place, [build.srpm]);
  await writeRecord(join(place, 'result.json'), recordOfSrpm(build, context.now(), endingOf('succeeded', artifacts)));
  const folder = folderOf(sandbox, `0000000${id}-${name}`);
  await writeFile(join(folder, 'build.log'), 'as it was built\n');
  // As a builder's mock says who it is.
  const record = recordOf(sandbox, `0000000${id}-${name}`);
  await writeRecord(join(folder, 'result.json'), { ...record, engine: { name: 'mock', version: '6' } });
}

/** Build `id` of the project that publishes what build `from` of the sandbox made. */
function promoting(id: number, name: string, from: number, after: readonly number[] = []) {
  const promotes = { project: sandbox, id: from as BuildId };
  return { ...buildOf(id, name), after: after as BuildId[], srpm: `${name}-1.0-1.src.rpm`, promotes };
}

const taskOf = (build: ReturnType<typeof promoting>, signal = new AbortController().signal): ChrootTask => ({
  ...{ context, build, chroot: build.chroots[0], signal },
});

/** Does both tasks of the build and ends it, as a worker does. */
async function perform(build: ReturnType<typeof promoting>, rest?: Parameters<typeof buildChroot>[1]): Promise<void> {
  if (rest === undefined) await promoteSrpm(context, build);
  const ending = await buildChroot(taskOf(build), rest);
  await publishEnding(context, build, build.chroots[0], ending);
  await clearStaging({ home, id: build.id, chroot: testChroot });
}

/** Whether the package is whole and nobody but this project has signed it. */
async function isSignedBy(name: string, path: string): Promise<boolean> {
  const database = await mkdtemp(join(home, 'rpmdb-'));
  await execa('rpmkeys', ['--dbpath', database, '--import', inPublished(published.publicKey('acme', name))]);
  const { stdout } = await execa('rpmkeys', ['--dbpath', database, '--checksig', path], { reject: false });
  return /digests signatures OK$/.test(stdout);
}

async function digestsOf(path: string): Promise<string> {
  const format = '%{PAYLOADDIGEST} %{SHA256HEADER}';
  return (await execa('rpm', ['-qp', '--nosignature', '--qf', format, path])).stdout;
}

test('the packages are those of the sandbox to the last bit, and signed by the project alone', async () => {
  await perform(promoting(2, 'one', 1));
  const [tested, ours] = [folderOf(sandbox, '00000001-one'), folderOf('tools', '00000002-one')];
  for (const each of [file, 'one-1.0-1.src.rpm']) {
    expect(await digestsOf(join(ours, each))).toBe(await digestsOf(join(tested, each)));
    expect(await isSignedBy('tools', join(ours, each))).toBe(true);
    expect(await isSignedBy(sandbox, join(ours, each))).toBe(false);
    expect(await isSignedBy(sandbox, join(tested, each))).toBe(true);
  }
  expect(readdirSync(ours).sort()).toEqual(
    ['build.log', file, 'one-1.0-1.src.rpm', 'packages.json', 'result.json', 'success'].sort(),
  );
  const key = inPublished(published.publicKey('acme', 'tools'));
  expect(await showPackages(home, repositoryOf('tools'), key)).toEqual(['one-1.0.noarch', 'one-1.0.src']);
  const made = { project: sandbox, id: 1, startedAt: '2026-01-02T03:04:05.000Z', endedAt: '2026-01-02T03:04:05.000Z' };
  const record = recordOf('tools', '00000002-one');
  expect(record).toMatchObject({ id: 2, project: 'tools', state: 'succeeded', promotedFrom: made });
  expect(record.message).toBe(
    "Not built again: these are the packages of build 1 of acme/tools:pr:7, as they were tested there, signed with the project's key.",
  );
  expect(record.artifacts).toEqual(
    await describeArtifacts(
      ours,
      record.artifacts.map((one) => one.file),
    ),
  );
  expect(record.srpm?.file).toBe('one-1.0-1.src.rpm');
  const told = readFileSync(join(ours, record.packageHeaders?.file ?? ''), 'utf8');
  expect(packageHeadersSchema.parse(JSON.parse(told)).packages).toMatchObject([{ nevra: 'one-1.0-1.noarch' }]);
}, 60_000);

describe('what cannot be promoted is built', () => {
  const built = (build: ReturnType<typeof promoting>) => expect(perform(build)).rejects.toThrow('it is built');

  test('when the sandbox was swept before, or between source package and packages', async () => {
    const build = promoting(2, 'one', 1);
    expect(await promoteSrpm(context, build)).toBe('one-1.0-1.src.rpm');
    await removeProject(home, 'acme', sandbox);
    await expect(buildChroot(taskOf(build))).rejects.toThrow('it is built');
    expect(await promoteSrpm(context, promoting(3, 'one', 1))).toBeUndefined();
    await built(promoting(3, 'one', 1));
  }, 60_000);

  test('when a package is not what its record says, or the inputs are others', async () => {
    const other = promoting(2, 'one', 1);
    await built({ ...other, chroots: [{ ...other.chroots[0], inputDigest: 'other' }] });
    await appendFile(join(folderOf(sandbox, '00000001-one'), file), 'more');
    await built(promoting(3, 'one', 1));
    expect(existsSync(join(folderOf('tools', '00000003-one'), file))).toBe(false);
  }, 60_000);

  test('when what was tested with it was built anew', async () => {
    await publishSandbox(2, 'two');
    await perform(promoting(3, 'one', 1));
    await perform(promoting(4, 'two', 2, [3]));
    expect(recordOf('tools', '00000004-two').promotedFrom?.id).toBe(2);
    // Build 5 is of the same source, and no packages of the sandbox.
    await publishTiny(context, 5, 'one', '1.0');
    const place = inPublished(published.srpmBuild(buildOf(5, 'one')));
    await mkdir(place, { recursive: true });
    await writeRecord(
      join(place, 'result.json'),
      recordOfSrpm(buildOf(5, 'one'), context.now(), endingOf('succeeded')),
    );
    await built(promoting(6, 'two', 2, [5]));
  }, 60_000);
});

describe('a service that is killed in its middle', () => {
  test('publishes once, with what was signed before', async () => {
    const build = promoting(2, 'one', 1);
    await promoteSrpm(context, build);
    await buildChroot(taskOf(build));
    const before = await describeArtifacts(folderOf('tools', '00000002-one'), [file]);
    // Its packages are in place and its record is not: as the next start finds it, whatever became of the sandbox.
    await removeProject(home, 'acme', sandbox);
    const mark = await readMark({ home, id: build.id, chroot: testChroot });
    if (mark === undefined) throw new Error('there is no mark');
    await perform(build, { mark });
    expect(await describeArtifacts(folderOf('tools', '00000002-one'), [file])).toEqual(before);
    expect(recordOf('tools', '00000002-one').promotedFrom?.id).toBe(1);
    expect(await showPackages(home, repositoryOf('tools'))).toEqual(['one-1.0.noarch', 'one-1.0.src']);
  }, 60_000);

  test('begins anew what it had not signed to the end', async () => {
    const build = promoting(2, 'one', 1);
    const canceled = AbortSignal.abort(new Canceled('somebody canceled it'));
    await promoteSrpm(context, build);
    await expect(buildChroot(taskOf(build, canceled))).rejects.toThrow('somebody canceled it');
    expect(await readMark({ home, id: build.id, chroot: testChroot })).toBeUndefined();
    await perform(build);
    expect(await isSignedBy('tools', join(folderOf('tools', '00000002-one'), file))).toBe(true);
  }, 60_000);
});
