// Fetches what a spec names but does not come with it: sources and patches by address, as spectool does, and files of a
// lookaside cache.
import { link, lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lookasideAddress, type SourceHashes } from '@coppice/config';
import { type Failure, fail, type Outcome, succeed } from '../base/outcome.ts';
import { fetchFile } from './fetch-file.ts';
import type { FetchOrder } from './fetch-order.ts';
import type { FetchedFile, FetchedSource, SpecSources } from './fetched-source.ts';
import { readSmall, readSpec } from './read-spec.ts';
import { isSourceFileName, parseSourcesFile, type SourceLine } from './source-hashes.ts';
import { asWritten, type NamedSource } from './spec-sources.ts';

export interface SpecOrder {
  /** The spec and what is beside it; gets what is fetched. */
  readonly folder: string;
  readonly spec: string;
  /** SHA-256 by address or file name, as the package states them. */
  readonly stated: SourceHashes | undefined;
  /** Of a dist-git: its cache, if it has one, and the name of the package there. */
  readonly lookaside: { readonly template: string | undefined; readonly name: string } | undefined;
}

const maximumFetched = 200;
/** Source packages that one build may need because its chroots name other sources. */
const maximumReadings = 20;

/** Fetches what is missing; the folders then have everything for `mock --buildsrpm`. */
export async function fetchSpecSources(order: FetchOrder, wanted: SpecOrder): Promise<Outcome<FetchedSource>> {
  const { folder, spec } = wanted;
  const notes: string[] = [];
  const lines = await readSourcesFile(wanted, notes);
  if (!lines.ok) return lines;
  const readings = await readSpec(order, wanted, notes);
  if (readings.length > maximumReadings)
    return fail('source', `${spec} names other sources in ${readings.length} chroots; ${maximumReadings} at most.`);
  const specText = (await readSmall(join(folder, spec))) ?? '';
  const places: SpecSources[] = [];
  for (const [index, reading] of readings.entries()) {
    // Before anything is fetched into the first.
    const place = index === 0 ? folder : `${folder}-${index}`;
    if (index > 0) await linkFiles(folder, place);
    places.push({ ...reading, folder: place });
  }
  const fetched: FetchedFile[] = [];
  for (const place of places) {
    const known = { ...wanted, ...place, specText, lines: lines.value };
    const files = await fetchMissing(order, known, notes);
    if (!files.ok) return files;
    fetched.push(
      ...files.value.filter(({ url, file }) => !fetched.some((each) => each.url === url && each.file === file)),
    );
  }
  const [first, ...variants] = places as [SpecSources, ...SpecSources[]];
  return succeed({
    ...{ kind: 'tree', method: 'spec', ...first, spec, specText, variants, needsNetwork: false },
    ...{ fetched, notes },
  });
}

/** Flat folders only. */
async function linkFiles(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const name of await readdir(from)) await link(join(from, name), join(to, name));
}

interface Known extends SpecOrder, SpecSources {
  readonly specText: string;
  readonly lines: readonly SourceLine[];
}

async function fetchMissing(
  order: FetchOrder,
  known: Known,
  notes: string[],
): Promise<Outcome<readonly FetchedFile[]>> {
  const { folder, spec, lines } = known;
  const files = await missingFiles(known, notes);
  if (!files.ok) return files;
  if (files.value.length > maximumFetched)
    return fail('source', `${spec} names ${files.value.length} files to fetch; ${maximumFetched} at most.`);
  const fetched: FetchedFile[] = [];
  let left = order.sourceBytes - (await bytesIn(folder));
  for (const { url, file, named } of files.value) {
    if (left <= 0)
      return fail('source', `The sources together are larger than the limit of ${order.sourceBytes} bytes.`);
    const expected = expectedHash(known, lines, url, file);
    if (!expected.ok) return expected;
    const one = await fetchFile(order, { url, file, folder, expected: expected.value, maximumBytes: left });
    if (!one.ok) return named === undefined ? one : withOrigin(one.failure, known, named);
    fetched.push(one.value);
    left -= one.value.bytes;
  }
  return succeed(fetched);
}

/** The sentence about an address, with where the spec has it and what it says there. */
function withOrigin(failure: Failure, { spec, specText, chroots }: Known, named: NamedSource): Outcome<never> {
  const written = asWritten(specText, named.value)?.value;
  const isSame = written === undefined || written === named.value;
  const says = isSame ? '' : `, written there as ${written} and read for ${chroots[0]}`;
  return {
    ok: false,
    failure: { ...failure, message: `${failure.message.replace(/\.$/, '')}: it is ${named.tag} of ${spec}${says}.` },
  };
}

/** The lines of the file `sources`; of others than a dist-git a file of this name may be anything. */
async function readSourcesFile(
  { folder, lookaside }: SpecOrder,
  notes: string[],
): Promise<Outcome<readonly SourceLine[]>> {
  const text = await readSmall(join(folder, 'sources'));
  if (text === undefined) return succeed([]);
  const lines = parseSourcesFile(text);
  if (typeof lines !== 'string') return succeed(lines);
  if (lookaside !== undefined) return fail('source', `In the dist-git, ${lines}.`);
  notes.push(`The file \`sources\` is not read as a list of hashes: ${lines}.`);
  return succeed([]);
}

interface MissingFile {
  readonly url: string;
  readonly file: string;
  /** Undefined: only the file `sources` names it. */
  readonly named: NamedSource | undefined;
}

/** Where each file comes from that is not in the folder. */
async function missingFiles(
  { folder, spec, sources, lookaside, lines, chroots }: Known,
  notes: string[],
): Promise<Outcome<readonly MissingFile[]>> {
  const there = new Set(await readdir(folder));
  const missing = new Map<string, MissingFile>();
  if (lookaside?.template !== undefined) {
    const byFile = new Map(sources.toReversed().map((each) => [each.file, each]));
    for (const { file, kind, hash } of lines) {
      const words = { name: lookaside.name, filename: file, hashtype: kind, hash };
      const named = byFile.get(file);
      if (!there.has(file)) missing.set(file, { file, named, url: lookasideAddress(lookaside.template, words) });
    }
  }
  for (const named of sources) {
    const { value, file } = named;
    if (there.has(file) || missing.has(file) || !value.includes('://')) continue;
    if (/%[{(]/.test(value)) {
      notes.push(`${value} holds a macro that is not known here for ${chroots[0]}; add the file to the sources.`);
    } else if (isSourceFileName(file)) missing.set(file, { file, named, url: value.replace(/#\/[^/]*$/, '') });
    else return fail('source', `${spec} names the source ${value}, whose file name cannot be used.`);
  }
  return succeed([...missing.values()]);
}

/** The package's own word first, then that of the file `sources`. */
function expectedHash(
  { stated = {} }: SpecOrder,
  lines: readonly SourceLine[],
  url: string,
  file: string,
): Outcome<Parameters<typeof fetchFile>[1]['expected']> {
  const own = stated[url] ?? stated[file];
  if (own !== undefined) return succeed({ kind: 'sha256', hash: own });
  const line = lines.find((each) => each.file === file);
  if (line === undefined) return succeed(undefined);
  if (line.proof !== undefined) return succeed({ kind: line.proof, hash: line.hash });
  const kind = line.kind.toUpperCase();
  return fail(
    'source',
    `${file} is recorded by its ${kind} alone, which proves nothing: state its SHA-256 under \`sources:\` of the package.`,
  );
}

async function bytesIn(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map(async (name) => (await lstat(join(folder, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
