import { describe, expect, test } from 'vitest';
import { fail, succeed } from '../base/outcome.ts';
import { composeSrpmLog, type SrpmLogParts } from './srpm-log.ts';

/** The line of the composed log that the failure names. */
function namedLine(parts: SrpmLogParts): string | undefined {
  const { text, made } = composeSrpmLog(parts);
  if (made.ok || made.failure.where === null) return undefined;
  expect(made.failure.where.log).toBe('srpm.log');
  return text.split('\n')[made.failure.where.line - 1];
}

describe('the log of a source package', () => {
  const made = fail('source', 'It failed.', [], { log: 'srpm.log', line: 2 });

  test('names the line that says why, below the notes', () => {
    const log = 'working\nerror: this\n';
    expect(namedLine({ notes: '', log, made })).toBe('error: this');
    expect(namedLine({ notes: 'fetched a\nfetched b\n', log, made })).toBe('error: this');
    expect(namedLine({ notes: 'without an end', log, made })).toBe('error: this');
  });

  test("names the failure's own words where no line of the tools says why", () => {
    const words = fail('source', 'The branch is gone.');
    expect(namedLine({ notes: '', log: '', made: words })).toBe('The branch is gone.');
    expect(namedLine({ notes: 'fetched a\n', log: 'cut off', made: words })).toBe('The branch is gone.');
  });

  test('of one that was made is what was printed', () => {
    expect(composeSrpmLog({ notes: 'fetched a\n', log: 'Wrote: a', made: succeed('a.src.rpm') })).toEqual({
      text: 'fetched a\nWrote: a',
      made: succeed('a.src.rpm'),
    });
  });
});
