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

/** Throws RunnerError `metadata` when a file is not as long as its generation says. */
export async function readLists(repodata: string, generation: Generation): Promise<PackedLists> {
  const read = async (list: List) => {
    const about = generation.files.find(({ type }) => type === list);
    const bytes = await readFile(join(repodata, about?.file ?? list)).catch(nothingWhenAbsent);
    const chunks = generation.chunks.reduce((sum, chunk) => sum + chunk[list].packed, generation.starts[list]);
    if (bytes === undefined || bytes.length !== about?.bytes || chunks > bytes.length)
      throw new RunnerError('metadata', `repodata/${about?.file} is not as long as its index says`);
    return bytes;
  };
  const [primary, filelists, other] = await Promise.all(lists.map(read));
  return { primary, filelists, other } as PackedLists;
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

/** A part of a list. */
export interface Part {
  readonly packed: Buffer;
  /** Bytes of its text. */
  readonly open: number;
  /** Its text, where it is at hand. */
  readonly text?: Buffer;
}

/** Parts of so many bytes of text are unpacked in one go: each go costs as much as 100 kB do. */
const maximumOpenBytes = 1024 ** 2;

/** Chunks that follow one another in `packed`, from the byte `at` on, in as few parts as are good. */
export function copyParts(packed: Buffer, at: number, sizes: readonly ChunkSize[]): readonly Part[] {
  const parts: Part[] = [];
  let [from, to, open] = [at, at, 0];
  for (const size of sizes) {
    if (open > 0 && open + size.open > maximumOpenBytes) {
      parts.push({ packed: packed.subarray(from, to), open });
      [from, open] = [to, 0];
    }
    to += size.packed;
    open += size.open;
  }
  return open === 0 ? parts : [...parts, { packed: packed.subarray(from, to), open }];
}

/** Throws RunnerError `metadata` when it is not what it was. */
async function unpackPart({ packed, open, text }: Part): Promise<Buffer> {
  if (text !== undefined) return text;
  const unpacked = await gunzip(packed, { chunkSize: open + 64 });
  if (unpacked.length !== open)
    throw new RunnerError('metadata', `a part of the metadata has ${unpacked.length} bytes and not ${open}`);
  return unpacked;
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
 * Writes a list and resolves with what the index says of it, and how long its start is. `look` is given the text of
 * each part.
 */
export async function writeList(
  repodata: string,
  { list, rpms, seconds, parts }: ListToWrite,
  look: (text: Buffer) => void,
): Promise<{ readonly file: DataFile; readonly start: number }> {
  const [startText, endText] = [listStart(list, rpms), listEnd(list)].map((text) => Buffer.from(text, 'latin1')) as [
    Buffer,
    Buffer,
  ];
  const [start, end] = await Promise.all([gzip(startText), gzip(endText)]);
  const all: readonly Part[] = [
    { packed: start, open: startText.length, text: startText },
    ...parts,
    { packed: end, open: endText.length, text: endText },
  ];
  const [packedHash, openHash] = [createHash('sha256'), createHash('sha256')];
  let openBytes = 0;
  for (let from = 0; from < all.length; from += atOnce) {
    const some = all.slice(from, from + atOnce);
    const texts = await Promise.all(some.map(unpackPart));
    for (const [index, text] of texts.entries()) {
      packedHash.update(some[index]?.packed ?? '');
      openHash.update(text);
      openBytes += text.length;
      look(text);
    }
  }
  const open = { sha256: openHash.digest('hex'), bytes: openBytes };
  const written = await writeDataFile(repodata, {
    content: all.map(({ packed }) => packed),
    sha256: packedHash.digest('hex'),
    ending: `${list}.xml.gz`,
  });
  return { file: { type: list, ...written, open, seconds }, start: start.length };
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
  const pack = async (list: List): Promise<Required<Part>> => {
    const text = Buffer.from(builds.flatMap(({ packages }) => packages.map((each) => each[list])).join(''), 'latin1');
    return { text, packed: await gzip(text), open: text.length };
  };
  const [primary, filelists, other] = (await Promise.all(lists.map(pack))) as [
    Required<Part>,
    Required<Part>,
    Required<Part>,
  ];
  const size = ({ packed, open }: Part): ChunkSize => ({ packed: packed.length, open });
  const sizes = { primary: size(primary), filelists: size(filelists), other: size(other) };
  const digest = createHash('sha256').update(primary.text).digest('hex');
  const chunk = { ...describeChunk(builds), digest, ...sizes };
  return { chunks: [chunk], parts: { primary: [primary], filelists: [filelists], other: [other] } };
}
