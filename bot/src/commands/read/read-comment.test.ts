import { expect, test } from 'vitest';
import { parseComment } from './parse-comment.ts';
import { readComment } from './read-comment.ts';

test('Markdown that would keep the parser busy for a minute is given up', async () => {
  expect(await readComment(`/build hello\n${'*a_'.repeat(21_000)}`, 500)).toBe('tangled');
});

test('a long comment that is not tangled is read as a short one', async () => {
  const command = '/build hello';
  const parsed = await readComment(`${command}\n\n${'A log line that says nothing.\n'.repeat(1000)}`);
  expect(parsed).toEqual(parseComment(command));
  expect(parsed).toMatchObject({ commands: [{ kind: 'build', packages: ['hello'] }] });
});
