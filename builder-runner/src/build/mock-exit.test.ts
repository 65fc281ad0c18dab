import { describe, expect, test } from 'vitest';
import { duration, judgeMock } from './mock-exit.ts';

const end = { exitCode: 1, buildLog: '', rootLog: '', timeoutSeconds: 3600, memoryBytes: null };

const stage = (name: string) => `Executing(%${name}): /bin/sh -e /var/tmp/rpm-tmp.abc\n`;
const bad = (name: string) => `error: Bad exit status from /var/tmp/rpm-tmp.abc (%${name})\n\nRPM build errors:\n`;

const compile = `${stage('prep')}+ exit 0\n${stage('build')}hello.c:3:10: fatal error: greet.h: No such file or directory
make: *** [Makefile:5: hello.o] Error 1\n${bad('build')}    Bad exit status from /var/tmp/rpm-tmp.abc (%build)\n`;

describe('failures of the package', () => {
  test.each([
    ['a patch that does not apply', { buildLog: `${stage('prep')}1 out of 1 hunk FAILED\n${bad('prep')}` }, 'prep'],
    ['a compiler error', { buildLog: compile }, 'compile'],
    ['a failing %install', { buildLog: `${stage('build')}${stage('install')}${bad('install')}` }, 'packaging'],
    ['a failing test', { buildLog: `${stage('build')}${stage('check')}FAIL: one\n${bad('check')}` }, 'check'],
    [
      'files that were not packaged',
      {
        buildLog: `${stage('install')}${stage('check')}error: Installed (but unpackaged) file(s) found:\n   /usr/bin/x\n`,
      },
      'packaging',
    ],
    [
      'unmet requirements',
      { exitCode: 30, rootLog: "No matching package to install: 'libgone-devel'\n" },
      'dependencies',
    ],
    ['a dead repository', { exitCode: 30, rootLog: 'Error: Failed to download metadata for repo x\n' }, 'dependencies'],
    ['the time limit', { exitCode: 11, buildLog: stage('build') }, 'timeout'],
    ['a broken source package', { exitCode: 40 }, 'source'],
    ['a spec that rpmbuild cannot read', { rootLog: 'error: line 3: Unknown tag: Nam: x\n' }, 'source'],
    [
      'a full disk',
      { buildLog: `${stage('build')}dd: error writing 'x': No space left on device\n${bad('build')}` },
      'compile',
    ],
  ])('%s', (_name, part, reason) => {
    const verdict = judgeMock({ ...end, ...part });
    expect(verdict).toMatchObject({ kind: 'failed', failure: { reason } });
  });

  test('the message names what is missing', () => {
    const rootLog = "No matching package to install: 'a'\nnothing provides b >= 2 needed by c-1.noarch\n";
    const verdict = judgeMock({ ...end, exitCode: 30, rootLog });
    expect(verdict).toMatchObject({
      failure: { message: 'What the package needs to be built is not in its repositories: a, b >= 2.' },
    });
  });

  test('the excerpt holds the lines that say why', () => {
    const verdict = judgeMock({ ...end, buildLog: compile });
    expect(verdict).toMatchObject({
      failure: { excerpt: expect.arrayContaining(['hello.c:3:10: fatal error: greet.h: No such file or directory']) },
    });
  });
});

test.each([3, 5, 20, 60, 70, 80, 127, 137, 143])("exit code %i is the builder's fault", (exitCode) => {
  expect(judgeMock({ ...end, exitCode })).toMatchObject({ kind: 'infrastructure' });
});

test('exit code 0 is success', () => {
  expect(judgeMock({ ...end, exitCode: 0 })).toEqual({ kind: 'succeeded' });
});

test.each([
  [90, '90 s'],
  [120, '2 min'],
  [7200, '2 h'],
])('%i seconds read as %s', (seconds, text) => expect(duration(seconds)).toBe(text));

describe('memory', () => {
  const judge = (line: string, memoryBytes: number | null = 512 * 1024 ** 2) => {
    const verdict = judgeMock({ ...end, memoryBytes, buildLog: `${stage('build')}${line}\n${bad('build')}` });
    return verdict.kind === 'failed' ? verdict.failure.message : verdict.kind;
  };

  test.each([
    ['gcc', 'cc1plus: out of memory allocating 65536 bytes after a total of 1 bytes'],
    ['a killed compiler', 'gcc: fatal error: Killed signal terminated program cc1'],
    ['a killed program', '/var/tmp/rpm-tmp.1: line 31:    18 Killed                  ./greedy'],
    ['Python', 'MemoryError'],
    ['C++', "terminate called after throwing an instance of 'std::bad_alloc'"],
    ['a shell', 'bash: fork: Cannot allocate memory'],
  ])('that ran out is said so: %s', (_, line) => {
    expect(judge(line)).toBe('Out of memory: the build needed more than its limit of 512 MiB.');
    expect(judge(line, 1_500_000)).toContain('1500000 bytes');
  });

  test('is not blamed where there is no bound, or nothing says so', () => {
    expect(judge('MemoryError', null)).toMatch(/^%build failed/);
    expect(judge('hello.c:3:10: error: Killed_count undeclared')).toMatch(/^%build failed/);
  });
});
