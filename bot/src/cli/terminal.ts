// What commands print to: a seam for tests, and the one place that lays out tables.

export interface Terminal {
  /** Results: standard output, a line end is added. */
  print(text: string): void;
  /** Messages to the person: standard error. */
  say(text: string): void;
}

/** Columns padded to their widest cell. Control characters in cells are replaced: cells hold outside text. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
  const clean = [head, ...rows].map((row) => row.map((cell) => cell.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')));
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
