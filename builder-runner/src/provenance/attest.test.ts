import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildId, PinnedSource } from '@coppice/config';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type AttestedBuild, attestedBuild, installedPackages, serviceUrl } from '../../testing/attested-builds.ts';
import { buildOf, testChroot } from '../../testing/publish-builds.ts';
import { signerOf } from '../publish/repository-of.ts';
import { describeArtifacts } from '../rpm/describe-artifacts.ts';
import { closeAllSigning, envelopeSigner, signRpms } from '../signing/sign.ts';
import { attestAgain, attestationFile, sbomFile } from './attest.ts';
import { parseEnvelope } from './dsse.ts';
import { makeStatement, statementAgain } from './statement.ts';
import { type Statement, statementSchema } from './statement-schema.ts';
import { verifyRpm } from './verify-rpm.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let home: string;
let hello: AttestedBuild;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-attest-'));
  hello = await attestedBuild(home, 7, 'hello');
});
afterAll(async () => {
  await closeAllSigning(home);
  await rm(home, { recursive: true, force: true });
});

function statementIn(line: string): Statement {
  const envelope = parseEnvelope(line);
  if (typeof envelope === 'string') throw new Error(envelope);
  return statementSchema.parse(JSON.parse(envelope.payload.toString()));
}

test('a build is stated in whole: packages as signed, what was asked, of what, on what, and what came of it', () => {
  const { subject, predicate } = statementIn(hello.attestation);
  const { artifacts } = hello.record;
  expect(subject).toEqual(artifacts.map(({ file, sha256 }) => ({ name: file, digest: { sha256 } })));
  const { buildDefinition, runDetails } = predicate;
  expect(buildDefinition).toMatchObject({
    buildType: `${serviceUrl}/docs/reference/attestations/#build-type-1`,
    externalParameters: {
      configRepository: 'https://github.com/acme/packages',
      configCommit: 'a'.repeat(40),
      request: 'https://example.org/',
      ...{ project: 'acme/tools', package: 'hello', chroot: testChroot },
    },
    internalParameters: {
      ...{ driver: 'local', builder: 'b', engine: { name: 'mock-lite', version: '1' }, chrootConfig: 'config-repo' },
      ...{ options: buildOf(7, 'hello').chroots[0].buildroot, buildroot: { listed: 4, left: 0 } },
    },
  });
  const config = `git+https://github.com/acme/packages@${'a'.repeat(40)}`;
  expect(buildDefinition.resolvedDependencies).toEqual([
    { name: 'config', uri: config, digest: { gitCommit: 'a'.repeat(40) } },
    {
      name: `chroots/${testChroot}.cfg`,
      uri: `${config}#chroots/${testChroot}.cfg`,
      digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    },
    {
      name: 'source',
      uri: `${config}#packages/acme/tools/hello`,
      digest: { gitCommit: 'a'.repeat(40), gitTree: 'b'.repeat(40) },
    },
    {
      name: 'source package',
      uri: `${serviceUrl}/results/acme/tools/srpm-builds/00000007/hello-1.0-1.src.rpm`,
      digest: { sha256: 'c'.repeat(64) },
    },
    {
      name: 'buildroot',
      uri: 'pkg:rpm/gcc@12.2.0-14.sap12?arch=x86_64&distro=sapling-12',
      digest: { sigmd5: '00112233445566778899aabbccddeeff' },
    },
    { name: 'buildroot', uri: 'pkg:rpm/old-form@1-1?arch=x86_64&distro=sapling-12' },
    expect.objectContaining({ uri: 'pkg:rpm/perl-libs@5.36.0-7.sap12?arch=x86_64&distro=sapling-12&epoch=4' }),
    { name: 'buildroot', uri: 'pkg:rpm/zlib-devel@1.2.13-1?arch=noarch&distro=sapling-12&epoch=1' },
  ]);
  expect(runDetails).toMatchObject({
    builder: { id: serviceUrl, version: { 'mock-lite': '1' } },
    metadata: {
      invocationId: `${serviceUrl}/acme/tools/build/7/#${testChroot}`,
      startedOn: '2026-01-02T03:04:05.000Z',
      finishedOn: '2026-01-02T03:05:00.000Z',
    },
    byproducts: [
      { name: 'build.log' },
      { name: 'installed_pkgs.log' },
      { name: sbomFile, digest: { sha256: hello.accounts.sbom.sha256 } },
    ],
  });
});

const sha256 = 'd'.repeat(64);
test.each<[string, PinnedSource, object]>([
  [
    'git',
    { type: 'git', url: 'https://example.org/a.git', ref: 'v1', commit: 'e'.repeat(40) },
    { uri: `git+https://example.org/a.git@${'e'.repeat(40)}`, digest: { gitCommit: 'e'.repeat(40) } },
  ],
  ['srpm', { type: 'srpm', url: 'https://example.org/a.src.rpm', sha256 }, { digest: { sha256 } }],
  [
    'script',
    { type: 'script', script: '#!/bin/sh\n' },
    { digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
  ],
])('a source that is a %s is named by what it was pinned to, with all that was fetched for it', (_, source, named) => {
  const build = { ...buildOf(7, 'hello'), source };
  const fetched = [{ url: 'https://example.org/x.tar.gz', file: 'x.tar.gz', sha256, bytes: 1 }];
  const submodules = [{ path: 'lib', url: 'https://example.org/lib.git', commit: 'f'.repeat(40) }];
  const facts = {
    ...{ url: serviceUrl, version: '1', configRepository: 'https://github.com/acme/packages', build },
    ...{ chroot: build.chroots[0], chrootConfig: undefined, driver: undefined, finishedAt: new Date(0) },
    ...{ engine: { name: 'mock', version: '6.7' }, srpm: { path: 'x', sha256 } },
    srpmRecord: { ...hello.record, fetched, submodules },
  };
  const files = { artifacts: hello.record.artifacts, byproducts: [], buildroot: undefined };
  const { resolvedDependencies, internalParameters } = makeStatement(facts, files).predicate.buildDefinition;
  expect(resolvedDependencies?.slice(1, -1)).toMatchObject([
    { name: 'source', ...named },
    { name: 'submodule lib', digest: { gitCommit: 'f'.repeat(40) } },
    { name: 'x.tar.gz', uri: 'https://example.org/x.tar.gz', digest: { sha256 } },
  ]);
  expect(internalParameters).toMatchObject({ driver: null, chrootConfig: 'engine', buildroot: null, inputs: null });
  const inputs = [{ project: 'acme/tools', generation: 7 }];
  const bound = makeStatement({ ...facts, chroot: { ...facts.chroot, inputs } }, files);
  expect(bound.predicate.buildDefinition.internalParameters).toMatchObject({ inputs });
});

/** A copy of hello's folder, signed anew for acme/`project`, before it is attested. */
async function signedAgain(project: string) {
  const folder = await mkdtemp(join(home, 'again-'));
  await cp(hello.folder, folder, { recursive: true });
  const place = { id: 70 as BuildId, owner: 'acme', project, package: 'hello' };
  const rpms = (await readdir(folder)).filter((file) => file.endsWith('.rpm'));
  const signer = await signerOf({ home, url: serviceUrl }, place);
  await signRpms(signer, folder, rpms);
  const files = { folder, artifacts: await describeArtifacts(folder, rpms), logs: [] };
  const at = new Date('2026-02-03T04:05:06.000Z');
  const copied = { place, chroot: testChroot, url: serviceUrl, at, original: hello.record, originalKey: hello.keys };
  return { signer: envelopeSigner(signer), files, copied };
}

test('packages that another key has signed again have an attestation of their own, which says where they were built', async () => {
  const { signer, files, copied } = await signedAgain('copy');
  const accounts = await attestAgain(signer, files, copied);
  const attestation = await readFile(join(files.folder, attestationFile), 'utf8');
  const keys = await readFile(join(home, 'published/results/acme/copy/pubkey.gpg'), 'utf8');
  const { checks, statement } = await verifyRpm({
    ...{ rpm: join(files.folder, 'hello-1.0-1.noarch.rpm'), attestation, keys },
  });
  expect(checks.filter(({ good }) => !good)).toEqual([]);
  const before = statementIn(hello.attestation);
  expect(statement?.predicate.buildDefinition).toEqual(before.predicate.buildDefinition);
  expect(statement?.predicate.runDetails.metadata).toEqual(before.predicate.runDetails.metadata);
  expect(statement?.predicate.coppice_signedAgain).toEqual({
    ...{ project: 'acme/copy', build: 70, at: '2026-02-03T04:05:06.000Z', before: before.subject },
    original: {
      uri: `${serviceUrl}/results/acme/tools/${testChroot}/00000007-hello/${attestationFile}`,
      digest: { sha256: hello.accounts.attestation.sha256 },
    },
  });
  expect(statement?.predicate.runDetails.byproducts?.at(-1)).toEqual({
    ...{ name: sbomFile, digest: { sha256: accounts?.sbom.sha256 } },
  });
  // The bill is about the new files, too.
  const sbom = JSON.parse(await readFile(join(files.folder, sbomFile), 'utf8'));
  expect(JSON.stringify(sbom)).toContain(files.artifacts[0]?.sha256);
});

test.each<[string, (folder: string) => Promise<void>, string?]>([
  ['is not there', (folder) => rm(join(folder, attestationFile))],
  ['is damaged', (folder) => writeFile(join(folder, attestationFile), hello.attestation.slice(0, 500))],
  ['is by another key', async () => undefined, 'third'],
])('nothing is stated of packages whose own attestation %s', async (_, damage, keyOf) => {
  const { signer, files, copied } = await signedAgain('copy');
  await damage(files.folder);
  const third = keyOf === undefined ? undefined : (await attestedBuild(home, 9, 'hello', { project: keyOf })).keys;
  expect(await attestAgain(signer, files, { ...copied, originalKey: third ?? hello.keys })).toBeUndefined();
  expect(await readdir(files.folder)).not.toEqual(expect.arrayContaining([attestationFile]));
  expect(await readdir(files.folder)).not.toEqual(expect.arrayContaining([sbomFile]));
});

test('nor where it is about other packages than the record names', async () => {
  const { signer, files, copied } = await signedAgain('copy');
  const artifacts = hello.record.artifacts.map((artifact) => ({ ...artifact, sha256 }));
  expect(await attestAgain(signer, files, { ...copied, original: { ...hello.record, artifacts } })).toBeUndefined();
});

test('a list of a builder that is no list leaves the buildroot unknown, and what it says is no line of ours', () => {
  expect(installedPackages).toContain('gpg-pubkey');
  expect(JSON.stringify(statementIn(hello.attestation))).not.toContain('gpg-pubkey');
});

const hasJq = spawnSync('jq', ['--version']).status === 0;

test.skipIf(!hasJq)('the policy of the how-to takes what a project built or took over, and no copies', async () => {
  const page = new URL('../../../site/content/docs/how-to/verify-a-package.md', import.meta.url);
  const [, policy = ''] = /jq -e --arg project acme\/tools '([^']+)'/.exec(await readFile(page, 'utf8')) ?? [];
  const accepts = (statement: Statement, project = 'acme/tools', good = true) =>
    spawnSync('jq', ['-e', '--arg', 'project', project, policy], { input: JSON.stringify({ good, statement }) }).status;
  const built = statementIn(hello.attestation);
  const builtIn = (project: string): Statement => {
    const { buildDefinition } = built.predicate;
    const externalParameters = { ...buildDefinition.externalParameters, project };
    return { ...built, predicate: { ...built.predicate, buildDefinition: { ...buildDefinition, externalParameters } } };
  };
  const takenBy = (project: string, from: string) =>
    statementAgain(
      builtIn(from),
      { project, build: 8, at: new Date(0), original: { uri: 'https://b.example/x', sha256 } },
      { artifacts: hello.record.artifacts, byproducts: [] },
    );
  expect(accepts(built)).toBe(0);
  expect(accepts(takenBy('acme/tools', 'acme/tools:pr:7'))).toBe(0);
  expect(accepts(built, 'acme/tools', false)).toBe(1);
  expect(accepts(built, 'acme/other')).toBe(1);
  // In a pull request alone; a fork's; that of a fork; one whose name begins alike.
  expect(accepts(builtIn('acme/tools:pr:7'))).toBe(1);
  expect(accepts(takenBy('mia/fork', 'acme/tools'))).toBe(1);
  expect(accepts(takenBy('mia/fork', 'acme/tools:pr:7'))).toBe(1);
  expect(accepts(takenBy('acme/tools', 'mia/tools'))).toBe(1);
  expect(accepts(takenBy('acme/tools', 'acme/tools2:pr:7'))).toBe(1);
});
