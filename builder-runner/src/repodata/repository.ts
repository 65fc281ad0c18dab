// Changes what a repository shows: a new generation, made of the one before it and of what createrepo_c says of the
// builds that are new. Callers see to it that nobody else changes the same repository at the same time.
import { createHash } from 'node:crypto';
import { describeError, RunnerError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { nameOf } from './chunks.ts';
import { type Clash, clashFinder } from './clash.ts';
import { changesNamed } from './compare-generations.ts';
import {
  copyParts,
  fileOf,
  loadChunk,
  type PackedLists,
  packChunk,
  placesOf,
  readLists,
  type Section,
  writeDataFile,
  writeList,
} from './data-file.ts';
import type { DataFile, Generation } from './generation.ts';
import {
  addGeneration,
  dropUnnamed,
  listGenerations,
  numberSeen,
  readGeneration,
  repodataOf,
  type Sign,
} from './generations.ts';
import { type ChunkTexts, KnownTexts } from './known-texts.ts';
import { type Changes, type Piece, planChunks } from './plan-chunks.ts';
import { switchGeneration } from './switch-generation.ts';
import { numberOfBuild, overtake, type Replaced, takenBackNow } from './taken-back.ts';
import { type BuildTexts, type List, lists, type OfLists, versionOf } from './texts.ts';

export interface Repository {
  /** Absolute. */
  readonly folder: string;
  readonly sign: Sign;
  /**
   * All builds to be shown, of a repository that has no generation yet or whose generation is damaged.
   */
  readonly beginWith: () => Promise<readonly BuildTexts[]>;
  /** Where damage is told. Default: nowhere. */
  readonly log?: Log | undefined;
}

/** A further file of the metadata: comps, AppStream data. */
export interface FurtherFile {
  /** As `repomd.xml` calls it. */
  readonly type: string;
  /** The end of its name, such as `comps.xml`. */
  readonly ending: string;
  readonly content: Buffer;
  /** Its content, unpacked; undefined when it is not packed. */
  readonly open?: Buffer;
  /** Seconds since 1970. */
  readonly seconds: number;
}

export interface RepositoryChange {
  /** Each is shown instead of an older build of its package; a newer one stays. */
  readonly show?: readonly BuildTexts[];
  /** Folders of builds that are shown no more. */
  readonly hide?: readonly string[];
  /** Each is shown in the place of a build that is hidden, and else not. */
  readonly instead?: readonly BuildTexts[];
  /** Whether `show` may not take a package's place that another one has. */
  readonly refuseClashes?: boolean;
  /** Default: those that there are. */
  readonly further?: readonly FurtherFile[];
  /** Whether only builds see it for now. Default: everybody does. */
  readonly unpublished?: boolean;
  /**
   * The generation that is changed, which must not be damaged; what is not `unpublished` is then shown to readers
   * alone. Default: the one that builds see.
   */
  readonly from?: number;
}

/**
 * Makes a generation with the change, and shows it. With a clash nothing has happened. Throws RunnerError `metadata`,
 * `sign`, `tool-missing`, or what the file system says; then readers see what they saw before.
 */
export async function changeRepository(repository: Repository, change: RepositoryChange): Promise<Generation | Clash> {
  const { folder } = repository;
  const noted: Noted = { written: [], changed: [] };
  let made: Generation | Clash;
  try {
    made = await makeFromWhatIsThere(repository, change, noted);
    if (!('first' in made)) await addGeneration(folder, made, repository.sign);
  } catch (error) {
    await takeBack(repository, noted.written);
    throw error;
  }
  if ('first' in made) {
    await takeBack(repository, noted.written);
    return made;
  }
  const others = change.from === undefined ? 'everybody' : 'readers';
  await switchGeneration(repository, made, change.unpublished ? 'builds' : others, noted.changed);
  return made;
}

/** Nothing names these files. What cannot be taken back now goes with what a later sweep finds. */
async function takeBack({ folder, log }: Repository, written: readonly string[]): Promise<void> {
  await dropUnnamed(folder, written).catch((error: unknown) => {
    log?.('warn', `files that no generation of ${folder} names are left: ${describeError(error)}`);
  });
}

/** What happens while a generation is made. */
interface Noted {
  /** Names of the files that were written for it. */
  readonly written: string[];
  /** What happens to each package. */
  readonly changed: Replaced[];
}

async function makeFromWhatIsThere(
  repository: Repository,
  change: RepositoryChange,
  noted: Noted,
): Promise<Generation | Clash> {
  const { folder, beginWith, log } = repository;
  const number = change.from ?? (await numberSeen(folder, 'newest'));
  if (number !== undefined) {
    try {
      const generation = await readGeneration(folder, number);
      if (generation === undefined) throw new RunnerError('metadata', 'its record is gone');
      const packed = await readLists(repodataOf(folder), generation);
      return await makeGeneration(repository, { generation, packed, builds: [] }, change, noted);
    } catch (error) {
      if (!isDamage(error)) throw error;
      // What is there besides is not what that one showed: readers would be given what they have not seen yet.
      if (change.from !== undefined) throw isDamaged(folder, number, error);
      log?.('error', `generation ${number} of ${folder} is made anew, for it is damaged: ${describeError(error)}`);
    }
  }
  const base = { generation: undefined, packed: nothing, builds: await beginWith() };
  return makeGeneration(repository, base, change, noted);
}

function isDamaged(folder: string, number: number, cause: unknown): RunnerError {
  const what = `generation ${number} of ${folder} is damaged, and what was to be made from it is not made`;
  const todo = 'Put generations/ and repodata/ of that folder back from a backup';
  return new RunnerError('metadata', `${what}: ${describeError(cause)}. ${todo}`, { cause });
}

/** What a new generation is made from. */
interface Base {
  readonly generation: Generation | undefined;
  readonly packed: PackedLists;
  /** To be shown besides, when there is no generation. */
  readonly builds: readonly BuildTexts[];
}

const knownTexts = new KnownTexts();

/** The texts of a base's chunks in a list, when they are known. */
function textsOf({ generation }: Base, list: List): ChunkTexts | undefined {
  const texts = generation && knownTexts.get(fileOf(generation, list)?.file ?? list);
  return texts?.length === generation?.chunks.length ? texts : undefined;
}

const nothing: PackedLists = { primary: Buffer.alloc(0), filelists: Buffer.alloc(0), other: Buffer.alloc(0) };

/** What is on the disk is not what was written there. */
function isDamage(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return (error instanceof RunnerError && error.code === 'metadata') || code?.startsWith('Z_') === true;
}

async function makeGeneration(
  repository: Repository,
  base: Base,
  change: RepositoryChange,
  { written: names, changed }: Noted,
): Promise<Generation | Clash> {
  changed.length = 0;
  const places = base.generation === undefined ? [] : placesOf(base.generation);
  const chunks = base.generation?.chunks ?? [];
  const pieces = await planChunks(chunks, changesOf(base.builds, change, changed), (at) => {
    const [chunk, place] = [chunks[at], places[at]];
    if (chunk === undefined || place === undefined) throw new RangeError(`there is no chunk ${at}`);
    return loadChunk(base.packed, chunk, place);
  });
  const sections = await Promise.all(
    sectionsOf(pieces).map(async (section): Promise<Section> => {
      if ('fresh' in section) return packChunk(section.fresh);
      const { from, to } = section;
      const copied = chunks.slice(from, to);
      const parts = (list: List) => {
        const sizes = copied.map((chunk) => chunk[list]);
        return copyParts(base.packed[list], places[from]?.[list] ?? 0, sizes, textsOf(base, list)?.slice(from, to));
      };
      return {
        chunks: copied,
        parts: { primary: parts('primary'), filelists: parts('filelists'), other: parts('other') },
      };
    }),
  );
  const all = sections.flatMap((section) => section.chunks);
  const repodata = repodataOf(repository.folder);
  const clashes = clashFinder(change.refuseClashes ? (change.show ?? []) : []);
  const rpms = all.reduce((sum, each) => sum + each.rpms, 0);
  const seconds = all.reduce((newest, { newestSeconds }) => Math.max(newest, newestSeconds), 0);
  const written = await Promise.all(
    lists.map((list) =>
      writeList(repodata, { list, rpms, seconds, parts: sections.flatMap(({ parts }) => parts[list]) }),
    ),
  );
  for (const text of written[0]?.texts ?? []) clashes.look(text); // of `primary`
  names.push(...written.map(({ file }) => file.file));
  const clash = clashes.found();
  if (clash !== undefined) return clash;
  for (const [index, list] of lists.entries()) {
    const { file, texts = [] } = written[index] ?? {};
    if (file !== undefined) knownTexts.keep(file.file, texts, base.generation && fileOf(base.generation, list)?.file);
  }
  const further =
    change.further === undefined ? keptFiles(base.generation) : await writeFurther(repodata, change.further);
  names.push(...further.map(({ file }) => file));
  const starts = Object.fromEntries(lists.map((list, index) => [list, written[index]?.start ?? 0]));
  const changes = changed.sort((one, other) => (one.package < other.package ? -1 : 1));
  return {
    schemaVersion: 1,
    generation: await nextNumber(repository.folder),
    publishedAt: new Date().toISOString(),
    madeFrom: base.generation?.generation ?? null,
    ...(change.unpublished ? {} : { replaces: (await numberSeen(repository.folder, 'current')) ?? null }),
    rpms,
    ...changesNamed(changes),
    ...takenBackNow(overtake(base.generation?.takenBack ?? [], changes)),
    files: [...written.map(({ file }) => file), ...further],
    starts: starts as unknown as OfLists<number>,
    chunks: all,
  };
}

/** Chunks of the old lists that follow one another, or builds of one new chunk. */
type SectionPlan = { from: number; to: number } | { readonly fresh: readonly BuildTexts[] };

function sectionsOf(pieces: readonly Piece[]): readonly SectionPlan[] {
  const sections: SectionPlan[] = [];
  for (const piece of pieces) {
    const before = sections.at(-1);
    if ('fresh' in piece) sections.push(piece);
    else if (before !== undefined && 'to' in before && before.to === piece.copied) before.to += 1;
    else sections.push({ from: piece.copied, to: piece.copied + 1 });
  }
  return sections;
}

/** Notes what happens to each package in `changed`. */
function changesOf(
  builds: readonly BuildTexts[],
  { show = [], hide = [], instead = [] }: RepositoryChange,
  changed: Replaced[],
): Changes {
  const hidden = new Set(hide);
  const newest = new Map<string, BuildTexts>();
  for (const build of [...builds, ...show]) {
    if (hidden.has(build.build)) continue;
    const before = newest.get(nameOf(build));
    if (before === undefined || numberOfBuild(before.build) <= numberOfBuild(build.build))
      newest.set(nameOf(build), build);
  }
  const substitutes = new Map(instead.map((build) => [nameOf(build), build]));
  const names = new Set([...newest.keys(), ...hide.map((build) => nameOf({ build }))]);
  return new Map(
    [...names].map((name) => [
      name,
      (shown: BuildTexts | undefined) => {
        const isHidden = shown !== undefined && hidden.has(shown.build);
        const stays = isHidden ? substitutes.get(name) : shown;
        const offered = newest.get(name);
        const isNewer =
          offered !== undefined && (stays === undefined || numberOfBuild(stays.build) <= numberOfBuild(offered.build));
        const after = isNewer ? offered : stays;
        if (after?.build !== shown?.build)
          changed.push({ package: name, before: placeOf(shown), after: placeOf(after) });
        return after;
      },
    ]),
  );
}

function placeOf(build: BuildTexts | undefined): Replaced['after'] {
  return build && { build: build.build, version: versionOf(build.packages.map(({ primary }) => primary)) };
}

function keptFiles(generation: Generation | undefined): readonly DataFile[] {
  return generation?.files.slice(lists.length) ?? [];
}

async function writeFurther(repodata: string, further: readonly FurtherFile[]): Promise<readonly DataFile[]> {
  return Promise.all(
    further.map(async ({ type, ending, content, open, seconds }) => {
      const sha256 = createHash('sha256').update(content).digest('hex');
      const written = await writeDataFile(repodata, { content: [content], sha256, ending });
      if (open === undefined) return { type, ...written, seconds };
      const opened = { sha256: createHash('sha256').update(open).digest('hex'), bytes: open.length };
      return { type, ...written, open: opened, seconds };
    }),
  );
}

export async function nextNumber(folder: string): Promise<number> {
  return Math.max(0, ...(await listGenerations(folder))) + 1;
}

/** The builds that a generation shows. */
export async function readBuilds(folder: string, generation: Generation): Promise<readonly BuildTexts[]> {
  const packed = await readLists(repodataOf(folder), generation);
  const places = placesOf(generation);
  const builds: BuildTexts[] = [];
  for (const [at, chunk] of generation.chunks.entries()) {
    const place = places[at];
    if (place !== undefined) builds.push(...(await loadChunk(packed, chunk, place)));
  }
  return builds;
}
