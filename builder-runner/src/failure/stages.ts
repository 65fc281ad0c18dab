// Which section of the spec failed, and what its lines say. Pure.
import type { FailureReason } from '@coppice/config';
import { listed, quoted } from '../base/sentence-parts.ts';
import { type Clue, findClue } from './clues.ts';
import { compileClues } from './compile-clues.ts';
import { findFailedTests } from './failed-tests.ts';
import { type LogLine, tellingLines } from './log-lines.ts';
import { networkClues, programClues } from './program-clues.ts';
import { packagingClues, prepClues, sourceClues } from './stage-clues.ts';

interface Stage {
  readonly reason: FailureReason;
  readonly clues: readonly Clue[];
}

const stages: ReadonlyMap<string, Stage> = new Map([
  ['prep', { reason: 'prep', clues: [...prepClues, ...programClues] }],
  ['generate_buildrequires', { reason: 'prep', clues: programClues }],
  ['conf', { reason: 'compile', clues: [...compileClues, ...programClues] }],
  ['build', { reason: 'compile', clues: [...compileClues, ...programClues] }],
  ['install', { reason: 'packaging', clues: [...packagingClues.slice(0, -1), ...compileClues, ...programClues] }],
  ['check', { reason: 'check', clues: [...checkClues(), ...compileClues, ...programClues] }],
  ['clean', { reason: 'packaging', clues: programClues }],
]);

function checkClues(): readonly Clue[] {
  return [
    {
      pattern: /^(\S+): (\S+?):(\d+): .{1,900}: Assertion [`'‘](.+)['’] failed\.?$/,
      say: (program, file, line, text) =>
        `%check failed: ${quoted(program)} asserts ${quoted(text)} at ${quoted(file)}:${line}.`,
    },
    {
      pattern: /ERROR: (\w+Sanitizer): (\S+)/,
      say: (tool, what) => `%check failed: ${quoted(tool)} found ${quoted(what)}.`,
    },
    {
      pattern: /^ {2}what\(\): {1,4}(.+)$/,
      say: (text) => `%check failed: a program stopped with the exception ${quoted(text)}.`,
    },
    ...networkClues,
  ] as readonly Clue[];
}

export interface RpmbuildFault {
  readonly reason: FailureReason;
  readonly message: string;
  readonly line: LogLine | undefined;
}

const stageStart = /^Executing\(%([a-z_]{1,40})\):/;
const stageFailed = /\bBad exit status from \S{1,200} \(%([a-z_]{1,40})\)/;

/** The last section that began, and its lines up to the one that says that it failed; undefined when none began. */
export function stageOf(
  lines: readonly LogLine[],
): { readonly name: string; readonly lines: readonly LogLine[]; readonly failed: boolean } | undefined {
  const start = lines.findLastIndex(({ text }) => stages.has(stageStart.exec(text)?.[1] ?? ''));
  // The beginning of a section may stand before what was read of a long log; its failure stands at the end.
  const failure = lines.findLast(({ text }) => stages.has(stageFailed.exec(text)?.[1] ?? ''));
  const name = stageStart.exec(lines[start]?.text ?? '')?.[1] ?? stageFailed.exec(failure?.text ?? '')?.[1];
  if (name === undefined) return undefined;
  const end = lines.findIndex(({ text }, index) => index > start && stageFailed.exec(text)?.[1] === name);
  return { name, lines: lines.slice(start + 1, end === -1 ? undefined : end), failed: end !== -1 };
}

/** What rpmbuild's log says of its failure. */
export function findRpmbuildFault(lines: readonly LogLine[]): RpmbuildFault {
  const stage = stageOf(lines);
  const packs = (stage?.lines ?? lines).some(({ text }) => text.startsWith('Processing files: '));
  if (stage === undefined) return packs ? packagingFault(lines) : sourceFault(lines);
  const known = stages.get(stage.name);
  // A section that neither failed nor was followed by another was cut off: its programs may say why.
  if (known === undefined || (!stage.failed && (packs || laterThanSections(stage.lines))))
    return packagingFault(stage.lines);
  if (stage.name === 'check') {
    const tests = findFailedTests(tellingLines(stage.lines));
    if (tests !== undefined) return { reason: 'check', ...tests };
  }
  const found = findClue(tellingLines(stage.lines), known.clues);
  return { reason: known.reason, ...(found ?? silentFault(stage.name, stage.lines)) };
}

/** Whether rpmbuild went on after the last section. */
function laterThanSections(lines: readonly LogLine[]): boolean {
  return lines.some(({ text }) => /^error: (?!Bad exit status)|^RPM build errors:/.test(text));
}

/** The shell prints each command before it runs it: the last one is the one that failed. */
function silentFault(name: string, lines: readonly LogLine[]): Pick<RpmbuildFault, 'message' | 'line'> {
  const command = lines.findLast(({ text }) => text.startsWith('+ ') && !/^\+ (?:RPM_EC|exit 0)/.test(text));
  if (command === undefined) return { message: `%${name} failed without a word.`, line: lines.at(-1) };
  const next = lines[lines.indexOf(command) + 1];
  return { message: `%${name} failed at the command "${quoted(command.text.slice(2))}".`, line: next ?? command };
}

function sourceFault(lines: readonly LogLine[]): RpmbuildFault {
  const found = findClue(tellingLines(lines), sourceClues);
  const message = 'rpmbuild could not start: the source package or its spec is broken.';
  return { reason: 'source', ...(found ?? { message, line: lines.at(-1) }) };
}

/** All sections ran: what is left is rpmbuild's own look at files, dependencies and licences. */
function packagingFault(lines: readonly LogLine[]): RpmbuildFault {
  const heading = lines.findIndex(({ text }) => /^error: Installed \(but unpackaged\) file\(s\) found:/.test(text));
  const headed = lines[heading];
  if (headed !== undefined) {
    const rest = lines.slice(heading + 1);
    const end = rest.findIndex(({ text }) => !text.startsWith('   /'));
    const files = rest.slice(0, end === -1 ? undefined : end).map(({ text }) => quoted(text.trim()));
    return { reason: 'packaging', line: headed, message: `Installed, but not in %files: ${listed(files)}.` };
  }
  const found = findClue(tellingLines(lines), packagingClues);
  const message = 'rpmbuild could not make the packages from what was installed.';
  return { reason: 'packaging', ...(found ?? { message, line: lines.at(-1) }) };
}
