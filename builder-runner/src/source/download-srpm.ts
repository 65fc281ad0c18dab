// A ready source package: bounded in size and time, checked against the pinned hash, named by what its header says.
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type PinnedSource, rpmFileName } from '@coppice/config';
import { fail, type Outcome, succeed } from '../base/outcome.ts';
import { judgeFileNames } from '../rpm/judge-file-names.ts';
import { RpmHeaderError, readRpmHeader } from '../rpm/rpm-header.ts';
import { fetchFile } from './fetch-file.ts';
import type { FetchOrder } from './fetch-order.ts';
import type { FetchedFile, FetchedSource } from './fetched-source.ts';

type SrpmSource = Extract<PinnedSource, { type: 'srpm' }>;

/** The package at `source.url`, renamed to what its header says. */
export async function downloadSrpm(order: FetchOrder, source: SrpmSource): Promise<Outcome<FetchedSource>> {
  const fetched = await fetchFile(order, {
    url: source.url,
    folder: order.folder,
    file: 'download',
    expected: { kind: 'sha256', hash: source.sha256 },
    maximumBytes: order.sourceBytes,
    refuse: { type: /^text\/(html|plain)|xhtml|json/, wanted: 'a source package' },
  });
  return fetched.ok ? nameByHeader(order.folder, fetched.value) : fetched;
}

async function nameByHeader(folder: string, fetched: FetchedFile): Promise<Outcome<FetchedSource>> {
  const { url } = fetched;
  try {
    const header = await readRpmHeader(join(folder, fetched.file));
    const { nevra } = header;
    if (nevra.architecture !== 'src') return fail('source', `${url} is a binary package, not a source package.`);
    const file = rpmFileName(nevra);
    if (!/^[A-Za-z0-9_][A-Za-z0-9._+~^-]*$/.test(file))
      return fail('source', `${url} has an impossible name in its header.`);
    const unfit = judgeFileNames(new Map([[file, header]]));
    if (unfit !== undefined) return { ok: false, failure: unfit };
    await rename(join(folder, fetched.file), join(folder, file));
    return succeed({ kind: 'srpm', folder, file, fetched: [{ ...fetched, file }], notes: [] });
  } catch (error) {
    if (error instanceof RpmHeaderError) return fail('source', `${url} is not a source package: ${error.message}.`);
    throw error;
  }
}
