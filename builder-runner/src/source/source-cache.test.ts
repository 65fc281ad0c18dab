import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSourceCache, type SourceCache } from './source-cache.ts';

let folder: string;
let cache: SourceCache;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-cache-'));
  cache = openSourceCache(join(folder, 'cache'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const pathOf = (sha256: string) => join(folder, 'cache', 'sources', 'sha256', sha256.slice(0, 2), sha256);

async function put(text: string): Promise<string> {
  const fresh = await cache.temporary();
  await writeFile(fresh, text);
  await cache.put(fresh, hashOf(text));
  return hashOf(text);
}

describe('content', () => {
  test('is taken by its hash, and found by the names that it was given', async () => {
    const sha256 = await put('hello');
    await cache.remember('https://a.example/x', sha256);
    expect(await cache.known('https://a.example/x')).toBe(sha256);
    expect(await cache.known('https://a.example/y')).toBeUndefined();
    expect(await cache.take(sha256, join(folder, 'out'))).toBe(5);
    expect(await readFile(join(folder, 'out'), 'utf8')).toBe('hello');
    expect(await cache.take(hashOf('other'), join(folder, 'other'))).toBeUndefined();
  });

  test('that does not match its hash any more is dropped, and nothing is given out', async () => {
    const sha256 = await put('hello');
    await writeFile(pathOf(sha256), 'evil!');
    expect(await cache.take(sha256, join(folder, 'out'))).toBeUndefined();
    expect(existsSync(join(folder, 'out'))).toBe(false);
    expect(existsSync(pathOf(sha256))).toBe(false);
  });

  test('behind a symbolic link is not content', async () => {
    const sha256 = hashOf('secret');
    await writeFile(join(folder, 'secret'), 'secret');
    await mkdir(dirname(pathOf(sha256)), { recursive: true });
    await symlink(join(folder, 'secret'), pathOf(sha256));
    expect(await cache.take(sha256, join(folder, 'out'))).toBeUndefined();
  });

  test('is taken whatever files of others stand beside it', async () => {
    const sha256 = await put('hello');
    await writeFile(join(folder, 'out.part'), 'mine');
    expect(await cache.take(sha256, join(folder, 'out'))).toBe(5);
    expect(await readFile(join(folder, 'out.part'), 'utf8')).toBe('mine');
  });

  test('overwrites no file', async () => {
    const sha256 = await put('hello');
    await writeFile(join(folder, 'out'), 'mine');
    await expect(cache.take(sha256, join(folder, 'out'))).rejects.toThrow(/EEXIST/);
    expect(await readFile(join(folder, 'out'), 'utf8')).toBe('mine');
    expect(await readdir(folder)).toEqual(['cache', 'out']);
  });

  test('has a hash for a name', async () => {
    await expect(cache.take('../../etc/passwd', join(folder, 'out'))).rejects.toThrow(/not a SHA-256/);
  });
});

describe('pruning', () => {
  test('removes what was not used for the longest time, until the rest fits', async () => {
    const hashes = [await put('one!'), await put('two!'), await put('six!')];
    for (const [index, sha256] of hashes.entries()) await utimes(pathOf(sha256), 1000 + index, 1000 + index);
    // Used again: the second is now the oldest.
    await cache.take(hashes[0] ?? '', join(folder, 'out'));
    await cache.prune(8);
    expect(hashes.map((sha256) => existsSync(pathOf(sha256)))).toEqual([true, false, true]);
    await cache.prune(8);
    expect(hashes.map((sha256) => existsSync(pathOf(sha256)))).toEqual([true, false, true]);
  });

  test('takes mirrors as a whole, keeps names, and clears what a crash left', async () => {
    const mirror = join(cache.gitFolder, 'a');
    await mkdir(join(mirror, 'objects'), { recursive: true });
    await writeFile(join(mirror, 'objects', 'pack'), 'x'.repeat(100));
    await utimes(mirror, 1000, 1000);
    const sha256 = await put('four');
    await cache.remember('name', sha256);
    const left = await cache.temporary();
    await writeFile(left, 'half');
    await utimes(left, 1000, 1000);
    await cache.prune(50);
    expect([existsSync(mirror), existsSync(pathOf(sha256)), existsSync(left)]).toEqual([false, true, false]);
    await cache.prune(0);
    expect(existsSync(pathOf(sha256))).toBe(false);
    expect(await cache.known('name')).toBe(sha256);
  });

  test('of an empty cache does nothing', async () => {
    await cache.prune(0);
    expect(await readdir(folder)).toEqual([]);
  });
});
