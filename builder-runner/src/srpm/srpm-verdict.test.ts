import { describe, expect, test } from 'vitest';
import { judgeCount, judgeSrpm, type SrpmEnd } from './srpm-verdict.ts';

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
    'the tool goes on after its first error: the last one ended it',
    { exitCode: 3, output: 'error: a warning at heart\ngoing on\nfatal: the true cause\ncleaning up\n' },
    failing('source', 'The method rpkg (rpkg) failed with exit code 3: the true cause.'),
  ],
  [
    'the tool says nothing of trouble',
    { output: "Start: chroot ['sh']\nhello\nFinish: chroot ['sh']\nINFO: Done(chroot)\n" },
    failing('source', 'The method rpkg (rpkg) failed with exit code 1: its last line is "hello".'),
  ],
  ['the tool says nothing', { exitCode: 9 }, failing('source', 'The method rpkg (rpkg) failed with exit code 9.')],
  [
    'its error is longer than any line is shown: cut, not left out',
    { output: `error: ${'y'.repeat(100_000)}\n` },
    { kind: 'failed', failure: { message: expect.stringMatching(/failed with exit code 1: y{199}…\.?$/) } },
  ],
  [
    'NoSource: mock made a source package without its sources',
    { step: 'buildsrpm', buildLog: 'Wrote: /builddir/build/SRPMS/nosource-1.0-1.nosrc.rpm\n' },
    failing(
      'source',
      'The spec keeps sources out of the source package (NoSource or NoPatch), and a build gets nothing else: take those tags out.',
    ),
  ],
  [
    'a macro that nothing expands, with arguments',
    {
      step: 'buildsrpm',
      buildLog: 'error: line 3: Tag takes single token only: Release: %autorelease -b 3\n',
    },
    {
      kind: 'failed',
      failure: { message: expect.stringMatching(/^Nothing in fedora-42-x86_64 defines the macro %autorelease: /) },
    },
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

const mayKill = 'does it kill all processes (kill -1, pkill, killall), or take all memory?';
const suspected = (message: string) => ({
  ...{ kind: 'infrastructure', message },
  suspicion: {
    reason: 'unbuildable',
    message: `${message} on the last of the builders that tried it: ${mayKill}`,
    where: { log: 'srpm.log', line: 1 },
  },
});
const inBuildLog = 'Building\nChild return code was: 137\n';

test.each<[string, Partial<SrpmEnd>, object]>([
  ['the tool alone', { exitCode: 137, output: 'working\n' }, suspected('The method rpkg (rpkg) was killed')],
  ['mock', { step: 'buildsrpm', exitCode: 137, output: 'Start\n' }, suspected('mock was killed with hello.spec')],
  ['rpmbuild', { step: 'buildsrpm', buildLog: inBuildLog }, suspected('rpmbuild was killed with hello.spec')],
  [
    'all of the user',
    { exitCode: 137, wasKilledWithAll: true },
    failing('unbuildable', `The method rpkg (rpkg) ended what makes its source package: ${mayKill}`),
  ],
  [
    'rpmbuild, by a signal that no want of memory sends',
    { step: 'buildsrpm', buildLog: 'Child return code was: -15\n' },
    failing('unbuildable', `hello.spec ended what makes its source package: ${mayKill}`),
  ],
])('killed was %s: the package only where nothing else can be', (_, end, verdict) => {
  expect(judge(end)).toMatchObject(verdict);
});

test('what is killed before anything of the package runs is the builder', () => {
  const verdict = judge({ step: 'init', exitCode: 137, wasKilledWithAll: true });
  expect(verdict).toEqual({ kind: 'infrastructure', message: 'mock was killed (exit code 137)' });
});

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

test.each([
  [
    'Name: a\n%post\necho \u001b[1m\n',
    'error: File /builddir/build/SPECS/hello.spec does not appear to be a specfile.\n',
    'hello.spec holds the control character U+001B in line 3, for which rpm takes it for no spec: remove it.',
  ],
  [
    '\uFEFFName: a\n',
    'error: line 1: Unknown tag: \uFEFFName: a\n',
    "hello.spec begins with a byte order mark (U+FEFF), which rpm takes for a part of its first line: save it as UTF-8 without one, as `sed -i '1s/^\\xEF\\xBB\\xBF//'` does.",
  ],
  [
    'Name: a\nVersion: 1\n\uFEFFRelease: 1\n',
    'error: line 3: Unknown tag: \uFEFFRelease: 1\n',
    'hello.spec holds the character U+FEFF, which cannot be seen, in line 3, where rpm allows none: remove it.',
  ],
  [
    'Name: a\u200Bb\n',
    "error: line 1: Illegal char '?' (0xffffff8b) in: Name: a\u200Bb\n",
    'hello.spec holds the character U+200B, which cannot be seen, in line 1, where rpm allows none: remove it.',
  ],
  [
    'Name: a\rVersion: 1\r',
    'error: line 1: Tag takes single token only: Name: a\rVersion: 1\n',
    'The lines of hello.spec end with CR alone, so rpm reads it as one: save it with the line ends of Unix (LF).',
  ],
  [
    Buffer.from('Name: a\nVersion: 1\n', 'utf16le').toString('utf8'),
    'error: line 1: Unknown tag: N\n',
    'hello.spec is written in UTF-16, which rpm does not read: save it as UTF-8.',
  ],
])('a character that cannot be seen is named: %j', (specText, buildLog, message) => {
  const end = { step: 'buildsrpm', exitCode: 1, output: '', rootLog: '', buildLog };
  const read = { specText, sources: [] };
  expect(judgeSrpm(end, { ...facts, read })).toMatchObject(failing('source', message));
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

test('a character that cannot be seen elsewhere is not what rpm means', () => {
  const end = {
    step: 'buildsrpm',
    exitCode: 1,
    output: '',
    rootLog: '',
    buildLog: 'error: line 2: Unknown tag: Bogus: x\n',
  };
  const read = { specText: 'Name: a\nBogus: x\n%description\nA no-break\u00a0space\n', sources: [] };
  expect(judgeSrpm(end, { ...facts, read })).toMatchObject(
    failing('source', expect.stringContaining('Unknown tag: Bogus')),
  );
});

const scriptFacts = { ...facts, plan: { tool: undefined, packages: [] }, firstLine: '#!/bin/nosuch' };
const makeFacts = { ...facts, plan: { tool: { method: 'make_srpm', command: 'make', package: 'make' }, packages: [] } };

test.each<[string, object, string]>([
  [
    'about to fail\n./script: line 3: wget: command not found\n',
    scriptFacts,
    'The script calls "wget", which is not in fedora-42-x86_64: name its package in `builddeps`.',
  ],
  [
    './script: 3: wget: not found\n',
    scriptFacts,
    'The script calls "wget", which is not in fedora-42-x86_64: name its package in `builddeps`.',
  ],
  [
    'env: ‘./script’: No such file or directory\n',
    scriptFacts,
    'The script cannot be run: its first line, "#!/bin/nosuch", names a program that is not in fedora-42-x86_64. Name its package in `builddeps`.',
  ],
  [
    'Traceback (most recent call last):\n  File "x", line 1\njson.decoder.JSONDecodeError: Expecting value\n',
    scriptFacts,
    'The script failed with exit code 2: json.decoder.JSONDecodeError: Expecting value.',
  ],
  [
    'make: dnf: No such file or directory\nmake: *** [/coppice/tree/.copr/Makefile:2: installdeps] Error 127\n',
    makeFacts,
    'The method make_srpm (make) calls "dnf", which is not in fedora-42-x86_64: it installs nothing itself: take the call out, and name the packages in `packages`.',
  ],
  [
    '/bin/sh: line 1: git: command not found\nmake[1]: *** [Makefile:2: srpm] Error 127\nmake[1]: Leaving directory\n',
    makeFacts,
    'The method make_srpm (make) calls "git", which is not in fedora-42-x86_64: name its package in `packages`.',
  ],
  [
    "make: /coppice/tree/.copr/Makefile: No such file or directory\nmake: *** No rule to make target '/coppice/tree/.copr/Makefile'.  Stop.\n",
    makeFacts,
    'The source has no file .copr/Makefile, which the method make_srpm runs.',
  ],
  ...['error: File /coppice/tree is not a regular file.', 'sed: read error on /coppice/tree/rpm: Is a directory'].map(
    (line) =>
      [
        `${line}\nmake: *** [/coppice/tree/.copr/Makefile:2: srpm] Error 1\n`,
        makeFacts,
        'The file .copr/Makefile got a folder as `$(spec)`: the package names no spec, and the source does not hold exactly one. Write `spec:` beside `method: make_srpm`.',
      ] as [string, object, string],
  ),
  ["make: *** No rule to make target 'srpm'.  Stop.\n", makeFacts, 'The file .copr/Makefile has no target `srpm`.'],
  [
    '/coppice/tree/.copr/Makefile:2: *** missing separator.  Stop.\n',
    makeFacts,
    'Line 2 of .copr/Makefile is no rule: commands begin with a tab, not with spaces.',
  ],
])('what is known of last words: %j', (output, circumstances, message) => {
  const end = { step: 'run', exitCode: 2, output, buildLog: '', rootLog: '' };
  expect(judgeSrpm(end, circumstances as typeof facts)).toMatchObject({ kind: 'failed', failure: { message } });
});

test.each<[readonly string[], string, string]>([
  [
    [],
    '',
    'The method make_srpm (make) ended well, but left no source package in the folder `$(outdir)` of .copr/Makefile, where one is looked for.',
  ],
  [
    [],
    'Wrote: /coppice/tree/rpm/a-1-1.src.rpm\n',
    'The method make_srpm (make) ended well, but left no source package in the folder `$(outdir)` of .copr/Makefile, where one is looked for. rpmbuild wrote "rpm/a-1-1.src.rpm": put it there.',
  ],
  [
    ['a-1-1.src.rpm', 'b-1-1.src.rpm'],
    '',
    'The method make_srpm (make) left 2 source packages in the folder `$(outdir)` of .copr/Makefile, where one is looked for: "a-1-1.src.rpm" and "b-1-1.src.rpm". Leave one.',
  ],
])('%j where one source package is looked for', (found, output, message) => {
  expect(judgeCount(found, makeFacts.plan, output)).toMatchObject({ failure: { reason: 'source', message } });
});

test.each([0, 2])('%i specs where one is looked for', (count) => {
  const end = { step: 'spec', exitCode: 1, output: `error: ${count} spec files were made instead of one\n` };
  const verdict = judgeSrpm({ ...end, buildLog: '', rootLog: '' }, scriptFacts);
  const left = count === 0 ? 'no spec' : '2 specs';
  const message = `The script left ${left} in its \`resultdir\`, where one spec is expected.`;
  expect(verdict).toMatchObject({ failure: { message } });
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
