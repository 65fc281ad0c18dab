// The texts of an RPM's header that go into a repository's metadata, which is XML: a package with another text is left
// out of it by createrepo_c, or breaks it for all.
import { isUtf8 } from 'node:buffer';

/** Where a tag's data is: type, offset in the store, and how many values. */
export interface TagPlace {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

/** A text that metadata cannot hold: `the changelog`, `holds the control character U+001B`. */
export interface TextFault {
  readonly where: string;
  readonly what: string;
}

/**
 * Tags of https://rpm-software-management.github.io/rpm/manual/tags.html that createrepo_c writes, and what people call
 * them. Scriptlets and the like are missing: they may hold anything.
 */
const textTags: readonly (readonly [tag: number, where: string])[] = [
  [1000, 'the name'],
  [1001, 'the version'],
  [1002, 'the release'],
  [1004, 'the summary'],
  [1005, 'the description'],
  [1007, 'the build host'],
  [1011, 'the vendor'],
  [1014, 'the license'],
  [1015, 'the packager'],
  [1016, 'the group'],
  [1020, 'the URL'],
  [1022, 'the architecture'],
  [1044, 'the name of the source package'],
  [1081, 'a name in the changelog'],
  [1082, 'the changelog'],
  [1047, 'a provided name (Provides)'],
  [1113, 'the version of a provided name (Provides)'],
  [1049, 'a required name (Requires)'],
  [1050, 'the version of a required name (Requires)'],
  [1054, 'a conflicting name (Conflicts)'],
  [1055, 'the version of a conflicting name (Conflicts)'],
  [1090, 'an obsoleted name (Obsoletes)'],
  [1115, 'the version of an obsoleted name (Obsoletes)'],
  [5046, 'a recommended name (Recommends)'],
  [5047, 'the version of a recommended name (Recommends)'],
  [5049, 'a suggested name (Suggests)'],
  [5050, 'the version of a suggested name (Suggests)'],
  [5052, 'a supplemented name (Supplements)'],
  [5053, 'the version of a supplemented name (Supplements)'],
  [5055, 'an enhanced name (Enhances)'],
  [5056, 'the version of an enhanced name (Enhances)'],
  [1117, 'the name of a file'],
  [1118, 'the name of a folder'],
  [1027, 'the name of a file'],
];
const textTypes: ReadonlySet<number> = new Set([6, 8, 9]); // a string, strings, translated strings

/** createrepo_c writes the newest ten entries of a changelog (`--changelog-limit`); older ones do no harm. */
const changelogEntries = 10;

/** The first text in a header's `store` that metadata cannot hold; undefined: there is none. Pure. */
export function findTextFault(store: Buffer, places: ReadonlyMap<number, TagPlace>): TextFault | undefined {
  for (const [tag, where] of textTags) {
    const place = places.get(tag);
    if (place === undefined || !textTypes.has(place.type)) continue;
    const isChangelog = tag === 1081 || tag === 1082;
    const count = isChangelog ? Math.min(place.count, changelogEntries) : place.count;
    const what = faultOf(store.subarray(place.offset, endOfStrings(store, place.offset, count)));
    if (what !== undefined) return { where, what };
  }
  return undefined;
}

/** Where the last of `count` strings ends, each of them closed by a zero byte. */
function endOfStrings(store: Buffer, offset: number, count: number): number {
  let end = offset;
  for (let left = count; left > 0 && end < store.length; left -= 1) {
    const zero = store.indexOf(0, end);
    if (zero === -1) return store.length;
    end = zero + 1;
  }
  return end;
}

/** What XML 1.0 (https://www.w3.org/TR/xml/#charsets) forbids of this; zero bytes stand between strings. */
function faultOf(texts: Buffer): string | undefined {
  for (let at = 0; at < texts.length; at += 1) {
    const byte = texts[at] ?? 0;
    if (byte < 0x20 && byte !== 0 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) {
      return `holds the control character ${codePoint(byte)}`;
    }
    const third = texts[at + 2];
    if (byte === 0xef && texts[at + 1] === 0xbf && (third === 0xbe || third === 0xbf)) {
      return `holds the character ${codePoint(third === 0xbe ? 0xfffe : 0xffff)}`;
    }
  }
  return isUtf8(texts) ? undefined : 'is not UTF-8';
}

function codePoint(value: number): string {
  return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
}
