import { expect, test } from 'vitest';
import { toneOf } from './log-tones.js';

test.each([
  'main.c:3:1: error: expected ;',
  'main.c:1:10: fatal error: greet.h: No such file or directory',
  'error[E0308]: mismatched types',
  'src/main.rs:3: error: [-Werror=unused] x',
  'FAIL: test_empty',
  'FAILED',
  '--- FAIL: TestEmpty (0.00s)',
  'tests/test_a.py::test_empty FAILED',
  'not ok 3 - empty',
  '1 of 3 tests failed',
  '2 errors generated.',
  '1 error generated.',
  'Failures: 2',
  'make: *** [Makefile:31: check] Error 1',
  'gmake[2]: *** No rule to make target',
  'sh: foo: command not found',
  'cp: cannot stat x: No such file or directory',
  'Traceback (most recent call last):',
  '/usr/bin/ld: a.o: undefined reference to `b',
  'collect2: error: ld returned 1 exit status',
  'Segmentation fault (core dumped)',
  'CMake Error at CMakeLists.txt:3 (find_package):',
  'configure: error: no acceptable C compiler',
  'Error: Unable to find a match: nothing-offers-this',
  'Failed to resolve the transaction:',
  'error: Bad exit status from /var/tmp/rpm-tmp.4 (%check)',
  '    Bad exit status from /var/tmp/rpm-tmp.4 (%check)'.trim(),
  '[ERROR] Failed to execute goal',
  'ERROR mock-lite:  Error: GPG check FAILED',
  'DEBUG util.py:539:  Failed to resolve the transaction:',
  'SyntaxError: invalid syntax. Perhaps you forgot a comma?',
  'cannot read Makefile.in: No such file or directory at gen.pl line 1.',
  "dd: error writing 'filler': No space left on device",
  "#   Failed test 'greets'",
  'Failed 2/3 subtests',
  'Result: FAIL',
  'ERROR mock-lite:   Problem: conflicting requests',
  'ERROR mock-lite:    - nothing provides tool-c >= 2 needed by tool-b-1.0-1.noarch',
  "thread 'main' panicked at src/main.rs:2",
])('%s is an error', (line) => {
  expect(toneOf(line)).toBe('error');
});

test.each([
  // What a shell is about to run has not happened.
  "+ awk '/error/ { print }' log",
  '++ grep -c error: log',
  "+ echo 'error: nothing'",
  '+ make check || echo FAIL: x',
  // Names and options that hold the word.
  'cc -Werror -o error.o error.c',
  'gcc -Werror=format-security -c src/error.c -o src/error.o',
  '  CC       error.lo',
  'libtool: compile: gcc -c fatal-error.c',
  '-rw-r--r-- 1 root root 0 error.log',
  'Provides: perl(Error) = 0.17',
  '[ 12%] Building C object CMakeFiles/x.dir/error.c.o',
  'make --max-errors=10',
  // What a program printed before it failed.
  'ERROR mock-lite:  Downloading Packages:',
  'ERROR mock-lite:  Transaction check succeeded.',
  // Nothing failed.
  '3 tests, 0 failed',
  '0 errors, 0 warnings',
  'compiled without errors',
  'no error: all is well',
  'checking for error handling... yes',
  'ok 4 - reports an error',
  'not ok 5 - later # TODO',
  'test errors::are_told ... ok',
  'error handling is tested',
  'Building 100 error pages',
])('%s is none', (line) => {
  expect(toneOf(line)).not.toBe('error');
});

test.each([
  ['hello.c:12:5: warning: unused', 'warning'],
  ['warning: File listed twice', 'warning'],
  ['+ gcc -Wno-error -c warning.c', 'plain'],
  ['+ echo warning: x', 'plain'],
  ['no warnings', 'plain'],
  ['0 warnings generated: warning: none', 'plain'],
] as const)('%s is %s', (line, tone) => {
  expect(toneOf(line)).toBe(tone);
});

test('a line without end is judged by its beginning', () => {
  expect(toneOf(`${'x '.repeat(500_000)}error: y`)).toBe('plain');
  expect(toneOf(`error: ${'error'.repeat(500_000)}`)).toBe('error');
});
