// Every case is the end of the logs of a build that really failed: see testing/failures/testdata/README.md.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { classifyFailure } from './classify.ts';

const folder = join(import.meta.dirname, '../../testing/failures/testdata');
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'recipes')
  .map(({ name }) => name)
  .sort();

interface Case {
  readonly exitCode: number;
  readonly timeoutSeconds: number;
  readonly memoryBytes: number | null;
  readonly firstLines: Readonly<Record<string, number>>;
  /** Written by hand in the recipe. */
  readonly reason: string;
}

function readCase(name: string) {
  const facts = JSON.parse(readFileSync(join(folder, name, 'case.json'), 'utf8')) as Case;
  const log = (file: string) => {
    const firstLine = facts.firstLines[file];
    return firstLine === undefined
      ? { text: '', firstLine: 1 }
      : { text: readFileSync(join(folder, name, file), 'utf8'), firstLine };
  };
  return { facts, logs: { build: log('build.log'), root: log('root.log') } };
}

test('there are many cases', () => expect(names.length).toBeGreaterThan(100));

describe('a build that ends mock', () => {
  const { facts, logs } = readCase('killed-in-a-line');

  test('together with all of its user is the package itself, at once', () => {
    const verdict = classifyFailure({ ...facts, logs, wasKilledWithAll: true });
    const message = expect.stringMatching(/^The build ended mock: does the build kill all/);
    expect(verdict).toMatchObject({ kind: 'failed', failure: { reason: 'unbuildable', message } });
  });

  test('before any section of the spec began, it was the builder', () => {
    const before = { ...logs, build: { text: '', firstLine: 1 } };
    const verdict = classifyFailure({ ...facts, logs: before, wasKilledWithAll: true });
    expect(verdict).toEqual({ kind: 'infrastructure', message: 'mock was killed (exit code 137)' });
  });

  test.each([-9, -15, 137, 143, 129])('so that rpmbuild ends with %d is the package itself', (code) => {
    const text = `Executing(%check): /bin/sh\n+ kill -1\nChild return code was: ${code}\n`;
    const verdict = classifyFailure({ ...facts, exitCode: 1, logs: { ...logs, build: { text, firstLine: 1 } } });
    const message = expect.stringMatching(/^The build ended rpmbuild in %check/);
    expect(verdict).toMatchObject({
      failure: { reason: 'unbuildable', message, where: { log: 'build.log', line: 2 } },
    });
  });

  test('is shown by the command that ends it, not by what rpmbuild adds to a section', () => {
    const lineOf = (text: string) => {
      const verdict = classifyFailure({ ...facts, exitCode: 1, logs: { ...logs, build: { text, firstLine: 1 } } });
      if (verdict.kind === 'succeeded') return undefined;
      return (verdict.kind === 'failed' ? verdict.failure : verdict.suspicion)?.excerpt;
    };
    const begin = 'Executing(%check): /bin/sh\n+ kill -9 -1\n';
    const end = 'Child return code was: 137\n';
    expect(lineOf(`${begin}+ RPM_EC=0\n++ jobs -p\n+ exit 0\n${end}`)).toEqual(
      expect.arrayContaining(['+ kill -9 -1']),
    );
    expect(lineOf(`${begin}+ sleep 5\n+ exit 0\n${end}`)?.[0]).toBe('+ kill -9 -1');
    expect(lineOf(`Executing(%check): /bin/sh\n+ ./eat-memory\n+ exit 0\n${end}`)?.[0]).toBe('+ ./eat-memory');
  });

  test.each([-9, 137])('or takes memory, or has it taken by another build, so that rpmbuild ends with %d', (code) => {
    const text = `Executing(%build): /bin/sh\n+ ./skill-tests --kill\nChild return code was: ${code}\n`;
    const end = { ...facts, exitCode: 1, logs: { ...logs, build: { text, firstLine: 1 } } };
    const message = expect.stringMatching(/^rpmbuild was killed in %build on the last of the builders.*all memory\?$/);
    expect(classifyFailure(end)).toMatchObject({
      ...{ kind: 'infrastructure', message: 'rpmbuild was killed in %build' },
      suspicion: { reason: 'unbuildable', message, where: { log: 'build.log', line: 2 } },
    });
    const limited = classifyFailure({ ...end, memoryBytes: 2 ** 30 });
    expect(limited).toMatchObject({ failure: { message: expect.stringMatching(/^Out of memory: /) } });
  });

  test('that removes the folder of its results is the package itself', () => {
    const build = { text: 'Executing(%install): /bin/sh\nChild return code was: 0\n', firstLine: 1 };
    const said = 'ERROR mock-lite:  What the build left in RPMS cannot be taken: No such file or directory\n';
    const verdict = classifyFailure({ ...facts, exitCode: 1, logs: { build, root: { text: said, firstLine: 1 } } });
    const message = expect.stringMatching(/removed or replaced the folder RPMS/);
    expect(verdict).toMatchObject({ failure: { reason: 'unbuildable', message } });
  });

  test.each(['No such file or directory', 'Too many levels of symbolic links', 'Not a directory'])(
    'that puts something else in the place of its results is the package itself: %s',
    (why) => {
      const said = `cannot create /builddir/build/RPMS/noarch: ${why}`;
      const begin = 'Executing(%install): /bin/sh\n+ rm -rf RPMS\nProcessing files: t-1-1.noarch\n';
      const text = `${begin}error: ${said}\n\nRPM build errors:\n    ${said}\nChild return code was: 1\n`;
      const verdict = classifyFailure({ ...facts, exitCode: 1, logs: { ...logs, build: { text, firstLine: 1 } } });
      const message = `The build removed or replaced the folder RPMS of its own results: ${why}.`;
      expect(verdict).toMatchObject({ failure: { reason: 'unbuildable', message } });
    },
  );
});

describe("mock's exit codes", () => {
  const end = { timeoutSeconds: 300, memoryBytes: null };
  const log = (text: string) => ({ text, firstLine: 1 });
  const begun = { build: log('Executing(%build): /bin/sh\n+ make\n'), root: log('') };

  test.each([2, 3, 5, 20, 50, 60, 70, 126, 127])('%d is the builder, whatever the build was at', (exitCode) => {
    const message = expect.stringContaining(`(exit code ${exitCode})`);
    expect(classifyFailure({ ...end, exitCode, logs: begun })).toEqual({ kind: 'infrastructure', message });
  });

  test.each([80, 129, 130, 137, 143])('%d while the build was at work may be the package', (exitCode) => {
    const verdict = classifyFailure({ ...end, exitCode, logs: begun });
    expect(verdict).toMatchObject({ kind: 'infrastructure', suspicion: { reason: 'unbuildable' } });
  });

  test('11 while the root was filled opens the log of that', () => {
    const logs = { build: log(''), root: log('Installing:\n bash\n') };
    expect(classifyFailure({ ...end, exitCode: 11, wasInstalling: true, logs })).toMatchObject({
      failure: {
        reason: 'timeout',
        message: "Installing what the build needs took longer than the build's time limit of 5 min.",
        where: { log: 'root.log', line: 2 },
      },
    });
  });
});

describe('really failed builds', () => {
  test.each(names)('%s', async (name) => {
    const { facts, logs } = readCase(name);
    const verdict = classifyFailure({ ...facts, logs });
    const reason = verdict.kind === 'failed' ? verdict.failure.reason : verdict.kind;
    expect(reason).toBe(facts.reason);
    await expect(`${JSON.stringify(verdict, null, 2)}\n`).toMatchFileSnapshot(join(folder, name, 'expected.json'));
  });

  test.each(names)('%s: the place to open is a line of the log that the excerpt begins with', (name) => {
    const { facts, logs } = readCase(name);
    const verdict = classifyFailure({ ...facts, logs });
    if (verdict.kind !== 'failed' || verdict.failure.where === null) return expect(verdict.kind).toBe('infrastructure');
    const { excerpt, where } = verdict.failure;
    const log = where.log === 'build.log' ? logs.build : logs.root;
    const line = log.text.split('\n')[where.line - log.firstLine] ?? '';
    expect(line.replaceAll('\t', '  ')).toContain(excerpt[0]?.trim());
  });
});

test('a build that reads the repository of a frozen project is told so', () => {
  const { facts, logs } = readCase('metadata-unsigned');
  const address = 'http://127.0.0.1:8080/results/acme/libs/coppice-extra-1/';
  const text = `Errors during downloading metadata for repository 'coppice-extra-1':
  - Status code: 451 for ${address}repodata/repomd.xml (IP: 127.0.0.1)
Error: Failed to download metadata for repo 'coppice-extra-1': Cannot download repomd.xml: Cannot download repodata/repomd.xml: All mirrors were tried
`;
  const verdict = classifyFailure({ ...facts, logs: { ...logs, root: { text, firstLine: 1 } } });
  const message = `The repository ${address}, which the project names, cannot be used: its project is frozen, and its packages are out of reach.`;
  expect(verdict).toMatchObject({ failure: { reason: 'dependencies', message } });
});
