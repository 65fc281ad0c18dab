// Where a commit of a repository, and what lies between two, can be read in a browser. Nobody is asked: it follows from
// the address of the repository. Pure.
import { webAddress } from '../markup/html.ts';

export interface Forge {
  commit(id: string): string;
  compare(from: string, to: string): string;
}

/** Undefined where the server is none that is known. `github`: the origin of the GitHub that the service works with. */
export function forgeOf(repository: string, github: string | undefined): Forge | undefined {
  const web = webAddress(repository);
  if (web === undefined) return undefined;
  const { origin, hostname, pathname } = new URL(web);
  const path = pathname.replace(/\/+$/, '').replace(/\.git$/, '');
  if (!/^\/[^/]+\/[^/]/.test(path)) return undefined;
  const base = `${origin}${path}`;
  if (hostname === 'src.fedoraproject.org' || hostname === 'pagure.io')
    return { commit: (id) => `${base}/c/${id}`, compare: (from, to) => `${base}/c/${from}..${to}` };
  if (hostname === 'gitlab.com' || hostname.startsWith('gitlab.'))
    return { commit: (id) => `${base}/-/commit/${id}`, compare: (from, to) => `${base}/-/compare/${from}...${to}` };
  if (origin !== github && hostname !== 'github.com' && hostname !== 'codeberg.org') return undefined;
  return { commit: (id) => `${base}/commit/${id}`, compare: (from, to) => `${base}/compare/${from}...${to}` };
}

/** The config repo, by the address of what asked for a build: a comment or a commit there. */
export function configRepositoryOf(request: string): string | undefined {
  return /^(https?:\/\/[^/\s]+\/[^/\s]+\/[^/\s]+)\/(?:issues|pull|commit)\/[^/\s]/.exec(request)?.[1];
}
