// How the two files of a store are written: a snapshot, and a journal with one JSON line for each group of changes.
// Pure.
import { crc32 } from 'node:zlib';
import { QueueError } from './store-error.ts';

/** One group of operations as it stands in the journal. Groups count from 1 over the life of the store. */
export interface JournalGroup<Operation> {
  readonly seq: number;
  readonly operations: readonly Operation[];
  /** Line in the journal, from 1. */
  readonly line: number;
}

/**
 * What a journal holds, and how many of its bytes are good; what follows them is a torn write that nobody was told of.
 */
export interface ParsedJournal<Operation> {
  readonly groups: readonly JournalGroup<Operation>[];
  readonly goodBytes: number;
}

const linePattern = /^\{"seq":([0-9]+),"crc":([0-9]+),"(?:ops|state)":(.*)\}$/s;
const newline = 0x0a;

/**
 * The line of one group, newline included; the checksum covers number and operations. A group is one line so that it
 * counts as a whole or not at all.
 */
export function formatGroup(seq: number, operations: readonly unknown[]): string {
  const ops = JSON.stringify(operations);
  return `{"seq":${seq},"crc":${crc32(ops, seq)},"ops":${ops}}\n`;
}

/**
 * Reads a journal. Only its last line may be torn: it has no newline, or holds zero bytes where a page never reached
 * the disk. Any other bad line was acknowledged once: QueueError `corrupt`, with file and line.
 */
export function parseJournal<Operation>(bytes: Buffer, path: string): ParsedJournal<Operation> {
  const groups: JournalGroup<Operation>[] = [];
  let start = 0;
  for (let line = 1; start < bytes.length; line++) {
    const end = bytes.indexOf(newline, start);
    if (end === -1) break;
    const group = parseLine<Operation>(bytes.subarray(start, end), line);
    const previous = groups.at(-1);
    if (group === undefined || (previous !== undefined && group.seq !== previous.seq + 1)) {
      const isLast = end === bytes.length - 1;
      if (isLast && isTorn(bytes.subarray(start, end))) break;
      throw corrupt(path, line, group === undefined ? 'is damaged' : `has number ${group.seq} out of turn`);
    }
    groups.push(group);
    start = end + 1;
  }
  return { groups, goodBytes: start };
}

/**
 * Whether a page of a line never reached the disk. A whole group before the first zero byte was acknowledged: then it
 * is the end of its line that was damaged.
 */
function isTorn(line: Buffer): boolean {
  const zero = line.indexOf(0);
  return zero !== -1 && parseLine(line.subarray(0, zero), 0) === undefined;
}

function parseLine<Operation>(bytes: Buffer, line: number): JournalGroup<Operation> | undefined {
  const match = linePattern.exec(bytes.toString('utf8'));
  if (match === null) return undefined;
  const [, seq = '', crc = '', ops = ''] = match;
  if (crc32(ops, Number(seq)) !== Number(crc)) return undefined;
  return { seq: Number(seq), operations: JSON.parse(ops) as Operation[], line };
}

/** The text of a snapshot: the state after group `seq`. */
export function formatSnapshot(seq: number, state: unknown): string {
  const text = JSON.stringify(state);
  return `{"seq":${seq},"crc":${crc32(text, seq)},"state":${text}}\n`;
}

/** Reads a snapshot. It was renamed into place when whole, so anything wrong with it is QueueError `corrupt`. */
export function parseSnapshot(text: string, path: string): { readonly seq: number; readonly state: unknown } {
  const [, seq = '', crc = '', state = ''] = linePattern.exec(text.trimEnd()) ?? [];
  if (seq === '' || crc32(state, Number(seq)) !== Number(crc)) throw corrupt(path, 1, 'is damaged');
  return { seq: Number(seq), state: JSON.parse(state) };
}

/** The error for a file that cannot be what we wrote. */
export function corrupt(path: string, line: number, what: string, cause?: unknown): QueueError {
  return new QueueError(
    'corrupt',
    `${path}:${line} ${what}, so what follows it cannot be trusted. Nothing was changed. ` +
      'Restore the folder from a backup; or, to go on with what stands before it, keep a copy and cut the file there.',
    { cause },
  );
}
