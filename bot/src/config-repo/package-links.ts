// Packages' folders whose symbolic links lead to other files of the config repo: those count as if they lay there.
import { hash } from 'node:crypto';
import type { TreeEntry } from '@coppice/builder-runner/remote';
import { type ConfigTree, createLinkFollower, type LinkedFile } from '@coppice/config';

export interface PackageLinks {
  /** The folder of a package → what it and its links hold: its Git object id, when it holds no links. */
  readonly trees: ReadonlyMap<string, string>;
  /** The files of the commit, with what is linked from packages' folders in the place of the links. */
  readonly files: readonly TreeEntry[];
  readonly linked: readonly LinkedFile[];
}

const packageFolder = /^packages\/[^/]+\/[^/]+\/[^/]+$/;

/** `entries` are all of the commit, folders too. Pure. */
export function followPackageLinks(
  { paths, links = new Map() }: Pick<ConfigTree, 'paths' | 'links'>,
  entries: readonly TreeEntry[],
): PackageLinks {
  const folders = entries.filter(({ type, path }) => type === 'tree' && packageFolder.test(path));
  const files = new Map(entries.filter(({ type }) => type === 'blob').map((entry) => [entry.path, entry]));
  const trees = new Map(folders.map(({ path, id }) => [path, id]));
  if (links.size === 0) return { trees, files: [...files.values()], linked: [] };
  const holding = new Set([...links.keys()].map((path) => path.split('/', 4).join('/')));
  const follow = createLinkFollower({ paths, links });
  const all = new Map(files);
  const linked: LinkedFile[] = [];
  // A package's folder may itself be a link to another.
  const asLinks = entries.filter(({ path }) => links.has(path) && packageFolder.test(path));
  for (const { path, id } of [...folders.filter((folder) => holding.has(folder.path)), ...asLinks]) {
    const content = [id];
    for (const { place, target } of follow(path).files) {
      const entry = files.get(target);
      if (entry === undefined) continue;
      all.set(place, { ...entry, path: place });
      linked.push({ place, target });
      content.push(`${place.slice(path.length)}\0${entry.mode} ${entry.id}`);
    }
    if (content.length > 1) trees.set(path, hash('sha1', content.join('\0')));
  }
  return { trees, files: [...all.values()], linked };
}
