// Logs are written by whoever writes a spec: none may keep the service from its other work, and no line may come
// through as it is.
import { expect, test } from 'vitest';
import { bytes, duration, listed } from '../base/sentence-parts.ts';
import { classifyFailure } from './classify.ts';
import { linesOf } from './log-lines.ts';

const judge = (text: string, exitCode: number, firstLine = 1) => {
  const logs = { build: { text, firstLine }, root: { text, firstLine } };
  return classifyFailure({ exitCode, logs, timeoutSeconds: 60, memoryBytes: 1024 ** 3 });
};
const size = 4 * 1024 ** 2;

test.each([
  ['one line', 'a'],
  ['no end of colons', ':1'],
  ['no end of errors', 'a:1: error: '],
  ['no end of blanks', ' '],
  ['empty lines', '\n'],
  ['lines of errors', 'a.c:1:1 error failed\n'],
  ['lines of requirements', 'nothing provides a a a needed by\n'],
  ['quotes', "ld: ':1undefined reference to `"],
])('a log of 4 MiB that is %s is judged', (_, unit) => {
  const text = unit.repeat(Math.ceil(size / unit.length));
  expect(judge(`Executing(%check): x\n${text}\nerror: Bad exit status from x (%check)\n`, 1).kind).toBe('failed');
  expect(judge(text, 30).kind).toBe('failed');
});

test('no control character and no overlong line comes through', () => {
  const verdict = judge(`Executing(%build): x\n\u001b[31ma.c:1: error: \u0007${'x'.repeat(9000)}\u001b[0m\r\n`, 1);
  if (verdict.kind !== 'failed') throw new Error('it failed');
  const { excerpt, message } = verdict.failure;
  expect(`${message}${excerpt.join('')}`).not.toMatch(/\p{Cc}/u);
  expect(message.length).toBeLessThan(400);
  expect(excerpt[0]?.length).toBeLessThanOrEqual(400);
});

test('lines keep the numbers that they have in the whole log', () => {
  expect(linesOf({ text: 'a\n\nb\n', firstLine: 1001 })).toEqual([
    { number: 1001, text: 'a' },
    { number: 1003, text: 'b' },
  ]);
  expect(linesOf({ text: 'x\n'.repeat(60_000), firstLine: 1 }).at(-1)?.number).toBe(60_000);
});

test('a section that began before what was read of a log is known by its end', () => {
  const verdict = judge('a.c:1:2: error: no\nerror: Bad exit status from /var/tmp/rpm-tmp.x (%check)\n', 1, 900);
  expect(verdict).toMatchObject({ failure: { reason: 'check', where: { log: 'build.log', line: 900 } } });
});

test.each([3, 5, 20, 60, 70, 80, 127, 137, 143])("exit code %i is the builder's fault", (exitCode) => {
  expect(judge('', exitCode)).toMatchObject({ kind: 'infrastructure' });
});

test('a build whose time was over before rpmbuild began says so, at the last line of root.log', () => {
  const logs = {
    build: { text: '', firstLine: 1 },
    root: { text: 'Installing: a\nRunning scriptlet: b\n', firstLine: 1 },
  };
  const end = { exitCode: 11, wasInstalling: true, logs, timeoutSeconds: 60, memoryBytes: null };
  expect(classifyFailure(end)).toMatchObject({
    failure: {
      reason: 'timeout',
      message: "Installing what the build needs took longer than the build's time limit of 1 min.",
      where: { log: 'root.log', line: 2 },
    },
  });
});

const windows = 'has the line ends of Windows (CRLF): save it with those of Unix (LF), as dos2unix does.';
const long = 'y'.repeat(3000);

test.each([
  ["/var/tmp/rpm-tmp.x: line 28: $'\\r': command not found", `The spec ${windows}`],
  ['/builddir/build/SOURCES/x.sh: line 2: set: -\r: invalid option', `x.sh ${windows}`],
  ["/builddir/build/SOURCES/x.sh: line 3: syntax error near unexpected token `$'do\\r''", `x.sh ${windows}`],
  ['/usr/bin/env: ‘bash\r’: No such file or directory', `A script ${windows}`],
  [`cannot read ${long} at -e line 1.`, expect.stringMatching(/^-e:1 stopped: cannot read y+…\.?$/)],
  [`x.c:1:1: error: ${long}`, expect.stringMatching(/^x\.c:1 does not compile: y+…\.?$/)],
])('the cause is read off a line with Windows line ends, or an overlong one: %#', (line, message) => {
  const text = `Executing(%build): x\n+ sh x\n${line}\nerror: Bad exit status from x (%build)\n`;
  expect(judge(text, 1)).toMatchObject({ failure: { reason: 'compile', message, where: { line: 3 } } });
});

test('exit code 0 is success', () => expect(judge('', 0)).toEqual({ kind: 'succeeded' }));

test('numbers and lists read well', () => {
  expect([90, 120, 7200].map(duration)).toEqual(['90 s', '2 min', '2 h']);
  expect([2 * 1024 ** 3, 1_500_000].map(bytes)).toEqual(['2 GiB', '1500000 bytes']);
  expect(listed(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 more');
});
