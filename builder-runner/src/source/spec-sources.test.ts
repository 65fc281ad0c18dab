import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mayNameAddresses, parseSpecSources } from './spec-sources.ts';

const values = (text: string) => parseSpecSources(text).map(({ value }) => value);

describe('the sources of an expanded spec', () => {
  test('are its Source and Patch tags, its lists, and those of subpackages; nothing from other sections', () => {
    const spec = `Name: a
Source:  https://a.example/a-1.tar.gz
source1: b.conf
Patch0: https://a.example/fix.patch
#Source2: no
Resources: no
%sourcelist
c.txt
# no
%patchlist
https://a.example/d.patch
%package devel
Source3: e.txt
%description
Source4: in the prose
%prep
Source5: in a script
`;
    expect(values(spec)).toEqual([
      ...[
        'https://a.example/a-1.tar.gz',
        'b.conf',
        'https://a.example/fix.patch',
        'c.txt',
        'https://a.example/d.patch',
      ],
      'e.txt',
    ]);
  });

  test('have the file name that rpm looks for', () => {
    expect(parseSpecSources('Source0: https://a.example/archive/v1.tar.gz#/a-1.tar.gz')).toEqual([
      { value: 'https://a.example/archive/v1.tar.gz#/a-1.tar.gz', file: 'a-1.tar.gz' },
    ]);
    expect(parseSpecSources('Source0: https://a.example/get?file=a.tgz')[0]?.file).toBe('get?file=a.tgz');
  });

  test('never have a slash in their file names', () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom('/', '..', '#/', '?', '&', 'https://a.example/', '%2F', 'a'));
    let slashes = 0;
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), (pieces) => {
        for (const { value, file } of parseSpecSources(`Source0: ${pieces.join('')}`)) {
          if (value.includes('/')) slashes += 1;
          expect(file).not.toContain('/');
        }
      }),
    );
    expect(slashes, 'there was something to leave out').toBeGreaterThan(0);
  });
});

describe('rpm is asked', () => {
  test.each([
    'Source0: https://a.example/a.tar.gz',
    'Source: %{name}.tar.gz',
    'PATCH3:\t%{x}',
    '%include more.inc',
    '%{load:macros}',
    '%sourcelist\na',
    '%{?lua: x}',
  ])('of %j', (spec) => expect(mayNameAddresses(spec)).toBe(true));

  test.each(['Source0: hello.c\nURL: https://a.example/', '%patch -P0 -p1', 'Name: a\n%build\nmake %{?_smp_mflags}'])(
    'not of %j',
    (spec) => expect(mayNameAddresses(spec)).toBe(false),
  );
});
