import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quote } from './quote.ts';

const hostile = fc.array(fc.nat(0xffff), { maxLength: 300 }).map((codes) => String.fromCharCode(...codes));

test('puts a text in backticks', () => {
  expect(quote('hello')).toBe('`hello`');
});

test('whatever the text is, the quotation is one short line that the text cannot end', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(quote(text)).toMatch(/^`[^`\p{Cc}\n]{0,100}`$/u);
    }),
  );
});
