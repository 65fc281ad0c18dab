// Limits that a build ran into: disk, memory, the size of its log. Pure.
import { bytes } from '../sentence-parts.ts';
import type { Finding } from './clues.ts';
import { lastLine } from './clues.ts';
import type { LogLine } from './log-lines.ts';

/** Earlier words are not why a build failed: it may have gone on. */
const tailLines = 60;

const diskFull = /no space left on device|disk quota exceeded/i;

/** Where a log says that memory ran out: compilers, linkers, interpreters and the kernel, each in its own words. */
const memoryRanOut =
  /[Cc]annot allocate memory|memory exhausted|[Oo]ut of memory|std::bad_alloc|\bMemoryError\b|OutOfMemoryError|\bKilled\b|killed by signal 9/;
const rpmbuildKilled = /^Child return code was: (?:137|-9)$/;

interface Limits {
  /** The build's bounds, or null where there is none. */
  readonly memoryBytes: number | null;
}

/** A limit that the end of the log tells of. */
export function findLimit(
  buildLog: readonly LogLine[],
  rootLog: readonly LogLine[],
  limits: Limits,
): Finding | undefined {
  const tail = buildLog.slice(-tailLines);
  const full = tail.find(({ text }) => diskFull.test(text));
  if (full !== undefined)
    return { line: full, message: 'No space left: the build wrote more than its disk quota allows.' };
  const overlong = lastLine(rootLog, /wrote more than \d+ bytes of log/);
  const last = buildLog.at(-1);
  if (overlong !== undefined && last !== undefined)
    return { line: last, message: 'The build wrote more log than it may.' };
  if (limits.memoryBytes === null) return undefined;
  const out = tail.find(({ text }) => !text.startsWith('+') && (memoryRanOut.test(text) || rpmbuildKilled.test(text)));
  const message = `Out of memory: the build needed more than its limit of ${bytes(limits.memoryBytes)}.`;
  return out === undefined ? undefined : { line: out, message };
}

/** rpmbuild itself was killed although nobody bounded its memory: somebody or something on the builder did it. */
export function findKilled(buildLog: readonly LogLine[]): LogLine | undefined {
  return lastLine(buildLog.slice(-tailLines), rpmbuildKilled);
}
