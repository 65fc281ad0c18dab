import { expect, test } from 'vitest';
import { meets, requiresOf } from './capabilities.ts';
import { findNeeded } from './needed-builds.ts';

const entry = (text: string) => {
  const [name = '', operator, version = ''] = text.split(' ');
  const flags = { '=': 'EQ', '>=': 'GE', '<': 'LT' }[operator ?? ''];
  const [ver = '', rel] = version.split('-');
  const range = flags && ` flags="${flags}" epoch="0" ver="${ver}"${rel === undefined ? '' : ` rel="${rel}"`}`;
  return `<rpm:entry name="${text.startsWith('(') ? text : name}"${(text.startsWith('(') ? '' : range) ?? ''}/>`;
};
const primary = (provides: readonly string[], requires: readonly string[] = [], files: readonly string[] = []) =>
  `<package type="rpm"><format><rpm:provides>${provides.map(entry).join('\n')}</rpm:provides>
<rpm:requires>${requires.map(entry).join('\n')}</rpm:requires>${files.map((file) => `<file>${file}</file>`).join('')}</format></package>\n`;
const old = (
  build: string,
  provides: readonly string[],
  requires: readonly string[] = [],
  files: readonly string[] = [],
) => ({
  build,
  packages: [
    {
      primary: primary(provides, requires),
      filelists: files.map((file) => `<file>${file}</file>`).join('\n'),
      other: '',
    },
  ],
});
const needed = (shown: readonly string[], builds: Parameters<typeof findNeeded>[0], files = '') => {
  const finder = findNeeded(builds);
  for (const text of shown) finder.look(text);
  if (finder.wantsFiles()) finder.lookAtFiles(files);
  return [...finder.found()].sort();
};
const oldLibrary = old('00000001-libfoo', ['libfoo = 1.0-1', 'libfoo.so.1']);

test('an old build stays for a package that requires what nothing that is shown provides', () => {
  const app = primary(['app = 1-1'], ['libfoo.so.1', 'libc.so.6', 'rpmlib(X) = 1']);
  expect(needed([app, primary(['libfoo = 2.0-1', 'libfoo.so.2'])], [oldLibrary])).toEqual(['00000001-libfoo']);
  expect(needed([app, primary(['libfoo = 1.1-1', 'libfoo.so.1'])], [oldLibrary])).toEqual([]);
  expect(needed([primary(['libfoo = 2.0-1'])], [oldLibrary])).toEqual([]);
});

test('versions count, and of several builds the newest that fits stays', () => {
  const app = primary(['app'], ['libfoo = 1.0']);
  const builds = [oldLibrary, old('00000002-libfoo', ['libfoo = 1.0-2']), old('00000003-libfoo', ['libfoo = 1.5-1'])];
  expect(needed([app, primary(['libfoo = 2.0-1'])], builds)).toEqual(['00000002-libfoo']);
  expect(needed([app, primary(['libfoo = 1.0-7'])], builds)).toEqual([]);
  const range = primary(['app'], ['libfoo &lt; x'.replace(' &lt; x', ' < 2')]);
  expect(needed([range, primary(['libfoo = 2.0-1'])], builds)).toEqual(['00000003-libfoo']);
});

test('what a needed build requires in its turn stays too', () => {
  const app = primary(['app'], ['libfoo.so.1']);
  const builds = [
    old('00000001-libbar', ['libbar.so.1']),
    old('00000002-libfoo', ['libfoo.so.1'], ['libbar.so.1', 'libfoo.so.1']),
    old('00000003-other', ['other']),
  ];
  expect(needed([app], builds)).toEqual(['00000001-libbar', '00000002-libfoo']);
});

test('files are looked for where they may be', () => {
  const builds = [old('00000001-data', ['data'], [], ['/usr/share/data/x', '/usr/bin/d'])];
  const app = primary(['app'], ['/usr/share/data/x']);
  expect(needed([app], builds)).toEqual(['00000001-data']);
  expect(needed([app], builds, '<file>/usr/share/data/x</file>')).toEqual([]);
  expect(needed([primary(['app'], ['/usr/bin/d']), primary(['data'], [], ['/usr/bin/d'])], builds)).toEqual([]);
});

test('a boolean dependency asks for each of its parts', () => {
  const [text] = [primary(['app'], ['(libfoo.so.1 if (bar(x) or baz &gt;= 1:2-3))'])];
  expect(requiresOf(text ?? '')).toEqual([
    { name: 'libfoo.so.1' },
    { name: 'bar(x)' },
    { name: 'baz', range: { flags: 'GE', evr: { epoch: '1', version: '2', release: '3' } } },
  ]);
  expect(needed([text ?? ''], [oldLibrary])).toEqual(['00000001-libfoo']);
});

test('where no version is stated, it is not for certain that one is met', () => {
  const wanted = { name: 'a', range: { flags: 'EQ', evr: { epoch: '0', version: '1', release: null } } } as const;
  expect([meets({ name: 'a' }, wanted, true), meets({ name: 'a' }, wanted, false)]).toEqual([true, false]);
});
