// Effects: reads which packages the buildroots of two builds had, from the logs beside their records.
import { join } from 'node:path';
import { buildrootLog, maximumBuildrootBytes, parseBuildroot } from '@coppice/config';
import { readRegularFile } from '../model/regular-file.ts';
import type { ChrootRun } from '../model/site-model.ts';
import { compareBuildroots, type PackageChange } from './compare-buildroots.ts';

/** Both runs of one chroot. */
export interface RunPair {
  readonly before: ChrootRun;
  readonly now: ChrootRun;
}

/** Of all lists of one page; a usual one has some 50 kB. */
const bytesOfPage = 8 * 1024 * 1024;

/** One page at a time: many are made side by side, and each list may be as large as it can be. */
let turn: Promise<unknown> = Promise.resolve();

/**
 * What each pair's buildroots do not have in common, undefined where that is not known: no list of both is there and
 * can be read, or those before have taken up what may be read for a page. `folder` is `published/`.
 */
export function readBuildrootChanges(
  folder: string,
  pairs: readonly RunPair[],
): Promise<readonly (readonly PackageChange[] | undefined)[]> {
  const reading = turn.then(() => readAll(folder, pairs));
  turn = reading.catch(() => undefined);
  return reading;
}

async function readAll(
  folder: string,
  pairs: readonly RunPair[],
): Promise<readonly (readonly PackageChange[] | undefined)[]> {
  const found: (readonly PackageChange[] | undefined)[] = [];
  let left = bytesOfPage;
  for (const { before, now } of pairs) {
    const bytes = bytesOf(before) + bytesOf(now);
    if (bytes > left) found.push(undefined);
    else {
      left -= bytes;
      found.push(await readOne(folder, before, now));
    }
  }
  return found;
}

async function readOne(
  folder: string,
  before: ChrootRun,
  now: ChrootRun,
): Promise<readonly PackageChange[] | undefined> {
  const [old, fresh] = [await readList(folder, before), await readList(folder, now)];
  if (old === undefined || fresh === undefined) return undefined;
  const oldList = parseBuildroot(old);
  const freshList = old === fresh ? oldList : parseBuildroot(fresh);
  // No build begins in an empty root: such a list was not written to its end.
  if (oldList.packages.length === 0 || freshList.packages.length === 0) return undefined;
  return old === fresh ? [] : compareBuildroots(oldList, freshList);
}

/** Infinity where there is none that may be read. */
function bytesOf({ logs }: ChrootRun): number {
  const bytes = logs.find(({ file }) => file === buildrootLog)?.bytes ?? 0;
  return bytes === 0 || bytes > maximumBuildrootBytes ? Number.POSITIVE_INFINITY : bytes;
}

async function readList(folder: string, run: ChrootRun): Promise<string | undefined> {
  const read = await readRegularFile(join(folder, run.folder, buildrootLog), maximumBuildrootBytes);
  return read.kind === 'text' ? read.text : undefined;
}
