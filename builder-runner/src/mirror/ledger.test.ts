import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Ledger, openLedger } from './ledger.ts';
import { ranks } from './rank.ts';

let folder: string;
let ledger: Ledger;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-ledger-'));
  ledger = openLedger(folder, 'here');
});
afterEach(async () => {
  ledger.close();
  await rm(folder, { recursive: true });
});

const page = { path: 'acme/index.html', rank: ranks.page, stamp: '3-1-1' };

test('what is behind, and since when, outlives the process', () => {
  ledger.noteBehind(page, 5000);
  ledger.noteBehind({ ...page, stamp: '4-2-2' }, 9000);
  ledger.close();
  ledger = openLedger(folder, 'here');
  expect(ledger.lag()).toEqual({ since: 5000, files: 1 });
  expect(ledger.behind(ranks.page, 10)).toMatchObject([{ path: 'acme/index.html', stamp: '4-2-2' }]);
});

test('of another mirror nothing is known', () => {
  ledger.sent([page]);
  ledger.close();
  ledger = openLedger(folder, 'there');
  expect(ledger.stampOf(page.path)).toBeUndefined();
});

test('what changed again while it was compared is compared again', () => {
  ledger.noteDirty('acme', 1);
  const scopes = [...ledger.dirty()];
  ledger.noteDirty('acme', 2);
  ledger.compared(scopes);
  expect(ledger.dirty()).toHaveLength(1);
  expect(ledger.lag().since).toBe(1);
});

test('what was sent, and is different by now, stays behind', () => {
  ledger.noteBehind(page, 1);
  ledger.noteBehind({ ...page, stamp: '4-2-2' }, 1);
  ledger.sent([page]);
  expect(ledger.lag().files).toBe(1);
});

test('after a list the mirror has what was listed: lost files are missing, strange ones are known', () => {
  const files = ['a/kept', 'a/lost', 'a/short'].map((path) => ({ path, rank: ranks.page, stamp: '3-1-1' }));
  ledger.sent([...files, { path: 'a/link', rank: ranks.pointer, stamp: 'link:7' }]);
  ledger.beginList();
  const sizes = { kept: 3, short: 2, strange: 9, link: 1 };
  ledger.list(Object.entries(sizes).map(([name, bytes]) => ({ path: `a/${name}`, bytes })));
  ledger.endList();
  expect(Object.fromEntries(ledger.heldIn('a'))).toEqual({
    ...{ kept: '3-1-1', link: 'link:7', short: 'unknown', strange: 'unknown' },
  });
});

test('a takedown takes what lies below, and not what is called alike', () => {
  const paths = ['r/a', 'r/a/b/c', 'r/a0', 'r/ab/c'];
  ledger.sent(paths.map((path) => ({ path, rank: ranks.content, stamp: '1-1-1' })));
  ledger.noteTaken('r/a', 1);
  expect(ledger.takenDown('r/a')).toBe(true);
  expect(paths.filter((path) => ledger.stampOf(path) !== undefined)).toEqual(['r/a0', 'r/ab/c']);
  expect(ledger.taken()).toEqual([]);
  // The next start looks again, and the mirror had nothing.
  ledger.noteTaken('r/a', 2);
  expect(ledger.takenDown('r/a')).toBe(false);
});
