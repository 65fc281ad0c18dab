// Builds that nobody built, signed and attested as the runner does it.
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PinnedSource, Result } from '@coppice/config';
import { type Accounts, attestationFile, attestBuild } from '../src/provenance/attest.ts';
import { writePackageHeaders } from '../src/provenance/write-package-headers.ts';
import { publishEnding, publishPackages } from '../src/publish/publish.ts';
import { recordOfChroot } from '../src/publish/record.ts';
import { signerOf } from '../src/publish/repository-of.ts';
import { describeArtifacts } from '../src/rpm/describe-artifacts.ts';
import { envelopeSigner, signRpms } from '../src/signing/sign.ts';
import { makeRpms, type SpecTexts } from './make-rpms.ts';
import { buildOf, endingOf, testChroot } from './publish-builds.ts';

export const serviceUrl = 'https://build.example.org';

/** What mock says of a small buildroot. */
export const installedPackages = `gcc-12.2.0-14.sap12.x86_64 1700000000 52428800 00112233445566778899aabbccddeeff installed
perl-libs-4:5.36.0-7.sap12.x86_64 1700000000 1000 ffeeddccbbaa99887766554433221100 installed
zlib-devel-1:1.2.13-1.noarch 1700000000 10 (none) installed
gpg-pubkey-a15b79cc-63d04c2c 1675643948 0 (none) installed
old-form-1-1.x86_64 1700000000 10 installed
`;

export interface AttestedBuild {
  readonly build: ReturnType<typeof buildOf>;
  /** Absolute; holds packages, logs, attestation and bill. */
  readonly folder: string;
  readonly accounts: Accounts;
  /** As it would be published. */
  readonly record: Result;
  /** Absolute. */
  readonly rpm: string;
  readonly attestation: string;
  /** Of the project, armored. */
  readonly keys: string;
}

/** Build `id` of `name`-1.0 in acme/`project`, in a folder of its own below `home`. */
export async function attestedBuild(
  home: string,
  id: number,
  name: string,
  over: { readonly project?: string; readonly source?: PinnedSource; readonly texts?: SpecTexts } = {},
): Promise<AttestedBuild> {
  await mkdir(home, { recursive: true });
  const folder = await mkdtemp(join(home, 'build-'));
  const build = { ...buildOf(id, name, over.project), ...(over.source === undefined ? {} : { source: over.source }) };
  await makeRpms(folder, name, '1.0', over.texts);
  const rpms = (await readdir(folder)).sort();
  await writeFile(join(folder, 'build.log'), 'built\n');
  await writeFile(join(folder, 'installed_pkgs.log'), installedPackages);
  const signer = await signerOf({ home, url: serviceUrl }, build);
  await signRpms(signer, folder, rpms);
  const artifacts = await describeArtifacts(folder, rpms);
  const engine = { name: 'mock-lite', version: '1' };
  const finishedAt = new Date('2026-01-02T03:05:00.000Z');
  const [chroot] = build.chroots;
  const accounts = await attestBuild(
    envelopeSigner(signer),
    { folder, artifacts, logs: ['build.log', 'installed_pkgs.log'] },
    {
      ...{ url: serviceUrl, build, chroot, engine, finishedAt },
      configRepository: 'https://github.com/acme/packages',
      chrootConfig: "config_opts['root'] = 'x'\n",
      driver: 'local',
      srpmRecord: undefined,
      srpm: { path: `results/acme/tools/srpm-builds/0000000${id}/${name}-1.0-1.src.rpm`, sha256: 'c'.repeat(64) },
    },
  );
  return {
    ...{ build, folder, accounts },
    record: recordOfChroot(build, chroot, { ...endingOf('succeeded', artifacts), engine, accounts }),
    rpm: join(folder, `${name}-1.0-1.noarch.rpm`),
    attestation: await readFile(join(folder, attestationFile), 'utf8'),
    keys: await readFile(join(home, 'published', 'results', build.owner, build.project, 'pubkey.gpg'), 'utf8'),
  };
}

/** Makes such a build and publishes it. */
export async function publishAttested(home: string, id: number, name: string): Promise<void> {
  const publisher = { home, url: serviceUrl };
  const { build, folder, record, accounts: stated } = await attestedBuild(home, id, name);
  const accounts = { ...stated, packageHeaders: await writePackageHeaders(folder, record.artifacts, name) };
  await publishPackages(publisher, build, testChroot, { folder, files: await readdir(folder) });
  const { artifacts, engine } = record;
  await publishEnding(publisher, build, build.chroots[0], { ...endingOf('succeeded', artifacts), engine, accounts });
}
