import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareEvr, compareVersions } from './compare-evr.ts';

/** What rpm itself says of many pairs, in one run. */
function askRpm(pairs: readonly (readonly [string, string])[]): readonly number[] {
  const script = pairs.map(([one, other]) => `print(rpm.vercmp("${one}", "${other}") .. "\\n")`).join(' ');
  const said = execFileSync('rpm', ['--eval', `%{lua: ${script}}`], { encoding: 'utf8' });
  return said.trim().split('\n').map(Number);
}

test('versions are in the order in which rpm has them', () => {
  const version = fc
    .array(fc.constantFrom('0', '1', '9', '10', '007', 'a', 'b', 'rc', 'A', '.', '+', '_', '~', '^', '..'), {
      minLength: 1,
      maxLength: 6,
    })
    .map((parts) => parts.join(''));
  const pairs = fc.sample(fc.tuple(version, version), 1500);
  const said = askRpm(pairs);
  const told = pairs.map(([one, other], at) => `${one} ${other} ${said[at]}`);
  expect(pairs.map(([one, other]) => `${one} ${other} ${Math.sign(compareVersions(one, other))}`)).toEqual(told);
}, 60_000);

test('an epoch counts most, and a release where both state one', () => {
  const evr = (epoch: string, version: string, release: string | null) => ({ epoch, version, release });
  expect(compareEvr(evr('1', '1', '1'), evr('0', '2', '1'))).toBeGreaterThan(0);
  expect(compareEvr(evr('', '1', '2'), evr('0', '1', '1'))).toBeGreaterThan(0);
  expect(compareEvr(evr('0', '1', null), evr('0', '1', '7'))).toBe(0);
});
