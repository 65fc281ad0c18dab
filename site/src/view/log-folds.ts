// A log as folds: one per section of the spec or step of mock, the one that failed open, errors and warnings marked.
import type { LogPart } from '../model/read-log.ts';
import { openSections } from './log-sections.js';
import { drawLine, plainStyle, type Run } from './log-text.js';
import { type LineTone, toneOf } from './log-tones.js';

interface LogLine {
  /** Its number in the raw log, from 1. */
  readonly number: number;
  readonly runs: readonly Run[];
  readonly tone: LineTone;
}

/** Lines of the log that are left out: `from` and `until` are bytes of the raw log, `firstLine` the first of them. */
export interface LogGap {
  readonly lines: number;
  readonly firstLine: number;
  readonly from: number;
  readonly until: number;
}

export interface LogFold {
  readonly title: string;
  readonly lines: readonly LogLine[];
  readonly failed: boolean;
  /** How long it took; null where the log does not say. */
  readonly seconds: number | null;
  /** What is left out before this fold. */
  readonly gap: LogGap | null;
}

export interface FoldOptions {
  /** The name of the log: each has sections of its own. */
  readonly file: string;
  /** The build failed: when no section says so itself, the last fold is the failed one. */
  readonly failed: boolean;
  /** What is known from elsewhere, by the title of the fold. */
  readonly seconds?: Readonly<Record<string, number>>;
}

/** A fold that is being filled. */
type Draft = { -readonly [Key in keyof LogFold]: LogFold[Key] } & { lines: LogLine[] };

/** Cuts a log into folds. */
export function foldLog(parts: readonly LogPart[], { file, failed, seconds = {} }: FoldOptions): readonly LogFold[] {
  const folds: Draft[] = [];
  const failedTitles = new Set<string>();
  let before = { line: 1, bytes: 0 };
  for (const part of parts) {
    const sections = openSections(file);
    const isFirst = folds.length === 0;
    let style = plainStyle;
    let open = startFold(isFirst ? sections.first : 'Further on', gapBefore(part, before));
    for (const [index, raw] of part.lines.entries()) {
      const drawn = drawLine(raw, style);
      style = drawn.style;
      const read = sections.read(drawn.text);
      if (read.begins) {
        // A part of the log may begin with a section.
        if (open.lines.length === 0) folds.pop();
        open = startFold(read.title, open.lines.length === 0 ? open.gap : null);
      }
      const timed = read.took && folds.findLast(({ title }) => title === read.took?.title);
      if (timed !== undefined) timed.seconds = read.took?.seconds ?? null;
      if (read.failed === true) open.failed = failed;
      else if (read.failed !== undefined) failedTitles.add(read.failed);
      open.lines.push({ number: part.firstLine + index, runs: drawn.runs, tone: toneOf(drawn.text) });
    }
    before = { line: part.firstLine + part.lines.length, bytes: part.until };
  }
  const shown = folds.filter((fold) => fold.lines.length > 0 || fold.gap !== null);
  for (const fold of shown) {
    fold.failed ||= failed && failedTitles.has(fold.title);
    fold.seconds ??= seconds[fold.title] ?? null;
  }
  const last = shown.at(-1);
  if (failed && last !== undefined && !shown.some((fold) => fold.failed)) last.failed = true;
  return shown;

  function startFold(title: string, gap: LogGap | null): Draft {
    const fold: Draft = { title, lines: [], failed: false, seconds: null, gap };
    folds.push(fold);
    return fold;
  }
}

function gapBefore(part: LogPart, before: { readonly line: number; readonly bytes: number }): LogGap | null {
  const lines = part.firstLine - before.line;
  return lines > 0 ? { lines, firstLine: before.line, from: before.bytes, until: part.from } : null;
}
