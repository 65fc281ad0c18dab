// Turns a hostile work tree into one folder with the spec and its files side by side, as rpm wants them. Nothing
// outside the tree gets in.
import { copyFile, lstat, mkdir, readdir, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { fail, type Outcome, succeed } from '../base/outcome.ts';

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

/**
 * The regular files of the spec's folder, and those of the tree that links there lead to; other folders and links are
 * left out.
 */
export async function flattenTree(
  order: FlattenOrder,
): Promise<Outcome<{ readonly folder: string; readonly spec: string }>> {
  const start = await enterSubdirectory(order.tree, order.subdirectory, order.name);
  if (!start.ok) return start;
  const wanted = order.spec === undefined ? await onlySpec(start.value) : succeed(order.spec);
  if (!wanted.ok) return wanted;
  const path = join(start.value, wanted.value);
  const root = await realpath(order.tree);
  const beside = await realpath(dirname(path)).catch(() => undefined);
  if (beside === undefined || !isInside(root, beside)) return noSpec(wanted.value, start.value);
  await mkdir(order.folder, { recursive: true });
  for (const entry of await readdir(beside, { withFileTypes: true })) {
    const from = join(beside, entry.name);
    const to = join(order.folder, entry.name);
    if (entry.isFile()) await rename(from, to);
    else if (entry.isSymbolicLink()) await copyLinked(root, from, to);
  }
  const spec = basename(path);
  const found = await lstat(join(order.folder, spec)).catch(() => undefined);
  if (found === undefined) return noSpec(wanted.value, start.value);
  await rm(order.tree, { recursive: true, force: true });
  return succeed({ folder: order.folder, spec });
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

async function copyLinked(root: string, from: string, to: string): Promise<void> {
  const target = await realpath(from).catch(() => undefined);
  if (target === undefined || !isInside(root, target)) return;
  if (!(await lstat(target)).isFile()) return;
  await copyFile(target, to);
}

async function onlySpec(folder: string): Promise<Outcome<string>> {
  const specs = await specsIn(folder);
  const [only] = specs;
  if (only === undefined) return fail('source', 'There is no .spec file among the sources.');
  if (specs.length === 1) return succeed(only);
  return fail('source', `There are ${specs.length} spec files${known(specs)}: name one with \`spec:\`.`);
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
