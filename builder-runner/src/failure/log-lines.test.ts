import { expect, test } from 'vitest';
import { excerptOfTrouble, findExcerpt, linesOf } from './log-lines.ts';

const linesIn = (text: string) => linesOf({ text, firstLine: 1 });

test('an excerpt is at most 12 lines, free of terminal sequences and overlong lines', () => {
  const log = Array.from(
    { length: 40 },
    (_, index) => `\u001b[31merror: number ${index}\u001b[0m\u0007${'x'.repeat(900)}`,
  );
  const excerpt = excerptOfTrouble(linesIn(log.join('\r\n')));
  expect(excerpt).toHaveLength(12);
  expect(excerpt.at(-1)).toMatch(/^error: number 39x+…x+$/);
  expect(Math.max(...excerpt.map((line) => line.length))).toBeLessThanOrEqual(400);
});

test('a log that speaks of no trouble gives its end, without what rpmbuild always says', () => {
  expect(excerptOfTrouble(linesIn('one\n\ntwo\nChild return code was: 1\n'))).toEqual(['one', 'two']);
});

test('of an excerpt, the first line that a log holds is found, cut and cleaned as it was', () => {
  const long = `\u001b[31merror: ${'y'.repeat(900)}\u001b[0m`;
  const lines = linesIn(`one\n\n${long}\nerror: last\n`);
  expect(findExcerpt(['error: elsewhere', ...excerptOfTrouble(lines)], lines)).toBe(3);
  expect(findExcerpt(['error: elsewhere'], lines)).toBeUndefined();
});
