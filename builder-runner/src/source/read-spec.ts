// The sources that a spec names in each chroot of a build, as rpm expands it there: in the sandbox, for a spec is a
// program.
import { lstat, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { chrootMacros, distributionMacros, parseChroot } from '@coppice/config';
import { macroDefinitions } from '../rpm/macro-file.ts';
import { runInSandbox } from '../sandbox/run-in-sandbox.ts';
import type { FetchOrder, SpecReader } from './fetch-order.ts';
import { mayDependOnChroot, mayNameAddresses, type NamedSource, parseSpecSources } from './spec-sources.ts';

/** Chroots in which a spec names the same sources. */
export interface SpecReading {
  /** Of the build's, in their order. */
  readonly chroots: readonly string[];
  readonly sources: readonly NamedSource[];
}

const maximumSpecBytes = 4 * 1024 ** 2;
const expandSeconds = 30;
/** For all chroots together. */
const expandSecondsOfAll = 90;

/**
 * What is named in which chroots, that of the first chroot first. Where a spec names only files, or rpm cannot read it
 * here, nothing is named; the latter is told in `notes`.
 */
export async function readSpec(
  order: FetchOrder,
  { folder, spec }: { readonly folder: string; readonly spec: string },
  notes: string[],
): Promise<readonly SpecReading[]> {
  const text = await readSmall(join(folder, spec));
  const chroots = order.readers.map(({ chroot }) => chroot);
  const mayDiffer = order.readers.length > 1 && text !== undefined && mayDependOnChroot(text);
  if (text !== undefined && !mayNameAddresses(text) && !mayDiffer) return [{ chroots, sources: [] }];
  const expanded = new Map<string, readonly NamedSource[] | undefined>();
  const until = Date.now() + expandSecondsOfAll * 1000;
  const read: (readonly NamedSource[] | undefined)[] = [];
  for (const reader of order.readers) {
    const options = rpmOptions(reader);
    const key = options.join('\0');
    if (!expanded.has(key))
      expanded.set(key, await expand(order, { folder, spec, chroot: reader.chroot, options, until }, notes));
    read.push(expanded.get(key));
  }
  return groupReadings(chroots, read);
}

/** Where a chroot's spec cannot be read here, it counts as another's that can. */
function groupReadings(
  chroots: readonly string[],
  read: readonly (readonly NamedSource[] | undefined)[],
): readonly SpecReading[] {
  const otherwise = read.find((sources) => sources !== undefined) ?? [];
  const readings = new Map<string, { readonly chroots: string[]; readonly sources: readonly NamedSource[] }>();
  for (const [index, chroot] of chroots.entries()) {
    const sources = read[index] ?? otherwise;
    const key = JSON.stringify(sources.map(({ value }) => value));
    const reading = readings.get(key) ?? { chroots: [], sources };
    reading.chroots.push(chroot);
    readings.set(key, reading);
  }
  return [...readings.values()];
}

interface Expansion {
  readonly folder: string;
  readonly spec: string;
  readonly chroot: string;
  readonly options: readonly string[];
  /** Milliseconds of the clock. */
  readonly until: number;
}

async function expand(
  order: FetchOrder,
  { folder, spec, chroot, options, until }: Expansion,
  notes: string[],
): Promise<readonly NamedSource[] | undefined> {
  const output = await mkdtemp(`${folder}.expand-`);
  try {
    const end = await runInSandbox({
      command: ['rpmspec', '-P', ...options, `/sources/${spec}`],
      sources: folder,
      output,
      seconds: Math.max(1, Math.min(expandSeconds, order.seconds, (until - Date.now()) / 1000)),
      fileBytes: maximumSpecBytes,
      signal: order.signal,
    });
    if (end.exitCode === 0) return parseSpecSources(end.output);
    const why = /^error: (.*)$/m.exec(end.output)?.[1] ?? (end.timedOut ? 'it took too long' : 'rpm gave up');
    const note = `The control host cannot read ${spec} for ${chroot} (${why.replaceAll('/sources/', '')}): no source address was fetched for it.`;
    if (!notes.includes(note)) notes.push(note);
    return undefined;
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}

/**
 * The places that rpm reads from, the macros of the chroot's distribution instead of this machine's, and what the
 * package asks for in it. The target comes first: it makes rpm read its own macros again.
 */
function rpmOptions({ chroot, buildroot, config }: SpecReader): readonly string[] {
  const { architecture } = parseChroot(chroot) ?? {};
  const places = { _sourcedir: '/sources', _specdir: '/sources', _dbpath: '/tmp/rpmdb' };
  const defined = [
    ...Object.entries({ ...chrootMacros(chroot, config), ...places }),
    ...macroDefinitions(buildroot).filter(([name]) => !Object.hasOwn(places, name)),
  ];
  return [
    ...(architecture === undefined ? [] : ['--target', architecture]),
    ...distributionMacros.flatMap((name) => ['--undefine', name]),
    ...defined.flatMap(([name, body]) => ['--define', `${name} ${body.trim() === '' ? '%{nil}' : body}`]),
  ];
}

/** The text of a regular file that is not too large; undefined of anything else. */
export async function readSmall(path: string): Promise<string | undefined> {
  const status = await lstat(path).catch(() => undefined);
  if (status?.isFile() !== true || status.size > maximumSpecBytes) return undefined;
  return readFile(path, 'utf8');
}
