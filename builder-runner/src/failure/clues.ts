// Looking for the line that says why. Pure. Patterns take linear time on a line; lines are bounded (log-lines.ts).
import type { LogLine } from './log-lines.ts';

export interface Clue {
  readonly pattern: RegExp;
  /** The sentence, from the pattern's groups. */
  readonly say: (...groups: readonly string[]) => string;
}

/** A cause: its line and what it means. */
export interface Finding {
  readonly line: LogLine;
  readonly message: string;
}

/** A clue whose sentence takes the pattern's groups in their order. */
export function clue(pattern: RegExp, say: Clue['say']): Clue {
  return { pattern, say };
}

/** The first line that fits the first clue that fits any: clues stand in order of how much they say. */
export function findClue(lines: readonly LogLine[], clues: readonly Clue[]): Finding | undefined {
  for (const { pattern, say } of clues) {
    for (const line of lines) {
      const match = pattern.exec(line.text);
      if (match !== null) return { line, message: say(...match.slice(1).map((group) => group ?? '')) };
    }
  }
  return undefined;
}

/** The last line that fits. */
export function lastLine(lines: readonly LogLine[], pattern: RegExp): LogLine | undefined {
  return lines.findLast(({ text }) => pattern.test(text));
}
