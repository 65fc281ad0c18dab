import { expect, test } from 'vitest';
import { hintFor, pickRef } from './pin-git.ts';

test('a tag goes before a branch of the same name, its commit before the tag object', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(40));
  const listed = `${a}\trefs/heads/x\n${b}\trefs/tags/x\n${c}\trefs/tags/x^{}\n`;
  expect(pickRef(listed, ['refs/tags/x^{}', 'refs/tags/x', 'refs/heads/x'])).toBe(c);
});

test.each([
  ['0a1b2c3', /^; of a commit, write the whole id: 40 digits, as `git rev-parse 0a1b2c3` prints them$/],
  ['DEADBEEF', /^; of a commit, write the whole id/],
  ['v1.2-14-g2414721b', /`git rev-parse 2414721b`/],
  ['A'.repeat(40), /^; write a commit's id in lower case: a{40}$/],
  ['v1.2', /^$/],
  ['main', /^$/],
  ['abc', /^$/],
])('what nothing is called like, %s, is told as what it looks like', (ref, hint) => {
  expect(hintFor(ref)).toMatch(hint);
});
