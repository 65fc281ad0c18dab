// What a package says of itself for a bill of materials. Everything in a header is the packager's text.
import { numbersOf, signOf, textsOf } from './header-values.ts';
import { type HeaderStore, headerOf, type RpmHeader, readHeaderStore } from './rpm-header.ts';

/** Texts are on one line each, bounded; undefined where the header has none. */
export interface PackageFacts extends Pick<RpmHeader, 'nevra' | 'sourceRpm'> {
  readonly summary: string | undefined;
  readonly license: string | undefined;
  readonly vendor: string | undefined;
  readonly packager: string | undefined;
  readonly url: string | undefined;
  /** Names with their conditions, as `rpm --requires` shows them; the first ones, each once. */
  readonly requires: readonly string[];
  /** How many there are beyond those. */
  readonly requiresLeft: number;
}

/** Tags of https://rpm-software-management.github.io/rpm/manual/tags.html. */
const tags = {
  summary: 1004,
  vendor: 1011,
  license: 1014,
  packager: 1015,
  url: 1020,
  requireName: 1049,
  requireVersion: 1050,
  requireFlags: 1048,
};
const mostRequires = 500;
const longestText = 500;
/** Each with its condition. */
const longestRequire = 300;

/** Reads them from the RPM at `path`. Throws RpmHeaderError when it is none. */
export async function readPackageFacts(path: string): Promise<PackageFacts> {
  return packageFactsOf(await readHeaderStore(path));
}

/** The same of a header that was read. Throws RpmHeaderError. Pure. */
export function packageFactsOf(header: HeaderStore): PackageFacts {
  const { nevra, sourceRpm } = headerOf(header);
  const text = (tag: number) => textsOf(header, tag, { most: 1, longest: longestText })[0] || undefined;
  return {
    ...{ nevra, sourceRpm },
    summary: text(tags.summary),
    license: text(tags.license),
    vendor: text(tags.vendor),
    packager: text(tags.packager),
    url: text(tags.url),
    ...requiresOf(header),
  };
}

function requiresOf(header: HeaderStore): Pick<PackageFacts, 'requires' | 'requiresLeft'> {
  // A header may name far more than anybody reads.
  const limits = { most: 20 * mostRequires, longest: longestRequire };
  const names = textsOf(header, tags.requireName, limits);
  const versions = textsOf(header, tags.requireVersion, limits);
  const flags = numbersOf(header, tags.requireFlags);
  const written = names.map((name, index) => withCondition(name, flags(index) ?? 0, versions[index] ?? ''));
  // What rpm itself offers is no package.
  const all = [...new Set(written)].filter((each) => each !== '' && !each.startsWith('rpmlib('));
  return { requires: all.slice(0, mostRequires), requiresLeft: Math.max(0, all.length - mostRequires) };
}

function withCondition(name: string, flags: number, version: string): string {
  const sign = signOf(flags);
  return (sign === '' || version === '' ? name : `${name} ${sign} ${version}`).slice(0, longestRequire);
}
