// Reads the records of builds, `result.json`. The one reader of the runner: a broken record is told apart from none.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseResult, type Result, type ResultReading } from '@coppice/config';
import { nothingWhenAbsent } from '../base/absent.ts';
import { RunnerError } from '../base/errors.ts';

/**
 * What stands as a record in `folder`, relative to `published/`; undefined when nothing does. Throws what else the disk
 * says.
 */
export async function readRecord(home: string, folder: string): Promise<ResultReading | undefined> {
  const text = await readRecordFile(home, folder);
  return text === undefined ? undefined : parseResult(text, folder);
}

/**
 * The record in `folder`, for those who cannot go on with a bad one. Throws RunnerError `publish` when what is there is
 * none.
 */
export async function requireRecord(home: string, folder: string): Promise<Result | undefined> {
  return demand(folder, await readRecord(home, folder));
}

/** As `requireRecord`, for a folder that has just been moved: the record may still speak of where it was. */
export async function requireMovedRecord(home: string, folder: string): Promise<Result | undefined> {
  const text = await readRecordFile(home, folder);
  return demand(folder, text === undefined ? undefined : parseResult(text, undefined));
}

function demand(folder: string, reading: ResultReading | undefined): Result | undefined {
  if (reading === undefined) return undefined;
  if (reading.kind === 'result') return reading.result;
  throw new RunnerError('publish', `${folder}/result.json cannot be used: ${reading.why}`);
}

async function readRecordFile(home: string, folder: string): Promise<string | undefined> {
  const path = join(home, 'published', folder, 'result.json');
  return readFile(path, 'utf8').catch(nothingWhenAbsent);
}
