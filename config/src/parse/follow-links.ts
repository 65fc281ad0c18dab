// Where the symbolic links in packages' folders lead, inside the config repo: what they name is input of the package as
// if it lay there.
import type { Problem } from '../words/problem.ts';
import { quote } from '../words/quote.ts';

/** All files of a commit by path, links among them, and what the links say. */
export interface LinkedTree {
  readonly paths: ReadonlySet<string>;
  /** Path of a symbolic link → its text. */
  readonly links: ReadonlyMap<string, string>;
}

/** A file that a link, or a folder that a link leads to, puts into a folder. Both paths begin at the top. */
export interface LinkedFile {
  readonly place: string;
  /** A regular file. */
  readonly target: string;
}

export type LinkFault = 'absolute' | 'outside' | 'dangling' | 'circle' | 'too-many';

export interface FollowedLinks {
  readonly files: readonly LinkedFile[];
  readonly faults: readonly { readonly path: string; readonly fault: LinkFault }[];
}

/** What all links below `folder` stand for, or the folder itself where it is a link to another. */
export type FollowLinks = (folder: string) => FollowedLinks;

const maximumHops = 40; // as the kernel has it
/** Files and folders that are looked at for one folder, and for all: anybody may open a pull request with links. */
const maximumSteps = 20_000;
const maximumStepsOfAll = 200_000;
const maximumDepth = 100;

/** Looks into the tree once, for all folders that are asked for. Pure. */
export function createLinkFollower(tree: LinkedTree): FollowLinks {
  if (tree.links.size === 0) return () => ({ files: [], faults: [] });
  const folders = childrenByFolder(tree.paths);
  let left = maximumStepsOfAll;
  return (folder) => {
    const files: LinkedFile[] = [];
    const faults: FollowedLinks['faults'][number][] = [];
    let steps = 0;
    const walk = (real: string, place: string, from: readonly string[], link: string | undefined): void => {
      for (const name of folders.get(real) ?? []) {
        const path = `${real}/${name}`.replace(/^\//, '');
        steps += 1;
        left -= 1;
        if (steps > maximumSteps || left < 0 || from.length > maximumDepth) {
          if (faults.at(-1)?.fault !== 'too-many') faults.push({ path: link ?? path, fault: 'too-many' });
          return;
        }
        if (!tree.links.has(path)) {
          if (folders.has(path)) walk(path, `${place}/${name}`, [...from, path], link);
          else if (link !== undefined) files.push({ place: `${place}/${name}`, target: path });
          continue;
        }
        const end = resolveLink(tree, folders, path);
        if ('fault' in end) faults.push({ path, fault: end.fault });
        else if (!folders.has(end.path)) files.push({ place: `${place}/${name}`, target: end.path });
        else if (from.some((each) => isWithin(each, end.path))) faults.push({ path, fault: 'circle' });
        else walk(end.path, `${place}/${name}`, [...from, end.path], link ?? path);
      }
    };
    const start = tree.links.has(folder) ? resolveLink(tree, folders, folder) : { path: folder };
    if ('fault' in start) faults.push({ path: folder, fault: start.fault });
    else walk(start.path, folder, [start.path], start.path === folder ? undefined : folder);
    return { files, faults };
  };
}

function isWithin(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

/** Folder → names in it; '' is the top. */
function childrenByFolder(paths: ReadonlySet<string>): ReadonlyMap<string, ReadonlySet<string>> {
  const folders = new Map<string, Set<string>>();
  for (const path of paths) {
    for (let end = path.length; end > 0; ) {
      const slash = path.lastIndexOf('/', end - 1);
      const folder = slash < 0 ? '' : path.slice(0, slash);
      const name = path.slice(slash + 1, end);
      const known = folders.get(folder);
      known?.add(name);
      if (known !== undefined) break;
      folders.set(folder, new Set([name]));
      end = slash;
    }
  }
  return folders;
}

/** As the kernel goes, with the top of the repo as a border. */
function resolveLink(
  { paths, links }: LinkedTree,
  folders: ReadonlyMap<string, unknown>,
  link: string,
): { readonly path: string } | { readonly fault: LinkFault } {
  const at: string[] = [];
  let ahead = link.split('/');
  for (let hops = 0; ahead.length > 0; ) {
    const [part = '', ...rest] = ahead;
    ahead = rest;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (at.pop() === undefined) return { fault: 'outside' };
      continue;
    }
    const path = [...at, part].join('/');
    const text = links.get(path);
    if (text !== undefined) {
      hops += 1;
      if (hops > maximumHops) return { fault: 'circle' };
      if (text.startsWith('/')) return { fault: 'absolute' };
      if (text === '') return { fault: 'dangling' };
      ahead = [...text.split('/'), ...rest];
    } else if (folders.has(path) || (paths.has(path) && rest.length === 0)) at.push(part);
    else return { fault: 'dangling' };
  }
  return { path: at.join('/') };
}

const faultSentences: Readonly<Record<LinkFault, readonly [message: string, hint: string]>> = {
  absolute: ['leads to an absolute path', 'let it lead to a file of this repository, by a relative path'],
  outside: ['leads out of the repository', 'let it lead to a file of this repository, or put the file itself here'],
  dangling: ['leads to nothing in this repository', 'add what it leads to, or mend or remove the link'],
  circle: ['leads in a circle', 'let it lead to a file, or to a folder that does not hold the link'],
  'too-many': ['brings in too many files or folders', 'link the files that the package needs, one by one'],
};

/** What is wrong with a link, without its path: `leads to nothing in this repository`. */
export function describeLinkFault(fault: LinkFault): string {
  return faultSentences[fault][0];
}

/**
 * All links that are or are below `packages/<owner>/<project>/<package>` and cannot be followed, and where the others
 * put files. Pure.
 */
export function checkLinks(
  { paths, links }: LinkedTree,
  follow = createLinkFollower({ paths, links }),
): { readonly problems: readonly Problem[]; readonly places: readonly string[] } {
  const places: string[] = [];
  const folders = new Set<string>();
  for (const path of links.keys()) {
    const [folder] = /^packages\/[^/]+\/[^/]+\/[^/]+/.exec(path) ?? [];
    if (folder !== undefined) folders.add(folder);
  }
  const problems = new Map<string, Problem>();
  for (const folder of [...folders].sort()) {
    const { files, faults } = follow(folder);
    places.push(...files.map(({ place }) => place));
    for (const { path, fault } of faults) {
      const [message, hint] = faultSentences[fault];
      const text = links.get(path);
      const says = text === undefined ? 'the folder' : `the link to ${quote(text)}`;
      problems.set(path, { path, line: 1, column: 1, message: `${says} ${message}`, hint });
    }
  }
  return { problems: [...problems.values()], places };
}
