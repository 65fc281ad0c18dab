// How the packages of a repository are packed: in chunks, each a gzip member of its own in each of the three lists, so
// that a change packs one chunk anew and copies the others. Where chunks end depends on the names of the packages
// alone: the same builds give the same bytes, whatever was published before. Pure.
import { createHash } from 'node:crypto';
import { type BuildTexts, factsOf, type OfLists, packageOfBuild } from './texts.ts';

/** Bytes of one chunk in one list. */
export interface ChunkSize {
  /** As it lies in the file. */
  readonly packed: number;
  readonly open: number;
}

/** One chunk of a repository, as its generation records it. */
export interface Chunk extends OfLists<ChunkSize> {
  /** The first of its packages (of Coppice, not RPMs). Chunks are in this order. */
  readonly first: string;
  /** How many RPMs are in it. */
  readonly rpms: number;
  /** SHA-256 of its text in `primary`, by which two generations are compared. */
  readonly digest: string;
  /** Seconds since 1970: the youngest of its RPMs. */
  readonly newestSeconds: number;
}

/** A chunk ends behind one in so many packages: some 130 RPMs. */
const packagesPerChunk = 64;

/** Whether a chunk ends behind this package. */
export function endsChunk(name: string): boolean {
  return createHash('sha256').update(name).digest().readUInt32BE() % packagesPerChunk === 0;
}

/** The order of packages and chunks: that of their bytes. */
export function compareNames(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** The package that a build is of. */
export function nameOf({ build }: Pick<BuildTexts, 'build'>): string {
  return packageOfBuild(build) ?? build;
}

/** Cuts builds, in the order of their packages' names, into chunks. */
export function cutChunks(builds: readonly BuildTexts[]): readonly (readonly BuildTexts[])[] {
  const chunks: BuildTexts[][] = [];
  let open: BuildTexts[] = [];
  for (const build of builds) {
    open.push(build);
    if (!endsChunk(nameOf(build))) continue;
    chunks.push(open);
    open = [];
  }
  return open.length === 0 ? chunks : [...chunks, open];
}

/** The chunk that a package of this name is in or would be in; 0 when there are none. */
export function chunkFor(chunks: readonly Pick<Chunk, 'first'>[], name: string): number {
  let [low, high] = [0, chunks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareNames(chunks[middle]?.first ?? '', name) <= 0) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** What a chunk of these builds records of them. */
export function describeChunk(builds: readonly BuildTexts[]): Pick<Chunk, 'first' | 'rpms' | 'newestSeconds'> {
  const seconds = builds.flatMap(({ packages }) => packages.map(({ primary }) => factsOf(primary).fileSeconds));
  const first = builds[0] === undefined ? '' : nameOf(builds[0]);
  return { first, rpms: seconds.length, newestSeconds: Math.max(0, ...seconds) };
}
