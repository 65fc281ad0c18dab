// Fetches what a spec names but does not come with it: sources and patches by address, as spectool does, and files of a
// lookaside cache.
import { lstat, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lookasideAddress, parseChroot, type SourceHashes } from '@coppice/config';
import { fail, type Outcome, succeed } from '../base/outcome.ts';
import { fetchFile } from './fetch-file.ts';
import type { FetchOrder } from './fetch-order.ts';
import type { FetchedFile, FetchedSource } from './fetched-source.ts';
import { isSourceFileName, parseSourcesFile, type SourceLine } from './source-hashes.ts';
import { runInSandbox } from './spec-sandbox.ts';
import { mayNameAddresses, type NamedSource, parseSpecSources } from './spec-sources.ts';

interface SpecOrder {
  /** The spec and what is beside it; gets what is fetched. */
  readonly folder: string;
  readonly spec: string;
  /** SHA-256 by address or file name, as the package states them. */
  readonly stated: SourceHashes | undefined;
  /** Of a dist-git: its cache, if it has one, and the name of the package there. */
  readonly lookaside: { readonly template: string | undefined; readonly name: string } | undefined;
}

const maximumSpecBytes = 4 * 1024 ** 2;
const maximumFetched = 200;
const expandSeconds = 30;

/** Fetches what is missing; the folder then has everything for `mock --buildsrpm`. */
export async function fetchSpecSources(order: FetchOrder, wanted: SpecOrder): Promise<Outcome<FetchedSource>> {
  const { folder, spec } = wanted;
  const notes: string[] = [];
  const lines = await readSourcesFile(wanted, notes);
  if (!lines.ok) return lines;
  const files = await missingFiles(order, wanted, lines.value, notes);
  if (!files.ok) return files;
  if (files.value.length > maximumFetched)
    return fail('source', `${spec} names ${files.value.length} files to fetch; ${maximumFetched} at most.`);
  const fetched: FetchedFile[] = [];
  let left = order.sourceBytes - (await bytesIn(folder));
  for (const { url, file } of files.value) {
    if (left <= 0)
      return fail('source', `The sources together are larger than the limit of ${order.sourceBytes} bytes.`);
    const expected = expectedHash(wanted, lines.value, url, file);
    if (!expected.ok) return expected;
    const one = await fetchFile(order, { url, file, folder, expected: expected.value, maximumBytes: left });
    if (!one.ok) return one;
    fetched.push(one.value);
    left -= one.value.bytes;
  }
  return succeed({ kind: 'tree', method: 'spec', folder, spec, needsNetwork: false, fetched, notes });
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

/** Where each file comes from that is not in the folder. */
async function missingFiles(
  order: FetchOrder,
  { folder, spec, lookaside }: SpecOrder,
  lines: readonly SourceLine[],
  notes: string[],
): Promise<Outcome<readonly { readonly url: string; readonly file: string }[]>> {
  const there = new Set(await readdir(folder));
  const missing = new Map<string, string>();
  if (lookaside?.template !== undefined) {
    for (const { file, kind, hash } of lines) {
      const words = { name: lookaside.name, filename: file, hashtype: kind, hash };
      if (!there.has(file)) missing.set(file, lookasideAddress(lookaside.template, words));
    }
  }
  const named = await namedSources(order, folder, spec, notes);
  for (const { value, file } of named) {
    if (there.has(file) || missing.has(file) || !value.includes('://')) continue;
    if (/%[{(]/.test(value)) {
      notes.push(`${value} holds a macro that is not known here; add the file to the sources.`);
    } else if (isSourceFileName(file)) missing.set(file, value.replace(/#\/[^/]*$/, ''));
    else return fail('source', `${spec} names the source ${value}, whose file name cannot be used.`);
  }
  return succeed([...missing].map(([file, url]) => ({ file, url })));
}

/** Sources and patches of the spec as rpm expands them, in the sandbox: a spec is a program. */
async function namedSources(
  order: FetchOrder,
  folder: string,
  spec: string,
  notes: string[],
): Promise<readonly NamedSource[]> {
  const text = await readSmall(join(folder, spec));
  if (text !== undefined && !mayNameAddresses(text)) return [];
  const output = await mkdtemp(`${folder}.expand-`);
  try {
    const end = await runInSandbox({
      command: ['rpmspec', '-P', ...defines(order.chroot), `/sources/${spec}`],
      sources: folder,
      output,
      seconds: Math.min(expandSeconds, order.seconds),
      fileBytes: maximumSpecBytes,
      signal: order.signal,
    });
    if (end.exitCode === 0) return parseSpecSources(end.output);
    const why = /^error: (.*)$/m.exec(end.output)?.[1] ?? (end.timedOut ? 'it took too long' : 'rpm gave up');
    notes.push(
      `The control host cannot read ${spec} (${why.replaceAll('/sources/', '')}): no source address was fetched.`,
    );
    return [];
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}

/** The places that rpm reads from, and the macros by which specs tell distributions apart. */
function defines(chroot: string): readonly string[] {
  const { distribution = '', release = '' } = parseChroot(chroot) ?? {};
  const number = /^\d+/.exec(release)?.[0];
  const enterprise = /^(epel|rhel|centos|centos-stream|almalinux|rocky|oraclelinux)$/.test(distribution);
  const known: [string, string][] = [
    ['_sourcedir', '/sources'],
    ['_specdir', '/sources'],
    ['_dbpath', '/tmp/rpmdb'],
    ...(distribution === 'fedora' && number !== undefined ? [['fedora', number] as [string, string]] : []),
    ...(enterprise && number !== undefined ? [['rhel', number] as [string, string]] : []),
  ];
  return known.flatMap(([name, value]) => ['--define', `${name} ${value}`]);
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

/** The text of a regular file that is not too large; undefined of anything else. */
async function readSmall(path: string): Promise<string | undefined> {
  const status = await lstat(path).catch(() => undefined);
  if (status?.isFile() !== true || status.size > maximumSpecBytes) return undefined;
  return readFile(path, 'utf8');
}
