// Holds the check of header texts against what createrepo_c does with the same packages.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRpms, type SpecTexts } from '../../testing/make-rpms.ts';
import { checkResults } from '../chroot-build/check-results.ts';
import { packagesShown } from '../repodata/read-index.ts';
import { findTextFault } from './header-text.ts';
import { readRpmHeader } from './rpm-header.ts';

let top: string;

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'coppice-header-text-'));
});
afterAll(() => rm(top, { recursive: true, force: true }));

async function made(name: string, texts: SpecTexts): Promise<string> {
  const folder = join(top, name);
  await mkdir(folder);
  await makeRpms(folder, name, '1.0', texts);
  return folder;
}

/** How many of the packages in `folder` createrepo_c shows. */
async function shownIn(folder: string): Promise<number> {
  await execa('createrepo_c', ['--quiet', '--no-database', folder], { reject: false });
  const shown = await packagesShown(join(folder, 'repodata'));
  await rm(join(folder, 'repodata'), { recursive: true });
  return shown.size;
}

const entry = (version: string, text: string) => `* Mon Jan 06 2025 Pat <pat@example.org> - ${version}-1\n- ${text}\n`;
const paste = '\u001b[200~';

const control: [string, SpecTexts, RegExp][] = [
  ['changelog', { changelog: entry('1.0', `pasted ${paste}`) }, /^The changelog of changelog holds the control .+1B/],
  [
    'author',
    { changelog: `* Mon Jan 06 2025 Pat \u0008<p@example.org> - 1-1\n- a\n` },
    /name in the changelog.+U\+0008/,
  ],
  ['description', { description: 'A bell\u0007.' }, /^The description of description holds .+ U\+0007, /],
  ['url', { preamble: 'URL: https://example.org/\u0001' }, /^The URL of url holds .+ U\+0001, /],
  ['packager', { preamble: 'Packager: Pat\u001f' }, /^The packager of packager holds .+ U\+001F, /],
  [
    'provides',
    { preamble: 'Provides: tiny(a\u001bb)' },
    /^A provided name \(Provides\) of provides holds .+ U\+001B, /,
  ],
];

describe('a package that createrepo_c leaves out is refused before it is signed: control character in the', () => {
  test.each(control)(
    '%s',
    async (name, texts, sentence) => {
      const folder = await made(name, texts);
      expect(await shownIn(folder)).toBeLessThan(2);
      expect(await checkResults(folder, { architecture: 'x86_64', sourceName: name, totalBytes: 1e7 })).toMatchObject({
        ok: false,
        failure: { reason: 'packaging', message: expect.stringMatching(sentence) },
      });
    },
    20_000,
  );
});

test('what createrepo_c shows passes: other scripts, tabs, an escape in old changelogs and in scriptlets', async () => {
  const old = Array.from({ length: 12 }, (_, index) => entry(`${12 - index}.0`, index < 10 ? 'new' : `old ${paste}`));
  const scriptlet = `%post\necho '${paste}'\n%files`;
  const folder = await made('fine', {
    ...{ preamble: 'URL: https://example.org/ä', description: 'Größe\t漢字 😀 \u0085', files: scriptlet },
    changelog: old.join(''),
  });
  expect(await checkResults(folder, { architecture: 'x86_64', sourceName: 'fine', totalBytes: 1e7 })).toMatchObject({
    ok: true,
  });
  expect((await readRpmHeader(join(folder, 'fine-1.0-1.noarch.rpm'))).textFault).toBeUndefined();
  expect(await shownIn(folder)).toBe(2);
}, 20_000);

describe('a header of strange making', () => {
  const faultOf = (bytes: Buffer, count = 1, type = 8) =>
    findTextFault(bytes, new Map([[1047, { type, offset: 0, count }]]));

  test('is read to the last of its strings and no further', () => {
    const store = Buffer.from('good\0good\0bad\u0002\0');
    expect(faultOf(store, 2)).toBeUndefined();
    expect(faultOf(store, 3)?.what).toBe('holds the control character U+0002');
    expect(faultOf(store, 2 ** 32 - 1)?.what).toBe('holds the control character U+0002');
    expect(findTextFault(store, new Map([[1047, { type: 8, offset: 1e9, count: 1 }]]))).toBeUndefined();
  });

  test('may not hold what XML forbids above the control characters, nor broken UTF-8', () => {
    expect(faultOf(Buffer.from('a\ufffe\0'))?.what).toBe('holds the character U+FFFE');
    expect(faultOf(Buffer.from('a\uffff\0'))?.what).toBe('holds the character U+FFFF');
    expect(faultOf(Buffer.from('Gr\xf6\xdfe\0', 'latin1'))?.what).toBe('is not UTF-8');
    expect(faultOf(Buffer.from('\ufffd\0'))).toBeUndefined();
  });
});
