// The source package that a builder sent back: hostile until it has passed here.
import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { rpmFileName } from '@coppice/config';
import { RpmHeaderError, readRpmHeader } from '../rpm-header.ts';
import { fail, type Outcome, succeed } from './outcome.ts';

/** The file name of the one good source package in `folder`, which holds nothing else; at most `bytes` large. */
export async function checkSrpm(folder: string, bytes: number): Promise<Outcome<string>> {
  const names = await readdir(folder);
  const [name] = names;
  if (name === undefined) {
    return refuse(`no source package was made that is a regular file of at most ${bytes} bytes`);
  }
  if (names.length > 1) return refuse(`${names.length} source packages were made instead of one`);
  const path = join(folder, name);
  const status = await lstat(path);
  if (!status.isFile() || status.nlink > 1) return refuse(`${quote(name)} is not a regular file`);
  if (status.size > bytes) return refuse(`${quote(name)} is larger than the limit of ${bytes} bytes`);
  try {
    const { nevra } = await readRpmHeader(path);
    const expected = [rpmFileName(nevra), rpmFileName({ ...nevra, architecture: 'nosrc' })];
    if (nevra.architecture !== 'src') return refuse(`${quote(name)} is a binary package`);
    if (!expected.includes(name) || !srpmNamePattern.test(name)) {
      return refuse(`${quote(name)} says of itself that it is ${quote(expected[0] ?? '')}`);
    }
    await makeReadable(path);
    return succeed(name);
  } catch (error) {
    if (error instanceof RpmHeaderError) return refuse(`${quote(name)} is not a source package: ${error.message}`);
    throw error;
  }
}

const srpmNamePattern = /^[A-Za-z0-9_][A-Za-z0-9._+~^-]{0,250}\.rpm$/;

/** By a file descriptor: what a name leads to could change. */
async function makeReadable(path: string): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await file.chmod(0o644);
  } finally {
    await file.close();
  }
}

function refuse(why: string) {
  return fail('source', `The source package was refused: ${why}.`);
}

/** Hostile text in a sentence: quoted, printable, short. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}
