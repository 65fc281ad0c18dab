import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { greenLog, redLog } from '../../testing/fixture.ts';
import { foldLog } from './log-folds.ts';

const part = (text: string, firstLine = 1) => {
  const lines = text.replace(/\n$/, '').split('\n');
  return { firstLine, lines, from: firstLine, until: firstLine + lines.length };
};
const folded = (text: string, failed = false, file = 'build.log') => foldLog([part(text)], { file, failed });
const testdata = (name: string) => readFileSync(new URL(`testdata/${name}`, import.meta.url), 'utf8');

describe('folds of build.log', () => {
  test('are the sections of the spec', () => {
    const titles = folded(greenLog).map((fold) => fold.title);
    expect(titles).toEqual(['Preparation', '%prep', '%build', '%install', '%check', 'Packaging', 'Result']);
  });

  test('scripts that packaging runs are parts of it', () => {
    const titles = folded(`${greenLog.replace('Provides:', 'Executing(%license): /bin/sh -e x\nProvides:')}`);
    expect(titles.map(({ title }) => title)).not.toContain('%license');
  });

  test('mark the section that rpmbuild says has failed, and only it', () => {
    const failed = folded(redLog, true).filter((fold) => fold.failed);
    expect(failed.map((fold) => fold.title)).toEqual(['%check']);
    const errors = failed[0]?.lines.filter((line) => line.tone === 'error').map((line) => line.number);
    expect(errors).toEqual([14, 15, 16, 17]);
  });

  test('do not believe what a script only prints of it', () => {
    const text = redLog.replace('+ cd libgreet-1.4', "+ echo 'error: Bad exit status from x (%prep)'");
    expect(
      folded(text, true)
        .filter((fold) => fold.failed)
        .map(({ title }) => title),
    ).toEqual(['%check']);
  });

  test('mark the last fold of a failed build that names no section', () => {
    const folds = folded('Mock Version: 5.6\nExecuting(%build): x\ncc a.c', true);
    expect(folds.map((fold) => fold.failed)).toEqual([false, true]);
  });

  test('mark nothing in a build that succeeded', () => {
    expect(folded(greenLog).some((fold) => fold.failed)).toBe(false);
    expect(folded(redLog).some((fold) => fold.failed)).toBe(false);
  });

  test('tell the time that is known from elsewhere', () => {
    const folds = foldLog([part(greenLog)], { file: 'build.log', failed: false, seconds: { '%check': 6.1 } });
    expect(folds.map(({ seconds }) => seconds)).toEqual([null, null, null, null, 6.1, null, null]);
  });
});

describe('folds of state.log', () => {
  const texts = (file: string) =>
    folded(testdata(file), false, 'state.log').map(({ title, seconds }) => [title, seconds]);

  test('are the steps of mock, each with its time', () => {
    expect(texts('mock-lite-state.txt')).toEqual([
      ['Preparation', null],
      ['clean chroot', 0],
      ['chroot init', 0.141],
      ['build setup', 2.142],
      ['rpmbuild', 0.36],
    ]);
  });

  test('the same with the words of the real mock', () => {
    expect(texts('mock-state.txt')).toEqual([
      ['Preparation', null],
      ['clean chroot', 0.012],
      ['chroot init (bootstrap)', 6],
      ['calling preinit hooks (bootstrap)', 0.5],
      ['dnf5 install (bootstrap)', 4.25],
      ['chroot init', 14],
      ['dnf5 install', 10],
      ['creating root cache', 3],
      ['build setup', 5],
      ['rpmbuild', 65.5],
    ]);
  });
});

test('folds of root.log are the runs of the package manager, the one that failed marked', () => {
  const folds = folded(testdata('mock-root.txt'), true, 'root.log');
  expect(folds.map(({ title, failed }) => [title, failed])).toEqual([
    ['Other steps', false],
    ['dnf5 install', false],
    ['Other steps', false],
    ['dnf5 builddep', true],
    ['Other steps', false],
  ]);
});

describe('foldLog', () => {
  test('tells what is left out between two parts', () => {
    const folds = foldLog([part('a\nb'), part('y\nz', 100)], { file: 'build.log', failed: false });
    expect(folds.map((fold) => fold.gap)).toEqual([null, { lines: 97, firstLine: 3, from: 3, until: 100 }]);
    expect(folds[1]?.lines[0]).toMatchObject({ number: 100, runs: [{ text: 'y' }] });
  });

  test('makes no empty fold where a part begins with a section', () => {
    const folds = foldLog([part('a'), part('Executing(%build): x\nz', 100)], { file: 'build.log', failed: false });
    expect(folds.map(({ title, gap, lines }) => [title, gap?.lines, lines.length])).toEqual([
      ['Preparation', undefined, 1],
      ['%build', 98, 2],
    ]);
  });

  test('keeps every line once and numbers them without gaps', () => {
    const logs = [redLog, testdata('mock-state.txt'), testdata('mock-root.txt')].join('').split('\n');
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...logs))),
        fc.constantFrom('build.log', 'root.log', 'state.log'),
        fc.boolean(),
        (lines, file, failed) => {
          const shown = foldLog([{ firstLine: 1, lines, from: 0, until: 0 }], { file, failed }).flatMap(
            (fold) => fold.lines,
          );
          expect(shown.map((line) => line.number)).toEqual(lines.map((_, index) => index + 1));
        },
      ),
    );
  });

  test('goes on with a colour that the line before has begun', () => {
    const [fold] = folded('\u001b[31mred\nstill\u001b[0m plain\nplain');
    expect(fold?.lines.map(({ runs }) => runs)).toEqual([
      [{ text: 'red', classes: 'c1' }],
      [
        { text: 'still', classes: 'c1' },
        { text: ' plain', classes: '' },
      ],
      [{ text: 'plain', classes: '' }],
    ]);
  });
});
