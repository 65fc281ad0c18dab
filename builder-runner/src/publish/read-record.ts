// Reads the records of builds, `result.json`, those of frozen projects too. The one reader of the runner: a damaged
// record is told apart from none, and nobody waits for it or ends with it.
import { join } from 'node:path';
import { maximumResultBytes, parseResult, type Result, type ResultReading } from '@coppice/config';
import { withheldFolder } from '../base/frozen.ts';
import type { Log } from '../base/log.ts';
import { readRegularFile } from '../base/regular-file.ts';

/**
 * What stands as a record in `folder`, relative to `published/` or to where frozen projects lie; undefined when nothing
 * does. Throws what else the disk says.
 */
export async function readRecord(home: string, folder: string): Promise<ResultReading | undefined> {
  return await readAs(home, folder, folder);
}

/** What to say damaged records with; undefined where nobody listens. */
interface Teller {
  readonly home: string;
  readonly log?: Log;
}

/** The record in `folder`; undefined when there is none that can be used, which is told. */
export async function usableRecord({ home, log }: Teller, folder: string): Promise<Result | undefined> {
  return demand(folder, await readAs(home, folder, folder), log);
}

/** As `usableRecord`, for a folder that has just been moved: the record may still speak of where it was. */
export async function usableMovedRecord({ home, log }: Teller, folder: string): Promise<Result | undefined> {
  return demand(folder, await readAs(home, folder, undefined), log);
}

function demand(folder: string, reading: ResultReading | undefined, log: Log | undefined): Result | undefined {
  if (reading?.kind === 'result') return reading.result;
  if (reading !== undefined) log?.('error', describeDamage(folder, reading.why));
  return undefined;
}

/** What is said of a damaged record wherever it is met. `folder` is relative to `published/`. */
export function describeDamage(folder: string, why: string): string {
  return `published/${folder}/result.json cannot be used and is left out: ${why}. Put it back from a backup, or build the package again`;
}

async function readAs(home: string, folder: string, place: string | undefined): Promise<ResultReading | undefined> {
  for (const root of [join(home, 'published'), withheldFolder(home)]) {
    const read = await readRegularFile(join(root, folder, 'result.json'), maximumResultBytes);
    if (read === undefined) continue;
    return read.kind === 'text' ? parseResult(read.text, place) : { kind: 'broken', why: read.why };
  }
  return undefined;
}
