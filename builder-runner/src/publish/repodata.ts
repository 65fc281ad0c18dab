// The metadata of one dnf repository: which builds it shows, made by createrepo_c, signed, and put in place so that
// readers never meet a file that is missing.
import { lstat, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildStates, maximumResultBytes, parseJsonAs } from '@coppice/config';
import { execa } from 'execa';
import { z } from 'zod';
import { nothingWhenAbsent } from '../base/absent.ts';
import { describeError, isDiskFull, RunnerError } from '../base/errors.ts';
import { readRegularFile } from '../base/regular-file.ts';
import { lineAbout, namedByIndex, packagesShown } from './primary.ts';
import { type Signer, signDetached } from './sign.ts';

/** Builds, by the names of their folders, that count although their records say otherwise. */
export interface Exceptions {
  /** Their records are not written yet. */
  readonly justPublished?: ReadonlySet<string>;
  /** They are about to be deleted. */
  readonly leaving?: ReadonlySet<string>;
  /** Is told each build whose record is damaged, and how. */
  readonly damaged?: (build: string, why: string) => void;
}

/** A build that createrepo_c leaves out, so that the repository goes on to show the one before it. */
export interface LeftOut {
  /** Its folder. */
  readonly build: string;
  /** The first of its packages that is missing. */
  readonly file: string;
  /** What createrepo_c says about it. */
  readonly line: string;
}

/**
 * Writes new metadata of the repository in `folder`, and resolves with the builds that it cannot show. Callers see to
 * it that nobody else does at the same time.
 */
export async function writeRepodata(
  folder: string,
  signer: Signer,
  exceptions: Exceptions = {},
): Promise<readonly LeftOut[]> {
  await mkdir(join(folder, 'repodata'), { recursive: true });
  for (const name of await readdir(folder)) {
    // What a writer that was killed left.
    if (name.startsWith('.repodata-')) await rm(join(folder, name), { recursive: true, force: true });
  }
  const fresh = await mkdtemp(join(folder, '.repodata-'));
  try {
    const leftOut = await createMetadata(folder, fresh, exceptions);
    await signDetached(signer, join(fresh, 'repodata', 'repomd.xml'), join(fresh, 'repodata', 'repomd.xml.asc'));
    await putInPlace(join(fresh, 'repodata'), join(folder, 'repodata'));
    return leftOut;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Without the builds that cannot be shown, as often as it takes: a build counts with all of its packages or not. */
async function createMetadata(folder: string, fresh: string, exceptions: Exceptions): Promise<readonly LeftOut[]> {
  const leftOut = new Map<string, LeftOut>();
  for (;;) {
    const leaving = new Set([...(exceptions.leaving ?? []), ...leftOut.keys()]);
    const packages = await listPackages(folder, { ...exceptions, leaving });
    await writeFile(join(fresh, 'packages'), packages.map((path) => `${path}\n`).join(''));
    const { failed, said } = await runCreaterepo(folder, fresh);
    const shown = await packagesShown(join(fresh, 'repodata'));
    const missing = packages.filter((path) => !shown.has(path));
    const trouble = new RunnerError('metadata', `createrepo_c failed: ${describeError(said)}`, {
      cause: new Error(said),
    });
    if (failed && (missing.length === 0 || isDiskFull(trouble))) throw trouble;
    if (missing.length === 0) return [...leftOut.values()];
    await keepWhatIsShown(folder, missing, exceptions, said);
    for (const path of missing) {
      const [build = '', file = ''] = path.split('/');
      const line = lineAbout(file.replace(/-[^-]+-[^-]+$/, ''), said);
      if (!leftOut.has(build)) leftOut.set(build, { build, file, line });
    }
    await rm(join(fresh, 'repodata'), { recursive: true });
  }
}

/** A package that users have already does not go because it cannot be read now: that is a fault of the machinery. */
async function keepWhatIsShown(
  folder: string,
  missing: readonly string[],
  { justPublished }: Exceptions,
  said: string,
): Promise<void> {
  const older = missing.filter((path) => !justPublished?.has(path.split('/')[0] ?? ''));
  if (older.length === 0 || !(await hasRepodata(folder))) return;
  const live = await packagesShown(join(folder, 'repodata'));
  const lost = older.find((path) => live.has(path));
  if (lost === undefined) return;
  throw new RunnerError('metadata', `createrepo_c leaves out ${lost}, which is shown now: ${describeError(said)}`);
}

/** `failed`: it met errors, yet wrote metadata of what it could. */
async function runCreaterepo(
  folder: string,
  fresh: string,
): Promise<{ readonly failed: boolean; readonly said: string }> {
  // Versions from 1.0 on end with 2 of themselves when they leave a package out.
  const options = ['--quiet', '--error-exit-val', '--no-database', '--unique-md-filenames', '--workers=2', '--update'];
  const places = ['--update-md-path', folder, '--outputdir', fresh, '--pkglist', join(fresh, 'packages')];
  const done = await execa('createrepo_c', [...options, ...places, folder], {
    stdin: 'ignore',
    env: { LC_ALL: 'C.UTF-8' },
    timeout: 600_000,
    reject: false,
  });
  if (done.code === 'ENOENT')
    throw new RunnerError('tool-missing', 'createrepo_c is missing: install it', { cause: done });
  const failed = done.exitCode !== 0;
  if (failed && (done.exitCode !== 2 || !(await hasRepodata(fresh)))) {
    throw new RunnerError('metadata', `createrepo_c failed: ${describeError(done.stderr)}`, { cause: done });
  }
  return { failed, said: done.stderr };
}

/** Paths, inside `folder`, of the RPMs to be shown: those of each package's newest succeeded build. */
async function listPackages(folder: string, exceptions: Exceptions): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const build of await newestGoodBuilds(folder, exceptions)) {
    const entries = await readdir(join(folder, build), { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.rpm')).map(({ name }) => name);
    for (const file of files.sort()) paths.push(`${build}/${file}`);
  }
  return paths;
}

/** The folders, in that of a repository, of each package's newest succeeded build, oldest first. */
export async function newestGoodBuilds(folder: string, exceptions: Exceptions = {}): Promise<readonly string[]> {
  const succeeded: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || exceptions.leaving?.has(entry.name)) continue;
    const damaged = (why: string) => exceptions.damaged?.(entry.name, why);
    const counts = exceptions.justPublished?.has(entry.name) || (await hasSucceeded(join(folder, entry.name), damaged));
    if (counts) succeeded.push(entry.name);
  }
  return newestOfEach(succeeded);
}

/**
 * A build counts once its record says so; without a record it was never published. Only the state is looked at: there
 * may be 20,000 records. Where the record is damaged, the marker that was written just before it tells: leaving the
 * build out would take its packages from users.
 */
async function hasSucceeded(build: string, damaged: (why: string) => void): Promise<boolean> {
  const read = await readRegularFile(join(build, 'result.json'), maximumResultBytes);
  if (read === undefined) return false;
  const stated =
    read.kind === 'text' ? parseJsonAs(read.text, stateSchema) : { kind: 'broken' as const, why: read.why };
  if (stated.kind === 'value') return stated.value.state === 'succeeded';
  damaged(stated.why);
  return (await lstat(join(build, 'success')).catch(nothingWhenAbsent))?.isFile() === true;
}

const stateSchema = z.looseObject({ state: z.enum(buildStates) });

/**
 * Of folder names `<id>-<package>`, the one with the highest number for each package, in the order of their numbers.
 * Pure.
 */
export function newestOfEach(names: readonly string[]): readonly string[] {
  const newest = new Map<string, string>();
  for (const name of [...names].sort()) {
    const match = /^(\d{8,15})-(.+)$/.exec(name);
    if (match !== null) newest.set(match[2] ?? '', name);
  }
  return [...newest.values()].sort();
}

/**
 * Data files first, then their signed index. What only the index before the last one names goes; the last one's files
 * stay a while.
 */
async function putInPlace(fresh: string, live: string): Promise<void> {
  const index = join(live, 'repomd.xml');
  const before = await namedByIndex(live);
  const files = await readdir(fresh);
  for (const file of files.filter((name) => !name.startsWith('repomd.xml')))
    await rename(join(fresh, file), join(live, file));
  await rename(join(fresh, 'repomd.xml.asc'), join(live, 'repomd.xml.asc'));
  await rename(join(fresh, 'repomd.xml'), index);
  const keep = new Set([...files, ...before]);
  for (const file of await readdir(live)) if (!keep.has(file)) await rm(join(live, file), { force: true });
}

/** True when the repository in `folder` can be read by dnf already. */
export async function hasRepodata(folder: string): Promise<boolean> {
  return (await readdir(join(folder, 'repodata')).catch((): string[] => [])).includes('repomd.xml');
}
