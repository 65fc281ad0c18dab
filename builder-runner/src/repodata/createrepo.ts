// Asks createrepo_c what the metadata says of packages.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describeError, isDiskFull, RunnerError } from '../base/errors.ts';
import { gunzip } from './data-file.ts';
import { lineAbout, namedByIndex } from './read-index.ts';
import { joinLists, type List, lists, locationOf, type OfLists, type PackageTexts } from './texts.ts';

/** A package that createrepo_c leaves out. */
export interface LeftOut {
  readonly path: string;
  /** What createrepo_c says about it. */
  readonly line: string;
}

/** What it makes of some packages. */
export interface Described {
  readonly packages: readonly PackageTexts[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * The metadata of the packages `paths` in `folder`, without a look at any other file, in the order of their paths. It
 * gives their place as `prefix` (without a slash at its end) and the path, where one is given. Throws RunnerError
 * `metadata` or `tool-missing`.
 */
export async function describePackages(folder: string, paths: readonly string[], prefix?: string): Promise<Described> {
  if (paths.length === 0) return { packages: [], leftOut: [] };
  const fresh = await mkdtemp(join(tmpdir(), 'coppice-metadata-'));
  try {
    const { failed, said } = await runCreaterepo(folder, fresh, paths, prefix);
    const packages = await readPackages(join(fresh, 'repodata'));
    const there = new Set(packages.map(({ primary }) => locationOf(primary)));
    const missing = paths.filter((path) => !there.has(prefix === undefined ? path : `${prefix}/${path}`));
    if (failed && (missing.length === 0 || isDiskFull(new Error(said)))) throw refused(said);
    const leftOut = missing.map((path) => {
      const file = path.slice(path.lastIndexOf('/') + 1);
      return { path, line: lineAbout(file.replace(/-[^-]+-[^-]+$/, ''), said) };
    });
    return { packages, leftOut };
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

function refused(said: string): RunnerError {
  return new RunnerError('metadata', `createrepo_c failed: ${describeError(said)}`, { cause: new Error(said) });
}

/** `failed`: it met errors, yet wrote metadata of what it could. */
async function runCreaterepo(
  folder: string,
  fresh: string,
  paths: readonly string[],
  prefix: string | undefined,
): Promise<{ readonly failed: boolean; readonly said: string }> {
  const list = join(fresh, 'packages');
  await writeFile(list, paths.map((path) => `${path}\n`).join(''));
  // Versions from 1.0 on write zstd by themselves, and end with 2 when they leave a package out.
  const packed = ['--general-compress-type=gz', '--compress-type=gz'];
  const options = ['--quiet', '--error-exit-val', '--no-database', '--unique-md-filenames', '--workers=2', ...packed];
  const place = prefix === undefined ? [] : [`--location-prefix=${prefix}`];
  const done = await execa('createrepo_c', [...options, ...place, '--outputdir', fresh, '--pkglist', list, folder], {
    stdin: 'ignore',
    env: { LC_ALL: 'C.UTF-8' },
    timeout: 600_000,
    reject: false,
  });
  if (done.code === 'ENOENT')
    throw new RunnerError('tool-missing', 'createrepo_c is missing: install it', { cause: done });
  const failed = done.exitCode !== 0;
  if (failed && (done.exitCode !== 2 || (await namedByIndex(join(fresh, 'repodata'))).length === 0))
    throw new RunnerError('metadata', `createrepo_c failed: ${describeError(done.stderr)}`, { cause: done });
  return { failed, said: done.stderr };
}

/** All packages of metadata in gzip. Throws RunnerError `metadata` when it cannot be read. */
export async function readPackages(repodata: string): Promise<readonly PackageTexts[]> {
  const names = await namedByIndex(repodata);
  const read = async (list: List) => {
    const name = names.find((each) => each.endsWith(`-${list}.xml.gz`) || each === `${list}.xml.gz`);
    if (name === undefined)
      throw new RunnerError(
        'metadata',
        `there is no ${list}.xml.gz among the files of the metadata: ${names.join(', ')}`,
      );
    return (await gunzip(await readFile(join(repodata, name)))).toString('latin1');
  };
  const [primary, filelists, other] = await Promise.all(lists.map(read));
  return joinLists({ primary, filelists, other } as OfLists<string>);
}
