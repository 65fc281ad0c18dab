import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ChrootName, chrootOf } from './chroot.ts';
import type { Source } from './source.ts';
import { branchFor, locateDistgit, lookasideAddress } from './source-distgit.ts';

type Distgit = Omit<Extract<Source, { type: 'distgit' }>, 'type'>;
const branch = (source: Distgit, chroot: string) => branchFor({ type: 'distgit', ...source }, chrootOf(chroot).name);

describe('the branch of a chroot', () => {
  test('is the first pattern that fits, then `branch`, then the customary one', () => {
    const branches = { 'fedora-42-x86_64': 'exact', 'fedora-*': 'any-fedora', '*-aarch64': 'arm' };
    expect(branch({ branches, branch: 'main' }, 'fedora-42-x86_64')).toBe('exact');
    expect(branch({ branches, branch: 'main' }, 'fedora-42-aarch64')).toBe('any-fedora');
    expect(branch({ branches, branch: 'main' }, 'epel-9-aarch64')).toBe('arm');
    expect(branch({ branches, branch: 'main' }, 'epel-9-x86_64')).toBe('main');
    expect(branch({ branches }, 'epel-9-x86_64')).toBeUndefined();
    expect(branch({ branches, instance: 'fedora' }, 'epel-9-x86_64')).toBe('epel9');
  });

  test.each([
    ['fedora', 'fedora-42-x86_64', 'f42'],
    ['fedora', 'fedora-rawhide-x86_64', 'rawhide'],
    ['fedora', 'epel-9-x86_64', 'epel9'],
    ['fedora', 'sapling-12-x86_64', undefined],
    ['centos-stream', 'centos-stream-9-x86_64', 'c9s'],
    ['centos-stream', 'epel-10-x86_64', 'c10s'],
    ['centos-stream', 'fedora-42-x86_64', undefined],
  ] as const)('of the %s dist-git for %s is %s', (instance, chroot, expected) => {
    expect(branch({ instance }, chroot)).toBe(expected);
  });

  test('a pattern fits the whole name, and a dot stands for itself', () => {
    expect(branch({ branches: { 'epel-9': 'x' } }, 'epel-9-x86_64')).toBeUndefined();
    expect(branch({ branches: { 'epel-9.1*': 'x' } }, 'epel-901-x86_64' as ChrootName)).toBeUndefined();
  });
});

describe('where a package is', () => {
  test('in a known dist-git by its name there, in another by the end of its address', () => {
    expect(locateDistgit({ type: 'distgit', instance: 'fedora' }, 'hello')).toMatchObject({
      url: 'https://src.fedoraproject.org/rpms/hello.git',
      package: 'hello',
    });
    expect(locateDistgit({ type: 'distgit', instance: 'copr', package: 'a/b/c' }, 'hello')).toMatchObject({
      url: 'https://copr-dist-git.fedorainfracloud.org/git/a/b/c.git',
      package: 'a/b/c',
    });
    const url = 'https://git.example.org/rpms/tool.git/';
    expect(locateDistgit({ type: 'distgit', url }, 'hello')).toEqual({ url, package: 'tool', lookaside: undefined });
  });
});

describe('an address of the lookaside cache', () => {
  const { lookaside = '' } = locateDistgit({ type: 'distgit', instance: 'fedora' }, 'hello');

  test('is the template with its words filled in', () => {
    const file = { name: 'hello', filename: 'hello-1.0.tar.gz', hashtype: 'sha512', hash: 'ab12' };
    expect(lookasideAddress(lookaside, file)).toBe(
      'https://src.fedoraproject.org/repo/pkgs/rpms/hello/hello-1.0.tar.gz/sha512/ab12/hello-1.0.tar.gz',
    );
  });

  test('never leaves its host, whatever the words are', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (filename, hash) => {
        const address = lookasideAddress(lookaside, { name: 'n', filename, hashtype: 'sha512', hash });
        expect(new URL(address).host).toBe('src.fedoraproject.org');
        expect(new URL(address).search + new URL(address).hash).toBe('');
      }),
    );
  });
});
