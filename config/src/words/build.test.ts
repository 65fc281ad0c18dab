import { expect, test } from 'vitest';
import { type BuildState, failedOn } from './build.ts';

test.each<[readonly BuildState[], string | undefined]>([
  [['failed', 'succeeded', 'failed', 'succeeded'], 'failed on 2 of 4'],
  [['failed', 'canceled'], 'failed on 1 of 2'],
  [['failed', 'running'], undefined],
  [['failed', 'failed'], undefined],
  [['succeeded', 'skipped'], undefined],
  [[], undefined],
])('of a build that is %s', (states, said) => {
  expect(failedOn(states)).toBe(said);
});
