import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asWritten, mayDependOnChroot, mayNameAddresses, parseSpecSources } from './spec-sources.ts';

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
      { tag: 'Source0', value: 'https://a.example/archive/v1.tar.gz#/a-1.tar.gz', file: 'a-1.tar.gz' },
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

describe('how a spec itself has a source', () => {
  const spec = `Name: a
Source0: https://a.example/%{name}-%{version}-%{release}.txt
Source1: %{url}/archive/%(echo v1)/a-%{?pre:%{pre}-}1.tar.gz
Source2: https://a.example/get?v=%version#/b-%{version}.txt
Patch: %{name}-fix.patch
%sourcelist
list-%{version}.conf
`;
  test.each([
    ['https://a.example/a-1-1.fc42.txt', 'Source0', 'https://a.example/%{name}-%{version}-%{release}.txt'],
    ['a-1-1.fc42.txt', 'Source0', 'https://a.example/%{name}-%{version}-%{release}.txt'],
    ['https://up.example/x/archive/v1/a-rc-1.tar.gz', 'Source1', '%{url}/archive/%(echo v1)/a-%{?pre:%{pre}-}1.tar.gz'],
    ['b-7.txt', 'Source2', 'https://a.example/get?v=%version#/b-%{version}.txt'],
    ['a-fix.patch', 'Patch', '%{name}-fix.patch'],
    ['list-2.conf', '%sourcelist', 'list-%{version}.conf'],
  ])('%s is %s', (value, tag, written) => {
    expect(asWritten(spec, value)).toMatchObject({ tag, value: written });
  });

  test('is told by what the spec says of its macros, and of file names alone; not where two may be meant', () => {
    const two = `%global commit abc
Name: macurl
Version: 1
Source0: https://a.example/%{name}-%{version}%{?dist}.txt
Source1: https://a.example/a/long/way/%{commit}#/%{name}-%{commit}.txt
`;
    expect(asWritten(two, 'macurl-1.sap12.txt')?.tag).toBe('Source0');
    expect(asWritten(two, 'macurl-abc.txt')?.tag).toBe('Source1');
    const unknown = two.replace('%global commit abc', '%{load:macros}');
    expect(asWritten(unknown, 'macurl-1.sap12.txt')?.tag).toBe('Source0');
    expect(asWritten('Source0: %{a}.txt\nSource1: %{b}.txt\n', 'x.txt')).toBeUndefined();
    const twice = '%if 1\n%global v 1\n%else\n%global v 2\n%endif\nSource0: x-%{v}\n';
    expect(asWritten(twice, 'x-2')?.tag).toBe('Source0');
  });

  test('is not told where nothing there can become it', () => {
    for (const value of ['other.txt', 'https://b.example/a-1-1.txt', 'fix.patchy', 'list-']) {
      expect([value, asWritten(spec, value)]).toEqual([value, undefined]);
    }
  });

  test('is told of any text, however many macros and brackets, without much ado', () => {
    const hostile = `Source0: ${'%{a'.repeat(20_000)}\nSource1: ${'%{a}a'.repeat(20_000)}\nSource2: ${'%'.repeat(50_000)}`;
    expect(asWritten(hostile, 'a'.repeat(50_000))?.tag).toBe('Source1');
    fc.assert(fc.property(fc.string(), fc.string(), (text, value) => void asWritten(`Source0: ${text}`, value)));
  });
});

test('plain file names may differ between chroots only where there are conditions', () => {
  expect(mayDependOnChroot('%if 0%{?fedora}\nSource0: a\n%endif\n')).toBe(true);
  expect(mayDependOnChroot('Source0: a\n')).toBe(false);
  expect(mayDependOnChroot('%ifarch x86_64\n%endif\n')).toBe(false);
});
