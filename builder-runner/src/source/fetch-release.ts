// Releases of PyPI and RubyGems: one file each, its hash pinned by the plan. The spec is generated on a builder.
import type { PinnedSource } from '@coppice/config';
import { fail, type Outcome, succeed } from '../base/outcome.ts';
import { fetchFile } from './fetch-file.ts';
import type { FetchOrder } from './fetch-order.ts';
import type { FetchedFile, FetchedSource } from './fetched-source.ts';
import { isSourceFileName } from './source-hashes.ts';

type PypiSource = Extract<PinnedSource, { type: 'pypi' }>;
type GemSource = Extract<PinnedSource, { type: 'rubygems' }>;

/** The sdist of a Python package. */
export async function fetchSdist(order: FetchOrder, source: PypiSource): Promise<Outcome<FetchedSource>> {
  const fetched = await fetchRelease(order, source);
  if (!fetched.ok) return fetched;
  const { package: name, version, generator = 'pyp2rpm', python = [], template } = source;
  return succeed({
    kind: 'pypi',
    folder: order.folder,
    file: fetched.value.file,
    ...{ name, version, generator, python, template },
    // pyp2rpm reads the file; pyp2spec asks PyPI.
    needsNetwork: generator === 'pyp2spec' && order.network,
    fetched: [fetched.value],
    notes: [],
  });
}

/** The .gem of a Ruby gem. */
export async function fetchGem(order: FetchOrder, source: GemSource): Promise<Outcome<FetchedSource>> {
  const fetched = await fetchRelease(order, source);
  if (!fetched.ok) return fetched;
  return succeed({
    kind: 'rubygems',
    folder: order.folder,
    file: fetched.value.file,
    name: source.gem,
    version: source.version,
    needsNetwork: false,
    fetched: [fetched.value],
    notes: [],
  });
}

async function fetchRelease(order: FetchOrder, { url, sha256 }: PypiSource | GemSource): Promise<Outcome<FetchedFile>> {
  const file = URL.canParse(url) ? (new URL(url).pathname.split('/').at(-1) ?? '') : '';
  if (!isSourceFileName(file)) return fail('source', `${url} has no file name that can be used.`);
  return fetchFile(order, {
    url,
    folder: order.folder,
    file,
    expected: { kind: 'sha256', hash: sha256 },
    maximumBytes: order.sourceBytes,
  });
}
