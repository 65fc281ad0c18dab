// A build log as folds: one per section of the spec, the one that failed open, errors and warnings marked.
import type { LogPart } from '../model/read-log.ts';

export type LineTone = 'error' | 'warning' | 'plain';

interface LogLine {
  /** Its number in the raw log, from 1. */
  readonly number: number;
  readonly text: string;
  readonly tone: LineTone;
}

export interface LogFold {
  readonly title: string;
  readonly lines: readonly LogLine[];
  readonly failed: boolean;
  /** Lines of the log that are left out before this fold. */
  readonly skippedBefore: number;
}

/** A longer line is cut; the raw log has all of it. */
const maximumLineLength = 2000;

const sectionStart = /^Executing\((%[a-z]+)\)/;
const sectionFailed = /Bad exit status from \S+ \((%[a-z]+)\)/;
const errorLine =
  /(^|[\s:])(error|fatal|fail|failed|failure|undefined reference|traceback|segmentation fault)([\s:!]|$)|: command not found|No such file or directory|^make(\[\d+\])?: \*\*\*/i;
const harmless = /\b(0 (errors?|failed|failures)|no errors?)\b/i;
const warningLine = /(^|[\s:([])(warning|deprecated)([\s:)\]]|$)/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with ESC
const terminalColour = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** Whether a line speaks of an error or a warning, judged by its words alone. */
export function toneOf(text: string): LineTone {
  const head = text.slice(0, maximumLineLength);
  if (errorLine.test(head) && !harmless.test(head)) return 'error';
  return warningLine.test(head) ? 'warning' : 'plain';
}

/** Text of a log line as shown: without terminal colours, cut when it is very long. */
export function shownText(text: string): string {
  const bounded = text.slice(0, maximumLineLength * 2).replace(terminalColour, '');
  if (text.length <= maximumLineLength) return bounded;
  return `${bounded.slice(0, maximumLineLength)} … (${text.length - maximumLineLength} more characters in the raw log)`;
}

/**
 * Cuts a log into folds. `failed` = the build failed: when no section says so itself, the last fold is the failed one.
 */
export function foldLog(parts: readonly LogPart[], failed: boolean): readonly LogFold[] {
  const folds: { title: string; lines: LogLine[]; failed: boolean; skippedBefore: number }[] = [];
  const failedSections = new Set<string>();
  let nextLine = 1;
  for (const part of parts) {
    const skippedBefore = part.firstLine - nextLine;
    let open = startFold(folds.length === 0 ? 'Preparation' : 'Further on', skippedBefore);
    for (const [index, raw] of part.lines.entries()) {
      const title = titleOfSection(raw, open.title);
      if (title !== undefined) open = startFold(title, 0);
      const failure = sectionFailed.exec(raw)?.[1];
      if (failure !== undefined) failedSections.add(failure);
      open.lines.push({ number: part.firstLine + index, text: shownText(raw), tone: toneOf(raw) });
    }
    nextLine = part.firstLine + part.lines.length;
  }
  const shown = folds.filter((fold) => fold.lines.length > 0 || fold.skippedBefore > 0);
  for (const fold of shown) fold.failed = failedSections.has(fold.title);
  const last = shown.at(-1);
  if (failed && last !== undefined && !shown.some((fold) => fold.failed)) last.failed = true;
  return shown;

  function startFold(title: string, skippedBefore: number) {
    const fold = { title, lines: [] as LogLine[], failed: false, skippedBefore };
    folds.push(fold);
    return fold;
  }
}

function titleOfSection(line: string, present: string): string | undefined {
  const section = sectionStart.exec(line)?.[1];
  if (section !== undefined) return section === present ? undefined : section;
  if (/^Processing files: /.test(line)) return present === 'Packaging' ? undefined : 'Packaging';
  if (/^(RPM build errors:|Child return code was: )/.test(line)) return present === 'Result' ? undefined : 'Result';
  return undefined;
}
