import { expect, test } from 'vitest';
import { openTerminal, table } from './terminal.ts';

const hostile = 'x\u001b]0;title\u0007\u009b1m\u202e';

test('what any command prints or says reaches the terminal without what controls it', () => {
  const written: string[] = [];
  const terminal = openTerminal(
    (text) => written.push(text),
    (text) => written.push(text),
  );
  terminal.print(`a\n\t${hostile}`);
  terminal.say(hostile);
  expect(written.join('')).not.toMatch(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/u);
  expect(written.join('').split('\n')).toHaveLength(4);
});

test('a cell of a table is one line, whatever its text', () => {
  const lines = table(['A', 'B'], [[`${hostile}\r\nforged`, 'b']]).split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/forged {2}b$/);
});
