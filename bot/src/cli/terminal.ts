// What commands print to: a seam for tests, and the one place that lays out tables.
import { oneLine, plainText } from '../vocabulary/plain-text.ts';

export interface Terminal {
  /** Results: standard output, a line end is added. */
  print(text: string): void;
  /** Messages to the person: standard error. */
  say(text: string): void;
}

/** One that writes to a stream each. What could control a terminal does not reach them, whoever wrote it. */
export function openTerminal(print: (text: string) => void, say: (text: string) => void): Terminal {
  return { print: (text) => print(`${plainText(text)}\n`), say: (text) => say(`${plainText(text)}\n`) };
}

/** Columns padded to their widest cell. Control characters in cells are replaced: cells hold outside text. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const clean = [head, ...rows].map((row) => row.map(oneLine));
  const widths = head.map((_, column) => Math.max(...clean.map((row) => (row[column] ?? '').length)));
  return clean
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
