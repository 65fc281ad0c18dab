import { expect, test } from 'vitest';
import { configRepositoryOf, forgeOf } from './forges.ts';

test.each([
  ['https://github.com/acme/hello.git', undefined, 'https://github.com/acme/hello/compare/a...b'],
  ['https://github.com/acme/hello/', undefined, 'https://github.com/acme/hello/compare/a...b'],
  ['https://gitlab.com/acme/deep/hello.git', undefined, 'https://gitlab.com/acme/deep/hello/-/compare/a...b'],
  ['https://src.fedoraproject.org/rpms/hello.git', undefined, 'https://src.fedoraproject.org/rpms/hello/c/a..b'],
  ['http://127.0.0.1:4100/acme/hello.git', 'http://127.0.0.1:4100', 'http://127.0.0.1:4100/acme/hello/compare/a...b'],
  ['https://git.example.org/acme/hello.git', undefined, undefined],
  ['https://github.com/hello.git', undefined, undefined],
  ['https://user:secret@github.com/acme/hello', undefined, undefined],
  ['javascript:alert(1)//github.com/a/b', undefined, undefined],
  ['git@github.com:acme/hello.git', undefined, undefined],
])('what lies between two commits of %s', (repository, github, wanted) => {
  expect(forgeOf(repository, github)?.compare('a', 'b')).toBe(wanted);
});

test('the config repo is where a build was asked for', () => {
  expect(configRepositoryOf('http://127.0.0.1:4100/acme/packages/issues/1#issuecomment-7')).toBe(
    'http://127.0.0.1:4100/acme/packages',
  );
  expect(configRepositoryOf('https://github.com/acme/packages/commit/abc')).toBe('https://github.com/acme/packages');
  expect(configRepositoryOf('javascript:alert(1)')).toBeUndefined();
  expect(configRepositoryOf('https://example.org/')).toBeUndefined();
});
