import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeRpms } from '../../testing/make-rpms.ts';
import { describeArtifacts } from '../rpm/describe-artifacts.ts';
import { readRpmHeader } from '../rpm/rpm-header.ts';
import { checkResults, judgeHeaders, judgeLeft, judgeRpmNames, judgeVersions } from './check-results.ts';

let made: string;
let folder: string;
const limits = { architecture: 'x86_64', sourceName: 'tiny', totalBytes: 10_000_000 };

beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'coppice-rpms-'));
  await makeRpms(made, 'tiny', '1.0');
});
afterAll(() => rm(made, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(made, 'case-'));
  await cp(join(made, 'tiny-1.0-1.noarch.rpm'), join(folder, 'tiny-1.0-1.noarch.rpm'));
  await cp(join(made, 'tiny-1.0-1.src.rpm'), join(folder, 'tiny-1.0-1.src.rpm'));
  writeFileSync(join(folder, 'build.log'), 'done\n');
});

test('good results pass, packages and logs told apart', async () => {
  expect(await checkResults(folder, limits)).toEqual({
    ok: true,
    value: { rpms: ['tiny-1.0-1.noarch.rpm', 'tiny-1.0-1.src.rpm'], logs: ['build.log'] },
  });
});

test('the header reader agrees with rpm', async () => {
  const path = join(folder, 'tiny-1.0-1.noarch.rpm');
  const format = '%{NAME} %{EPOCHNUM} %{VERSION} %{RELEASE} %{ARCH} %{SOURCERPM}';
  const said = execFileSync('rpm', ['-qp', '--nosignature', '--qf', format, path], { encoding: 'utf8' });
  const { nevra, sourceRpm } = await readRpmHeader(path);
  const fields = [nevra.name, nevra.epoch, nevra.version, nevra.release, nevra.architecture, sourceRpm];
  expect(fields.join(' ')).toBe(said);
});

test('a build without a binary package is the fault of its spec', async () => {
  await rm(join(folder, 'tiny-1.0-1.noarch.rpm'));
  expect(await checkResults(folder, limits)).toMatchObject({
    failure: { reason: 'packaging', message: expect.stringMatching(/^The build made no binary package: .*%files/) },
  });
});

describe('refused:', () => {
  const cases: [string, (folder: string) => void, RegExp][] = [
    ['a symbolic link', (at) => symlinkSync('/etc/passwd', join(at, 'root.log')), /not a regular file/],
    ['a named pipe', (at) => execFileSync('mkfifo', [join(at, 'root.log')]), /not a regular file/],
    ['a folder', (at) => mkdirSync(join(at, 'x.rpm')), /not a regular file/],
    ['a second name of a file', (at) => linkSync(join(at, 'build.log'), join(at, 'root.log')), /more than one name/],
    ['an unknown file', (at) => writeFileSync(join(at, 'index.html'), ''), /neither a package nor/],
    ['a hidden RPM', (at) => writeFileSync(join(at, '.x.rpm'), ''), /neither a package nor/],
    ['an RPM that is none', (at) => writeFileSync(join(at, 'x-1-1.noarch.rpm'), 'x'.repeat(500)), /not a good RPM/],
    ['an empty RPM', (at) => writeFileSync(join(at, 'x-1-1.noarch.rpm'), ''), /not a good RPM/],
    [
      'too much',
      (at) => writeFileSync(join(at, 'root.log'), Buffer.alloc(10_000_001)),
      /10000000 bytes together.*"root.log" with 9.6 MiB/,
    ],
  ];
  test.each(cases)('%s', async (_name, spoil, message) => {
    spoil(folder);
    expect(await checkResults(folder, limits)).toMatchObject({
      ok: false,
      failure: { reason: 'policy', message: expect.stringMatching(message) },
    });
  });

  test('an RPM under the name of another', async () => {
    await cp(join(folder, 'tiny-1.0-1.noarch.rpm'), join(folder, 'bash-9-1.noarch.rpm'));
    expect(await checkResults(folder, limits)).toMatchObject({
      failure: { message: expect.stringMatching(/holds the package/) },
    });
  });

  test('another source package than the one that was given', async () => {
    expect(await checkResults(folder, { ...limits, sourceName: 'other' })).toMatchObject({ ok: false });
  });

  test('packages of another architecture or another source', async () => {
    const source = await readRpmHeader(join(folder, 'tiny-1.0-1.src.rpm'));
    const binary = await readRpmHeader(join(folder, 'tiny-1.0-1.noarch.rpm'));
    const foreign = { ...binary, nevra: { ...binary.nevra, architecture: 'aarch64' } };
    const headers = (name: string, header: typeof binary) =>
      new Map([
        ['tiny-1.0-1.src.rpm', source],
        [name, header],
      ]);
    expect(judgeHeaders(headers('tiny-1.0-1.aarch64.rpm', foreign), limits)).toMatch(/is for aarch64, not x86_64/);
    const strange = { ...binary, sourceRpm: 'bash-5-1.src.rpm' };
    expect(judgeHeaders(headers('tiny-1.0-1.noarch.rpm', strange), limits)).toMatch(/says that it comes from/);
  });
});

test.each([
  ['larger than a file may be', { bytes: 12 * 1024 ** 3 + 1, why: 'size' }, 'policy', /"a.rpm".*12.1 GiB.*10 GiB/],
  ['a link', { bytes: 1, why: 'kind' }, 'policy', /"a.rpm" is not a regular file/],
  ['called as no text is', { bytes: 1, why: 'name' }, 'unbuildable', /"a.rpm" is not UTF-8/],
] as const)('a package that was left on its builder fails the build: %s', (_, left, reason, message) => {
  const failure = judgeLeft([{ name: 'a.rpm', ...left }], 10 * 1024 ** 3);
  expect(failure).toMatchObject({ reason, message: expect.stringMatching(message) });
});

test('a log that was left fails nothing', () => {
  expect(judgeLeft([{ name: 'build.log', bytes: 1e12, why: 'size' }], 1)).toBeUndefined();
});

test('a package whose name leaves no room for a suffix is unbuildable', () => {
  const name = (length: number) => `${'a'.repeat(length - 15)}-1-1.noarch.rpm`;
  expect(judgeRpmNames([name(240)])).toBeUndefined();
  expect(judgeRpmNames([name(240), name(241)])).toMatchObject({
    reason: 'unbuildable',
    message: expect.stringMatching(/241 bytes, and 240 is the most/),
  });
});

test('a spec that gives another version each time it is read is unbuildable, another source is not its fault', async () => {
  const source = await readRpmHeader(join(folder, 'tiny-1.0-1.src.rpm'));
  const binary = await readRpmHeader(join(folder, 'tiny-1.0-1.noarch.rpm'));
  const of = (sourceRpm: string) =>
    judgeVersions(
      new Map([
        ['tiny-1.0-1.src.rpm', source],
        ['x.rpm', { ...binary, sourceRpm }],
      ]),
    );
  expect(of('tiny-1.1-1.src.rpm')).toMatchObject({
    reason: 'unbuildable',
    message: expect.stringMatching(/each time/),
  });
  expect([of('tiny-1.0-1.src.rpm'), of('tiny-more-1.0-1.src.rpm'), of('bash-5-1.src.rpm')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test.each([
  ['Version', '%(date +%%s%%N)', '1'],
  ['Release', '1', '%(date +%%s%%N)'],
])(
  'a spec whose %s is the time is unbuildable, also when two source packages came of it',
  async (_, version, release) => {
    const readings = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const place = await mkdtemp(join(made, `${name}-`));
        await makeRpms(place, 'tiny', version, { release });
        return { place, names: await readdir(place) };
      }),
    );
    const take = async (kinds: readonly (readonly [number, string])[]) => {
      const place = await mkdtemp(join(made, 'taken-'));
      for (const [at, kind] of kinds) {
        const { place: from, names } = readings[at] as (typeof readings)[0];
        const name = names.find((each) => each.endsWith(kind)) ?? '';
        await cp(join(from, name), join(place, name));
      }
      return checkResults(place, limits);
    };
    const unbuildable = { failure: { reason: 'unbuildable', message: expect.stringMatching(/changes each time/) } };
    expect(
      await take([
        [0, '.src.rpm'],
        [1, '.noarch.rpm'],
      ]),
    ).toMatchObject(unbuildable);
    expect(
      await take([
        [0, '.src.rpm'],
        [1, '.src.rpm'],
        [0, '.noarch.rpm'],
      ]),
    ).toMatchObject(unbuildable);
    expect(
      await take([
        [0, '.src.rpm'],
        [1, '.src.rpm'],
        [1, '.noarch.rpm'],
      ]),
    ).toMatchObject(unbuildable);
  },
);

describe('the names of files in packages:', () => {
  const filesOf = (length: number, what: string) => ({
    files: `%install\n${what} %{buildroot}/${'n'.repeat(length)}\n%files\n/${'n'.repeat(length)}`,
  });
  test.each([
    ['as long as rpm unpacks', 246, 'touch', true],
    ['one byte longer', 247, 'touch', false],
    ['a link that is longer', 247, 'ln -s x', false],
    ['a folder that is longer', 255, 'mkdir -p', true],
  ])('%s', async (_, length, what, isFit) => {
    const at = await mkdtemp(join(made, 'names-'));
    await makeRpms(at, 'tiny', '1.0', filesOf(length, what));
    const checked = await checkResults(at, limits);
    if (isFit) return expect(checked).toMatchObject({ ok: true });
    const message = expect.stringMatching(/"tiny-1.0-1.noarch.rpm" cannot be installed.*247 bytes.*246/);
    expect(checked).toMatchObject({ failure: { reason: 'unbuildable', message } });
  });
});

test('only logs are kept of a failed build', async () => {
  expect(await checkResults(folder, { ...limits, logsOnly: true })).toMatchObject({ ok: false });
  await rm(join(folder, 'tiny-1.0-1.noarch.rpm'));
  await rm(join(folder, 'tiny-1.0-1.src.rpm'));
  expect(await checkResults(folder, { ...limits, logsOnly: true })).toEqual({
    ok: true,
    value: { rpms: [], logs: ['build.log'] },
  });
});

test('artifacts are described by NEVRA, size and hash', async () => {
  const [artifact] = await describeArtifacts(folder, ['tiny-1.0-1.noarch.rpm']);
  const hash = execFileSync('sha256sum', [join(folder, 'tiny-1.0-1.noarch.rpm')], { encoding: 'utf8' }).slice(0, 64);
  expect(artifact).toMatchObject({ nevra: 'tiny-1.0-1.noarch', sha256: hash });
});
