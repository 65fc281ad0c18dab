// Reads the values of tags, as far as a header holds them: counts and offsets in it may be anything.
import { oneLine } from './macro-file.ts';
import type { HeaderStore } from './rpm-header.ts';

/** A string, strings, translated strings. */
const typesOfText: ReadonlySet<number> = new Set([6, 8, 9]);
/** Bytes of a number of each type. */
const bytesOfNumber: ReadonlyMap<number, number> = new Map([
  [3, 2],
  [4, 4],
  [5, 8],
]);

export interface TextLimits {
  /** Strings. */
  readonly most: number;
  /** UTF-16 code units of each. */
  readonly longest: number;
  /** Keep lines apart. Default: each text is on one line. */
  readonly lines?: boolean;
}

/** The first strings of a tag, without control characters and white space at their ends. */
export function textsOf(header: HeaderStore, tag: number, { most, longest, lines }: TextLimits): readonly string[] {
  const { store, places } = header;
  const place = places.get(tag);
  if (place === undefined || !typesOfText.has(place.type)) return [];
  const clean = lines === true ? manyLines : oneLine;
  const texts: string[] = [];
  let at = place.offset;
  while (texts.length < Math.min(place.count, most) && at < store.length) {
    const zero = store.indexOf(0, at);
    const end = zero === -1 ? store.length : zero;
    // Bytes first: a text may be as large as the header. Cut off in the middle of a character, that one goes.
    const bytes = store.subarray(at, Math.min(end, at + 4 * longest));
    texts.push(clean(bytes.toString('utf8')).slice(0, longest).toWellFormed().trim());
    at = end + 1;
  }
  return texts;
}

/** How many strings a tag has, `most` at most: what it says of itself is not to be believed. */
export function countTexts({ store, places }: HeaderStore, tag: number, most: number): number {
  const place = places.get(tag);
  if (place === undefined || !typesOfText.has(place.type)) return 0;
  let count = 0;
  for (let at = place.offset; count < Math.min(place.count, most) && at < store.length; count += 1) {
    const zero = store.indexOf(0, at);
    at = zero === -1 ? store.length : zero + 1;
  }
  return count;
}

/** The numbers of a tag by their index, 16, 32 or 64 bits each; undefined where there is none. */
export function numbersOf({ store, places }: HeaderStore, tag: number): (index: number) => number | undefined {
  const place = places.get(tag);
  const bytes = bytesOfNumber.get(place?.type ?? 0);
  if (place === undefined || bytes === undefined) return () => undefined;
  return (index) => {
    const at = place.offset + bytes * index;
    if (index >= place.count || at + bytes > store.length) return undefined;
    // Beyond what a number can hold exactly nothing is a size or a time.
    return bytes === 8 ? Number(store.readBigUInt64BE(at)) : store.readUIntBE(at, bytes);
  };
}

/** RPMSENSE_LESS 2, RPMSENSE_GREATER 4, RPMSENSE_EQUAL 8; '' where there is no condition. */
export function signOf(flags: number): '' | '<' | '<=' | '=' | '>' | '>=' {
  const signs = ['', '<', '>', '', '=', '<=', '>=', ''] as const;
  return signs[(flags >> 1) & 7] ?? '';
}

function manyLines(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.toWellFormed().replace(/[\u0000-\u0009\u000b-\u001f\u007f\u0085\u2028\u2029]/g, ' ');
}
