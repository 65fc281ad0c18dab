import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainBuildroot } from '../words/buildroot.ts';
import { scanSpec } from './scan-spec.ts';
import { decideCondition } from './spec-condition.ts';
import { SpecMacros, type SpecView, unknown } from './spec-macros.ts';

const viewOf = (asked: Partial<SpecView['buildroot']> = {}, chroot = 'fedora-42-x86_64'): SpecView => ({
  ...{ chroot, buildroot: { ...plainBuildroot, ...asked } },
});

test.each<[string, boolean | undefined]>([
  ['1', true],
  ['0', false],
  ['0 || 1', true],
  ['1 && 0', false],
  ['!1', false],
  ['! (0 || 0)', true],
  ['042 >= 40 && 42 < 43', true],
  ['"a" == "a"', true],
  ['"a" != "b" && "a" < "b"', true],
  ['x86_64 == x86_64', true],
  ['1 + 2 * 3 == 7', true],
  ['1 ? 0 : 1', false],
  ['7 / 2 - 3', false],
  [unknown, undefined],
  [`0${unknown}`, undefined],
  [`1 || 0${unknown}`, true],
  [`0 && ${unknown}`, false],
  [`0 || ${unknown}`, undefined],
  [`!${unknown}`, undefined],
  ['', undefined],
  ['1 1', undefined],
  ['(1', undefined],
  ['"a" < 1', undefined],
  ['1 / 0', undefined],
  ['v"1.2" >= v"1.1"', undefined],
  ['('.repeat(100), undefined],
])('the condition %j is %s', (text, is) => {
  expect(decideCondition(text)).toBe(is);
});

test.each([
  ['0%{?fedora}', '042'],
  ['0%{?rhel}', '0'],
  ['%{?fedora:new}%{!?fedora:old}', 'new'],
  ['%{with a}%{with b}%{without a}', '100'],
  ['%{_with_a} %{_without_c} %_target_cpu', '--with-a --without-c x86_64'],
  ['%{defined fedora}%{undefined fedora}', '10'],
  ['%{asked}-%{?asked:%{?fedora:%{asked}}}', 'word-word'],
  ['100%% %', '100% %'],
  ['%{own}', `${unknown}`],
  ['%{lua:print(1)}%(id)%[1+1]', unknown.repeat(3)],
  ['%{unclosed', unknown],
])('%s becomes %j', (text, expanded) => {
  const macros = new SpecMacros(viewOf({ with: ['a'], without: ['c'], macros: { asked: 'word', later: '%{x}' } }));
  macros.defineCondition('a', false);
  expect(macros.expand(text)).toBe(expanded);
});

describe('conditions of a spec', () => {
  const requires = (text: string, view?: SpecView) => scanSpec(text, view).buildRequires;
  const una =
    '%bcond_with bootstrap\nName: una\n%if %{without bootstrap}\nBuildRequires: cfile-devel\n%else\nBuildRequires: boot\n%endif\n';

  test('are decided by what the package asks for; without a view both sides count', () => {
    expect(requires(una, viewOf({ with: ['bootstrap'] }))).toEqual(['boot']);
    expect(requires(una, viewOf())).toEqual(['cfile-devel']);
    expect(requires(una)).toEqual(['cfile-devel', 'boot']);
    const turned = una.replace('bcond_with', 'bcond_without');
    expect(requires(turned, viewOf())).toEqual(['boot']);
    expect(requires(turned, viewOf({ without: ['bootstrap'] }))).toEqual(['cfile-devel']);
    const newer = una.replace('bcond_with bootstrap', 'bcond bootstrap 0%{?fedora} >= 42');
    expect(requires(newer, viewOf())).toEqual(['boot']);
    expect(requires(newer, viewOf({}, 'fedora-41-x86_64'))).toEqual(['cfile-devel']);
    expect(requires(newer, viewOf({ without: ['bootstrap'] }))).toEqual(['cfile-devel']);
  });

  test.each<[string, string, SpecView, string[]]>([
    [
      'a macro',
      '%if 0%{?boot}\nBuildRequires: a\n%else\nBuildRequires: b\n%endif',
      viewOf({ macros: { boot: '1' } }),
      ['a'],
    ],
    [
      'a macro that nobody knows',
      '%if 0%{?boot}\nBuildRequires: a\n%else\nBuildRequires: b\n%endif',
      viewOf(),
      ['a', 'b'],
    ],
    [
      'one within braces',
      '%{!?_with_boot:BuildRequires: a}\n%{?_with_boot:BuildRequires: b}',
      viewOf({ with: ['boot'] }),
      ['b'],
    ],
    ['one within a tag', 'BuildRequires: %{?_with_x:a} %{!?_with_x:b} c', viewOf(), ['b', 'c']],
    [
      'a plain definition',
      '%global boot 1\n%if %{boot}\nBuildRequires: a\n%endif\n%global boot 0\n%if %{boot}\nBuildRequires: b\n%endif',
      viewOf(),
      ['a'],
    ],
    [
      'a definition that may not be',
      '%global x 0\n%if 0%{?who}\n%global x 1\n%endif\n%if %{x}\nBuildRequires: a\n%endif',
      viewOf(),
      ['a'],
    ],
    [
      'the architecture',
      '%ifarch x86_64 aarch64\nBuildRequires: a\n%endif\n%ifnarch x86_64\nBuildRequires: b\n%endif\n%ifarch %{ix86}\nBuildRequires: c\n%endif',
      viewOf(),
      ['a'],
    ],
    [
      'a chain',
      '%if 0%{?rhel}\nBuildRequires: a\n%elif 0%{?fedora} > 40\nBuildRequires: b\n%elif 1\nBuildRequires: c\n%else\nBuildRequires: d\n%endif',
      viewOf(),
      ['b'],
    ],
    [
      'a chain that begins unknown',
      '%if 0%{?who}\nBuildRequires: a\n%elif 1\nBuildRequires: b\n%else\nBuildRequires: c\n%endif',
      viewOf(),
      ['a', 'b'],
    ],
    [
      'nested ones',
      '%if 0%{?rhel}\n%if 1\nBuildRequires: a\n%else\nBuildRequires: b\n%endif\n%else\nBuildRequires: c\n%endif',
      viewOf(),
      ['c'],
    ],
    [
      'a section',
      '%if 0%{?rhel}\n%description\n%endif\nBuildRequires: a\n%description\nBuildRequires: b',
      viewOf(),
      ['a'],
    ],
    ['too many ends', '%endif\n%else\n%endif\nBuildRequires: a', viewOf(), ['a']],
  ])('may hang on %s', (_, text, view, names) => {
    expect(requires(text, view)).toEqual(names);
  });

  test('decide what is provided too', () => {
    const text = 'Name: a\n%if 0%{?rhel}\n%package old\nProvides: older\n%endif\n%package new\n';
    expect(scanSpec(text, viewOf()).provides).toEqual(['a', 'a-new']);
  });

  test('of any text end in names, whatever they are', () => {
    const piece = fc.constantFrom(
      ...[
        '%if ',
        '%elif ',
        '%else\n',
        '%endif\n',
        '%{?x:',
        '}',
        '%{with a}',
        '%bcond a ',
        '0',
        '1',
        '(',
        ')',
        '!',
        '"',
      ],
      ...['%global x %{x}%{x}\n', '%define y %{x}\n', 'BuildRequires: %{y}\n', '&&', '||', '%', '\n', ' '],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        for (const name of requires(pieces.join(''), viewOf())) expect(name).not.toContain(unknown);
      }),
    );
  });
});
