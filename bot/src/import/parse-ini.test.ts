import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIni } from './parse-ini.ts';

test('keys are in lower case and know their section and line; both signs of Python are read', () => {
  expect(parseIni('[a]\nKey = one\n\n[b]\nother: two=2\n').entries).toEqual([
    { section: 'a', key: 'key', value: 'one', line: 2 },
    { section: 'b', key: 'other', value: 'two=2', line: 5 },
  ]);
});

test('comments, a byte order mark and Windows line ends are no part of a value', () => {
  const { entries, faults } = parseIni('\ufeff# c\r\n[a]\r\n;c\r\nurl=http://x/;y ; why\r\nhash=#1\r\n');
  expect(entries.map(({ value }) => value)).toEqual(['http://x/;y', '#1']);
  expect(faults).toEqual([]);
});

test('a line that begins with a space continues the value above it', () => {
  expect(parseIni('[a]\nlist=\n  one\n\n  two\nnext=3').entries.map(({ value }) => value)).toEqual(['one\ntwo', '3']);
});

test('a line that is nothing is a fault with its number, and the rest is read', () => {
  const { entries, faults } = parseIni('early=1\n[a]\nnonsense\nkey=1');
  expect(faults.map(({ line }) => line)).toEqual([1, 3]);
  expect(entries.map(({ key }) => key)).toEqual(['key']);
});

test('no text makes it throw, and every entry has a section and a key', () => {
  const line = fc.oneof(fc.string(), fc.constantFrom('[a]', '[a', 'k=v', ' more', '=', ':', '[]', '#'));
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const { entries } = parseIni(lines.join('\n'));
      expect(entries.every(({ section, key }) => section !== '' && key !== '')).toBe(true);
    }),
  );
});
