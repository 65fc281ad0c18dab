// Builds that nobody built, for tests of what happens after a build: real packages, signed and published as the runner
// does it.
import { mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildId, type ChrootName, plainBuildroot, type QueuedBuild, type QueuedChroot } from '@coppice/config';
import { execa } from 'execa';
import { publishEnding, publishPackages } from '../src/publish/publish.ts';
import type { Publisher } from '../src/publish/publisher.ts';
import type { Ending } from '../src/publish/record.ts';
import { signerOf } from '../src/publish/repository-of.ts';
import { describeArtifacts } from '../src/rpm/describe-artifacts.ts';
import { signRpms } from '../src/signing/sign.ts';
import { makeRpms, type SpecTexts } from './make-rpms.ts';

export const testChroot = 'sapling-12-x86_64' as ChrootName;
const at = '2026-01-02T03:04:05.000Z';

/** Build `id` of package `name` in acme/tools, about to be published for `chroot`. */
export function buildOf(
  id: number,
  name: string,
  project = 'tools',
  chroot = testChroot,
): QueuedBuild & { chroots: [QueuedChroot] } {
  return {
    id: id as BuildId,
    owner: 'acme',
    project,
    package: name,
    source: { type: 'dir', commit: 'a'.repeat(40), path: `packages/acme/tools/${name}`, tree: 'b'.repeat(40) },
    after: [],
    timeoutSeconds: 60,
    memoryBytes: null,
    background: false,
    builderLabels: [],
    diskBytes: 1,
    sourceBytes: 1,
    repos: [],
    requestedBy: 'octocat',
    request: 'https://example.org/',
    configCommit: 'a'.repeat(40),
    batch: 'b',
    requestedAt: at,
    srpm: null,
    srpmState: 'succeeded',
    chroots: [
      {
        chroot,
        inputDigest: 'd',
        buildroot: plainBuildroot,
        state: 'running',
        reason: null,
        message: null,
        phase: 'publish',
        phaseStartedAt: at,
        phases: [],
        attempts: 1,
        builder: 'b',
        startedAt: at,
        endedAt: null,
        cancelRequestedBy: null,
        skipBecause: null,
      },
    ],
  };
}

/** How such a build ends. */
export function endingOf(state: Ending['state'], artifacts: Ending['artifacts'] = []): Ending {
  return {
    state,
    reason: state === 'failed' ? 'compile' : null,
    message: state === 'failed' ? 'It does not compile.' : null,
    excerpt: [],
    engine: null,
    artifacts,
    endedAt: new Date(at),
  };
}

/**
 * Makes, signs and publishes `name`-`version`; false when its project may not publish, or no repository can show it.
 */
export async function publishTiny(
  publisher: Publisher,
  id: number,
  name: string,
  version: string,
  project = 'tools',
): Promise<boolean> {
  return (await publishMade(publisher, buildOf(id, name, project), version)) === 'published';
}

/** Does the same with packages whose spec says more, and resolves with what publishing said. */
export async function publishMade(
  publisher: Publisher,
  build: ReturnType<typeof buildOf>,
  version: string,
  texts?: SpecTexts,
): ReturnType<typeof publishPackages> {
  const staging = await mkdtemp(join(publisher.home, 'staging-'));
  await makeRpms(staging, build.package, version, texts);
  const files = await readdir(staging);
  await signRpms(await signerOf(publisher, build), staging, files);
  const artifacts = await describeArtifacts(staging, files);
  const end = await publishPackages(publisher, build, build.chroots[0].chroot, { folder: staging, files });
  if (end === 'published') await publishEnding(publisher, build, build.chroots[0], endingOf('succeeded', artifacts));
  return end;
}

/** What dnf sees in a repository: `name-version.arch`, sorted. With a key it must have signed the metadata. */
export async function showPackages(home: string, repository: string, keyFile?: string): Promise<string[]> {
  const folder = await mkdtemp(join(home, 'dnf-'));
  const [root, cache] = [join(folder, 'root'), join(folder, 'cache')];
  const options = ['-q', '-y', '--disableplugin=local', '--releasever=12', `--installroot=${root}`];
  const settings = [`--setopt=cachedir=${cache}`, '--setopt=reposdir=/nonexistent', '--refresh'];
  const repo = ['--repofrompath', `tiny,file://${repository}`, '--repo', 'tiny', '--setopt=tiny.skip_if_unavailable=0'];
  const signed =
    keyFile === undefined ? [] : ['--setopt=tiny.repo_gpgcheck=1', `--setopt=tiny.gpgkey=file://${keyFile}`];
  const query = ['repoquery', '--qf', '%{name}-%{version}.%{arch}'];
  const { stdout } = await execa('dnf', [...options, ...settings, ...repo, ...signed, ...query]);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}
