// What programs say when they fail in any section of a spec: shells, interpreters, make, the system. Pure.
import { baseName, bytes, quoted, shortPath } from '../base/sentence-parts.ts';
import { type Clue, clue, type Finding, lastLine } from './clues.ts';
import type { LogLine } from './log-lines.ts';

const networkHint = 'Builds have no network';

export const networkClues: readonly Clue[] = [
  clue(/(?:Temporary failure in name resolution|Could not resolve host:? ?(\S*)|Name or service not known)/, (host) =>
    host === ''
      ? `The build looks up a name on the network. ${networkHint}.`
      : `The build looks for ${quoted(host)} on the network. ${networkHint}.`,
  ),
  clue(/Network is unreachable/, () => `The build connects to the network. ${networkHint}.`),
];

/** Line ends of Windows, as shells, `env` and the kernel show them. */
const returnClues: readonly Clue[] = [
  clue(/^(\S{1,300}?): line \d+: (?:.*\$'[^']*\\r'|.*\\r: )/, returnsIn),
  clue(/^(?:\/usr\/bin\/)?env: .{0,200}\\r['’"]/, () => returnsIn('')),
  clue(/^(?:\S{1,300}: )*(\S{1,300}): .{0,200}\^M: (?:bad interpreter|[Nn]o such file)/, returnsIn),
];

function returnsIn(file: string): string {
  const name = baseName(file);
  const what = name === '' ? 'A script' : name.startsWith('rpm-tmp.') ? 'The spec' : quoted(name);
  return `${what} has the line ends of Windows (CRLF): save it with those of Unix (LF), as dos2unix does.`;
}

export const programClues: readonly Clue[] = [
  ...returnClues,
  ...networkClues,
  clue(
    /^(?:\S+: line \d+: )(\S+): command not found$/,
    (name) => `The command ${quoted(name)} is not there: is its package in BuildRequires?`,
  ),
  clue(
    /^(?:\/usr\/bin\/)?env: ['‘]?([^'’:]+)['’]?: No such file or directory/,
    (name) => `The program ${quoted(name)} is not there: is its package in BuildRequires?`,
  ),
  clue(
    /^(?:\S+: line \d+: )(\S+): (?:cannot execute: required file not found|bad interpreter.*)$/,
    (file) =>
      `The interpreter of ${quoted(shortPath(file))} is not there, or its first line has the line ends of Windows.`,
  ),
  clue(
    /^(?:\S+: line \d+: )(\S+): Permission denied$/,
    (file) => `${quoted(shortPath(file))} cannot be run or written: permission denied.`,
  ),
  clue(
    /^(?:\S+: line \d+: )(\S+): unbound variable$/,
    (name) => `The shell variable ${quoted(name)} is used but not set.`,
  ),
  clue(
    /^(?:\S+: line \d+: )syntax error[:,]? (.+)$/,
    (text) => `A shell script of the spec has a syntax error: ${quoted(text)}.`,
  ),
  clue(
    /^(?:\S+: (?:line )?\d+: )?cd: (\S+): No such file or directory$/,
    (folder) => `The folder ${quoted(folder)} does not exist.`,
  ),
  clue(
    /fork: (?:retry: )?Resource temporarily unavailable/,
    () => 'The build started more processes than it may have.',
  ),
  clue(/File size limit exceeded|: File too large$/, () => 'The build wrote a file that is larger than its limit.'),
  clue(/Too many open files/, () => 'The build opened more files than it may have open.'),
  clue(
    /^(?:ModuleNotFoundError|ImportError): No module named ['"]?([\w.]+)/,
    (name) => `The Python module ${quoted(name)} is not there: is its package in BuildRequires?`,
  ),
  clue(
    /^(?:E {1,6})?((?:[A-Za-z_][\w.]{0,80})?(?:Error|Exception|Interrupt)): (.+)$/,
    (kind, text) => `Python stopped with ${quoted(kind, 60)}: ${quoted(text)}.`,
  ),
  clue(
    /^Can't locate (\S+)\.pm in @INC/,
    (module) =>
      `The Perl module ${quoted(module.replaceAll('/', '::'))} is not there: is its package in BuildRequires?`,
  ),
  clue(
    /^(.{1,990}) at (\S+) line (\d+)\.$/,
    (text, file, line) => `${quoted(baseName(file))}:${line} stopped: ${quoted(text)}.`,
  ),
  clue(
    /^make(?:\[\d+\])?: \*\*\* No rule to make target ['`‘]([^'’]+)['’], needed by ['`‘]([^'’]+)['’]/,
    (target, by) => `make needs ${quoted(target)} for ${quoted(by)}, which is neither there nor described.`,
  ),
  clue(
    /^make(?:\[\d+\])?: \*\*\* No rule to make target ['`‘]([^'’]+)['’]/,
    (target) => `make knows no target ${quoted(target)}.`,
  ),
  clue(/^make(?:\[\d+\])?: \*\*\* No targets specified and no makefile found/, () => 'make found no Makefile.'),
  clue(
    /^([^:\s]+):(\d+): \*\*\* (.+?)\.? {1,2}Stop\.$/,
    (file, line, text) => `${quoted(baseName(file))}:${line} is not a good Makefile: ${quoted(text)}.`,
  ),
  clue(
    /Segmentation fault(?: +\(core dumped\))?(?: {1,20}(\S.*))?$/,
    (command) =>
      `${command === '' ? 'A program' : `The command "${quoted(command)}"`} crashed with a segmentation fault.`,
  ),
  clue(
    /\bAborted(?: +\(core dumped\))?(?: {1,20}(\S.*))?$/,
    (command) => `${command === '' ? 'A program' : `The command "${quoted(command)}"`} aborted.`,
  ),
  clue(
    /^(?:sed|cp|mv|install|cat|ls|chmod|ln|rm|find|grep|touch|mkdir|diff): (?:cannot \w+ )?(?:regular file )?['‘`]?(\S[^'’:]{0,200}?)['’]?: (No such file or directory|Permission denied|Read-only file system)$/,
    (file, text) =>
      text.startsWith('No such')
        ? `The file ${quoted(shortPath(file))} does not exist.`
        : `${quoted(file)} cannot be written: builds may write only below their own folder.`,
  ),
  clue(
    /^(?:sed: can't read|install: cannot stat|cp: cannot stat) ['‘]?([^'’:]{1,200})['’]?: No such file or directory/,
    (file) => `The file ${quoted(shortPath(file))} does not exist.`,
  ),
  clue(
    /^make(?:\[\d+\])?: \*\*\* \[([^:\]]+:\d+): ([^\]]+)\] Error (\d+)/,
    (place, target, code) => `make could not make ${quoted(target)} (${quoted(baseName(place))}, exit code ${code}).`,
  ),
];

/** Earlier words are not why a build failed: it may have gone on. */
const tailLines = 60;

const diskFull = /no space left on device|disk quota exceeded/i;

/** Where a log says that memory ran out: compilers, linkers, interpreters and the kernel, each in its own words. */
const memoryRanOut =
  /[Cc]annot allocate memory|memory exhausted|[Oo]ut of memory|std::bad_alloc|\bMemoryError\b|OutOfMemoryError|\bKilled\b|killed by signal 9/;

/** By KILL, TERM, HUP, INT, QUIT or ABRT; a shell says it by 128 and its number. */
const rpmbuildKilled = /^Child return code was: (?:-(?:9|15|1|2|3|6)|137|143|129|130|131|134)$/;

interface Limits {
  /** The build's bounds, or null where there is none. */
  readonly memoryBytes: number | null;
}

/** A limit that the build ran into, as the end of the log shows. */
export function findLimit(
  buildLog: readonly LogLine[],
  rootLog: readonly LogLine[],
  limits: Limits,
): Finding | undefined {
  const tail = buildLog.slice(-tailLines);
  const full = tail.find(({ text }) => diskFull.test(text));
  if (full !== undefined)
    return { line: full, message: 'No space left: the build wrote more than its disk quota allows.' };
  const overlong = lastLine(rootLog, /wrote more than \d+ bytes of log/);
  const last = buildLog.at(-1);
  if (overlong !== undefined && last !== undefined)
    return { line: last, message: 'The build wrote more log than it may.' };
  if (limits.memoryBytes === null) return undefined;
  const out = tail.find(({ text }) => !text.startsWith('+') && (memoryRanOut.test(text) || rpmbuildKilled.test(text)));
  const message = `Out of memory: the build needed more than its limit of ${bytes(limits.memoryBytes)}.`;
  return out === undefined ? undefined : { line: out, message };
}

/** mock-lite's words for results that cannot be taken from where rpmbuild puts them. */
const spoiltResults = /^What the build left in (\S{1,40}) cannot be taken: (.{1,200})$/;

/** rpmbuild's words where it cannot put its results. */
const lostResults = /^error: cannot create \S{0,200}\/(S?RPMS)(?:\/\S{0,200})?: (.{1,200})$/;

/**
 * What rpmbuild made cannot be put into the folders of the results, or not be found there: the build did something to
 * them.
 */
export function findSpoiltResults(
  buildLog: readonly LogLine[],
  rootLog: readonly LogLine[],
): Pick<Finding, 'message'> | undefined {
  const wentWell = /^Child return code was: 0$/.test(buildLog.at(-1)?.text ?? '');
  const [lines, pattern] = wentWell ? [rootLog, spoiltResults] : [buildLog.slice(-tailLines), lostResults];
  const [, folder, why] = lines.map(({ text }) => pattern.exec(text)).findLast((match) => match !== null) ?? [];
  if (folder === undefined) return undefined;
  return { message: `The build removed or replaced the folder ${quoted(folder)} of its own results: ${quoted(why)}.` };
}

const killedByKernel = /(?:-9|137)$/;
/** A shell that says what it runs runs what ends other programs. */
export const killing = /^\++ (?:\S{0,200}\/)?(?:kill|pkill|killall5?|skill)(?: |$)/;

/**
 * How rpmbuild itself was killed, while mock went on. `unclear`: the kernel may have done it because memory was short,
 * which any other build on the machine may have taken.
 */
export function findKilled(buildLog: readonly LogLine[]): 'by-the-build' | 'unclear' | undefined {
  const tail = buildLog.slice(-tailLines);
  const killed = lastLine(tail, rpmbuildKilled);
  if (killed === undefined) return undefined;
  return killedByKernel.test(killed.text) && !tail.some(({ text }) => killing.test(text)) ? 'unclear' : 'by-the-build';
}
