// Writes and reads the files that an index names. They are called after their content and never change.
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip as gunzipCallback, gzip as gzipCallback } from 'node:zlib';
import { nothingWhenAbsent } from '../base/absent.ts';
import { RunnerError } from '../base/errors.ts';
import { noteChange } from '../base/published-changes.ts';
import { type Chunk, type ChunkSize, describeChunk } from './chunks.ts';
import type { DataFile, Generation } from './generation.ts';
import type { ChunkTexts } from './known-texts.ts';
import {
  type BuildTexts,
  groupByBuild,
  joinLists,
  type List,
  listEnd,
  listStart,
  lists,
  type OfLists,
} from './texts.ts';

/** Always this one: clients of all ages read it, whatever createrepo_c's own default is. */
const gzip = promisify(gzipCallback);
export const gunzip = promisify(gunzipCallback);

/** The three lists of a generation as they lie on the disk. */
export type PackedLists = OfLists<Buffer>;

/** Throws RunnerError `metadata` when a file is not what its generation says. */
export async function readLists(repodata: string, generation: Generation): Promise<PackedLists> {
  const read = async (list: List) => {
    const about = fileOf(generation, list);
    const bytes = await readFile(join(repodata, about?.file ?? list)).catch(nothingWhenAbsent);
    const chunks = generation.chunks.reduce((sum, chunk) => sum + chunk[list].packed, generation.starts[list]);
    if (bytes === undefined || bytes.length !== about?.bytes || chunks > bytes.length)
      throw new RunnerError('metadata', `repodata/${about?.file} is not as long as its index says`);
    // What is copied from it may not be unpacked, and then nobody else would notice.
    if (createHash('sha256').update(bytes).digest('hex') !== about.sha256)
      throw new RunnerError('metadata', `repodata/${about.file} is not what its index says`);
    return bytes;
  };
  const [primary, filelists, other] = await Promise.all(lists.map(read));
  return { primary, filelists, other } as PackedLists;
}

export function fileOf({ files }: Pick<Generation, 'files'>, list: List): DataFile | undefined {
  return files.find(({ type }) => type === list);
}

/** Where each chunk lies in each list. */
export function placesOf({ starts, chunks }: Pick<Generation, 'starts' | 'chunks'>): readonly OfLists<number>[] {
  let at: OfLists<number> = starts;
  return chunks.map((chunk) => {
    const here = at;
    at = {
      primary: here.primary + chunk.primary.packed,
      filelists: here.filelists + chunk.filelists.packed,
      other: here.other + chunk.other.packed,
    };
    return here;
  });
}

function packedChunk(packed: Buffer, at: number, { packed: length }: ChunkSize): Buffer {
  return packed.subarray(at, at + length);
}

/** The builds of one chunk. */
export async function loadChunk(
  packed: PackedLists,
  chunk: Chunk,
  at: OfLists<number>,
): Promise<readonly BuildTexts[]> {
  const unpack = async (list: List) =>
    (await gunzip(packedChunk(packed[list], at[list], chunk[list]))).toString('latin1');
  const [primary, filelists, other] = await Promise.all(lists.map(unpack));
  return groupByBuild(joinLists({ primary, filelists, other } as OfLists<string>));
}

/**
 * The text of so many bytes at `position` of an open list. Throws RunnerError `metadata` when the file ends before, or
 * what zlib says.
 */
export async function readChunkText(
  file: FileHandle,
  position: number,
  { packed: length }: Pick<ChunkSize, 'packed'>,
): Promise<string> {
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position });
  if (bytesRead < length) throw new RunnerError('metadata', 'a list of the metadata is shorter than its index says');
  return (await gunzip(buffer)).toString('latin1');
}

/** A part of a list: chunks that follow one another. */
export interface Part {
  readonly packed: Buffer;
  /** Bytes of the text of each chunk. */
  readonly open: readonly number[];
  /** Their texts, where they are at hand. */
  readonly texts?: ChunkTexts;
}

/** Parts of so many bytes of text are unpacked in one go: each go costs as much as 100 kB do. */
const maximumOpenBytes = 1024 ** 2;

/**
 * Chunks that follow one another in `packed`, from the byte `at` on, in as few parts as are good. `texts` are those of
 * the chunks, when they are known.
 */
export function copyParts(
  packed: Buffer,
  at: number,
  sizes: readonly ChunkSize[],
  texts: ChunkTexts | undefined,
): readonly Part[] {
  if (texts !== undefined) {
    const bytes = sizes.reduce((sum, size) => sum + size.packed, 0);
    return [{ packed: packed.subarray(at, at + bytes), open: sizes.map(({ open }) => open), texts }];
  }
  const parts: Part[] = [];
  let [from, to, open, sum] = [at, at, [] as number[], 0];
  for (const size of sizes) {
    if (sum > 0 && sum + size.open > maximumOpenBytes) {
      parts.push({ packed: packed.subarray(from, to), open });
      [from, open, sum] = [to, [], 0];
    }
    to += size.packed;
    sum += size.open;
    open.push(size.open);
  }
  return sum === 0 ? parts : [...parts, { packed: packed.subarray(from, to), open }];
}

/** The text of each of its chunks. Throws RunnerError `metadata` when it is not what it was. */
async function unpackPart({ packed, open, texts }: Part): Promise<ChunkTexts> {
  if (texts !== undefined) return texts;
  const bytes = open.reduce((sum, each) => sum + each, 0);
  const unpacked = await gunzip(packed, { chunkSize: bytes + 64 });
  if (unpacked.length !== bytes)
    throw new RunnerError('metadata', `a part of the metadata has ${unpacked.length} bytes and not ${bytes}`);
  let at = 0;
  return open.map((length) => {
    at += length;
    return unpacked.subarray(at - length, at);
  });
}

/** Chunks that follow one another, and the parts that they are in each list. */
export interface Section {
  readonly chunks: readonly Chunk[];
  readonly parts: OfLists<readonly Part[]>;
}

/** One list to be written: its parts in their order, behind one another. */
export interface ListToWrite {
  readonly list: List;
  readonly rpms: number;
  /** Seconds since 1970. */
  readonly seconds: number;
  readonly parts: readonly Part[];
}

/** How many parts are unpacked at the same time. */
const atOnce = 4;

/**
 * Writes a list and resolves with what the index says of it, how long its start is, and the text of each chunk.
 */
export async function writeList(
  repodata: string,
  { list, rpms, seconds, parts }: ListToWrite,
): Promise<{ readonly file: DataFile; readonly start: number; readonly texts: ChunkTexts }> {
  const [start, end] = await Promise.all([packText(listStart(list, rpms)), packText(listEnd(list))]);
  const all: readonly Part[] = [start, ...parts, end];
  const [packedHash, openHash] = [createHash('sha256'), createHash('sha256')];
  const texts: Buffer[] = [];
  for (let from = 0; from < all.length; from += atOnce) {
    const some = all.slice(from, from + atOnce);
    const unpacked = await Promise.all(some.map(unpackPart));
    for (const [index, chunks] of unpacked.entries()) {
      packedHash.update(some[index]?.packed ?? '');
      for (const text of chunks) openHash.update(text);
      texts.push(...chunks);
    }
  }
  const open = { sha256: openHash.digest('hex'), bytes: texts.reduce((sum, { length }) => sum + length, 0) };
  const written = await writeDataFile(repodata, {
    content: all.map(({ packed }) => packed),
    sha256: packedHash.digest('hex'),
    ending: `${list}.xml.gz`,
  });
  return {
    file: { type: list, ...written, open, seconds },
    start: start.packed.length,
    texts: texts.slice(1, -1),
  };
}

/** A part of its own. */
async function packText(content: string): Promise<Required<Part>> {
  const text = Buffer.from(content, 'latin1');
  return { packed: await gzip(text), open: [text.length], texts: [text] };
}

/** Puts a file into `repodata` under the name of its content, on the disk when this ends. */
export async function writeDataFile(
  repodata: string,
  {
    content,
    sha256,
    ending,
  }: { readonly content: readonly Buffer[]; readonly sha256: string; readonly ending: string },
): Promise<Pick<DataFile, 'file' | 'sha256' | 'bytes'>> {
  const name = `${sha256}-${ending}`;
  const bytes = content.reduce((sum, part) => sum + part.length, 0);
  await mkdir(repodata, { recursive: true });
  const fresh = join(repodata, `.new-${name}`);
  await rm(fresh, { force: true });
  try {
    const file = await open(fresh, 'wx');
    try {
      await file.writeFile(content.length === 1 ? (content[0] as Buffer) : Buffer.concat(content));
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(fresh, join(repodata, name));
    noteChange(join(repodata, name));
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
  return { file: name, sha256, bytes };
}

/** Packs a piece that changed. */
export async function packChunk(builds: readonly BuildTexts[]): Promise<Section> {
  const packages = builds.flatMap((build) => build.packages);
  const pack = (list: List) => packText(packages.map((each) => each[list]).join(''));
  const [primary, filelists, other] = (await Promise.all(lists.map(pack))) as [
    Required<Part>,
    Required<Part>,
    Required<Part>,
  ];
  const size = ({ packed, open: [open = 0] }: Part): ChunkSize => ({ packed: packed.length, open });
  const sizes = { primary: size(primary), filelists: size(filelists), other: size(other) };
  const digest = createHash('sha256')
    .update(primary.texts[0] ?? '')
    .digest('hex');
  const chunk = { ...describeChunk(builds), digest, ...sizes };
  return { chunks: [chunk], parts: { primary: [primary], filelists: [filelists], other: [other] } };
}
