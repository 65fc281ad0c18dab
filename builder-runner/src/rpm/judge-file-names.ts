// Whether rpm can unpack the files of packages.
import { type Failure, fail } from '../base/outcome.ts';
import { inQuotes } from '../base/sentence-parts.ts';
import type { RpmHeader } from './rpm-header.ts';

/**
 * While it unpacks a file, rpm calls it by its name with `;` and eight digits behind it (`fsmFsPath` in rpm's fsm.c);
 * file systems take 255 bytes.
 */
const longestFileNameBytes = 255 - 9;

/** Why nobody can install a package with one of these headers by file name; undefined: they can. Pure. */
export function judgeFileNames(headers: ReadonlyMap<string, RpmHeader>): Failure | undefined {
  for (const [file, { longestFileName }] of headers) {
    const length = Buffer.byteLength(longestFileName);
    if (length <= longestFileNameBytes) continue;
    const name = inQuotes(`${longestFileName.slice(0, 40)}\u2026`);
    const most = `its name has ${length} bytes, and rpm can unpack ${longestFileNameBytes}`;
    return fail('unbuildable', `${inQuotes(file)} cannot be installed: of its file ${name}, ${most}.`).failure;
  }
  return undefined;
}
