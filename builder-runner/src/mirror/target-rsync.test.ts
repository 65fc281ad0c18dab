import { expect, test } from 'vitest';
import { readListed } from './target-rsync.ts';

test.each([
  ['-rw-r--r--          1,234 2026/01/31 12:00:00 results/acme/a b.rpm', { path: 'results/acme/a b.rpm', bytes: 1234 }],
  ['lrwxrwxrwx              1 2026/01/31 12:00:00 generations/current -> 1', { path: 'generations/current', bytes: 1 }],
  ['-rw-r--r--              0 2026/01/31 12:00:00 odd\\#012name', { path: 'odd\nname', bytes: 0 }],
  ['drwxr-xr-x          4,096 2026/01/31 12:00:00 results', undefined],
  ['', undefined],
])('%j of a list is %j', (line, listed) => expect(readListed(line)).toEqual(listed));
