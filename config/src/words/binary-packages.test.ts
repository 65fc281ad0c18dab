import { expect, test } from 'vitest';
import { binaryPackages } from './binary-packages.ts';

const made = (...names: readonly string[]) => names.map((name) => ({ nevra: `${name}-1.0-1.x86_64` }));

test.each<[string, readonly { nevra: string }[], readonly string[]]>([
  ['the package of its name', made('greeting-devel', 'greeting', 'greet'), ['greeting', 'greet', 'greeting-devel']],
  ['a Python module', made('python3-greeting', 'python-greeting-doc'), ['python3-greeting', 'python-greeting-doc']],
  ['what is called like its source package', [{ nevra: 'other-2:1.0-1.src' }, ...made('a', 'other')], ['other', 'a']],
  ['subpackages alone', made('greet-server', 'greet-client'), ['greet-client', 'greet-server']],
  [
    '-devel alone',
    made('greeting-debugsource', 'greeting-debuginfo', 'greeting-devel'),
    ['greeting-devel', 'greeting-debuginfo', 'greeting-debugsource'],
  ],
  ['debug packages alone', made('greeting-debuginfo-common'), ['greeting-debuginfo-common']],
  ['one name for several architectures', [...made('a'), { nevra: 'a-1.0-1.i686' }], ['a']],
  ['nothing but a source package', [{ nevra: 'greeting-1.0-1.src' }, { nevra: 'greeting-1.0-1.nosrc' }], []],
  ['what is no package', [{ nevra: 'a b; rm -rf /' }], []],
])('the names to install: %s', (_, artifacts, names) => {
  expect(binaryPackages(artifacts, 'greeting')).toEqual(names);
});
