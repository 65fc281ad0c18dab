// What metadata that createrepo_c wrote really shows: it may leave packages out, with no more than a line on its
// standard error.
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { nothingWhenAbsent } from '../base/absent.ts';
import { RunnerError } from '../base/errors.ts';
import { readRegularFile } from '../base/regular-file.ts';
import { quoted } from '../base/sentence-parts.ts';
import { gunzip } from './data-file.ts';

const unpackers: Readonly<Record<string, ((packed: Buffer) => Promise<Buffer>) | undefined>> = {
  '.gz': gunzip,
  '.zst': promisify(zstdDecompress), // createrepo_c from 1.0 on
  '': async (plain) => plain,
};

/** The paths of the packages that the metadata in the folder `repodata` shows. Throws RunnerError. */
export async function packagesShown(repodata: string): Promise<ReadonlySet<string>> {
  const names = await namedByIndex(repodata);
  const [primary] = names.filter((name) => /(^|-)primary\.xml(\.\w+)?$/.test(name));
  const unpack = unpackers[/(?<=\.xml)(\.\w+)?$/.exec(primary ?? '')?.[0] ?? ''];
  if (primary === undefined || unpack === undefined) {
    throw new RunnerError('metadata', `there is no list of packages that can be read among ${names.join(', ')}`);
  }
  const text = await unpack(await readFile(join(repodata, primary)));
  const shown = new Set<string>();
  const before = '<location href="';
  for (let at = text.indexOf(before); at !== -1; at = text.indexOf(before, at)) {
    at += before.length;
    shown.add(text.toString('latin1', at, text.indexOf('"', at)));
  }
  return shown;
}

/** Some 5 KiB are usual. */
const maximumIndexBytes = 1024 ** 2;

/** The data files that `repomd.xml` in a folder names; none when there is no such file. */
export async function namedByIndex(repodata: string): Promise<readonly string[]> {
  // It is a link to the generation that is shown.
  const path = await realpath(join(repodata, 'repomd.xml')).catch(nothingWhenAbsent);
  const index = path === undefined ? undefined : await readRegularFile(path, maximumIndexBytes);
  if (index?.kind !== 'text') return [];
  return namesIn(index.text);
}

/** The files in `repodata/` that the text of a `repomd.xml` names. Pure. */
export function namesIn(index: string): readonly string[] {
  return [...index.matchAll(/<location href="repodata\/([^"/]+)"/g)].map((match) => match[1] ?? '');
}

/** The line of createrepo_c's standard error that says why a package is left out. Threads write at once. Pure. */
export function lineAbout(packageName: string, said: string): string {
  const lines = said.split('\n').map((line) => line.replace(/^(?:C_CREATEREPOLIB: )+/, ''));
  const fits = (line: string) =>
    line
      .replaceAll(/[^A-Za-z0-9._+-]+/g, ' ')
      .split(' ')
      .includes(packageName);
  return quoted(lines.find(fits) ?? lines.find((line) => line.trim() !== '') ?? 'it does not say why', 300);
}
