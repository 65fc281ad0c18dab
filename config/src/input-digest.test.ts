import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BuildInputs, canonicalJson, inputDigest } from './input-digest.ts';
import type { PinnedSource } from './source.ts';

const dir: PinnedSource = { type: 'dir', commit: 'c1', path: 'packages/acme/tools/hello', tree: 't1' };
const git: PinnedSource = { type: 'git', url: 'https://example.org/a.git', ref: 'main', commit: 'c1' };
const of = (source: PinnedSource, others: Partial<BuildInputs> = {}) =>
  inputDigest({ source, chroot: 'sapling-12-x86_64', chrootConfigDigest: '', repos: [], ...others });

describe('inputDigest', () => {
  test('stays the same from version to version', () => {
    expect(of(dir)).toBe('e8dbae65d6e130a1eb6da2319dc042197c0a6cec401ce21c0afc158cde1ffb88');
  });

  test('of a dir source is that of its tree: other folders of the config repo do not change it', () => {
    expect(of({ ...dir, commit: 'c2' })).toBe(of(dir));
    expect(of({ ...dir, tree: 't2' })).not.toBe(of(dir));
    expect(of({ ...dir, spec: 'other.spec' })).not.toBe(of(dir));
  });

  test('of a git source is that of the commit, not of the branch that led to it', () => {
    expect(of({ ...git, ref: 'v1' })).toBe(of(git));
    expect(of({ ...git, commit: 'c2' })).not.toBe(of(git));
    expect(of({ ...git, subdirectory: 'x' })).not.toBe(of(git));
  });

  test('of a ready source package is that of its content, wherever it lies', () => {
    const srpm = (url: string, sha256: string): PinnedSource => ({ type: 'srpm', url, sha256 });
    expect(of(srpm('https://a.example/x', 'aa'))).toBe(of(srpm('https://b.example/x', 'aa')));
    expect(of(srpm('https://a.example/x', 'ab'))).not.toBe(of(srpm('https://a.example/x', 'aa')));
  });

  test('changes with the chroot, its configuration and the repositories', () => {
    const digests = [
      of(dir),
      of(dir, { chroot: 'fedora-42-x86_64' }),
      of(dir, { chrootConfigDigest: 'd1' }),
      of(dir, { repos: ['https://a.example/'] }),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  test('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
      }),
    );
  });
});
