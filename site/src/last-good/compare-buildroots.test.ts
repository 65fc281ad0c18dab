import { type BuildrootList, parseBuildroot } from '@coppice/config';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareBuildroots, leadsOf } from './compare-buildroots.ts';

/** `NEVRA` or `NEVRA MD5` of each. */
const list = (...packages: readonly string[]): BuildrootList =>
  parseBuildroot(packages.map((one) => `${one.replace(/^\S+/, '$& 1 1')} installed\n`).join(''));
const [md5, other] = ['a'.repeat(32), 'b'.repeat(32)];

describe('two buildroots', () => {
  test('are told apart by packages that went up, down, came, went or were built anew', () => {
    const before = list(
      'gcc-14.1-3.x86_64',
      'zlib-1.3-1.x86_64',
      `make-4.4-1.x86_64 ${md5}`,
      'old-1-1.noarch',
      'same-1-1.noarch',
    );
    const now = list(
      'gcc-14.2-1.x86_64',
      'zlib-1.2-1.x86_64',
      `make-4.4-1.x86_64 ${other}`,
      'new-1:2-1.noarch',
      'same-1-1.noarch',
    );
    expect(compareBuildroots(before, now)).toEqual([
      { name: 'gcc', from: '14.1-3', to: '14.2-1', how: 'up' },
      { name: 'make', from: '4.4-1', to: '4.4-1', how: 'rebuilt' },
      { name: 'new', from: null, to: '1:2-1', how: 'added' },
      { name: 'old', from: '1-1', to: null, how: 'removed' },
      { name: 'zlib', from: '1.3-1', to: '1.2-1', how: 'down' },
    ]);
  });

  test('are compared by architecture, and by version where several stand side by side', () => {
    const before = list(
      'libc-1-1.x86_64',
      'libc-1-1.i686',
      'kernel-1-1.x86_64',
      'kernel-2-1.x86_64',
      'tool-1-1.noarch',
    );
    const now = list('libc-2-1.x86_64', 'libc-1-1.i686', 'kernel-2-1.x86_64', 'kernel-3-1.x86_64', 'tool-1-1.x86_64');
    expect(compareBuildroots(before, now)).toEqual([
      { name: 'kernel', from: '1-1', to: '3-1', how: 'up' },
      { name: 'libc', from: '1-1', to: '2-1', how: 'up' },
      { name: 'tool', from: '1-1', to: '1-1', how: 'rebuilt' },
    ]);
  });

  test('are not compared where a list was cut, and a content that is not known is no other one', () => {
    expect(compareBuildroots({ ...list('a-1-1.noarch'), left: 1 }, list('a-2-1.noarch'))).toBeUndefined();
    expect(compareBuildroots(list(`a-1-1.noarch ${md5}`), list('a-1-1.noarch'))).toEqual([]);
  });

  test('of which one is nobody’s are compared all the same: 4,000 versions of one name', () => {
    const many = (from: number) => list(...Array.from({ length: 4000 }, (_, index) => `a-${from + index}-1.noarch`));
    const changes = compareBuildroots(many(0), many(4000)) ?? [];
    expect(changes).toHaveLength(8000);
    expect(new Set(changes.map(({ how }) => how))).toEqual(new Set(['added', 'removed']));
  });

  test('turn into each other by what is told of them', () => {
    const nevra = fc
      .tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 3 }), fc.constantFrom('x86_64', 'noarch'))
      .map(([name, version, architecture]) => `${name}-${version}-1.${architecture}`);
    const sides = fc.uniqueArray(nevra, { maxLength: 8 });
    fc.assert(
      fc.property(sides, sides, (before, now) => {
        const versions = (of: readonly string[]) => of.map((one) => one.replace(/\.\w+$/, '')).sort();
        const left = versions(before);
        for (const { name, from, to } of compareBuildroots(list(...before), list(...now)) ?? []) {
          if (from !== null) left.splice(left.indexOf(`${name}-${from}`), 1);
          if (to !== null) left.push(`${name}-${to}`);
        }
        expect(left.sort()).toEqual(versions(now));
      }),
    );
  });
});

describe('the packages that stand for all', () => {
  const up = (name: string, to: string) => ({ name, from: '1-1', to, how: 'up' }) as const;
  const rebuilt = (name: string) => ({ name, from: '1-1', to: '1-1', how: 'rebuilt' }) as const;
  const names = (text: string, ...changes: Parameters<typeof leadsOf>[0]) =>
    leadsOf(changes, text).map(({ name }) => name);

  test('are one of those that changed alike, large groups first, what was only built anew last', () => {
    const gcc = [up('cpp', '2-1'), up('gcc', '2-1'), up('gcc-c++', '2-1'), up('libgcc', '2-1')];
    expect(names('', rebuilt('a'), rebuilt('b'), rebuilt('c'), rebuilt('d'), up('zlib', '9-1'), ...gcc)).toEqual([
      'gcc',
      'zlib',
      'a',
    ]);
  });

  test('begin with what the failure names', () => {
    const changes = [up('gcc', '2-1'), up('gcc-c++', '2-1'), rebuilt('zlib-devel')];
    expect(names('error: zlib-devel: no such thing', ...changes)).toEqual(['zlib-devel', 'gcc']);
    expect(names('bin/gcc-c++: it crashed', ...changes)).toEqual(['gcc-c++', 'zlib-devel']);
  });
});
