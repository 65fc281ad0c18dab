import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { compareEvr, compareVersions } from './compare-evr.ts';

test.each([
  ['1.0-1', '2.0-1', -1],
  ['1.0-10', '1.0-9', 1],
  ['1:1.0-1', '2.0-1', 1],
  ['0:1.0-1', '1.0-1', 0],
  ['1.0~rc1-1', '1.0-1', -1],
  ['1.0^git1-1', '1.0-1', 1],
  ['1.0^git1-1', '1.0.1-1', -1],
  ['1.0-1.fc41', '1.0-1.fc42', -1],
  ['1.a-1', '1.1-1', -1],
  ['1.05-1', '1.5-1', 0],
  ['99999999999999999999-1', '100000000000000000000-1', -1],
  ['10:1-1', '9:1-1', 1],
])('%s and %s: %i', (one, other, order) => {
  expect(compareEvr(one, other)).toBe(order);
  expect(compareEvr(other, one)).toBe(0 - order);
});

/** What rpm itself says of pairs, in one process. */
function askRpm(pairs: readonly (readonly [string, string])[]): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'coppice-vercmp-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'pairs');
  writeFileSync(file, pairs.map((pair) => `${pair.join('\n')}\n`).join(''));
  const program = `local f = io.open(rpm.expand("%{pairs}")) local said = {}
    while true do local a = f:read("l") if a == nil then break end said[#said + 1] = rpm.vercmp(a, f:read("l")) end
    print(table.concat(said, " "))`;
  const said = execFileSync('rpm', ['--define', `pairs ${file}`, '--eval', `%{lua:${program}}`], { encoding: 'utf8' });
  return said.trim().split(/\s+/).map(Number);
}

describe('as rpm', () => {
  const piece = fc.constantFrom(
    '0',
    '00',
    '1',
    '01',
    '2',
    '10',
    '9',
    'a',
    'b',
    'A',
    'rc',
    'fc41',
    '.',
    '_',
    '+',
    '~',
    '^',
    '..',
  );
  const version = fc.array(piece, { minLength: 1, maxLength: 7 }).map((pieces) => pieces.join(''));

  test('any two versions are in the order in which rpm has them', () => {
    const near = fc
      .tuple(version, version, version)
      .map(([start, one, other]) => [start + one, start + other] as const);
    const pairs = fc.sample(fc.oneof(fc.tuple(version, version), near), 20_000);
    const wrong = askRpm(pairs).flatMap((order, at) => {
      const [one = '', other = ''] = pairs[at] ?? [];
      const ours = compareVersions(one, other);
      return ours === order ? [] : [{ one, other, rpm: order, ours }];
    });
    expect(wrong.slice(0, 5)).toEqual([]);
  });
});
