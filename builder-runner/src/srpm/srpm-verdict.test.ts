import { describe, expect, test } from 'vitest';
import { judgeSrpm, type SrpmEnd } from './srpm-verdict.ts';

const rpkg = { method: 'rpkg', command: 'rpkg', package: 'rpkg' };
const facts = {
  plan: { tool: rpkg, packages: ['libfoo'] },
  ...{ chroot: 'fedora-42-x86_64', spec: 'hello.spec', seconds: 300, memoryBytes: null },
};
const judge = (end: Partial<SrpmEnd>) =>
  judgeSrpm({ step: 'run', exitCode: 1, output: '', buildLog: '', rootLog: '', ...end }, facts);
const failing = (reason: string, message: string) => ({ kind: 'failed', failure: { reason, message } });

const cases: readonly [string, Partial<SrpmEnd>, object][] = [
  [
    'the time is over',
    { exitCode: undefined },
    failing('timeout', 'Making the source package took longer than its time limit of 5 min.'),
  ],
  [
    'rpmbuild does not like the spec',
    {
      step: 'buildsrpm',
      buildLog:
        'error: line 2: Unknown tag: Bogus: yes\nerror: query of specfile /builddir/build/SPECS/hello.spec failed',
    },
    failing('source', 'No source package could be made of hello.spec: line 2: Unknown tag: Bogus: yes.'),
  ],
  [
    'the tool fails',
    { exitCode: 2, output: 'working\nerror: no such tag\n' },
    failing('source', 'The method rpkg (rpkg) failed with exit code 2: no such tag.'),
  ],
  [
    'the package of the tool has another program',
    { exitCode: 127 },
    failing('source', 'The package rpkg of fedora-42-x86_64 has no program rpkg, which the method rpkg needs.'),
  ],
  [
    'the disk is full',
    { output: 'tar: x: Cannot write: No space left on device' },
    failing(
      'source',
      'The method rpkg (rpkg) failed because no space was left: it wrote more than the disk quota allows.',
    ),
  ],
  [
    'what the project wants in its chroots is not there',
    { step: 'install', exitCode: 30, output: 'No match for argument: libfoo\nError: Unable to find a match: libfoo' },
    failing('dependencies', 'What the source package needs is not in the repositories of fedora-42-x86_64: libfoo.'),
  ],
  [
    'a repository is dead',
    { step: 'init', exitCode: 30, output: "Failed to download metadata for repo 'x'" },
    failing(
      'dependencies',
      'The chroot in which the source package is made cannot be filled: a repository does not answer.',
    ),
  ],
  ['the builder has no mock', { step: 'init', exitCode: 127 }, { kind: 'infrastructure' }],
  ['the chroot is locked', { step: 'buildsrpm', exitCode: 60 }, { kind: 'infrastructure' }],
  ['mock was ended by somebody', { exitCode: 143 }, { kind: 'infrastructure' }],
];

test.each(cases)('%s', (_, end, verdict) => {
  expect(judge(end)).toMatchObject(verdict);
});

describe('a source that is not there', () => {
  const missing = (file: string) =>
    judgeSrpm(
      {
        ...{ step: 'buildsrpm', exitCode: 1, output: '', rootLog: '' },
        buildLog: `error: Bad file: /builddir/build/SOURCES/${file}: No such file or directory\n`,
      },
      { ...facts, read },
    );
  const value = 'https://a.example/hello-1-1.fc42.txt';
  const read = {
    specText: 'Source0: https://a.example/%{name}-1-%{release}.txt\nSource1: %{made_there}.conf\nPatch0: fix.patch\n',
    sources: [{ tag: 'Source0', value, file: 'hello-1-1.fc42.txt' }],
  };
  const hint = 'Add the file beside the spec, or mend its name or address there.';
  test.each([
    ['hello-1-1.fc42.txt', `Source0, written as https://a.example/%{name}-1-%{release}.txt and read as ${value}`],
    ['x.conf', 'Source1, written as %{made_there}.conf'],
    ['fix.patch', 'Patch0'],
    ['unknown', 'a source'],
  ])('%s is named as the spec has it and as it was read', (file, how) => {
    const message = `${file} is not among the sources: hello.spec names it in fedora-42-x86_64 as ${how}. ${hint}`;
    expect(missing(file)).toMatchObject(failing('source', message));
  });
});

test.each<[string, Partial<SrpmEnd>, number | null]>([
  ['what the tool printed', { exitCode: 2, output: 'working\nerror: no such tag\nbye\n' }, 2],
  [
    "mock's build.log, which stands below that",
    { step: 'buildsrpm', output: 'mock\nsays\n', buildLog: 'Building\nerror: line 2: Unknown tag: Bogus: yes\n' },
    4,
  ],
  [
    'the first line of several that is kept',
    { step: 'install', exitCode: 30, rootLog: 'No match for argument: libfoo', output: 'x\nError: no libfoo\n' },
    2,
  ],
  [
    'root.log alone, which is not kept',
    { step: 'install', exitCode: 30, rootLog: 'No match for argument: libfoo' },
    null,
  ],
])('the line that says why is found in %s', (_, end, line) => {
  const where = line === null ? null : { log: 'srpm.log', line };
  expect(judge(end)).toMatchObject({ kind: 'failed', failure: { where } });
});

test('a tool that no repository has: said which, and where to put it', () => {
  const verdict = judge({ step: 'install', exitCode: 30, rootLog: 'No match for argument: rpkg' });
  expect(verdict).toMatchObject({
    failure: {
      reason: 'source',
      message: expect.stringMatching(
        /^The method rpkg needs the program rpkg, .* no package rpkg .*chroots\/fedora-42-x86_64\.cfg/,
      ),
    },
  });
});
