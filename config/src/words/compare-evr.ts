// The order of RPM's versions, by rpm's own rules. Pure.
// Source of the rules: https://rpm-software-management.github.io/rpm/manual/dependencies.html#versioning and rpm's
// rpmio/rpmvercmp.c.

/** What rpm compares: the epoch, the version and the release. */
interface Evr {
  readonly epoch: string;
  readonly version: string;
  readonly release: string;
}

/** `[epoch:]version-release` → its parts; a missing epoch is 0, a missing release is empty. */
function splitEvr(text: string): Evr {
  const [, epoch = '0', rest = text] = /^(\d+):(.*)$/s.exec(text) ?? [];
  const dash = rest.lastIndexOf('-');
  return dash === -1
    ? { epoch, version: rest, release: '' }
    : { epoch, version: rest.slice(0, dash), release: rest.slice(dash + 1) };
}

/** The order of two `[epoch:]version-release`: negative when the first is the older, 0 when rpm calls them the same. */
export function compareEvr(one: string, other: string): number {
  const [first, second] = [splitEvr(one), splitEvr(other)];
  return (
    compareDigits(first.epoch, second.epoch) ||
    compareVersions(first.version, second.version) ||
    compareVersions(first.release, second.release)
  );
}

/** The order of two versions or releases, as `rpm.vercmp` says it: -1, 0 or 1. */
export function compareVersions(one: string, other: string): number {
  if (one === other) return 0;
  let [first, second] = [one, other];
  for (;;) {
    first = first.replace(separators, '');
    second = second.replace(separators, '');
    const tilde = compareSign('~', first, second);
    if (tilde !== undefined && tilde !== 0) return tilde;
    if (tilde === 0) {
      first = first.slice(1);
      second = second.slice(1);
      continue;
    }
    const caret = compareCaret(first, second);
    if (caret !== undefined && caret !== 0) return caret;
    if (caret === 0) {
      first = first.slice(1);
      second = second.slice(1);
      continue;
    }
    if (first === '' || second === '') return Math.sign(first.length - second.length);
    const isNumber = /^[0-9]/.test(first);
    const segment = isNumber ? /^[0-9]+/ : /^[A-Za-z]+/;
    const [left = ''] = segment.exec(first) ?? [];
    const [right = ''] = segment.exec(second) ?? [];
    // Of two kinds, the number is the newer.
    if (right === '') return isNumber ? 1 : -1;
    const order = isNumber ? compareDigits(left, right) : compareTexts(left, right);
    if (order !== 0) return order;
    first = first.slice(left.length);
    second = second.slice(right.length);
  }
}

const separators = /^[^A-Za-z0-9~^]+/;

/** `~` is older than anything, the end among it. Undefined where neither has it, 0 where both do. */
function compareSign(sign: string, one: string, other: string): number | undefined {
  const [first, second] = [one.startsWith(sign), other.startsWith(sign)];
  if (!first && !second) return undefined;
  return Number(second) - Number(first);
}

/** `^` is newer than the end and older than all else. */
function compareCaret(one: string, other: string): number | undefined {
  const order = compareSign('^', one, other);
  if (order === undefined || order === 0) return order;
  if (one === '') return -1;
  if (other === '') return 1;
  return order;
}

/** Whole numbers of any length. */
function compareDigits(one: string, other: string): number {
  const [first, second] = [one.replace(/^0+/, ''), other.replace(/^0+/, '')];
  return Math.sign(first.length - second.length) || compareTexts(first, second);
}

function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
