// The order of RPM's versions. Pure. Source of the rule: rpm's rpmio/rpmvercmp.c and lib/rpmds.c.

/** Epoch, version and release; without a release all releases count as equal. */
export interface Evr {
  readonly epoch: string;
  readonly version: string;
  readonly release: string | null;
}

/** Negative when `one` is older, positive when it is newer. */
export function compareEvr(one: Evr, other: Evr): number {
  const [epoch, otherEpoch] = [Number(one.epoch || 0), Number(other.epoch || 0)];
  if (epoch !== otherEpoch) return epoch - otherEpoch;
  const byVersion = compareVersions(one.version, other.version);
  if (byVersion !== 0 || one.release === null || other.release === null) return byVersion;
  return compareVersions(one.release, other.release);
}

/** The order of two versions, or of two releases: rpm's `rpmvercmp`. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [partsOf(one), partsOf(other)];
  for (let at = 0; ; at += 1) {
    const [a, b] = [left[at], right[at]];
    if (a === b) {
      if (a === undefined) return 0;
      continue;
    }
    // A tilde comes before everything, also before the end; a caret behind the end, and before all else.
    if (a === '~' || b === '~') return a === '~' ? -1 : 1;
    if (a === '^' || b === '^') {
      if (a === undefined) return -1;
      if (b === undefined) return 1;
      return a === '^' ? -1 : 1;
    }
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
    const order = compareParts(a, b);
    if (order !== 0) return order;
  }
}

function partsOf(text: string): readonly string[] {
  return text.match(/[0-9]+|[A-Za-z]+|[~^]/g) ?? [];
}

/** Numbers are newer than letters. */
function compareParts(one: string, other: string): number {
  const [number, otherNumber] = [one, other].map((part) => (/^\d/.test(part) ? part.replace(/^0+/, '') : undefined));
  if (number === undefined || otherNumber === undefined) {
    if (number !== otherNumber) return number === undefined ? -1 : 1;
    return one < other ? -1 : 1;
  }
  if (number.length !== otherNumber.length) return number.length - otherNumber.length;
  if (number === otherNumber) return 0;
  return number < otherNumber ? -1 : 1;
}
