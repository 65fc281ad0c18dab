import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { greenLog, redLog } from '../../testing/fixture.ts';
import { foldLog, shownText, toneOf } from './log-folds.ts';

const part = (text: string, firstLine = 1) => ({ firstLine, lines: text.replace(/\n$/, '').split('\n') });

describe('foldLog', () => {
  test('makes one fold per section of the spec', () => {
    const titles = foldLog([part(greenLog)], false).map((fold) => fold.title);
    expect(titles).toEqual(['Preparation', '%prep', '%build', '%install', '%check', 'Packaging', 'Result']);
  });

  test('marks the section that rpmbuild says has failed, and only it', () => {
    const failed = foldLog([part(redLog)], true).filter((fold) => fold.failed);
    expect(failed.map((fold) => fold.title)).toEqual(['%check']);
    expect(failed[0]?.lines.filter((line) => line.tone === 'error').map((line) => line.number)).toEqual([
      14, 15, 16, 17,
    ]);
  });

  test('marks the last fold of a failed build that names no section', () => {
    const folds = foldLog([part('Mock Version: 5.6\nExecuting(%build): x\ncc a.c')], true);
    expect(folds.map((fold) => fold.failed)).toEqual([false, true]);
  });

  test('marks nothing in a build that succeeded', () => {
    expect(foldLog([part(greenLog)], false).some((fold) => fold.failed)).toBe(false);
  });

  test('tells how many lines are left out between two parts', () => {
    const folds = foldLog([part('a\nb'), part('y\nz', 100)], false);
    expect(folds.map((fold) => fold.skippedBefore)).toEqual([0, 97]);
    expect(folds[1]?.lines[0]).toMatchObject({ number: 100, text: 'y' });
  });

  test('keeps every line once and numbers them without gaps', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom(...redLog.split('\n')))),
        fc.boolean(),
        (lines, failed) => {
          const shown = foldLog([{ firstLine: 1, lines }], failed).flatMap((fold) => fold.lines);
          expect(shown.map((line) => line.number)).toEqual(lines.map((_, index) => index + 1));
        },
      ),
    );
  });
});

test.each([
  ['main.c:3:1: error: expected ;', 'error'],
  ['FAIL: test_empty', 'error'],
  ['make: *** [Makefile:31: check] Error 1', 'error'],
  ['sh: foo: command not found', 'error'],
  ['hello.c:12:5: warning: unused', 'warning'],
  ['3 tests, 0 failed', 'plain'],
  ['cc -Werror -o error.o error.c', 'plain'],
  ['Provides: perl(Error) = 0.17', 'plain'],
] as const)('%s is %s', (text, tone) => {
  expect(toneOf(text)).toBe(tone);
});

test('very long lines are cut and terminal colours taken out', () => {
  expect(shownText('\u001b[1;31merror\u001b[0m')).toBe('error');
  const shown = shownText('x'.repeat(1_000_000));
  expect(shown.length).toBeLessThan(2100);
  expect(shown).toContain('998000 more characters');
});
