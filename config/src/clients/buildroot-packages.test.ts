import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatNevra } from '../words/nevra.ts';
import { parseBuildroot } from './buildroot-packages.ts';

const installedPackages = `gcc-12.2.0-14.sap12.x86_64 1700000000 52428800 00112233445566778899aabbccddeeff installed
perl-libs-4:5.36.0-7.sap12.x86_64 1700000000 1000 ffeeddccbbaa99887766554433221100 installed
zlib-devel-1:1.2.13-1.noarch 1700000000 10 (none) installed
gpg-pubkey-a15b79cc-63d04c2c 1675643948 0 (none) installed
old-form-1-1.x86_64 1700000000 10 installed
`;

test('each package is listed once with its epoch and what identifies it, in order; keys are none', () => {
  const { packages, left } = parseBuildroot(installedPackages + installedPackages);
  expect(packages.map(({ nevra, sigmd5 }) => [formatNevra(nevra), sigmd5])).toEqual([
    ['gcc-12.2.0-14.sap12.x86_64', '00112233445566778899aabbccddeeff'],
    ['old-form-1-1.x86_64', undefined],
    ['perl-libs-4:5.36.0-7.sap12.x86_64', 'ffeeddccbbaa99887766554433221100'],
    ['zlib-devel-1:1.2.13-1.noarch', undefined],
  ]);
  expect(left).toBe(0);
});

test('a list that is far too long is cut off, and says so', () => {
  const line = (index: number) => `p${index}-1-1.noarch 1 1 installed\n`;
  const { packages, left } = parseBuildroot(Array.from({ length: 4_100 }, (_, index) => line(index)).join(''));
  expect([packages.length, left]).toEqual([4_000, 100]);
});

test('no text of a builder gets in that is not the name of a package', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constant('a-1-1.noarch 1 1 installed'))),
      (lines) => {
        for (const { nevra } of parseBuildroot(lines.join('\n')).packages) {
          expect(formatNevra(nevra)).toMatch(/^[\w.+~^:-]{1,255}$/);
        }
      },
    ),
  );
});
