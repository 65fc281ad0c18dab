// What a package says of itself for a bill of materials. Everything in a header is the packager's text.
import { oneLine } from './macro-file.ts';
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
const typeInt32 = 4;
/** A string, strings, translated strings. */
const typesOfText: ReadonlySet<number> = new Set([6, 8, 9]);
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
  const text = (tag: number) => textsOf(header, tag, 1, longestText)[0] || undefined;
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
  const most = 20 * mostRequires;
  const names = textsOf(header, tags.requireName, most, longestRequire);
  const versions = textsOf(header, tags.requireVersion, most, longestRequire);
  const flags = flagsOf(header, tags.requireFlags);
  const written = names.map((name, index) => withCondition(name, flags(index), versions[index] ?? ''));
  // What rpm itself offers is no package.
  const all = [...new Set(written)].filter((each) => each !== '' && !each.startsWith('rpmlib('));
  return { requires: all.slice(0, mostRequires), requiresLeft: Math.max(0, all.length - mostRequires) };
}

/** RPMSENSE_LESS 2, RPMSENSE_GREATER 4, RPMSENSE_EQUAL 8. */
function withCondition(name: string, flags: number, version: string): string {
  const sign = `${flags & 2 ? '<' : ''}${flags & 4 ? '>' : ''}${flags & 8 ? '=' : ''}`;
  return (sign === '' || version === '' ? name : `${name} ${sign} ${version}`).slice(0, longestRequire);
}

/** The first `most` strings of a tag. */
function textsOf({ store, places }: HeaderStore, tag: number, most: number, longest: number): readonly string[] {
  const place = places.get(tag);
  if (place === undefined || !typesOfText.has(place.type)) return [];
  const texts: string[] = [];
  let at = place.offset;
  while (texts.length < Math.min(place.count, most) && at < store.length) {
    const zero = store.indexOf(0, at);
    const end = zero === -1 ? store.length : zero;
    // Bytes first: a text may be as large as the header. Cut off in the middle of a character, that one goes.
    const bytes = store.subarray(at, Math.min(end, at + 4 * longest));
    texts.push(oneLine(bytes.toString('utf8')).slice(0, longest).toWellFormed().trim());
    at = end + 1;
  }
  return texts;
}

function flagsOf({ store, places }: HeaderStore, tag: number): (index: number) => number {
  const place = places.get(tag);
  return (index) => {
    if (place === undefined || place.type !== typeInt32 || index >= place.count) return 0;
    const at = place.offset + 4 * index;
    return at + 4 <= store.length ? store.readUInt32BE(at) : 0;
  };
}
