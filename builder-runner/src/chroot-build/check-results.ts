// What a builder sent back is hostile until it has passed here: regular files, known names, sane sizes, headers that
// agree.

import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatNevra, parseNevra, rpmFileName } from '@coppice/config';
import { type Failure, fail, type Outcome, succeed } from '../base/outcome.ts';
import { bytes, inQuotes, roughBytes } from '../base/sentence-parts.ts';
import type { LeftFile } from '../builder/receive-files.ts';
import { judgeFileNames } from '../rpm/judge-file-names.ts';
import { judgeTexts } from '../rpm/judge-texts.ts';
import { type RpmHeader, RpmHeaderError, readRpmHeader } from '../rpm/rpm-header.ts';

/** The logs that are kept, in mock's names. Others are left behind. */
export const keptLogs = ['build.log', 'root.log', 'state.log', 'hw_info.log', 'installed_pkgs.log'] as const;

export interface ResultLimits {
  readonly architecture: string;
  /** Name tag of the source package that was given to mock. */
  readonly sourceName: string;
  /** Upper bound of all files together. */
  readonly totalBytes: number;
  /** Of a failed build only logs are kept: packages are refused. */
  readonly logsOnly?: boolean;
}

export interface CheckedResults {
  readonly rpms: readonly string[];
  readonly logs: readonly string[];
}

const rpmNamePattern = /^[A-Za-z0-9_][A-Za-z0-9._+~^-]*\.rpm$/;
/** Signing, publishing and downloading a package put something behind its name for a while; a file system takes 255. */
const rpmNameBytes = 240;
const maximumFiles = 5_000;

const nothingToInstall =
  'The build made no binary package: the spec has no %files for any. An empty %files makes a package without files.';

/** What is said of results that are larger together than they may be; `largest` is one of them. */
export function tooLarge(limit: number, largest: { readonly name: string; readonly bytes: number }): Failure {
  const one = `the largest is ${inQuotes(largest.name)} with ${roughBytes(largest.bytes)}`;
  return refuse(`the files of one build may have ${bytes(limit)} together (limits.disk), and have more; ${one}`)
    .failure;
}

/** Why the build fails when these were left on its builder; undefined: nothing is missed. Logs may be missed. Pure. */
export function judgeLeft(left: readonly LeftFile[], limit: number): Failure | undefined {
  const missed = left.find(({ name }) => !(keptLogs as readonly string[]).includes(name));
  if (missed === undefined) return undefined;
  const name = inQuotes(missed.name);
  switch (missed.why) {
    case 'size': {
      const size = `it has ${roughBytes(missed.bytes)}, and the files of one build may have ${bytes(limit)}`;
      return refuse(`${name} is too large: ${size} (limits.disk)`).failure;
    }
    case 'name':
      return fail('unbuildable', `The name of the package ${name} is not UTF-8: mend Name, Version or Release.`)
        .failure;
    case 'kind':
      return refuse(`${name} is not a regular file`).failure;
  }
}

/** The files in `folder` that may be signed and published, or why none may (reason `policy`; `packaging` for text,
 * `unbuildable` for names). */
export async function checkResults(folder: string, limits: ResultLimits): Promise<Outcome<CheckedResults>> {
  const names = (await readdir(folder)).sort();
  if (names.length > maximumFiles) return refuse(`${names.length} files, more than ${maximumFiles}`);
  const rpms: string[] = [];
  const logs: string[] = [];
  let totalBytes = 0;
  for (const name of names) {
    const status = await lstat(join(folder, name));
    if (!status.isFile()) return refuse(`${inQuotes(name)} is not a regular file`);
    if (status.nlink > 1) return refuse(`${inQuotes(name)} has more than one name`);
    totalBytes += status.size;
    if (totalBytes > limits.totalBytes) {
      return { ok: false, failure: tooLarge(limits.totalBytes, { name, bytes: status.size }) };
    }
    if ((keptLogs as readonly string[]).includes(name)) logs.push(name);
    else if (limits.logsOnly !== true && rpmNamePattern.test(name)) rpms.push(name);
    else return refuse(`${inQuotes(name)} is neither a package nor one of mock's logs`);
  }
  if (limits.logsOnly === true) return succeed({ rpms, logs });
  const unfitName = judgeRpmNames(rpms);
  if (unfitName !== undefined) return { ok: false, failure: unfitName };
  const headers = await readHeaders(folder, rpms);
  if (typeof headers === 'string') return refuse(headers);
  const [only, ...others] = headers.values();
  if (only?.nevra.architecture === 'src' && others.length === 0) return fail('packaging', nothingToInstall);
  const unsteady = judgeVersions(headers);
  if (unsteady !== undefined) return { ok: false, failure: unsteady };
  const problem = judgeHeaders(headers, limits);
  if (problem !== undefined) return refuse(problem);
  const unfit = judgeTexts(headers.values()) ?? judgeFileNames(headers);
  return unfit === undefined ? succeed({ rpms, logs }) : { ok: false, failure: unfit };
}

/** Why packages of these names could not be signed and downloaded; undefined: they can. Pure. */
export function judgeRpmNames(names: readonly string[]): Failure | undefined {
  const long = names.find((name) => name.length > rpmNameBytes);
  if (long === undefined) return undefined;
  const limit = `its name has ${long.length} bytes, and ${rpmNameBytes} is the most that can be signed and downloaded`;
  return fail('unbuildable', `The package ${inQuotes(long)} cannot be published: ${limit}.`).failure;
}

/** The headers by file name, or what is wrong with one that cannot be read. */
async function readHeaders(folder: string, rpms: readonly string[]): Promise<Map<string, RpmHeader> | string> {
  const headers = new Map<string, RpmHeader>();
  for (const name of rpms) {
    try {
      headers.set(name, await readRpmHeader(join(folder, name)));
    } catch (error) {
      if (error instanceof RpmHeaderError) return `${inQuotes(name)} is not a good RPM: ${error.message}`;
      throw error;
    }
  }
  return headers;
}

/**
 * Why the packages cannot belong to their source package although they are of its name: the spec gives another version
 * or release each time it is read. Undefined: they agree, or differ otherwise. Pure.
 */
export function judgeVersions(headers: ReadonlyMap<string, RpmHeader>): Failure | undefined {
  const sources = [...headers].filter(([, { nevra }]) => nevra.architecture === 'src');
  const [sourceFile = '', source] = sources[0] ?? [];
  if (source === undefined) return undefined;
  const { name } = source.nevra;
  const isOwn = (file: string) => file.startsWith(`${name}-`) && file.slice(name.length + 1).split('-').length === 2;
  // Some programs make another source package on the way.
  const named = [...sources.map(([file]) => file), ...[...headers.values()].map(({ sourceRpm }) => sourceRpm ?? '')];
  const other = named.find((file) => file !== sourceFile && isOwn(file));
  if (other === undefined) return undefined;
  const what = `${inQuotes(sourceFile)} and ${inQuotes(other)} come of the same spec`;
  const why = 'Version or Release changes each time it is read: take what they depend on (a time, a random number) out';
  return fail('unbuildable', `${what}: ${why}.`).failure;
}

/** The first thing that is wrong with these headers by file name, or undefined. Pure. */
export function judgeHeaders(
  headers: ReadonlyMap<string, RpmHeader>,
  limits: Pick<ResultLimits, 'architecture' | 'sourceName'>,
): string | undefined {
  const sources = [...headers].filter(([, header]) => header.nevra.architecture === 'src');
  if (sources.length !== 1) return `there are ${sources.length} source packages instead of one`;
  const [sourceFile = '', source] = sources[0] ?? [];
  if (source?.nevra.name !== limits.sourceName) {
    return `the source package is called ${inQuotes(source?.nevra.name ?? '')} instead of ${inQuotes(limits.sourceName)}`;
  }
  const allowed = new Set(['src', 'noarch', ...compatibleArchitectures(limits.architecture)]);
  for (const [file, { nevra, sourceRpm }] of headers) {
    const nosrc = rpmFileName({ ...nevra, architecture: 'nosrc' });
    if (parseNevra(formatNevra(nevra)) === undefined)
      return `${inQuotes(file)} has a header with an impossible name or version`;
    if (file !== rpmFileName(nevra) && !(nevra.architecture === 'src' && file === nosrc)) {
      return `${inQuotes(file)} holds the package ${inQuotes(formatNevra(nevra))}`;
    }
    if (!allowed.has(nevra.architecture))
      return `${inQuotes(file)} is for ${nevra.architecture}, not ${limits.architecture}`;
    if (nevra.architecture !== 'src' && sourceRpm !== sourceFile) {
      return `${inQuotes(file)} says that it comes from ${inQuotes(sourceRpm ?? '')}, not from ${inQuotes(sourceFile)}`;
    }
  }
  return undefined;
}

/** What rpmbuild may call its packages on a chroot of this architecture. */
function compatibleArchitectures(architecture: string): readonly string[] {
  if (architecture === 'i686' || architecture === 'i386') return ['i386', 'i486', 'i586', 'i686'];
  if (architecture === 'armhfp') return ['armv7hl'];
  return [architecture];
}

function refuse(why: string) {
  return fail('policy', `The builder's results were refused: ${why}.`);
}
