import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { RunnerError } from './errors.ts';
import { describeForPublic, withoutHostPaths, withoutPaths } from './public-text.ts';

test.each([
  [
    "ENOTEMPTY: directory not empty, rmdir '/srv/coppice/state/staging/7-f'",
    "ENOTEMPTY: directory not empty, rmdir '7-f'",
  ],
  ['/srv/a/b.yml failed: no such file /root/.ssh/key', 'b.yml failed: no such file key'],
  ['cannot open "/a/b": it is /var/lib/x/, says who', 'cannot open "b": it is x, says who'],
  ['failed:/srv/x/y', 'failed:y'],
  ['https://git.example/acme/x.git and ssh://h/a/b stay', 'https://git.example/acme/x.git and ssh://h/a/b stay'],
  ['packages/acme/x and a/b/c stay, 1/2 too', 'packages/acme/x and a/b/c stay, 1/2 too'],
])('of absolute paths the last part is told: %s', (text, told) => {
  expect(withoutPaths(text)).toBe(told);
});

test.each([
  ['createrepo_c: /srv/c.h/published/results/a/x.rpm: bad', 'createrepo_c: x.rpm: bad'],
  ['not in %files: /usr/bin/hello, /opt/acme/x', 'not in %files: /usr/bin/hello, /opt/acme/x'],
  ['/srv/c.h', 'COPPICE_HOME'],
  ['/srv/cah/x and http://h/srv/c.h/x', '/srv/cah/x and http://h/srv/c.h/x'],
  [`see ${import.meta.dirname}/x.ts`, 'see x.ts'],
  [`mkdir '${tmpdir()}/coppice-x1/a' and ${tmpdir()}/other/a`, `mkdir 'a' and ${tmpdir()}/other/a`],
])('paths of the service are told by their last part, those of packages stay: %s', (text, told) => {
  expect(withoutHostPaths(text, '/srv/c.h')).toBe(told);
});

test.each([
  [
    'a fault with a code',
    new RunnerError('sign', 'rpmsign failed: /srv/home/a.rpm: bad'),
    'rpmsign failed: a.rpm: bad',
  ],
  [
    'what the file system refused',
    Object.assign(new Error("ENOTEMPTY: x, rmdir '/srv/a'"), { code: 'ENOTEMPTY', syscall: 'rmdir' }),
    'the service could not do what it must with a file of its own (rmdir: ENOTEMPTY)',
  ],
  [
    'a bug',
    new TypeError('x of /srv/a/b is undefined'),
    'the service met a fault of its own, of which its log says more',
  ],
  ['no error at all', '/srv/a/b', 'the service met a fault of its own, of which its log says more'],
])('%s is told without any path', (_, error, told) => {
  expect(describeForPublic(error)).toBe(told);
});
