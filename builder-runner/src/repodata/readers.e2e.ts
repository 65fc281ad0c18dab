// Programs that read repositories read ours, and createrepo_c says the same of them when it makes them anew.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { published } from '@coppice/config';
import { execa } from 'execa';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeManyRpms } from '../../testing/make-rpms.ts';
import { showPackages, testChroot } from '../../testing/publish-builds.ts';
import { describeBuilds, repositoryOf } from '../publish/repository-of.ts';
import { closeAllSigning } from '../signing/sign.ts';
import { readPackages } from './createrepo.ts';
import { namesIn } from './read-index.ts';
import { changeRepository } from './repository.ts';
import { locationOf } from './texts.ts';
import { verifyRepository } from './verify-repository.ts';

let home: string;
let rpms: readonly string[];
let folder: string;
let key: string;
/** Builds that are shown at the end, by their folders. */
let shown: string[];

/** Puts a package in place as build number `id` of a package that takes turns among a few. */
function placeBuild(into: string, id: number, name: number): string {
  const build = `${String(id).padStart(8, '0')}-p${name}`;
  const rpm = rpms[name] ?? '';
  mkdirSync(join(into, build), { recursive: true });
  cpSync(rpm, join(into, build, rpm.slice(rpm.lastIndexOf('/') + 1)), { preserveTimestamps: true });
  return build;
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-readers-'));
  rpms = await makeManyRpms(join(home, 'rpms'), 60);
}, 120_000);
afterAll(async () => {
  await closeAllSigning(home);
  await rm(home, { recursive: true, force: true });
});

const place = { owner: 'acme', project: 'tools' };
const step = fc.record({
  show: fc.uniqueArray(fc.nat({ max: 59 }), { minLength: 1, maxLength: 8 }),
  hide: fc.uniqueArray(fc.nat({ max: 59 }), { maxLength: 4 }),
});

test('after random additions, removals and replacements, createrepo_c says the same of each package', async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 6 }), async (steps) => {
      runs += 1;
      const publisher = { home: join(home, `run-${runs}`), url: 'https://build.example.org' };
      const repository = await repositoryOf(publisher, place, testChroot);
      folder = repository.folder;
      key = join(publisher.home, 'published', published.publicKey('acme', 'tools'));
      const model = new Map<number, string>();
      for (const [at, { show, hide }] of steps.entries()) {
        const gone = hide.filter((name) => model.has(name) && !show.includes(name));
        const builds = show.map((name) => placeBuild(folder, 1 + at * 100 + name, name));
        const described = await describeBuilds(folder, builds);
        await changeRepository(repository, { show: described.builds, hide: gone.map((name) => model.get(name) ?? '') });
        for (const name of gone) model.delete(name);
        for (const [index, name] of show.entries()) model.set(name, builds[index] ?? '');
        shown = [...model.values()];
        const verdict = await verifyRepository(folder, readFileSync(key, 'utf8'));
        expect(verdict).toEqual({ rpms: model.size, problems: [] });
        const paths = (await readPackages(join(folder, 'repodata'))).map(({ primary }) => locationOf(primary));
        expect(paths.map((path) => path.split('/')[0]).sort()).toEqual([...shown].sort());
      }
    }),
    { numRuns: 4, seed: Number(process.env.SEED ?? Date.now() % 2 ** 31), verbose: 1, endOnFailure: true },
  );
}, 120_000);

describe('the repository is read by', () => {
  const expected = () =>
    readdirSyncOf(shown)
      .map((file) => file.replace(/-1\.0-1\.noarch\.rpm$/, ''))
      .sort();
  const readdirSyncOf = (builds: readonly string[]) => builds.flatMap((build) => readdirSync(join(folder, build)));

  test('dnf, which checks the signature', async () => {
    const seen = await showPackages(home, folder, key);
    expect(seen).toEqual(expected().map((name) => `${name}-1.0.noarch`));
  }, 60_000);

  test('createrepo_c --update, which takes over what it says', async () => {
    const copy = join(home, 'copy');
    await cp(folder, copy, { recursive: true, dereference: true, preserveTimestamps: true });
    for (const name of ['generations', 'repodata/repomd.xml.asc']) await rm(join(copy, name), { recursive: true });
    const packages = join(home, 'packages');
    writeFileSync(
      packages,
      shown.flatMap((build) => readdirSync(join(copy, build)).map((rpm) => `${build}/${rpm}\n`)).join(''),
    );
    const options = ['--update', '--no-database', '--general-compress-type=gz', '--verbose', '--pkglist', packages];
    const { stderr, stdout } = await execa('createrepo_c', [...options, copy]);
    expect(`${stdout}${stderr}`.match(/CACHE HIT/g)).toHaveLength(shown.length);
    const seen = (await readPackages(join(copy, 'repodata'))).map(({ primary }) => locationOf(primary)).sort();
    expect(seen).toEqual(
      shown.flatMap((build) => readdirSync(join(folder, build)).map((rpm) => `${build}/${rpm}`)).sort(),
    );
  }, 60_000);

  // zypper reads metadata by this library; Debian's own zypper cannot be installed beside dnf-plugins-core.
  test('libsolv', async () => {
    const { stdout } = await execa('sh', ['-c', 'repo2solv "$1" | dumpsolv', 'sh', folder]);
    const names = [...stdout.matchAll(/^solvable:name: (\S+)/gm)].map(([, name]) => name ?? '');
    expect(names.sort()).toEqual(expected());
    expect([...stdout.matchAll(/^solvable:mediafile: (\S+)/gm)]).toHaveLength(shown.length);
  }, 60_000);

  test('reposync, which mirrors it with its metadata', async () => {
    const [root, into] = [join(home, 'root'), join(home, 'mirror')];
    const options = ['-q', '-y', '--disableplugin=local', '--releasever=12', `--installroot=${root}`];
    const repo = ['--setopt=reposdir=/nonexistent', '--repofrompath', `ours,file://${folder}`, '--repo', 'ours'];
    const wanted = ['--download-path', into, '--download-metadata', '--norepopath'];
    await execa('dnf', [...options, ...repo, `--setopt=cachedir=${join(home, 'cache')}`, 'reposync', ...wanted]);
    const named = namesIn(readFileSync(join(into, 'repodata/repomd.xml'), 'utf8'));
    expect(readdirSync(join(into, 'repodata'))).toEqual(expect.arrayContaining([...named]));
    for (const build of shown) expect(readdirSync(join(into, build))).toEqual(readdirSync(join(folder, build)));
  }, 60_000);
});

describe('coppice notices', () => {
  test.each([
    ['a file of the metadata that was changed', 'filelists', /filelists\.xml\.gz: its checksum is not/],
    ['an index that somebody else made', 'index', /repomd\.xml\.asc: it is no signature of repomd\.xml by this key/],
    ['a package that is not there', 'gone', /p\d+\/.*\.rpm: there is no such file$/m],
    ['a package that is another one than its metadata says', 'other', /primary says otherwise than createrepo_c: /],
  ])(
    '%s',
    async (_what, kind, sentence) => {
      const copy = await mkdtemp(join(home, 'damaged-'));
      await cp(folder, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
      const [build = '', other = ''] = shown;
      const rpmOf = (name: string) => join(copy, name, readdirSync(join(copy, name))[0] ?? '');
      const index = join(copy, 'repodata/repomd.xml');
      const text = readFileSync(index, 'utf8');
      if (kind === 'gone') await rm(rpmOf(build));
      else if (kind === 'other') cpSync(rpmOf(other), rpmOf(build));
      else if (kind === 'index') writeFileSync(index, `${text}<!-- -->`);
      else {
        const file = join(copy, 'repodata', namesIn(text).find((name) => name.includes('filelists')) ?? '');
        const bytes = readFileSync(file);
        bytes[4] = 7; // the time in the header of gzip, which no checksum of gzip covers
        writeFileSync(file, bytes);
      }
      const { problems } = await verifyRepository(copy, readFileSync(key, 'utf8'));
      expect(problems.join('\n')).toMatch(sentence);
    },
    60_000,
  );
});
