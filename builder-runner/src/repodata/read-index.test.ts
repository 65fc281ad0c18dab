import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lineAbout, namedByIndex, packagesShown } from './read-index.ts';

let top: string;

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'coppice-primary-'));
});
afterAll(() => rm(top, { recursive: true, force: true }));

const primary = '<package><location href="1-a/a.rpm"/></package>\n<package><location href="1-b/b.rpm"/></package>\n';

async function repodataWith(ending: string, content: Buffer): Promise<string> {
  const folder = await mkdtemp(join(top, 'repodata-'));
  const name = `abc-primary.xml${ending}`;
  await writeFile(join(folder, 'repomd.xml'), `<data type="primary"><location href="repodata/${name}"/></data>`);
  await writeFile(join(folder, name), content);
  return folder;
}

test.each([
  ['.gz', gzipSync(primary)],
  ['.zst', zstdCompressSync(primary)],
  ['', Buffer.from(primary)],
])('packages are read from metadata packed as %s', async (ending, content) => {
  const folder = await repodataWith(ending, content);
  expect([...(await packagesShown(folder))]).toEqual(['1-a/a.rpm', '1-b/b.rpm']);
});

test('metadata packed in another way is a fault, not an empty repository', async () => {
  const folder = await repodataWith('.xz', Buffer.from(primary));
  await expect(packagesShown(folder)).rejects.toThrow('no list of packages that can be read among abc-primary.xml.xz');
});

test('a FIFO in the place of an index names nothing, and is not waited for', async () => {
  const folder = await mkdtemp(join(top, 'repodata-'));
  execFileSync('mkfifo', [join(folder, 'repomd.xml')]);
  expect(await namedByIndex(folder)).toEqual([]);
});

test('the line about a package is told from the others, whichever threads wrote at once', () => {
  const said = [
    'C_CREATEREPOLIB: C_CREATEREPOLIB: Critical: Cannot dump XML for hello-devel (12): Forbidden control chars found.',
    'Critical: Cannot dump XML for hello (34): Forbidden control chars found.',
  ].join('\n');
  expect(lineAbout('hello', said)).toBe('Critical: Cannot dump XML for hello (34): Forbidden control chars found');
  expect(lineAbout('hello-devel', said)).toMatch(/^Critical: Cannot dump XML for hello-devel/);
  expect(lineAbout('other', '\nWarning: no\n')).toBe('Warning: no');
  expect(lineAbout('other', '')).toBe('it does not say why');
});
