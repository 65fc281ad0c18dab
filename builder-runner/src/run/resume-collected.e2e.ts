// Builds that had ended on their builders when the service was killed: the next start signs and publishes what was
// collected.
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BuildId,
  packageHeadersFile,
  plainBuildroot,
  published,
  type QueuedBuild,
  resultSchema,
  settingsSchema,
} from '@coppice/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeRpms } from '../../testing/make-rpms.ts';
import { buildOf, showPackages, testChroot } from '../../testing/publish-builds.ts';
import { type StagedMark, stagingFolder, writeMark } from '../chroot-build/staged.ts';
import { attestationFile, sbomFile } from '../provenance/attest.ts';
import { verifyRpm } from '../provenance/verify-rpm.ts';
import { signerOf } from '../publish/repository-of.ts';
import { openQueue, type Queue } from '../queue/index.ts';
import { describeArtifacts } from '../rpm/describe-artifacts.ts';
import { openPool, type Runner, startRunner } from '../runner.ts';
import { signRpms } from '../signing/sign.ts';

const engine = { name: 'mock-lite', version: '1' };
const now = () => new Date();
let home: string;
let queue: Queue;
let lines: string[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-collected-'));
  queue = await openQueue({ folder: join(home, 'state', 'queue'), now });
  lines = [];
});
afterEach(async () => {
  await queue.close();
  await rm(home, { recursive: true, force: true });
});

async function start(): Promise<Runner> {
  const settings = settingsSchema.parse({});
  const log = (level: string, message: string) => void lines.push(`${level} ${message}`);
  const pool = await openPool({ settings, home, log, now });
  return startRunner({ queue, pool, settings, home, url: 'http://127.0.0.1:1', controlPort: 1, log, now });
}

/**
 * A build of `name` that a worker had in hand when the service was killed; its packages lie in the staging folder, not
 * signed.
 */
async function collected(
  name: string,
  batch = name,
): Promise<{ readonly build: QueuedBuild; readonly staging: string }> {
  const { id: _, requestedAt: __, srpm: ___, srpmState: ____, chroots: _____, ...request } = buildOf(1, name);
  const chroots = [{ chroot: testChroot, inputDigest: 'd', buildroot: plainBuildroot }];
  const asked = { ...request, after: [], afterBuilds: [], diskBytes: 1e9, batch, chroots };
  const [queued] = (await queue.enqueue([asked])) as [QueuedBuild];
  const staging = stagingFolder({ home, id: queued.id, chroot: testChroot });
  await mkdir(staging, { recursive: true });
  await makeRpms(staging, name, '1.0');
  await writeFile(join(staging, 'build.log'), 'built\n');
  expect(await queue.claim('worker')).toMatchObject({ kind: 'srpm', build: { id: queued.id } });
  const srpms = join(home, 'published', published.srpmBuild(queued));
  await mkdir(srpms, { recursive: true });
  const srpm = `${name}-1.0-1.src.rpm`;
  await writeFile(join(srpms, srpm), await readFile(join(staging, srpm)));
  await queue.srpmDone(queued.id, srpm);
  expect(await queue.claim('worker')).toMatchObject({ kind: 'chroot', build: { id: queued.id } });
  await queue.setPhase(queued.id, testChroot, 'collect', 'coppice-gone');
  return { build: queue.build(queued.id) as QueuedBuild, staging };
}

const mark = (id: BuildId, what: StagedMark) => writeMark({ home, id, chroot: testChroot }, what);
const folderOf = (build: QueuedBuild) => join(home, 'published', published.chrootBuild(build, testChroot));

async function resultOf(build: QueuedBuild) {
  return resultSchema.parse(JSON.parse(await readFile(join(folderOf(build), 'result.json'), 'utf8')));
}

function gone(id: BuildId): Promise<void> {
  return new Promise((resolve) => {
    const look = () => queue.build(id) === undefined && resolve();
    queue.onChange(look);
    look();
  });
}

test('what was collected is signed and published, what was signed is published, and no builder is made', async () => {
  const one = await collected('one');
  await mark(one.build.id, { step: 'collected', engine, failure: null, driver: 'local' });
  // Killed when it had just been signed.
  await writeFile(join(one.staging, attestationFile), 'half');
  await writeFile(join(one.staging, packageHeadersFile), 'half');
  const two = await collected('two');
  // Killed in the middle of publishing: a part of the files was moved already.
  const files = (await readdir(two.staging)).sort();
  const rpms = files.filter((file) => file.endsWith('.rpm'));
  await signRpms(await signerOf({ home, url: '' }, two.build), two.staging, rpms);
  const artifacts = [...(await describeArtifacts(two.staging, rpms))];
  await mkdir(folderOf(two.build), { recursive: true });
  await rename(join(two.staging, files[0] as string), join(folderOf(two.build), files[0] as string));
  await mark(two.build.id, { step: 'signed', engine, files, artifacts });
  const runner = await start();
  await Promise.all([gone(one.build.id), gone(two.build.id)]);
  await runner.stop({ drain: true });
  for (const { build } of [one, two]) {
    const result = await resultOf(build);
    expect(result).toMatchObject({ state: 'succeeded', attempts: 1, builder: 'coppice-gone', engine });
    expect(result.artifacts).toHaveLength(2);
    const name = build.package;
    expect((await readdir(folderOf(build))).sort()).toEqual(
      [
        ...['build.log', `${name}-1.0-1.noarch.rpm`, `${name}-1.0-1.src.rpm`, 'result.json', 'success'],
        // One that was signed by an earlier Coppice has none.
        ...(build === one.build ? [attestationFile, packageHeadersFile, sbomFile] : []),
      ].sort(),
    );
  }
  const result = await resultOf(one.build);
  const attestation = await readFile(join(folderOf(one.build), attestationFile), 'utf8');
  expect(result.attestation).toMatchObject({ file: attestationFile, bytes: Buffer.byteLength(attestation) });
  const { checks, statement } = await verifyRpm({
    rpm: join(folderOf(one.build), 'one-1.0-1.noarch.rpm'),
    attestation,
    keys: await readFile(join(home, 'published', published.publicKey('acme', 'tools')), 'utf8'),
  });
  expect(checks.filter(({ good }) => !good)).toEqual([]);
  expect(statement?.predicate.buildDefinition.internalParameters).toMatchObject({ driver: 'local', engine });
  const repository = join(home, 'published', published.repository('acme', 'tools', testChroot));
  const key = join(home, 'published', published.publicKey('acme', 'tools'));
  expect(await showPackages(home, repository, key)).toEqual(
    expect.arrayContaining(['one-1.0.noarch', 'two-1.0.noarch']),
  );
  expect(lines.filter((line) => line.includes('goes on with what was collected'))).toHaveLength(2);
  expect(await readdir(join(home, 'state', 'staging'))).toEqual([]);
  expect(await readdir(join(home, 'state', 'builders')).catch(() => [])).toEqual([]);
});

test('results without a whole mark are not trusted: the build goes back to the queue, uncounted', async () => {
  const { build } = await collected('half');
  await writeFile(`${stagingFolder({ home, id: build.id, chroot: testChroot })}.json`, '{"step":"coll');
  await queue.cancel(build.id, 'somebody'); // so that the next start has nothing to build
  const runner = await start();
  await gone(build.id);
  await runner.stop({ drain: true });
  expect(await resultOf(build)).toMatchObject({ state: 'canceled', attempts: 0, artifacts: [] });
  expect(await readdir(join(home, 'state', 'staging'))).toEqual([]);
});

test('a build that was put off, and that nothing came to help, tells of its attempt what was said', async () => {
  const [{ build: one }, { build: two }] = [await collected('one', 'both'), await collected('two', 'both')];
  const why = { reason: 'dependencies', message: 'It misses libgreet.' } as const;
  const excerpt = ['No match for argument: libgreet'];
  expect(await queue.postpone(one.id, testChroot, { ...why, excerpt })).toBe(true);
  await queue.finish(two.id, testChroot, { state: 'failed', reason: 'compile', message: null });
  const runner = await start();
  await gone(one.id);
  await runner.stop({ drain: true });
  expect(await resultOf(one)).toMatchObject({ state: 'failed', ...why, attempts: 1, excerpt });
});
