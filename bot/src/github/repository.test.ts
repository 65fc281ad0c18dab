import { expect, test } from 'vitest';
import { queueBase } from './repository.ts';

const sha = 'a'.repeat(40);
test.each([
  [`refs/heads/gh-readonly-queue/main/pr-12-${sha}`, 'main'],
  [`refs/heads/gh-readonly-queue/release/1.x/pr-3-${sha}`, 'release/1.x'],
  [`refs/heads/gh-readonly-queue/main/pr-12-${sha.slice(1)}`, undefined],
  [`refs/heads/gh-readonly-queue/pr-12-${sha}`, undefined],
  [`refs/heads/mine/gh-readonly-queue/main/pr-12-${sha}`, undefined],
  [`refs/tags/gh-readonly-queue/main/pr-12-${sha}`, undefined],
  ['refs/heads/main', undefined],
])('the branch %s is of a merge queue for %s', (ref, base) => {
  expect(queueBase(ref)).toBe(base);
});
