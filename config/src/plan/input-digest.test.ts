import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Buildroot, plainBuildroot } from '../words/buildroot.ts';
import type { PinnedSource } from '../words/source.ts';
import { type BuildInputs, canonicalJson, chainDigest, inputDigest } from './input-digest.ts';

const dir: PinnedSource = { type: 'dir', commit: 'c1', path: 'packages/acme/tools/hello', tree: 't1' };
const git: PinnedSource = { type: 'git', url: 'https://example.org/a.git', ref: 'main', commit: 'c1' };
const plain = { repos: [], buildroot: plainBuildroot, needs: new Map<string, string>() };
const of = (source: PinnedSource, others: Partial<BuildInputs> = {}) =>
  inputDigest({ source, chroot: 'sapling-12-x86_64', chrootConfigDigest: '', ...plain, ...others });

describe('inputDigest', () => {
  test('stays the same from version to version', () => {
    expect(of(dir)).toBe('e8dbae65d6e130a1eb6da2319dc042197c0a6cec401ce21c0afc158cde1ffb88');
  });

  test('is the hash of one canonical text', () => {
    const buildroot = { ...plainBuildroot, packages: ['gcc'] };
    const needs = new Map([['lib', 'd']]);
    const text = canonicalJson({
      version: 1,
      source: { type: 'dir', tree: 't1', spec: null },
      chroot: 'sapling-12-x86_64',
      chrootConfigDigest: 'c',
      repos: ['https://a.example/'],
      buildroot: { packages: ['gcc'] },
      needs: { lib: 'd' },
    });
    const inputs = { chrootConfigDigest: 'c', repos: ['https://a.example/'], buildroot, needs };
    expect(of(dir, inputs)).toBe(createHash('sha256').update(text).digest('hex'));
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

  test('changes with the method and the hashes that a package states, and not with what it leaves to the default', () => {
    expect(of({ ...git, method: 'spec' })).toBe(of(git));
    expect(of({ ...git, method: 'tito' })).not.toBe(of(git));
    expect(of({ ...git, sources: { a: 'aa' } })).not.toBe(of(git));
    expect(of({ ...dir, sources: { a: 'aa' } })).not.toBe(of(dir));
  });

  test('of a dist-git is that of the commit, of a release that of its content and options', () => {
    const distgit = (branch: string, commit: string): PinnedSource => ({
      ...{ type: 'distgit', url: 'https://a.example/a.git', package: 'a' },
      ...{ branch, commit },
    });
    expect(of(distgit('f42', 'c1'))).toBe(of(distgit('main', 'c1')));
    expect(of(distgit('f42', 'c1'))).not.toBe(of(distgit('f42', 'c2')));
    const sdist: PinnedSource = { type: 'pypi', package: 'a', version: '1', url: 'https://a.example/', sha256: 'aa' };
    expect(of({ ...sdist, url: 'https://b.example/', generator: 'pyp2rpm' })).toBe(of(sdist));
    expect(of({ ...sdist, python: ['3.12'] })).not.toBe(of(sdist));
    expect(of({ ...sdist, sha256: 'ab' })).not.toBe(of(sdist));
  });

  test('of a script is that of its text, or of its folder', () => {
    const script: PinnedSource = { type: 'script', script: 'make.sh', commit: 'c1', path: 'p', tree: 't1' };
    expect(of({ ...script, commit: 'c2' })).toBe(of(script));
    expect(of({ ...script, tree: 't2' })).not.toBe(of(script));
    expect(of({ ...script, builddeps: ['git'] })).not.toBe(of(script));
    expect(of({ type: 'script', script: '#!/bin/sh\n' })).not.toBe(of({ type: 'script', script: '#!/bin/bash\n' }));
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

  test('changes with each option of the buildroot, and with none that says nothing', () => {
    const options: readonly Partial<Buildroot>[] = [
      { packages: ['gcc'] },
      { repos: ['https://a.example/'] },
      { with: ['docs'] },
      { without: ['docs'] },
      { macros: { aaa: '1' } },
      { isolation: 'nspawn' },
      { modules: ['nodejs:20'] },
      { forcearch: 'x86_64' },
      { network: true },
    ];
    const digests = options.map((option) => of(dir, { buildroot: { ...plainBuildroot, ...option } }));
    expect(new Set([...digests, of(dir)]).size).toBe(options.length + 1);
    expect(of(dir, { buildroot: { ...plainBuildroot } })).toBe(of(dir));
  });

  test('does not depend on the order of names, but on that of repositories', () => {
    const both = (key: 'packages' | 'with' | 'modules' | 'repos', names: readonly string[]) =>
      of(dir, { buildroot: { ...plainBuildroot, [key]: names } });
    for (const key of ['packages', 'with', 'modules'] as const) {
      expect(both(key, ['b:1', 'a:1'])).toBe(both(key, ['a:1', 'b:1']));
    }
    expect(both('repos', ['b', 'a'])).not.toBe(both('repos', ['a', 'b']));
  });

  test('holds what is needed, direct or not', () => {
    const lib = (base: string) => new Map([['lib', chainDigest('lib', new Map([['base', base]]))]]);
    expect(of(dir, { needs: lib('b1') })).not.toBe(of(dir));
    expect(of(dir, { needs: lib('b2') })).not.toBe(of(dir, { needs: lib('b1') }));
    expect(of(dir, { needs: lib('b1') })).toBe(of(dir, { needs: lib('b1') }));
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
