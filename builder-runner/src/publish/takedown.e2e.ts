// Taking a project down and putting it back, on real RPMs, gpg, createrepo_c and dnf.
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BuildId, plainTerms, published, sandboxOf } from '@coppice/config';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildOf, endingOf, publishTiny, showPackages, testChroot } from '../../testing/publish-builds.ts';
import { frozenResults } from '../base/frozen.ts';
import { watchChanges } from '../base/published-changes.ts';
import { ensureKey, rotateKey } from '../signing/keys.ts';
import { closeAllSigning } from '../signing/sign.ts';
import { deleteBuild, removePackage, removeProject, renameProject } from './project-life.ts';
import { publishEnding } from './publish.ts';
import { readRecord } from './read-record.ts';
import { writeRecord } from './record.ts';
import { writeRepoFiles } from './repo-files.ts';
import { freezeProject, unfreezeProject } from './takedown.ts';

let home: string;
let publisher: { home: string; url: string };
const tools = { owner: 'acme', name: 'tools' };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-takedown-'));
  publisher = { home, url: 'https://build.example.org' };
});
afterEach(async () => {
  await closeAllSigning(home);
  await rm(home, { recursive: true, force: true });
});

const inPublished = (path: string) => join(home, 'published', path);
const repositoryOf = (name: string) => inPublished(published.repository('acme', name, testChroot));
const repoFileOf = (name: string) => inPublished(published.dnfRepo('acme', name, testChroot));
const noteOf = (name: string) => inPublished(published.frozenNote('acme', name));
const shown = (name: string) => showPackages(home, repositoryOf(name), inPublished(published.publicKey('acme', name)));
const freeze = () => freezeProject(publisher, 'acme', 'tools');
const unfreeze = () => unfreezeProject(publisher, 'acme', 'tools');

/** Does it twice: what was done already stays done. */
async function twice<T>(work: () => Promise<T>): Promise<T> {
  await work();
  return work();
}

/** All that lies in a folder: contents, links, times. */
function look(folder: string): Record<string, string> {
  const found = readdirSync(folder, { recursive: true }).map((name): [string, string] => {
    const path = join(folder, String(name));
    const about = lstatSync(path);
    const what = about.isSymbolicLink() ? readlinkSync(path) : about.isFile() ? readFileSync(path, 'latin1') : 'folder';
    return [String(name), `${about.mtimeMs} ${what}`];
  });
  return Object.fromEntries(found);
}

describe('a project that is frozen', () => {
  test('has nothing left in reach, nor have its sandboxes, and comes back exactly as it was', async () => {
    const sandbox = sandboxOf('tools', 7);
    await publishTiny(publisher, 1, 'one', '1.0');
    await publishTiny(publisher, 2, 'one', '2.0');
    await publishTiny(publisher, 3, 'one', '3.0', sandbox);
    await publishTiny(publisher, 4, 'one', '1.0', 'toolset');
    const before = look(inPublished('results'));
    await twice(freeze);
    expect(readdirSync(inPublished('results/acme'))).toEqual(['toolset']);
    expect([existsSync(repoFileOf('tools')), existsSync(repoFileOf(sandbox))]).toEqual([false, false]);
    expect(readFileSync(noteOf('tools'), 'utf8')).toBe(
      'acme/tools is frozen: its packages, logs and source packages are out of reach. Why: https://build.example.org/acme/tools/\n',
    );
    expect(readFileSync(noteOf(sandbox), 'utf8')).toMatch(/ Why: https:\/\/build.example.org\/acme\/tools\/\n$/);
    // The list of projects is written, with their keys.
    await ensureKey(home, 'acme', 'tools');
    await twice(unfreeze);
    // That folder alone saw others leave and come.
    const { acme: _, ...whole } = before;
    expect(look(inPublished('results'))).toMatchObject(whole);
    expect([existsSync(noteOf('tools')), existsSync(noteOf(sandbox))]).toEqual([false, false]);
    expect([existsSync(repoFileOf('tools')), existsSync(repoFileOf(sandbox))]).toEqual([true, true]);
    expect(existsSync(frozenResults(home, 'acme', 'tools'))).toBe(false);
    expect(await shown('tools')).toEqual(['one-2.0.noarch', 'one-2.0.src']);
  }, 90_000);

  test('gets no repository when builds end, and shows no builds that were deleted meanwhile', async () => {
    await publishTiny(publisher, 1, 'one', '1.0');
    await publishTiny(publisher, 2, 'two', '1.0');
    await freeze();
    expect(await publishTiny(publisher, 3, 'one', '2.0')).toBe(false);
    const late = buildOf(4, 'late');
    await publishEnding(publisher, late, late.chroots[0], endingOf('failed'));
    await writeRepoFiles(publisher, tools, plainTerms);
    expect([existsSync(inPublished('results/acme/tools')), existsSync(repoFileOf('tools'))]).toEqual([false, false]);
    const place = published.chrootBuild(late, testChroot);
    expect(await readRecord(home, place)).toMatchObject({ kind: 'result', result: { id: 4, state: 'failed' } });
    await twice(() => deleteBuild(publisher, 'acme', 'tools', 2 as BuildId));
    await twice(unfreeze);
    expect(readdirSync(repositoryOf('tools')).sort()).toEqual([
      '00000001-one',
      '00000004-late',
      'generations',
      'repodata',
    ]);
    expect(await shown('tools')).toEqual(['one-1.0.noarch', 'one-1.0.src']);
    expect(await publishTiny(publisher, 5, 'one', '2.0')).toBe(true);
  }, 90_000);

  test('has nothing in reach of what builds left that ended later, and publishes no key', async () => {
    await publishTiny(publisher, 1, 'one', '1.0');
    await freeze();
    const late = buildOf(2, 'late');
    const log = inPublished(`${published.chrootBuild(late, testChroot)}/build.log`);
    await mkdir(dirname(log), { recursive: true });
    await writeFile(log, 'what it says');
    const heard: string[] = [];
    const forget = watchChanges(inPublished(''), (path, isTakedown) => heard.push(`${path} ${isTakedown}`));
    await publishEnding(publisher, late, late.chroots[0], endingOf('failed'));
    expect(heard).toEqual(['results/acme/tools true']);
    await rotateKey(home, 'acme', 'tools', { atOnce: false });
    expect(readdirSync(inPublished('results/acme'))).toEqual([]);
    heard.length = 0;
    await unfreeze();
    expect(heard).toContain('api/v1/frozen/acme/tools.txt false');
    forget();
    expect(readFileSync(log, 'utf8')).toBe('what it says');
    expect(existsSync(frozenResults(home, 'acme', 'tools'))).toBe(false);
    const keys = readFileSync(inPublished(published.publicKey('acme', 'tools')), 'utf8');
    expect(keys.match(/BEGIN PGP PUBLIC KEY/g)).toHaveLength(2);
  }, 90_000);

  test('shows nothing any more of a package that left it meanwhile', async () => {
    await publishTiny(publisher, 1, 'one', '1.0');
    await publishTiny(publisher, 2, 'two', '1.0');
    const source = published.srpmBuild(buildOf(2, 'two'));
    const record = await readRecord(home, published.chrootBuild(buildOf(2, 'two'), testChroot));
    if (record?.kind !== 'result') throw new Error('there is no record');
    await writeRecord(inPublished(`${source}/result.json`), { ...record.result, chroot: 'srpm' });
    await freeze();
    await twice(() => removePackage(publisher, 'acme', 'tools', 'two'));
    await unfreeze();
    expect(await shown('tools')).toEqual(['one-1.0.noarch', 'one-1.0.src']);
    expect(readdirSync(repositoryOf('tools'))).not.toContain('00000002-two');
    expect(existsSync(inPublished(source))).toBe(false);
  }, 90_000);

  test('tells the mirror that its note goes when it is renamed or deleted', async () => {
    const heard = new Set<string>();
    const forget = watchChanges(inPublished(''), (path) => heard.add(path));
    await publishTiny(publisher, 1, 'one', '1.0');
    await freeze();
    heard.clear();
    await renameProject(publisher, tools, { owner: 'acme', name: 'instruments' });
    expect(heard).toContain('api/v1/frozen/acme/tools.txt');
    heard.clear();
    await removeProject(home, 'acme', 'instruments');
    forget();
    expect(heard).toContain('api/v1/frozen/acme/instruments.txt');
  }, 60_000);

  test('is taken down and put back to the end when that was cut off anywhere', async () => {
    await publishTiny(publisher, 1, 'one', '1.0');
    // Marked and told, and not moved yet.
    await freeze();
    renameSync(frozenResults(home, 'acme', 'tools'), inPublished('results/acme/tools'));
    await freeze();
    expect(existsSync(repositoryOf('tools'))).toBe(false);
    // Moved back, and not shown yet.
    renameSync(frozenResults(home, 'acme', 'tools'), inPublished('results/acme/tools'));
    await unfreeze();
    expect(existsSync(repoFileOf('tools'))).toBe(true);
    // Told no more, and marked still.
    await freeze();
    await rm(noteOf('tools'));
    await unfreeze();
    expect(await shown('tools')).toEqual(['one-1.0.noarch', 'one-1.0.src']);
  }, 90_000);

  test('by an older version, its metadata alone, is taken down whole and gets metadata anew', async () => {
    await publishTiny(publisher, 1, 'one', '1.0');
    mkdirSync(join(home, 'state/frozen/acme/tools'), { recursive: true });
    renameSync(join(repositoryOf('tools'), 'repodata'), join(home, 'state/frozen/acme/tools', testChroot));
    await freeze();
    expect(existsSync(repositoryOf('tools'))).toBe(false);
    await unfreeze();
    expect(await shown('tools')).toEqual(['one-1.0.noarch', 'one-1.0.src']);
  }, 60_000);

  test('may be renamed and deleted', async () => {
    await publishTiny(publisher, 1, 'one', '1.0');
    await freeze();
    await twice(() => renameProject(publisher, tools, { owner: 'acme', name: 'instruments' }));
    expect([existsSync(noteOf('tools')), readFileSync(noteOf('instruments'), 'utf8')]).toEqual([
      false,
      expect.stringMatching(/^acme\/instruments is frozen/),
    ]);
    await unfreezeProject(publisher, 'acme', 'instruments');
    expect(await shown('instruments')).toEqual(['one-1.0.noarch', 'one-1.0.src']);
    const record = readFileSync(join(repositoryOf('instruments'), '00000001-one/result.json'), 'utf8');
    expect(JSON.parse(record)).toMatchObject({ project: 'instruments' });
    await freezeProject(publisher, 'acme', 'instruments');
    await removeProject(home, 'acme', 'instruments');
    expect([existsSync(noteOf('instruments')), existsSync(frozenResults(home, 'acme', 'instruments'))]).toEqual([
      false,
      false,
    ]);
  }, 60_000);

  test('by the config alone publishes nothing either', async () => {
    const frozen = { ...publisher, isFrozen: (_: string, name: string) => name === 'tools' };
    expect(await publishTiny(frozen, 1, 'one', '1.0')).toBe(false);
    expect(existsSync(repositoryOf('tools'))).toBe(false);
    expect(await publishTiny(frozen, 1, 'one', '1.0', 'instruments')).toBe(true);
  }, 60_000);
});

test('publishing and all else that happens to a project at the same time leave a repository of what was published', async () => {
  const [one, , two] = await Promise.all([
    publishTiny(publisher, 1, 'one', '1.0'),
    freezeProject(publisher, 'acme', 'tools'),
    publishTiny(publisher, 2, 'two', '1.0'),
    unfreezeProject(publisher, 'acme', 'tools'),
    deleteBuild(publisher, 'acme', 'tools', 9 as BuildId),
    publishTiny(publisher, 9, 'three', '1.0'),
  ]);
  await unfreezeProject(publisher, 'acme', 'tools');
  const expected = [one && 'one-1.0.noarch', two && 'two-1.0.noarch'].filter((name) => name !== false);
  expect((await shown('tools')).filter((name) => name.endsWith('.noarch') && !name.startsWith('three'))).toEqual(
    expected,
  );
}, 60_000);
