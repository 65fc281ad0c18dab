import { expect, test } from 'vitest';
import { oneLine, plainText, printableJson } from './plain-text.ts';

test.each([
  ['colours', '\u001b[31mred\u001b[0m', '\ufffd[31mred\ufffd[0m'],
  ['a title, by OSC', '\u001b]0;title\u0007x', '\ufffd]0;title\ufffdx'],
  ['a link, by OSC and ST', '\u001b]8;;https://a.example\u001b\\x', '\ufffd]8;;https://a.example\ufffd\\x'],
  ['sequences in one byte', '\u009b1m\u009d0;t\u009c', '\ufffd1m\ufffd0;t\ufffd'],
  ['what writes over the line', 'good\rbad\b\u007f', 'good\ufffdbad\ufffd\ufffd'],
  ['what turns the order', 'a\u202ecod.exe\u2066', 'a\ufffdcod.exe\ufffd'],
  ['line ends that few know', 'a\u2028b\u0085c', 'a\ufffdb\ufffdc'],
])('no %s reach a terminal', (_what, text, plain) => {
  expect([plainText(text), oneLine(text)]).toEqual([plain, plain]);
  expect(JSON.parse(printableJson({ text }))).toEqual({ text });
  expect(printableJson({ text })).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}\u2028]/u);
});

test('what people write stays, on one line where one is meant', () => {
  const text = 'größer → 日本語 👩‍👩‍👧 می‌خواهم\tx';
  expect(plainText(`${text}\r\n- two\n`)).toBe(`${text}\n- two\n`);
  expect(oneLine('a\r\n\tb\nc')).toBe('a b c');
  expect(printableJson({ a: ['ü', 1] })).toBe('{\n  "a": [\n    "ü",\n    1\n  ]\n}');
});
