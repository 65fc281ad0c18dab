// What is answered in place of everything that a frozen project has published: 451 (RFC 7725) with a sentence. The
// sentence lies in `published/`, where any web server can look for it.
import { published, readSandbox } from '@coppice/config';
import { openPublished } from './open-published.ts';

const maximumNoteBytes = 10_000;

/**
 * The sentence for what `path` (percent-encoded) names of a frozen project; undefined for all else. The project's own
 * page goes on to be served: it says why. A sandbox is frozen with its project.
 */
export async function readFrozenNote(folder: string, path: string): Promise<string | undefined> {
  const place = projectOf(path);
  if (place === undefined) return undefined;
  const { owner, project } = place;
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
  return rest[1] === 'build' || rest[1] === 'package' ? [top, rest[0]] : [];
}
