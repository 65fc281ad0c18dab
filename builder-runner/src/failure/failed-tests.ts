// How many tests failed, and which: from the last words of the usual test runners. Pure.
import { listed, quoted } from '../base/sentence-parts.ts';
import type { Finding } from './clues.ts';
import type { LogLine } from './log-lines.ts';

/**
 * Lines that name a failed test. Source: the output of automake, unittest, pytest, TAP, Test::More, ctest, go, cargo
 * and googletest.
 */
const failedTest: readonly RegExp[] = [
  /^(?:FAIL|ERROR): (\S+)/,
  /^not ok \d+ (?:- )?(?!.{0,300}# (?:TODO|SKIP))(.{1,80})/,
  /^# {2,3}Failed test '([^']{1,80})'/,
  /^FAILED (\S+::\S+)/,
  /^ {0,8}\d+ - (\S+) \((?:Failed|Timeout|SEGFAULT|Subprocess aborted)/,
  /^--- FAIL: (\S+)/,
  /^test (\S+) \.\.\. FAILED/,
  /^\[ {2}FAILED {2}\] (\S+\.\S+)/,
];

interface Counted {
  readonly failed: number;
  readonly total: number | null;
}

type Count = (lines: readonly LogLine[]) => Counted | undefined;

const counts: readonly Count[] = [
  (lines) => pair(lines, /^# (?:FAIL|ERROR): {1,8}([1-9]\d*)/, /^# TOTAL: {1,8}(\d+)/),
  (lines) => ctest(lines),
  (lines) => unittest(lines),
  (lines) => pair(lines, /^=+ .{0,60}?(\d+) failed/, /^(?!)/),
  (lines) => cargo(lines),
  (lines) => pair(lines, /Failed (\d+)\/\d+ subtests/, /Failed \d+\/(\d+) subtests/),
  (lines) => pair(lines, /^Fail: {1,20}([1-9]\d*)/, /^(?!)/),
];

/** The sentence about tests that failed, at the first of them; undefined when no test runner spoke. */
export function findFailedTests(lines: readonly LogLine[]): Finding | undefined {
  const named = lines.flatMap((line) => {
    const name = failedTest.map((pattern) => pattern.exec(line.text)?.[1]).find((found) => found !== undefined);
    return name === undefined ? [] : [{ line, name: quoted(name.replace(/[:,;]$/, ''), 60) }];
  });
  const counted = counts.map((count) => count(lines)).find((found) => found !== undefined);
  const names = [...new Set(named.map(({ name }) => name))];
  const failed = Math.max(counted?.failed ?? 0, counted === undefined ? names.length : 0);
  if (failed === 0) return undefined;
  const line = named[0]?.line ?? lines.find(({ text }) => /fail/i.test(text)) ?? lines[0];
  if (line === undefined) return undefined;
  const total = counted?.total ?? planned(lines);
  const of =
    total === null || total < failed ? `${failed} ${failed === 1 ? 'test' : 'tests'}` : `${failed} of ${total} tests`;
  const which = names.length === 0 ? '' : ` (${listed(names)})`;
  return { line, message: `%check failed: ${of} failed${which}.` };
}

function numberIn(lines: readonly LogLine[], pattern: RegExp): number | undefined {
  const found = lines.findLast(({ text }) => pattern.test(text));
  const text = found === undefined ? undefined : pattern.exec(found.text)?.[1];
  return text === undefined ? undefined : Number(text.slice(0, 9));
}

function pair(lines: readonly LogLine[], failed: RegExp, total: RegExp): Counted | undefined {
  const count = numberIn(lines, failed);
  return count === undefined || count === 0 ? undefined : { failed: count, total: numberIn(lines, total) ?? null };
}

function ctest(lines: readonly LogLine[]): Counted | undefined {
  return pair(lines, /tests passed, ([1-9]\d*) tests? failed/, /tests passed, \d+ tests? failed out of (\d+)/);
}

function unittest(lines: readonly LogLine[]): Counted | undefined {
  const last = lines.findLast(({ text }) => /^FAILED \((?:failures|errors)=/.test(text));
  if (last === undefined) return undefined;
  const failed = [...last.text.matchAll(/\b(?:failures|errors)=(\d{1,9})/g)].reduce((sum, [, n]) => sum + Number(n), 0);
  return { failed, total: numberIn(lines, /^Ran (\d+) tests?/) ?? null };
}

function cargo(lines: readonly LogLine[]): Counted | undefined {
  const failed = numberIn(lines, /^test result: FAILED\. \d+ passed; (\d+) failed/);
  const passed = numberIn(lines, /^test result: FAILED\. (\d+) passed;/);
  return failed === undefined || passed === undefined ? undefined : { failed, total: failed + passed };
}

/** TAP says first how many tests there are. */
function planned(lines: readonly LogLine[]): number | null {
  return numberIn(lines, /^1\.\.(\d+)$/) ?? null;
}
