// What differs between two generations of a repository. Only the chunks that are not in both are looked at.
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseNevra } from '@coppice/config';
import { nothingWhenAbsent } from '../base/absent.ts';
import { RunnerError } from '../base/errors.ts';
import { chunkFor, compareNames, nameOf } from './chunks.ts';
import { loadChunk, placesOf, readChunkText, readLists } from './data-file.ts';
import { type Generation, maximumChanges, maximumGone, type PackageChange } from './generation.ts';
import { repodataOf } from './generations.ts';
import type { Replaced } from './taken-back.ts';
import { type BuildTexts, groupByBuild, locationOf, splitPackages, versionOf } from './texts.ts';

/** A build as a generation shows it. */
export interface ShownBuild {
  /** Its folder. */
  readonly build: string;
  /** `[epoch:]version-release`. */
  readonly version: string | null;
  /** The paths of its packages, inside the repository. */
  readonly files: readonly string[];
}

/** What is shown of a package in the one generation and in the other. */
export interface Difference {
  readonly package: string;
  readonly before: ShownBuild | undefined;
  readonly after: ShownBuild | undefined;
}

/**
 * The packages of which two generations in `folder` show other builds, in the order of their names. Throws RunnerError
 * `metadata` when the lists of one are damaged.
 */
export async function compareGenerations(
  folder: string,
  before: Pick<Generation, 'files' | 'starts' | 'chunks'> | undefined,
  after: Pick<Generation, 'files' | 'starts' | 'chunks'>,
): Promise<readonly Difference[]> {
  const [known, wanted] = [before, after].map((each) => new Set(each?.chunks.map(({ digest }) => digest)));
  const [old, fresh] = await Promise.all([
    before === undefined ? new Map<string, ShownBuild>() : loadShown(folder, before, wanted ?? new Set()),
    loadShown(folder, after, known ?? new Set()),
  ]);
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((name) => old.get(name)?.build !== fresh.get(name)?.build)
    .sort(compareNames)
    .map((name) => ({ package: name, before: old.get(name), after: fresh.get(name) }));
}

/** The builds of a generation by their packages, without the chunks of which `without` has the digest. */
async function loadShown(
  folder: string,
  { files, starts, chunks }: Pick<Generation, 'files' | 'starts' | 'chunks'>,
  without: ReadonlySet<string>,
): Promise<ReadonlyMap<string, ShownBuild>> {
  const shown = new Map<string, ShownBuild>();
  const places = placesOf({ starts, chunks });
  const wanted = chunks.flatMap((chunk, at) => (without.has(chunk.digest) ? [] : [{ chunk, at: places[at]?.primary }]));
  if (wanted.length === 0) return shown;
  const name = files.find(({ type }) => type === 'primary')?.file ?? 'primary';
  const file = await open(join(repodataOf(folder), name)).catch(nothingWhenAbsent);
  if (file === undefined) throw new RunnerError('metadata', `repodata/${name} is gone`);
  try {
    for (const { chunk, at = 0 } of wanted) {
      const primary = await readChunkText(file, at, chunk.primary).catch((cause) => {
        throw new RunnerError('metadata', `repodata/${name} is damaged`, { cause });
      });
      const texts = splitPackages(primary).map((each) => ({ primary: each, filelists: '', other: '' }));
      for (const build of groupByBuild(texts)) shown.set(nameOf(build), describe(build));
    }
  } finally {
    await file.close();
  }
  return shown;
}

function describe(build: BuildTexts): ShownBuild {
  return {
    build: build.build,
    version: versionOf(build.packages.map(({ primary }) => primary)),
    files: build.packages.map(({ primary }) => locationOf(primary)),
  };
}

/** Differences as a generation names them. */
export function changesNamed(differences: readonly Replaced[]): {
  readonly changes: PackageChange[];
  readonly changed: number;
} {
  // Another package may make it now.
  const shown = new Set(differences.flatMap(({ after }) => binariesOf(after)));
  const changes = differences.slice(0, maximumChanges).map(({ package: name, before, after }) => {
    const gone = binariesOf(before).filter((one) => !shown.has(one));
    return {
      ...{ package: name, before: before?.version ?? null, after: after?.version ?? null },
      ...(gone.length === 0 ? {} : { gone: gone.slice(0, maximumGone) }),
    };
  });
  return { changes, changed: differences.length };
}

/** The names of its binary packages, by those of their files. */
function binariesOf(build: Replaced['after']): readonly string[] {
  const nevras = (build?.files ?? []).flatMap((file) => parseNevra(basename(file).replace(/\.rpm$/, '')) ?? []);
  const binaries = nevras.filter(({ architecture }) => architecture !== 'src' && architecture !== 'nosrc');
  return [...new Set(binaries.map(({ name }) => name))].sort(compareNames);
}

/** What a generation says of some of its builds, by their folders. */
export async function readSomeBuilds(
  folder: string,
  generation: Generation,
  builds: ReadonlySet<string>,
): Promise<readonly BuildTexts[]> {
  if (builds.size === 0) return [];
  const packed = await readLists(repodataOf(folder), generation);
  const { chunks } = generation;
  const wanted = new Set([...builds].map((build) => chunkFor(chunks, nameOf({ build }))));
  const found: BuildTexts[] = [];
  for (const [at, place] of placesOf(generation).entries()) {
    const chunk = chunks[at];
    if (chunk === undefined || !wanted.has(at)) continue;
    found.push(...(await loadChunk(packed, chunk, place)).filter(({ build }) => builds.has(build)));
  }
  return found;
}
