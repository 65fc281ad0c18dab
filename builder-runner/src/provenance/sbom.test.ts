import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Artifact, type BuildId, formatNevra, parseBuildroot } from '@coppice/config';
import { Version } from '@cyclonedx/cyclonedx-library/Spec';
import { JsonStrictValidator } from '@cyclonedx/cyclonedx-library/Validation';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { attestedBuild, installedPackages } from '../../testing/attested-builds.ts';
import { testChroot } from '../../testing/publish-builds.ts';
import type { PackageFacts } from '../rpm/package-facts.ts';
import { closeAllSigning } from '../signing/sign.ts';
import { sbomFile } from './attest.ts';
import { makeSbom, type SbomBuild } from './sbom.ts';

vi.setConfig({ testTimeout: 60_000 });

/** CycloneDX's own JSON schema, which lets no unknown field pass. */
const validator = new JsonStrictValidator(Version.v1dot6);
const isValid = async (text: string) => expect(await validator.validate(text)).toBeNull();

interface Bill {
  readonly metadata: { readonly component: Entry };
  readonly components: readonly Entry[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}
interface Entry extends Readonly<Record<string, unknown>> {
  readonly name: string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

test('the bill of a real build fits the schema and says what headers and buildroot do', async () => {
  const home = await mkdtemp(join(tmpdir(), 'coppice-sbom-'));
  try {
    const preamble = `Vendor: Pat\tand "friends" <script>
URL: https://example.org/hello?a="ü
Requires: hello-doc >= 1:2.0, /bin/sh
%package doc
Summary: Größe
Requires: hello = 1.0-1
%description doc
x`;
    const files = '%files\n%files doc';
    const { folder, record } = await attestedBuild(home, 7, 'hello', { texts: { preamble, files } });
    const text = await readFile(join(folder, sbomFile), 'utf8');
    await isValid(text);
    expect(await validator.validate(text.replace('"specVersion"', '"specversion"'))).not.toBeNull();
    expect(record.sbom?.bytes).toBe(Buffer.byteLength(text));
    const { metadata, components, dependencies } = JSON.parse(text) as Bill;
    const artifact = (file: string) => record.artifacts.find((each) => each.file === file);
    expect(metadata).toMatchObject({
      component: {
        name: 'hello',
        purl: expect.stringMatching(/^pkg:rpm\/hello@1\.0-1\?arch=src&distro=sapling-12&repo/),
      },
      supplier: { name: 'acme/tools', url: ['https://build.example.org/acme/tools/'] },
      tools: [{ name: 'Coppice' }, { name: 'mock-lite', version: '1' }],
      properties: [
        { name: 'coppice:build', value: '7' },
        { name: 'coppice:buildroot', value: 'complete' },
      ],
    });
    expect(components.find(({ name }) => name === 'hello')).toMatchObject({
      version: '1.0-1',
      hashes: [{ alg: 'SHA-256', content: artifact('hello-1.0-1.noarch.rpm')?.sha256 }],
      licenses: [{ license: { id: 'Apache-2.0' } }],
      supplier: { name: 'Pat and "friends" <script>' },
      externalReferences: expect.arrayContaining([
        { type: 'website', url: 'https://example.org/hello?a=%22%C3%BC' },
        {
          type: 'distribution',
          url: 'https://build.example.org/results/acme/tools/sapling-12-x86_64/00000007-hello/hello-1.0-1.noarch.rpm',
        },
      ]),
      properties: [
        { name: 'rpm:requires', value: '/bin/sh' },
        { name: 'rpm:requires', value: 'hello-doc >= 1:2.0' },
      ],
    });
    expect(components.find(({ name }) => name === 'perl-libs')).toMatchObject({
      version: '4:5.36.0-7.sap12',
      purl: 'pkg:rpm/perl-libs@5.36.0-7.sap12?arch=x86_64&distro=sapling-12&epoch=4',
      scope: 'excluded',
      properties: [{ name: 'rpm:sigmd5', value: 'ffeeddccbbaa99887766554433221100' }],
    });
    expect(dependencies).toContainEqual({
      ref: 'hello-doc-1.0-1.noarch.rpm',
      dependsOn: ['hello-1.0-1.noarch.rpm'],
    });
    const main = dependencies.find(({ ref }) => ref === 'hello-1.0-1.src.rpm');
    expect(main?.dependsOn).toContain('buildroot/gcc-12.2.0-14.sap12.x86_64');
  } finally {
    await closeAllSigning(home);
    await rm(home, { recursive: true, force: true });
  }
});

const build: SbomBuild = {
  url: 'https://build.example.org',
  version: '0.1.0',
  engine: { name: 'mock', version: '6.7' },
  place: { id: 7 as BuildId, owner: 'acme', project: 'tools', package: 'hello' },
  chroot: testChroot,
  at: new Date('2026-01-02T03:05:00.000Z'),
};
const noFacts = { summary: undefined, license: undefined, vendor: undefined, packager: undefined, url: undefined };

function packageOf(name: string, facts: Partial<PackageFacts>) {
  const nevra = { name, epoch: 0, version: '1', release: '1', architecture: 'noarch' };
  const artifact: Artifact = { file: `${name}.rpm`, nevra: formatNevra(nevra), bytes: 1, sha256: 'a'.repeat(64) };
  const none = { sourceRpm: 'x.src.rpm', requires: [], requiresLeft: 0, ...noFacts };
  return { artifact, facts: { ...none, nevra, ...facts } };
}

test.each([
  ['GPLv2+ and (MIT or BSD)', { license: { name: 'GPLv2+ and (MIT or BSD)' } }],
  ['MIT AND (Apache-2.0 OR GPL-2.0-or-later WITH Classpath-exception-2.0)', { expression: expect.any(String) }],
  ['mit', { license: { id: 'MIT' } }],
  ['('.repeat(500), { license: { name: '('.repeat(500) } }],
])('a license that is %s is an id, an expression or a name', async (license, stated) => {
  const text = makeSbom(build, [packageOf('a', { license })], undefined);
  await isValid(text);
  expect((JSON.parse(text) as Bill).components[0]?.licenses).toMatchObject([stated]);
});

test('whatever packagers wrote into headers, the bill fits the schema, and is the same for the same build', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.webUrl(),
    fc.constant('MIT AND'),
  );
  const maybe = fc.option(
    text.map((each) => each.toWellFormed().trim() || undefined),
    { nil: undefined },
  );
  const facts = fc.record({
    ...{ summary: maybe, license: maybe, vendor: maybe, packager: maybe, url: maybe },
    requires: fc.array(text, { maxLength: 5 }),
    requiresLeft: fc.nat(),
  });
  const names = fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._+-]{0,8}$/), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(names, facts, fc.boolean(), async (named, said, hasRoot) => {
      const packages = named.map((name) => packageOf(name, said));
      const make = () => makeSbom(build, packages, hasRoot ? parseBuildroot(installedPackages) : undefined);
      await isValid(make());
      expect(make()).toBe(make());
    }),
    { numRuns: 60 },
  );
});
