// Effects: reads the part of a build log that a page shows: all of a small log; of a large one the beginning, the end,
// and the lines around the one that the page opens at.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Consecutive lines of a log; `firstLine` counts from 1. */
export interface LogPart {
  readonly firstLine: number;
  readonly lines: readonly string[];
}

export interface LogText {
  /** Up to three parts, with gaps between them. */
  readonly parts: readonly LogPart[];
  readonly lineCount: number;
  /** How far the log was read: a page that follows a running build goes on from here. */
  readonly bytes: number;
}

/** Bytes shown of the beginning and of the end of a large log, and before and after the line that must be shown. */
const headBytes = 96 * 1024;
const tailBytes = 160 * 1024;
const surroundingBytes = 32 * 1024;
const newline = 10;

/**
 * Reads a log in pieces; memory stays bounded however large it is. The line `around` is always among what is read, when
 * there is one. Throws what `open` and `read` throw (a missing file: ENOENT); undefined when it is no regular file: a
 * FIFO would be waited for.
 */
export async function readLog(file: string, around?: number): Promise<LogText | undefined> {
  await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const about = await handle.stat();
  if (!about.isFile()) return undefined;
  const { size } = about;
  if (size <= headBytes + tailBytes) {
    const lines = splitLines(await readPiece(handle, 0, size));
    return { parts: [{ firstLine: 1, lines }], lineCount: lines.length, bytes: size };
  }
  const head = await readPiece(handle, 0, headBytes);
  const headEnd = head.lastIndexOf(newline) + 1;
  const tail = await readPiece(handle, size - tailBytes, size);
  const tailStart = tail.indexOf(newline) + 1;
  const gap = { from: headEnd, until: size - tailBytes + tailStart };
  const first = { firstLine: 1, lines: splitLines(head.subarray(0, headEnd)) };
  const { newlines, offset } = await scan(handle, size, gap.until, around);
  const last = { firstLine: newlines + 1, lines: splitLines(tail.subarray(tailStart)) };
  const lineCount = newlines + last.lines.length;
  if (offset === undefined || around === undefined) return { parts: joinParts([first, last]), lineCount, bytes: size };
  // Where it stands in the gap; or the end of the gap that is nearer, as lines around it may be in the gap.
  const line = Math.min(Math.max(around, first.lines.length + 1), last.firstLine);
  const middle = await readSurroundings(handle, { line, offset }, gap);
  return {
    parts: joinParts(middle.lines.length === 0 ? [first, last] : [first, middle, last]),
    lineCount,
    bytes: size,
  };
}

/** The bytes of the file from `from` on that are before `until`. */
async function readPiece(handle: FileHandle, from: number, until: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(until - from), 0, until - from, from);
  return buffer.subarray(0, bytesRead);
}

/**
 * How many lines end before `until`, and where the line numbered `sought` begins; undefined when there is no such line.
 */
async function scan(handle: FileHandle, size: number, until: number, sought: number | undefined) {
  const buffer = Buffer.alloc(1024 * 1024);
  const end = sought === undefined ? until : size;
  let line = 1;
  let newlines = 0;
  let offset = sought === 1 ? 0 : undefined;
  for (let from = 0; from < end; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, end - from), from);
    if (bytesRead === 0) break;
    for (let at = buffer.indexOf(newline); at !== -1 && at < bytesRead; at = buffer.indexOf(newline, at + 1)) {
      line += 1;
      const next = from + at + 1;
      if (next <= until) newlines += 1;
      if (line === sought && next < size) offset = next;
    }
    from += bytesRead;
  }
  return { newlines, offset };
}

/**
 * The whole lines of the gap that are near `offset`. `line` is the number of the line there, or of the one where the
 * gap begins or ends when it is beside the gap. A line that is longer than what is read is cut.
 */
async function readSurroundings(
  handle: FileHandle,
  { line, offset }: { readonly line: number; readonly offset: number },
  gap: { readonly from: number; readonly until: number },
): Promise<LogPart> {
  const from = Math.max(gap.from, offset - surroundingBytes);
  const until = Math.min(gap.until, offset + surroundingBytes);
  if (from >= until) return { firstLine: line, lines: [] };
  const bytes = await readPiece(handle, from, until);
  const middle = Math.min(Math.max(offset - from, 0), bytes.length);
  const before = bytes.subarray(0, middle);
  // What is read begins amid a line, but for the first one of the gap.
  const start = from === gap.from ? 0 : before.indexOf(newline) + 1;
  const lastEnd = bytes.lastIndexOf(newline) + 1;
  const end = until === gap.until || lastEnd <= middle ? bytes.length : lastEnd;
  const earlier = splitLines(before.subarray(start));
  return { firstLine: line - earlier.length, lines: [...earlier, ...splitLines(bytes.subarray(middle, end))] };
}

/** Parts without a gap between them are one. */
function joinParts(parts: readonly LogPart[]): readonly LogPart[] {
  const joined: LogPart[] = [];
  for (const part of parts) {
    const before = joined.at(-1);
    if (before !== undefined && before.firstLine + before.lines.length === part.firstLine) {
      joined[joined.length - 1] = { ...before, lines: [...before.lines, ...part.lines] };
    } else joined.push(part);
  }
  return joined;
}

function splitLines(bytes: Buffer): string[] {
  const lines = bytes.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => line.replace(/\r$/, ''));
}
