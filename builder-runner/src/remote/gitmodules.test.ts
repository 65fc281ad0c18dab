import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isFolderPath, parseGitmodules, submoduleUrl } from './gitmodules.ts';

test('submodules are told by path and address, whatever else stands there', () => {
  const listed = [
    'submodule.sub.path\nsub',
    'submodule.sub.url\nhttps://a.example/sub.git',
    'submodule.sub.update\n!touch /tmp/x',
    'submodule.a.b/../c.path\ndeep/c/',
    'submodule.a.b/../c.url\n../c.git',
    'submodule.nowhere.url\nhttps://a.example/x',
    'core.sshcommand\ntouch /tmp/x',
    'submodule.sub.url\nhttps://a.example/last.git',
    '',
  ].join('\0');
  expect(parseGitmodules(listed)).toEqual([
    { name: 'sub', path: 'sub', url: 'https://a.example/last.git' },
    { name: 'a.b/../c', path: 'deep/c', url: '../c.git' },
  ]);
});

describe('the address of a submodule', () => {
  const of = 'https://a.example/acme/tools.git';
  test.each([
    ['https://b.example/x.git', of, 'https://b.example/x.git'],
    ['../lib.git', of, 'https://a.example/acme/lib.git'],
    ['../../other/lib', of, 'https://a.example/other/lib'],
    ['./inner.git', of, 'https://a.example/acme/tools.git/inner.git'],
    ['../lib.git', 'https://a.example/acme/tools/', 'https://a.example/acme/lib.git'],
  ])('%s of %s is %s', (url, from, resolved) => {
    expect(submoduleUrl(url, from)).toEqual({ url: resolved });
  });

  test.each([
    ['../../../x', of, 'which leads out of the server'],
    ['../x', 'file:///srv/git/x', 'which leads out of the server'],
    ['git@a.example:acme/x.git', of, 'the service has no key; let it be https://a.example/acme/x.git'],
    ['ssh://git@a.example:22/acme/x.git', of, 'the service has no key; let it be https://a.example/acme/x.git'],
    ['ext::sh -c touch% /tmp/x', of, 'which is not https'],
    ['file:///etc', of, 'which is not https'],
    ['/srv/git/x.git', of, 'which is not https'],
    ['--upload-pack=touch /tmp/x', of, 'which is not https'],
    ['git://a.example/x', of, 'which is not https'],
    ['http://a.example/x.git', of, 'which is not https'],
    ['http://127.0.0.1:4100/acme/x.git', 'http://127.0.0.1:4100/acme/tools.git', 'which is not https'],
    ['https://a.example\\@b.example/x', of, 'which no source may have'],
    ['https://a.example/x y', of, 'which no source may have'],
    ['https://a.example/x?y', of, 'which no source may have'],
    ['https://me:secret@a.example/x', of, 'has a user name or a password in its address'],
    ['', of, 'which is not https'],
  ])('%s of %s is refused', (url, from, why) => {
    expect(submoduleUrl(url, from)).toEqual({ why: expect.stringContaining(why) });
  });

  test('is http or nothing, whatever is written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom('../', './', '..', '/', '::')), fc.webUrl(), (url, from) => {
        const resolved = submoduleUrl(url, from);
        if ('url' in resolved) expect(resolved.url).toMatch(/^https?:\/\//);
      }),
    );
  });
});

test('a submodule stands in no folder that is git’s own, and never outside', () => {
  for (const path of ['a', 'a/b.c', '.github', 'git~10', 'a/.gitx'])
    expect([path, isFolderPath(path)]).toEqual([path, true]);
  const bad = ['', '/a', 'a//b', '..', 'a/../b', './a', '.git', 'a/.GIT', '.git/hooks', 'git~1', '.git ', '.g\u200cit'];
  for (const path of bad) expect([path, isFolderPath(path)]).toEqual([path, false]);
});
