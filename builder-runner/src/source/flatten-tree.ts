// Turns a hostile work tree into one folder with the spec and its files side by side, as rpm wants them. Nothing
// outside the tree gets in.
import { copyFile, lstat, mkdir, readdir, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, posix, relative, sep } from 'node:path';
import { describeLinkFault } from '@coppice/config';
import { fail, type Outcome, succeed } from '../base/outcome.ts';
import { inQuotes } from '../base/sentence-parts.ts';
import { followInTree } from './follow-links.ts';

export interface FlattenOrder {
  /** The work tree; it is removed. */
  readonly tree: string;
  /** The new folder that gets the files. */
  readonly folder: string;
  readonly subdirectory?: string | undefined;
  /** Path of the spec inside the subdirectory; undefined: the only one directly in it. */
  readonly spec: string | undefined;
  /** What messages call the tree. */
  readonly name: string;
}

export interface FlatTree {
  readonly folder: string;
  readonly spec: string;
  /** What was left out, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * The regular files of the spec's folder, and those of the tree that links there lead to; other folders, and links that
 * lead to nothing, are left out. A link out of the tree is refused.
 */
export async function flattenTree(order: FlattenOrder): Promise<Outcome<FlatTree>> {
  const start = await enterSubdirectory(order.tree, order.subdirectory, order.name);
  if (!start.ok) return start;
  const wanted = order.spec === undefined ? await onlySpec(start.value) : succeed(order.spec);
  if (!wanted.ok) return wanted;
  const path = join(start.value, wanted.value);
  const root = await realpath(order.tree);
  const beside = await realpath(dirname(path)).catch(() => undefined);
  if (beside === undefined || !isInside(root, beside)) return noSpec(wanted.value, start.value);
  const notes: string[] = [];
  await mkdir(order.folder, { recursive: true });
  for (const entry of await readdir(beside, { withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const link = relative(root, join(beside, entry.name));
    const end = await followInTree(root, link);
    const named = `The link ${JSON.stringify(link)} of ${order.name}`;
    if ('fault' in end)
      return fail('source', `${named} ${describeLinkFault(end.fault)}: let it lead to a file there, or remove it.`);
    const target = await lstat(join(root, end.path)).catch(() => undefined);
    if (target === undefined) notes.push(`${named} leads to nothing there, and is left out.`);
    else if (target.isFile()) await copyFile(join(root, end.path), join(order.folder, entry.name));
  }
  // Links may lead to what is moved here.
  for (const entry of await readdir(beside, { withFileTypes: true })) {
    if (entry.isFile()) await rename(join(beside, entry.name), join(order.folder, entry.name));
  }
  const spec = basename(path);
  const found = await lstat(join(order.folder, spec)).catch(() => undefined);
  if (found === undefined) return noSpec(wanted.value, start.value);
  await rm(order.tree, { recursive: true, force: true });
  return succeed({ folder: order.folder, spec, notes });
}

/**
 * What `flattenTree` would take, followed as far as it is there: the spec's folder, its files and where its links lead.
 * Paths relative to the tree.
 */
export async function reachOfSpec({ tree, subdirectory = '', spec = '' }: Omit<FlattenOrder, 'folder' | 'name'>) {
  const end = await followInTree(tree, posix.join(subdirectory, posix.dirname(spec)));
  if ('fault' in end) return [];
  const entries = await readdir(join(tree, end.path), { withFileTypes: true }).catch(() => []);
  const names = entries.flatMap((entry) => (entry.isDirectory() ? [] : [entry.name]));
  const ends = await Promise.all(names.map((name) => followInTree(tree, posix.join(end.path, name))));
  return [end.path, ...ends.flatMap((each) => ('path' in each ? [each.path] : []))];
}

/** The folder of a work tree that a package names; a way out of the tree is no folder of it. */
export async function enterSubdirectory(
  tree: string,
  subdirectory: string | undefined,
  name: string,
): Promise<Outcome<string>> {
  const root = await realpath(tree);
  const real = await realpath(join(root, subdirectory ?? '')).catch(() => undefined);
  if (real !== undefined && isInside(root, real) && (await lstat(real)).isDirectory()) return succeed(real);
  return fail('source', `There is no folder ${JSON.stringify(subdirectory)} in ${name}.`);
}

function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root + sep);
}

async function onlySpec(folder: string): Promise<Outcome<string>> {
  const specs = await specsIn(folder);
  const [only] = specs;
  if (only === undefined) {
    const shouted = (await readdir(folder)).find((name) => name.toLowerCase().endsWith('.spec'));
    const hint =
      shouted === undefined ? '' : ` ${inQuotes(shouted)} is none: let its name end with .spec in lower case.`;
    return fail('source', `There is no .spec file among the sources.${hint}`);
  }
  if (specs.length === 1) return succeed(only);
  return fail('source', `There are ${specs.length} spec files${known(specs)}: name one with \`spec:\`.`);
}

/**
 * The only spec among the paths of a tree's files: directly in its subdirectory, or where none is there, anywhere below
 * it. Relative to the subdirectory; undefined when there are several, or none. Pure.
 */
export function onlySpecAmong(paths: readonly string[], subdirectory = ''): string | undefined {
  const above = posix.join(subdirectory, './');
  const below =
    above === './' ? paths : paths.flatMap((path) => (path.startsWith(above) ? path.slice(above.length) : []));
  const specs = below.filter((path) => path.endsWith('.spec'));
  const beside = specs.filter((path) => !path.includes('/'));
  const [only, ...others] = beside.length === 0 ? specs : beside;
  return others.length === 0 ? only : undefined;
}

async function noSpec(wanted: string, folder: string): Promise<Outcome<never>> {
  const specs = (await specsIn(folder)).filter((name) => name !== wanted);
  return fail('source', `There is no ${wanted} among the sources${known(specs)}.`);
}

async function specsIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.spec')).sort();
}

function known(specs: readonly string[]): string {
  return specs.length === 0 ? '' : ` (${specs.slice(0, 5).join(', ')})`;
}
