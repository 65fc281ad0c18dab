import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { maximumPackageHeadersBytes, packageHeadersSchema, type Relation } from '@coppice/config';
import { execa } from 'execa';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeRpms, type SpecTexts } from '../../testing/make-rpms.ts';
import { describeArtifacts } from '../rpm/describe-artifacts.ts';
import { shareBytes, writePackageHeaders } from './write-package-headers.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-headers-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What is written of a package that is made with `texts`. */
async function written(name: string, texts: SpecTexts, others: readonly string[] = []) {
  await makeRpms(folder, name, '1.0', texts);
  const files = [name, ...others].map((one) => `${one}-1.0-1.noarch.rpm`);
  files.push(`${name}-1.0-1.src.rpm`);
  const account = await writePackageHeaders(folder, await describeArtifacts(folder, files), name);
  const text = await readFile(join(folder, account.file), 'utf8');
  expect(Buffer.byteLength(text)).toBe(account.bytes);
  expect(account.bytes).toBeLessThanOrEqual(maximumPackageHeadersBytes);
  return { ...packageHeadersSchema.parse(JSON.parse(text)), file: join(folder, files[0] ?? '') };
}

const entry = (day: number, text: string) =>
  `* ${new Date(Date.UTC(2025, 0, day)).toUTCString().slice(0, 3)} Jan ${String(day).padStart(2, '0')} 2025 Pat <p@example.org> - ${day}-1\n- ${text}\n`;

test('what is written of a package is what rpm says of it', async () => {
  const { packages, packagesLeft, file } = await written('said', {
    preamble: `URL: https://example.org/\nEpoch: 3
Requires: zlib >= 1:1.2, a < 2~rc1, (c if d)\nProvides: spoken = 4\nRecommends: talk\nSupplements: mouth > 1
Conflicts: silence\nObsoletes: told <= 0.9`,
    description: 'It says\nthings.',
    changelog: [25, 24, 23].map((day) => entry(day, `change ${day}`)).join(''),
    files: `%install\nmkdir -p %{buildroot}/usr/bin\necho 12345 > %{buildroot}/usr/bin/said\nln -s said %{buildroot}/usr/bin/told
%files\n%attr(0750,root,root) /usr/bin/said\n/usr/bin/told`,
  });
  const [one] = packages;
  expect([packages.length, packagesLeft]).toEqual([1, 0]);
  expect(one).toMatchObject({
    ...{ nevra: 'said-3:1.0-1.noarch', name: 'said', summary: 'Tiny', license: 'Apache-2.0' },
    ...{ url: 'https://example.org/', description: 'It says\nthings.', left: {} },
    recommends: [{ name: 'talk' }],
    supplements: [{ name: 'mouth', is: '>', version: '1' }],
    conflicts: [{ name: 'silence' }],
    obsoletes: [{ name: 'told', is: '<=', version: '0.9' }],
    files: [
      { path: '/usr/bin/said', bytes: 6, mode: '100750' },
      { path: '/usr/bin/told', bytes: 4, mode: '120777', target: 'said' },
    ],
    changelog: [25, 24, 23].map((day) => ({ at: `2025-01-${day}T12:00:00.000Z`, text: `- change ${day}` })),
  });
  const ofRpm = async (what: string) => {
    const { stdout } = await execa('rpm', ['-qp', `--${what}`, '--nosignature', file]);
    return [...new Set(stdout.split('\n').filter((line) => !line.startsWith('rpmlib(')))].sort();
  };
  const say = ({ name, is, version }: Relation) => (is === undefined ? name : `${name} ${is} ${version}`);
  expect(one?.requires.map(say).sort()).toEqual(await ofRpm('requires'));
  expect(one?.provides.map(say).sort()).toEqual(await ofRpm('provides'));
  const { stdout } = await execa('rpm', ['-qp', '--nosignature', '--qf', '%{BUILDTIME} %{SIZE}', file]);
  expect(`${Date.parse(one?.builtAt ?? '') / 1000} ${one?.installedBytes}`).toBe(stdout);
}, 30_000);

test('a package with far too much is cut, and it is said how much is missing', async () => {
  const files = 'for n in $(seq 1 2100); do : > %{buildroot}/usr/share/f$n; done';
  const many = Array.from({ length: 1_100 }, (_, index) => `Requires: r${index}`).join('\n');
  const { packages } = await written('much', {
    preamble: `${many}\nURL: javascript:alert(1)`,
    description: `<script>\u202e${'x'.repeat(20_000)}`,
    changelog: Array.from({ length: 25 }, (_, index) => entry(28 - index, 'y'.repeat(5_000))).join(''),
    files: `%install\nmkdir -p %{buildroot}/usr/share\n${files}\n%files\n/usr/share/f*`,
  });
  const [one] = packages;
  expect([one?.files.length, one?.requires.length, one?.changelog.length]).toEqual([2_000, 1_000, 20]);
  expect(one?.left).toEqual({ files: 100, requires: 100, changelog: 5 });
  expect(one?.description).toHaveLength(10_000);
  expect(one?.changelog[0]?.text).toHaveLength(4_000);
}, 30_000);

test('packages that are too much together are all told of, with fewer files where there are most', async () => {
  const deep = 'd'.repeat(200);
  const path = `/usr/share/${Array(6).fill(deep).join('/')}`;
  const make = `%install\nmkdir -p %{buildroot}${path}\nfor n in $(seq 1 1900); do : > %{buildroot}${path}/f$n; done`;
  const small = '%package -n small\nSummary: Small\n%description -n small\nSmall.';
  const spec = { files: `${small}\n${make}\n%files\n${path}/f*\n%files -n small` };
  const { packages, packagesLeft } = await written('deep', spec, ['small']);
  expect([packages.map(({ name }) => name), packagesLeft]).toEqual([['deep', 'small'], 0]);
  expect(packages[0]?.files).toHaveLength(500);
  expect(packages[0]?.left).toEqual({ files: 1_400 });
}, 30_000);

test('a share is never more than what there is, and small ones get all that they want', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { maxLength: 30 }), fc.nat(5_000), (sizes, total) => {
      const shares = shareBytes(sizes, total);
      expect(shares.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(total);
      const fair = Math.floor(total / Math.max(1, sizes.length));
      for (const [index, size] of sizes.entries()) expect(shares[index]).toBeGreaterThanOrEqual(Math.min(size, fair));
    }),
  );
});
