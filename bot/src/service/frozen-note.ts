// What is answered in place of everything that a frozen project has published: 451 (RFC 7725) with a sentence. The
// sentence lies in `published/`, where any web server can look for it.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { published, readSandbox } from '@coppice/config';
import { openPublished } from './files/open-published.ts';

const maximumNoteBytes = 10_000;
const settledMilliseconds = 2000;

/**
 * The sentence for what `path` (percent-encoded) names of a frozen project; undefined for all else. The project's own
 * page goes on to be served: it says why. A sandbox is frozen with its project.
 */
export async function readFrozenNote(folder: string, path: string): Promise<string | undefined> {
  const place = projectOf(path);
  if (place === undefined) return undefined;
  return await noteOf(folder, place.owner, place.project);
}

/** The sentence for a frozen project by its names; undefined when none is said of it. */
async function noteOf(folder: string, owner: string, project: string): Promise<string | undefined> {
  const names = new Set([project, readSandbox(project)?.project ?? project]);
  for (const name of names) {
    const file = await openPublished(folder, published.frozenNote(owner, name));
    if (file === undefined || file === 'folder') continue;
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(maximumNoteBytes), 0, maximumNoteBytes, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  }
  return undefined;
}

/**
 * Gives the sentence for a build of a frozen project by its number alone; undefined for all others. `withheld` is where
 * all lies that such projects have published, laid out as in `folder`. To be asked for what is not published: only
 * what has changed is read again, and all who ask at once wait for one look.
 */
export function createBuildNotes(folder: string, withheld: string): (build: number) => Promise<string | undefined> {
  let known: readonly SeenFolder[] = [];
  let looking: Promise<readonly SeenFolder[]> | undefined;
  const look = async () => {
    const before = new Map(known.map((one) => [one.path, one]));
    known = (await Promise.all((await buildFolders(withheld)).map((each) => seen(each, before.get(each.path))))).flat();
    return known;
  };
  return async (build) => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    const found = (await looking).find(({ builds }) => builds.has(build));
    return found && (await noteOf(folder, found.owner, found.project));
  };
}

interface BuildFolder {
  readonly path: string;
  readonly owner: string;
  readonly project: string;
}

type SeenFolder = BuildFolder & { readonly changed: number; readonly builds: ReadonlySet<number> };

/** The folders of a chroot, or of source packages, that frozen projects have. */
async function buildFolders(withheld: string): Promise<readonly BuildFolder[]> {
  const found: BuildFolder[] = [];
  const results = join(withheld, 'results');
  for (const owner of await namesBelow(results)) {
    for (const project of await namesBelow(join(results, owner))) {
      const folder = join(results, owner, project);
      for (const name of await namesBelow(folder)) found.push({ path: join(folder, name), owner, project });
    }
  }
  return found;
}

/** None of what has gone meanwhile. */
async function seen(folder: BuildFolder, before: SeenFolder | undefined): Promise<readonly SeenFolder[]> {
  const about = await stat(folder.path).catch(() => undefined);
  if (about === undefined || !about.isDirectory()) return [];
  if (before?.changed === about.mtimeMs) return [before];
  const numbers = (await namesBelow(folder.path)).flatMap((name) => /^\d{8,}(?=-|$)/.exec(name)?.[0] ?? []);
  // What changes again within one tick of the file system's clock has the same time.
  const changed = Date.now() - about.mtimeMs < settledMilliseconds ? Number.NaN : about.mtimeMs;
  return [{ ...folder, changed, builds: new Set(numbers.map(Number)) }];
}

async function namesBelow(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(() => []);
}

/** The project that a path is about, if it is one of what the project has published. Pure. */
function projectOf(path: string): { readonly owner: string; readonly project: string } | undefined {
  let parts: readonly string[];
  try {
    parts = decodeURIComponent(path)
      .split('/')
      .filter((part) => part !== '');
  } catch {
    return undefined;
  }
  const [owner, project] = namesIn(parts);
  const isPlain = (name: string | undefined) => name !== undefined && !/^\.|\0/.test(name);
  return isPlain(owner) && isPlain(project) ? { owner: owner ?? '', project: project ?? '' } : undefined;
}

function namesIn([top, ...rest]: readonly string[]): readonly (string | undefined)[] {
  if (top === 'results' || top === 'coprs') return rest;
  if (top === 'api_3' && rest[0] === 'projects') return [rest[1], rest[2]];
  // Only the file of a project has the ending: names may end so themselves, and dnf names a release behind them.
  if (top === 'api_3' && rest[0] === 'rpmrepo')
    return [rest[1], rest.length === 3 ? rest[2]?.replace(/\.json$/, '') : rest[2]];
  const isSandbox = rest[0] !== undefined && readSandbox(rest[0]) !== undefined;
  return isSandbox || rest[1] === 'build' || rest[1] === 'package' ? [top, rest[0]] : [];
}
