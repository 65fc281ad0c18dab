// Effects: reads as much of a build log as a page may show: all of a small one, the beginning and the end of a large one.
import { open } from 'node:fs/promises';

/** Consecutive lines of a log; `firstLine` counts from 1. */
export interface LogPart {
  readonly firstLine: number;
  readonly lines: readonly string[];
}

export interface LogText {
  /** One part, or two with a gap between them. */
  readonly parts: readonly LogPart[];
  readonly lineCount: number;
  /** How far the log was read: a page that follows a running build goes on from here. */
  readonly bytes: number;
}

/** Bytes shown of the beginning and of the end of a large log. */
const headBytes = 96 * 1024;
const tailBytes = 160 * 1024;

/** Reads a log in pieces; memory stays bounded however large it is. Throws what `open` and `read` throw (a missing file: ENOENT). */
export async function readLog(file: string): Promise<LogText> {
  await using handle = await open(file, 'r');
  const { size } = await handle.stat();
  if (size <= headBytes + tailBytes) {
    const lines = splitLines(await piece(0, size));
    return { parts: [{ firstLine: 1, lines }], lineCount: lines.length, bytes: size };
  }
  const head = await piece(0, headBytes);
  const headLines = splitLines(head.subarray(0, head.lastIndexOf(10) + 1));
  const tail = await piece(size - tailBytes, tailBytes);
  const tailStart = tail.indexOf(10) + 1;
  const tailLines = splitLines(tail.subarray(tailStart));
  const before = await countNewlines(size - tailBytes + tailStart);
  const parts = [
    { firstLine: 1, lines: headLines },
    { firstLine: before + 1, lines: tailLines },
  ];
  return { parts, lineCount: before + tailLines.length, bytes: size };

  async function piece(from: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from);
    return buffer.subarray(0, bytesRead);
  }

  async function countNewlines(until: number): Promise<number> {
    const buffer = Buffer.alloc(1024 * 1024);
    let count = 0;
    for (let from = 0; from < until; ) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, until - from), from);
      if (bytesRead === 0) break;
      for (let at = buffer.indexOf(10); at !== -1 && at < bytesRead; at = buffer.indexOf(10, at + 1)) count += 1;
      from += bytesRead;
    }
    return count;
  }
}

function splitLines(bytes: Buffer): string[] {
  const lines = bytes.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => line.replace(/\r$/, ''));
}
