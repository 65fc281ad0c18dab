import { expect, test } from 'vitest';
import { pickRef } from './pin-git.ts';

test('a tag goes before a branch of the same name, its commit before the tag object', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(40));
  const listed = `${a}\trefs/heads/x\n${b}\trefs/tags/x\n${c}\trefs/tags/x^{}\n`;
  expect(pickRef(listed, ['refs/tags/x^{}', 'refs/tags/x', 'refs/heads/x'])).toBe(c);
});
