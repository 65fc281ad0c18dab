// Effects: reads the part of a build log that a page shows: all of a small log; of a large one the beginning, the end,
// and the lines around the one that the page opens at.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Consecutive lines of a log; `firstLine` counts from 1. */
export interface LogPart {
  readonly firstLine: number;
  readonly lines: readonly string[];
  /** Where it begins and ends in the file. */
  readonly from: number;
  readonly until: number;
}

export interface LogText {
  /** Up to three parts, with gaps between them. */
  readonly parts: readonly LogPart[];
  readonly lineCount: number;
  /** How far the log was read: a page that follows a running build goes on from here. */
  readonly bytes: number;
}

/** Bytes read of the beginning and of the end of a large log, and before and after the line that must be shown. */
const headBytes = 96 * 1024;
const tailBytes = 160 * 1024;
const surroundingBytes = 32 * 1024;
/** Bytes that these may take on the page, with the markup of each line. */
const headRoom = 130_000;
const tailRoom = 220_000;
const surroundingRoom = 60_000;
const newline = 10;

/** What is to be shown of a log. */
export interface LogWish {
  /** This line is among what is read, when there is one. */
  readonly around?: number | undefined;
  /** The log grows: the last line is left out as long as it has no end. */
  readonly isGrowing?: boolean;
}

/**
 * Reads a log in pieces; memory stays bounded however large it is, and so does the page made of it. Throws what `open`
 * and `read` throw (a missing file: ENOENT); undefined when it is no regular file: a FIFO would be waited for.
 */
export async function readLog(file: string, { around, isGrowing = false }: LogWish = {}): Promise<LogText | undefined> {
  await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const about = await handle.stat();
  if (!about.isFile()) return undefined;
  const size = isGrowing ? await endOfLines(handle, about.size) : about.size;
  const whole = size <= headBytes + tailBytes ? await readPiece(handle, 0, size) : undefined;
  if (whole !== undefined && roomOf(whole) <= headRoom + surroundingRoom * 2 + tailRoom) {
    const lines = splitLines(whole);
    return { parts: [{ firstLine: 1, lines, from: 0, until: size }], lineCount: lines.length, bytes: size };
  }
  const head = cutEnd(await readPiece(handle, 0, Math.min(size, headBytes)), headRoom);
  const headEnd = head.lastIndexOf(newline) + 1;
  const tailFrom = Math.max(headEnd, size - tailBytes);
  const tail = await readPiece(handle, tailFrom, size);
  // What is read begins amid a line, but for the first one after the beginning.
  const tailStart = cutStart(tail, tailFrom === headEnd ? 0 : tail.indexOf(newline) + 1, tailRoom);
  const gap = { from: headEnd, until: tailFrom + tailStart };
  const first = { firstLine: 1, lines: splitLines(head.subarray(0, headEnd)), from: 0, until: headEnd };
  const { newlines, offset } = await scan(handle, size, gap.until, around);
  const lines = splitLines(tail.subarray(tailStart));
  const last = { firstLine: newlines + 1, lines, from: gap.until, until: size };
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

/** Where the last line that has an end ends; what comes behind it is looked through as far as a page shows. */
async function endOfLines(handle: FileHandle, size: number): Promise<number> {
  const from = Math.max(0, size - tailBytes);
  const end = (await readPiece(handle, from, size)).lastIndexOf(newline) + 1;
  return end === 0 && from > 0 ? size : from + end;
}

/** What a page needs for the markup of a line, and at most for one character of it. */
const lineRoom = 72;
const escaped = new Set([...'&<>"\'\u001b'].map((character) => character.charCodeAt(0)));
const escapedRoom = 6;
const colouredRoom = 24;
/** Of a longer line, not all is shown. */
const longestLine = 8000;

/** Bytes that the line from `start` to `end` may take on a page. */
function roomOfLine(bytes: Buffer, start: number, end: number): number {
  let room = lineRoom;
  const until = Math.min(end, start + longestLine);
  for (let at = start; at < until; at += 1) {
    const byte = bytes[at] ?? 0;
    room += escaped.has(byte) ? (byte === 27 ? colouredRoom : escapedRoom) : 1;
  }
  return room;
}

function roomOf(bytes: Buffer): number {
  let room = 0;
  for (let start = 0; start < bytes.length; ) {
    const end = endOfLine(bytes, start);
    room += roomOfLine(bytes, start, end);
    start = end;
  }
  return room;
}

function endOfLine(bytes: Buffer, start: number): number {
  const end = bytes.indexOf(newline, start);
  return end === -1 ? bytes.length : end + 1;
}

/** As many of the first lines as there is room for. */
function cutEnd(bytes: Buffer, room: number): Buffer {
  let left = room;
  let start = 0;
  while (start < bytes.length) {
    const end = endOfLine(bytes, start);
    left -= roomOfLine(bytes, start, end);
    if (left < 0) break;
    start = end;
  }
  return start === bytes.length ? bytes : bytes.subarray(0, start);
}

/** Where the last lines begin for which there is room, at `from` or behind it; the last of all is always among them. */
function cutStart(bytes: Buffer, from: number, room: number): number {
  let left = room;
  let start = bytes.length;
  while (start > from) {
    const before = start < 2 ? -1 : bytes.lastIndexOf(newline, start - 2);
    const begin = Math.max(from, before + 1);
    left -= roomOfLine(bytes, begin, start);
    if (left < 0 && start < bytes.length) break;
    start = begin;
  }
  return start;
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
  if (from >= until) return { firstLine: line, lines: [], from, until: from };
  const bytes = await readPiece(handle, from, until);
  const middle = Math.min(Math.max(offset - from, 0), bytes.length);
  const before = bytes.subarray(0, middle);
  // What is read begins amid a line, but for the first one of the gap.
  const start = cutStart(before, from === gap.from ? 0 : before.indexOf(newline) + 1, surroundingRoom);
  const lastEnd = bytes.lastIndexOf(newline) + 1;
  const whole = until === gap.until || lastEnd <= middle ? bytes.length : lastEnd;
  const after = bytes.subarray(middle, whole);
  const shown = cutEnd(after, surroundingRoom);
  const later = shown.length === 0 ? after.subarray(0, endOfLine(after, 0)) : shown;
  const earlier = splitLines(before.subarray(start));
  return {
    firstLine: line - earlier.length,
    lines: [...earlier, ...splitLines(later)],
    from: from + start,
    until: from + middle + later.length,
  };
}

/** Parts without a gap between them are one. */
function joinParts(parts: readonly LogPart[]): readonly LogPart[] {
  const joined: LogPart[] = [];
  for (const part of parts) {
    const before = joined.at(-1);
    if (before !== undefined && before.firstLine + before.lines.length === part.firstLine) {
      joined[joined.length - 1] = { ...before, lines: [...before.lines, ...part.lines], until: part.until };
    } else joined.push(part);
  }
  return joined;
}

function splitLines(bytes: Buffer): string[] {
  const lines = bytes.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => line.replace(/\r$/, ''));
}
