// mock's exit code and logs → why the build failed. Pure.
// Source of the codes: https://github.com/rpm-software-management/mock/blob/main/mock/py/mockbuild/exception.py
import type { FailureReason } from '@coppice/config';
import { excerptOf, lastStage } from './mock-log.ts';
import { type Failure, fail } from './outcome.ts';

export interface MockEnd {
  readonly exitCode: number;
  readonly buildLog: string;
  readonly rootLog: string;
  readonly timeoutSeconds: number;
  /** The build's bound, or null. */
  readonly memoryBytes: number | null;
}

/** The verdict on a mock that ended: success, the package's failure, or a builder that is at fault (try another one). */
export type MockVerdict =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'infrastructure'; readonly message: string };

const builderFaults: ReadonlyMap<number, string> = new Map([
  [2, 'mock was called wrongly'],
  [3, 'mock could not read its configuration'],
  [5, 'mock could not run a command of its own'],
  [20, 'mock could not set up the chroot'],
  [50, 'mock broke with an error of its own'],
  [60, 'the chroot is locked by another mock'],
  [70, 'mock lost its result folder'],
  [80, 'the chroot could not be unpacked'],
  [126, 'mock cannot be run on the builder'],
  [127, 'mock is not installed on the builder'],
  [129, 'mock was ended by a hang-up'],
  [130, 'mock was interrupted'],
  [137, 'mock was killed'],
  [143, 'mock was told to end'],
]);

const stageReasons: ReadonlyMap<string, { readonly reason: FailureReason; readonly message: string }> = new Map([
  ['prep', { reason: 'prep', message: '%prep failed: the sources could not be unpacked or patched.' }],
  ['generate_buildrequires', { reason: 'prep', message: '%generate_buildrequires failed.' }],
  ['conf', { reason: 'compile', message: '%conf failed: the package could not be configured.' }],
  ['build', { reason: 'compile', message: '%build failed: the package does not compile.' }],
  ['install', { reason: 'packaging', message: '%install failed.' }],
  ['check', { reason: 'check', message: '%check failed: the package does not pass its own tests.' }],
  ['clean', { reason: 'packaging', message: '%clean failed.' }],
]);

/** What `end` means. The order matters: a full disk or a missing package shows in many exit codes. */
export function judgeMock(end: MockEnd): MockVerdict {
  if (end.exitCode === 0) return { kind: 'succeeded' };
  if (end.exitCode === 11) {
    return failed(
      'timeout',
      `The build took longer than its time limit of ${duration(end.timeoutSeconds)}.`,
      end.buildLog,
    );
  }
  const fault = builderFaults.get(end.exitCode);
  if (fault !== undefined) return { kind: 'infrastructure', message: `${fault} (exit code ${end.exitCode})` };
  if (end.exitCode === 30) return unmetDependencies(end);
  if (end.exitCode === 40)
    return failed('source', 'The source package cannot be installed in the chroot.', end.rootLog);
  const full = /no space left on device|disk quota exceeded/i.test(end.buildLog.slice(-200_000));
  if (full) return failed('compile', 'No space left: the build wrote more than its disk quota allows.', end.buildLog);
  if (end.memoryBytes !== null && memoryRanOut.test(end.buildLog.slice(-memoryTail))) {
    const message = `Out of memory: the build needed more than its limit of ${bytes(end.memoryBytes)}.`;
    return failed('compile', message, end.buildLog);
  }
  return rpmbuildFailed(end);
}

/** Where a log says that memory ran out: compilers, linkers, interpreters and the kernel, each in its own words. */
const memoryRanOut =
  /[Cc]annot allocate memory|memory exhausted|[Oo]ut of memory|std::bad_alloc|\bMemoryError\b|OutOfMemoryError|\bKilled\b/;
/** The end of a log, in characters: earlier words are not why the build failed. */
const memoryTail = 4_000;

function unmetDependencies(end: MockEnd): MockVerdict {
  const both = `${end.rootLog}\n${end.buildLog}`;
  // A build's own wish that nothing provides looks different from a repository that does not answer.
  const missing = missingPackages(both);
  if (
    missing.length === 0 &&
    /(failed to download metadata|cannot download|curl error|cannot prepare internal mirrorlist)/i.test(both)
  ) {
    return failed('dependencies', 'A repository that the build needs does not answer.', both);
  }
  const names =
    missing.length === 0 ? '' : `: ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ' and more' : ''}`;
  return failed('dependencies', `What the package needs to be built is not in its repositories${names}.`, both);
}

/** Names in dnf 4's and dnf 5's words for requirements that nothing meets. */
function missingPackages(log: string): readonly string[] {
  const found = new Set<string>();
  const patterns = [
    /No matching package to install: '([^'\n]{1,100})'/g,
    /nothing provides (\S{1,100}(?: [<>=]+ \S{1,60})?) needed by/g,
    /No match for argument: (\S{1,100})/g,
  ];
  for (const pattern of patterns) for (const match of log.matchAll(pattern)) found.add(match[1] ?? '');
  return [...found];
}

function rpmbuildFailed(end: MockEnd): MockVerdict {
  const stage = lastStage(end.buildLog);
  if (stage === undefined) {
    const message = 'rpmbuild could not start: the source package or its spec is broken.';
    return failed('source', message, end.buildLog.trim() === '' ? end.rootLog : end.buildLog);
  }
  const stageFailed = new RegExp(`^error: Bad exit status from \\S+ \\(%${stage}\\)`, 'm').test(end.buildLog);
  const known = stageReasons.get(stage);
  if (stageFailed && known !== undefined) return failed(known.reason, known.message, end.buildLog);
  // All stages ran: what is left is rpmbuild's own look at files, dependencies and licences.
  return failed('packaging', 'rpmbuild could not make the packages from what was installed.', end.buildLog);
}

function failed(reason: FailureReason, message: string, log: string): MockVerdict {
  return { kind: 'failed', failure: fail(reason, message, excerptOf(log)).failure };
}

/** `90` → `90 s`, `3600` → `1 h`; whole units only. */
export function duration(seconds: number): string {
  if (seconds % 3600 === 0 && seconds > 0) return `${seconds / 3600} h`;
  if (seconds % 60 === 0 && seconds > 0) return `${seconds / 60} min`;
  return `${seconds} s`;
}

/** `2147483648` → `2 GiB`, `1500000` → `1500000 bytes`; whole units only. */
function bytes(count: number): string {
  for (const [unit, size] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
  ] as const) {
    if (count >= size && count % size === 0) return `${count / size} ${unit}`;
  }
  return `${count} bytes`;
}
