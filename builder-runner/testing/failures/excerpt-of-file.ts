// The part of a log that is kept with a case: its last lines, as they are.
import { readFile } from 'node:fs/promises';

const keptCharacters = 16_000;

interface Excerpt {
  readonly firstLine: number;
  readonly text: string;
}

/** The end of a log and the number, from 1, of its first line. Overlong lines are cut. */
export async function excerptOfFile(path: string, keptLines: number): Promise<Excerpt> {
  const lines = (await readFile(path, 'utf8')).split('\n').map((line) => line.slice(0, 600));
  let from = Math.max(0, lines.length - keptLines - 1);
  const length = () => lines.slice(from).join('\n').length;
  while (length() > keptCharacters) from += 1;
  return { firstLine: from + 1, text: lines.slice(from).join('\n') };
}
