import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { published, resultSchema } from '@coppice/config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRpms } from '../../testing/make-rpms.ts';
import { buildOf, endingOf, publishMade, publishTiny, showPackages, testChroot } from '../../testing/publish-builds.ts';
import { namesIn } from '../repodata/read-index.ts';
import { ensureKey, keyFolder } from '../signing/keys.ts';
import { closeAllSigning } from '../signing/sign.ts';
import { publishEnding } from './publish.ts';
import { type DescribedBuilds, describeAhead, describeBuilds, newestOfEach } from './repository-of.ts';

let home: string;
let publisher: { home: string; url: string };

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-publish-'));
  publisher = { home, url: 'https://build.example.org:8443' };
});
afterAll(async () => {
  await closeAllSigning(home);
  await rm(home, { recursive: true, force: true });
});

const repository = () => join(home, 'published', published.repository('acme', 'tools', testChroot));

describe('a repository', () => {
  test('is there, empty and signed, although the only build failed', async () => {
    const build = buildOf(1, 'bad');
    await publishEnding(publisher, build, build.chroots[0], endingOf('failed'));
    expect(readdirSync(join(repository(), 'repodata'))).toEqual(
      expect.arrayContaining(['repomd.xml', 'repomd.xml.asc']),
    );
    const record = resultSchema.parse(
      JSON.parse(readFileSync(join(repository(), '00000001-bad', 'result.json'), 'utf8')),
    );
    expect(record).toMatchObject({ state: 'failed', reason: 'compile', phases: [{ name: 'publish', seconds: 0 }] });
    expect(existsSync(join(repository(), '00000001-bad', 'fail'))).toBe(true);
  });

  test('shows the newest build of each package, and its metadata never names a missing file', async () => {
    await publishTiny(publisher, 2, 'one', '1.0');
    await publishTiny(publisher, 3, 'two', '1.0');
    await publishTiny(publisher, 4, 'one', '2.0');
    expect(await showPackages(home, repository())).toEqual([
      'one-2.0.noarch',
      'one-2.0.src',
      'two-1.0.noarch',
      'two-1.0.src',
    ]);
    const repomd = readFileSync(join(repository(), 'repodata', 'repomd.xml'), 'utf8');
    const named = [...repomd.matchAll(/href="(repodata\/[^"]+)"/g)].map((match) => match[1] as string);
    expect(named.length).toBeGreaterThanOrEqual(3);
    for (const path of named) expect(existsSync(join(repository(), path))).toBe(true);
    // Those of the generations before stay for readers in the middle of a download.
    for (const number of readdirSync(join(repository(), 'generations')).filter((name) => name !== 'current')) {
      const index = readFileSync(join(repository(), 'generations', number, 'repomd.xml'), 'utf8');
      for (const name of namesIn(index)) expect(existsSync(join(repository(), 'repodata', name))).toBe(true);
    }
  }, 20_000);

  test('keeps the good version when createrepo_c leaves the new one out, which then failed', async () => {
    await publishTiny(publisher, 5, 'fickle', '1.0');
    const before = await showPackages(home, repository());
    const changelog = '* Mon Jan 06 2025 Pat <pat@example.org> - 2.0-1\n- pasted \u001b[200~\n';
    const end = await publishMade(publisher, buildOf(6, 'fickle'), '2.0', { changelog });
    expect(end).toMatchObject({
      reason: 'packaging',
      message: expect.stringMatching(/^createrepo_c leaves fickle-2.0-1.noarch.rpm out .+: .*Forbidden control chars/),
    });
    expect(before).toContain('fickle-1.0.noarch');
    expect(await showPackages(home, repository())).toEqual(before);
    expect(readdirSync(join(repository(), '00000006-fickle'))).toEqual([]);
    // The next build is not troubled, even by one that an older service has published so.
    await publishEnding(publisher, buildOf(6, 'fickle'), buildOf(6, 'fickle').chroots[0], endingOf('succeeded'));
    await makeRpms(join(repository(), '00000006-fickle'), 'fickle', '2.0', { changelog });
    await publishTiny(publisher, 7, 'other', '1.0');
    expect(await showPackages(home, repository())).toEqual([...before, 'other-1.0.noarch', 'other-1.0.src'].sort());
  }, 30_000);

  test.each(['plain', 'c++', 'a.b_c-d', '0'])(
    'is told the same of a build %s before it is in place as afterwards, also what is left out',
    async (name) => {
      const scratch = await mkdtemp(join(home, 'ahead-'));
      const [staging, build] = [join(scratch, 'staging'), `00000012-${name}`];
      await mkdir(staging);
      await makeRpms(staging, name, '1.0');
      const changelog = '* Mon Jan 06 2025 Pat <pat@example.org> - 2.0-1\n- pasted \u001b[200~\n';
      if (name === 'plain') await makeRpms(staging, 'fickle', '2.0', { changelog });
      const files = readdirSync(staging).filter((file) => file.endsWith('.rpm'));
      const ahead = await describeAhead(staging, build, files);
      await rename(staging, join(scratch, build));
      expect(files.length).toBeGreaterThan(1);
      // Of two packages of one name, threads say in any order what is wrong.
      const plain = ({ builds, leftOut }: DescribedBuilds) => ({
        builds,
        leftOut: leftOut.map((out) => ({ ...out, line: out.line.replace(/[0-9a-f]{64}/, 'HASH') })),
      });
      expect(plain(ahead)).toEqual(plain(await describeBuilds(scratch, [build])));
      expect(ahead.builds).toHaveLength(name === 'plain' ? 0 : 1);
    },
    30_000,
  );

  test('is published to although a package that it shows was damaged on the disk', async () => {
    const before = await showPackages(home, repository());
    const damaged = join(repository(), '00000005-fickle', 'fickle-1.0-1.noarch.rpm');
    const bytes = readFileSync(damaged);
    await writeFile(damaged, 'damaged');
    await publishTiny(publisher, 8, 'other', '2.0');
    await writeFile(damaged, bytes);
    const after = before.map((name) => name.replace('other-1.0', 'other-2.0'));
    expect(await showPackages(home, repository())).toEqual(after);
    await publishTiny(publisher, 9, 'other', '3.0');
  }, 30_000);

  test('is made again from the builds when its metadata is lost, also with damaged records, which are told by name', async () => {
    const before = await showPackages(home, repository());
    const recordOf = (folder: string) => join(repository(), folder, 'result.json');
    const kept = readFileSync(recordOf('00000003-two'), 'utf8');
    await writeFile(recordOf('00000003-two'), '');
    await writeFile(recordOf('00000004-one'), kept.slice(0, 100));
    await rm(recordOf('00000005-fickle'));
    execFileSync('mkfifo', [recordOf('00000005-fickle')]);
    await rm(recordOf('00000009-other'));
    await mkdir(join(recordOf('00000009-other'), 'x'), { recursive: true });
    // One that failed stays out of it, whatever becomes of its record.
    await writeFile(recordOf('00000001-bad'), '');
    const told: string[] = [];
    const telling = { ...publisher, log: (_level: string, message: string) => told.push(message) };
    await publishTiny(telling, 10, 'late', '1.0');
    expect(told).toEqual([]);
    for (const name of ['generations', 'repodata']) await rm(join(repository(), name), { recursive: true });
    await publishTiny(telling, 11, 'late', '2.0');
    expect(await showPackages(home, repository())).toEqual([...before, 'late-2.0.noarch', 'late-2.0.src'].sort());
    const place = published.repository('acme', 'tools', testChroot);
    const damaged = told.filter((line) => !line.startsWith('createrepo_c leaves out 00000006-fickle/'));
    expect([...new Set(damaged.map((line) => line.replace(/ cannot be used.*/, '')))].sort()).toEqual(
      ['00000001-bad', '00000003-two', '00000004-one', '00000005-fickle', '00000009-other'].map(
        (folder) => `published/${place}/${folder}/result.json`,
      ),
    );
    // A build that is made again replaces whatever stands in the place of its record.
    const again = buildOf(9, 'other');
    await publishEnding(publisher, again, again.chroots[0], endingOf('succeeded'));
    expect(resultSchema.parse(JSON.parse(readFileSync(recordOf('00000009-other'), 'utf8'))).id).toBe(9);
    expect(existsSync(join(repository(), '00000009-other', 'result.json.damaged', 'x'))).toBe(true);
  }, 30_000);

  test('is made again from what it shows when a file of its metadata is damaged', async () => {
    const before = await showPackages(home, repository());
    const told: string[] = [];
    const telling = { ...publisher, log: (_level: string, message: string) => told.push(message) };
    for (const damage of ['short', 'wrong', 'gone']) {
      const repodata = join(repository(), 'repodata');
      const index = readFileSync(join(repodata, 'repomd.xml'), 'utf8');
      const file = join(repodata, namesIn(index).find((name) => name.endsWith('filelists.xml.gz')) ?? '');
      const bytes = readFileSync(file);
      if (damage === 'short') await writeFile(file, bytes.subarray(0, bytes.length - 9));
      else if (damage === 'wrong') await writeFile(file, bytes.fill(0, 300, 310));
      else await rm(file);
      await publishTiny(telling, damage === 'short' ? 20 : damage === 'wrong' ? 21 : 22, 'late', '2.0');
      expect(await showPackages(home, repository())).toEqual(before);
      expect(told.splice(0)).toEqual([expect.stringMatching(/^generation \d+ of .+ is made anew, for it is damaged/)]);
    }
  }, 60_000);

  test('takes no package whose name another one has, and says which', async () => {
    const before = await showPackages(home, repository());
    const files = '%package -n one\nSummary: Tiny\n%description -n one\nTiny.\n%files\n%files -n one';
    const end = await publishMade(publisher, buildOf(30, 'thief'), '9.0', { files });
    expect(end).toMatchObject({
      reason: 'packaging',
      message: expect.stringMatching(
        /^one \(build 4\) has a package one in this repository already\. .*build one without it/,
      ),
    });
    expect(await showPackages(home, repository())).toEqual(before);
    expect(readdirSync(join(repository(), '00000030-thief'))).toEqual([]);
    // But the config may have given the package another name.
    const renamed = { ...publisher, hasLeft: (_owner: string, _project: string, name: string) => name === 'one' };
    expect(await publishMade(renamed, buildOf(31, 'thief'), '9.0', { files })).toBe('published');
    const after = await showPackages(home, repository());
    expect(after).toContain('one-9.0.noarch');
    expect(after.filter((name) => name.startsWith('one-'))).toEqual(['one-9.0.noarch']);
  }, 30_000);

  test('is signed with the published key', () => {
    const ring = join(home, 'k');
    const gpg = (...args: string[]) =>
      execFileSync('gpg', ['--homedir', ring, '--batch', '--quiet', ...args], { stdio: 'pipe' });
    execFileSync('mkdir', ['-m', '700', ring]);
    gpg('--no-autostart', '--import', join(home, 'published', published.publicKey('acme', 'tools')));
    const repomd = join(repository(), 'repodata', 'repomd.xml');
    gpg('--no-autostart', '--verify', `${repomd}.asc`, repomd);
    expect(() =>
      gpg('--no-autostart', '--verify', `${repomd}.asc`, join(repository(), '00000002-one', 'result.json')),
    ).toThrow();
  });
});

describe('the key of a project', () => {
  test('is made once, private, under a home whose path is longer than a socket may have', async () => {
    const deep = join(home, 'x'.repeat(90), 'y'.repeat(90));
    await mkdir(deep, { recursive: true });
    const [one, two] = await Promise.all([ensureKey(deep, 'acme', 'tools'), ensureKey(deep, 'acme', 'tools')]);
    expect(one).toEqual(two);
    expect(one.fingerprint).toMatch(/^[0-9A-F]{40}$/);
    expect(statSync(keyFolder(deep, 'acme', 'tools')).mode & 0o777).toBe(0o700);
    expect(readFileSync(one.publicKeyPath, 'utf8')).toMatch(/^-----BEGIN PGP PUBLIC KEY BLOCK-----/);
  }, 20_000);

  test('is published again when the published copy is gone', async () => {
    const { publicKeyPath } = await ensureKey(home, 'acme', 'tools');
    await rm(publicKeyPath);
    await ensureKey(home, 'acme', 'tools');
    expect(existsSync(publicKeyPath)).toBe(true);
    await writeFile(publicKeyPath, 'something else');
    await ensureKey(home, 'acme', 'tools');
    expect(readFileSync(publicKeyPath, 'utf8')).toContain('PGP PUBLIC KEY');
  });
});

test('a key whose notes are damaged is the same key again, and one that is lost is not replaced unseen', async () => {
  const { fingerprint, publicKeyPath } = await ensureKey(home, 'acme', 'tools');
  const folder = keyFolder(home, 'acme', 'tools');
  await writeFile(join(folder, 'fingerprint'), '');
  await writeFile(join(folder, 'pubkey.gpg'), '');
  await writeFile(publicKeyPath, '');
  expect((await ensureKey(home, 'acme', 'tools')).fingerprint).toBe(fingerprint);
  expect(readFileSync(join(folder, 'fingerprint'), 'utf8').trim()).toBe(fingerprint);
  expect(readFileSync(publicKeyPath, 'utf8')).toContain('BEGIN PGP PUBLIC KEY BLOCK');
  const lost = keyFolder(home, 'acme', 'lost');
  await mkdir(lost, { recursive: true, mode: 0o700 });
  await writeFile(join(lost, 'fingerprint'), '');
  await expect(ensureKey(home, 'acme', 'lost')).rejects.toThrow(/keys\/acme\/lost is damaged: put the folder back/);
}, 20_000);

test('the newest of each package, by number', () => {
  const names = ['00000009-a', '00000010-a', '00000002-b-c', 'repodata', '00000011-b', '100000000-a'];
  expect(newestOfEach(names)).toEqual(['00000002-b-c', '00000011-b', '100000000-a']);
});
