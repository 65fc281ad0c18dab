import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanSpec } from './scan-spec.ts';

const spec = `# BuildRequires: not-this
%global srcname greet
%define nested %{srcname}-core
%global run %(id)
Name:           lib%{srcname}
Version:        1.0
Release:        1%{?dist}
BuildRequires:  gcc >= 12, make
BuildRequires:  pkgconfig(zlib) = %{version} %{srcname}-macros%{?_isa}
buildrequires:  (clang or (gcc-c++ >= 13 with libfoo(abi))), perl(Test::More)
BuildRequires(pre): /usr/bin/which
BuildRequires:  %{unknown}-devel, %run
%if 0%{?fedora}
BuildRequires:  only-fedora
%endif
Provides:       bundled(md5) = 2, %{nested}
Provides:       %{name}%{?_isa} = %{version}-%{release}

%description
BuildRequires: words-of-the-description

%package devel
Requires:       %{name}
Provides:       %{name}-static

%package -n greet-tools
Summary:        x
BuildRequires:  help2man

%description devel
%build
Provides: nothing
%files -n greet-tools
%changelog
* BuildRequires: never
`;

describe('scanSpec', () => {
  test('reads names from tags, macros that are plain words, conditionals and rich dependencies', () => {
    expect(scanSpec(spec)).toEqual({
      name: 'libgreet',
      buildRequires: [
        ...['gcc', 'make', 'pkgconfig(zlib)', 'greet-macros', 'clang', 'gcc-c++', 'libfoo(abi)', 'perl(Test::More)'],
        ...['/usr/bin/which', 'only-fedora', 'help2man'],
      ],
      provides: [...['libgreet', 'bundled(md5)', 'greet-core', 'libgreet-devel', 'libgreet-static', 'greet-tools']],
      version: '1.0',
    });
  });

  test('reads the specs of the example', () => {
    const read = (name: string) =>
      scanSpec(
        readFileSync(new URL(`../../example/packages/acme/tools/${name}/${name}.spec`, import.meta.url), 'utf8'),
      );
    expect(read('libgreet').provides).toEqual(['libgreet', 'libgreet-devel']);
    expect(read('hello').buildRequires).toContain('libgreet-devel');
  });

  test('a spec without a name that can be read has none', () => {
    const none = { name: null, buildRequires: [], provides: [], version: null };
    expect(scanSpec('')).toEqual(none);
    expect(scanSpec('Name: %(id)\n%package -n %{x}\n')).toEqual(none);
  });

  test('never throws and gives words, whatever the text is', () => {
    const pieces = fc.constantFrom(
      ...['Name:', 'BuildRequires:', 'Provides:', '%package ', '-n ', '%global ', '%{', '}', '%{?', '%name', '%{name}'],
      ...['abc', '(', ')', ' or ', '>=', ',', ' ', '\n', '%if', '%description', '\t', 'é', '\u0000', '%'],
    );
    const text = fc.oneof(
      fc.array(fc.nat(0xffff), { maxLength: 60 }).map((codes) => String.fromCharCode(...codes)),
      fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (hostile) => {
        const { name, buildRequires, provides } = scanSpec(hostile);
        const words = [...(name === null ? [] : [name]), ...buildRequires, ...provides];
        expect(words.filter((word) => !/^[A-Za-z0-9_/][^%\s]*$/.test(word))).toEqual([]);
      }),
    );
  });

  test.each([
    ['nothing', ''],
    ['much', 'a'.repeat(19_000)],
  ])('gives up a chain of macros that stand for %s, each of which uses the next one many times', (_what, last) => {
    const levels = Array.from({ length: 8 }, (_, at) => `%global abc${at} ${`%%abc${at + 1}`.repeat(200)}`).reverse();
    const spec = `Name: a\n%global abc8 ${last}\n${levels.join('\n')}\nBuildRequires: %abc0 b\nProvides: c\n`;
    // Two hundred to the power of eight would not end within the test's own bound.
    expect(scanSpec(spec)).toMatchObject({ name: 'a', provides: ['a', 'c'] });
  });

  // Ten times as much as is read: work that grew with the square of the length would not end within the test's own
  // bound.
  test.each([
    ['brackets that open', 'BuildRequires: ', '('],
    ['brackets that close', 'BuildRequires: ((((a', ')'],
    ['words', 'Provides: ', 'a '],
    ['brackets in pairs', 'Provides: ', '() '],
    ['macros', '%global abc aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nProvides: ', '%abc'],
    ['macros that begin', 'Provides: ', '%{?'],
    ['macros that are defined', '', '%global abc %abc%abc\n'],
    ['lines', '', '\n'],
    ['blanks before a tag', '', ' '],
    ['subpackages', 'Name: a\n', '%package b\n'],
  ])('reads ten million characters of %s', (_what, before, repeated) => {
    const { buildRequires, provides } = scanSpec(before + repeated.repeat(10_000_000 / repeated.length));
    expect(buildRequires.length + provides.length).toBeLessThanOrEqual(10_001);
  });
});

describe('the version of a spec', () => {
  const view = { chroot: 'fedora-42-x86_64', buildroot: { macros: { asked: '7' }, with: [], without: [] } };
  test.each<[string, string, string | null]>([
    ['as it stands', 'Version: 1.0~rc1\nRelease: %autorelease\n', '1.0~rc1'],
    ['with an epoch', 'Epoch: 2\nVersion: 1.0\n', '2:1.0'],
    ['with an epoch of nothing', 'Epoch: 0\nVersion: 1.0\n', '1.0'],
    ['of macros', '%global major 3\nVersion: %{major}.%{asked}\n', '3.7'],
    ['of another macro', 'Version: %{nobody}.1\n', null],
    ['with a part that may be there', 'Version: 1%{?nobody}\n', null],
    ['of a program', 'Version: %(date)\n', null],
    ['of a condition that holds', '%if 0%{?fedora}\nVersion: 1\n%else\nVersion: 2\n%endif\n', '1'],
    ['of a condition that nobody knows', '%if %{nobody}\nVersion: 1\n%else\nVersion: 2\n%endif\n', null],
    ['stated twice', 'Version: 1\nVersion: 2\n', null],
    ['and not that of a subpackage', 'Version: 1\n%package a\nEpoch: 9\nVersion: 2\n', '1'],
    ['missing', 'Name: a\n', null],
  ])('%s', (_what, text, version) => {
    expect(scanSpec(text, view).version).toBe(version);
  });
});
