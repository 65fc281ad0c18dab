// What packages provide and require, from their elements in the metadata, and whether the one meets the other. Pure.
// Source of the rules: rpm's lib/rpmds.c, https://rpm.org/docs/latest/manual/dependencies.html and
// boolean_dependencies.html.
import { compareVersions } from '@coppice/config';
import { decodeXml, type PackageTexts } from '../repodata/texts.ts';

/** Epoch, version and release; without a release all releases count as equal. */
interface Evr {
  readonly epoch: string;
  readonly version: string;
  readonly release: string | null;
}

/** A name, perhaps with a range of versions: `libfoo >= 1.2`. */
export interface Capability {
  readonly name: string;
  /** Undefined: any version. */
  readonly range?: { readonly flags: Flags; readonly evr: Evr };
}

const allFlags = ['EQ', 'LT', 'GT', 'LE', 'GE'] as const;
type Flags = (typeof allFlags)[number];

/** What the package itself needs to be installed; what a boolean dependency names counts as if each were asked for. */
export function requiresOf(primary: string): readonly Capability[] {
  return entriesIn(primary, 'requires')
    .flatMap((entry) => (entry.name.startsWith('(') ? termsOf(entry.name) : [entry]))
    .filter(({ name }) => !name.startsWith('rpmlib('));
}

/** What the package provides by name; files are apart. */
function providesOf(primary: string): readonly Capability[] {
  return entriesIn(primary, 'provides');
}

/** The paths of a package's files, as far as the text of a list names them. */
function filesIn(text: string): readonly string[] {
  return [...text.matchAll(/<file(?: type="[a-z]+")?>([^<]*)<\/file>/g)].map((match) => decodeXml(match[1] ?? ''));
}

/** What a package of the lists provides: names and all files. */
export function offersOf({ primary, filelists }: Pick<PackageTexts, 'primary' | 'filelists'>): readonly Capability[] {
  return [...providesOf(primary), ...filesIn(filelists).map((name) => ({ name }))];
}

function entriesIn(primary: string, kind: 'requires' | 'provides'): readonly Capability[] {
  const [, inner = ''] = new RegExp(`<rpm:${kind}>(.*?)</rpm:${kind}>`, 's').exec(primary) ?? [];
  return [...inner.matchAll(/<rpm:entry ([^>]*?)\/?>/g)].map(([, attributes = '']) => {
    const one = (key: string) => {
      const value = new RegExp(`(?:^| )${key}="([^"]*)"`).exec(attributes)?.[1];
      return value === undefined ? undefined : decodeXml(value);
    };
    const name = one('name') ?? '';
    const flags = allFlags.find((each) => each === one('flags'));
    if (flags === undefined) return { name };
    return {
      name,
      range: { flags, evr: { epoch: one('epoch') ?? '0', version: one('ver') ?? '', release: one('rel') ?? null } },
    };
  });
}

const operators: Readonly<Record<string, Flags>> = { '=': 'EQ', '<': 'LT', '>': 'GT', '<=': 'LE', '>=': 'GE' };

/** `(libfoo >= 1.2 if bar)` → both names. Parentheses that belong to a name, as in `font(x)`, stay with it. */
function termsOf(text: string): readonly Capability[] {
  return text
    .split(/(?:^|\s+)(?:and|or|if|unless|else|with|without)(?=\s)|\s+/)
    .map((word) => word.replace(/^\(+/, ''))
    .map((word) => (word.includes('(') ? word.replace(/\)+$/, ')') : word.replace(/\)+$/, '')))
    .filter((word) => word !== '')
    .reduce<Capability[]>((terms, word, at, words) => {
      if (operators[word] !== undefined) return terms;
      const flags = operators[words[at - 1] ?? ''];
      const before = terms.at(-1);
      if (flags !== undefined && before !== undefined)
        terms[terms.length - 1] = { name: before.name, range: { flags, evr: evrOf(word) } };
      else terms.push({ name: word });
      return terms;
    }, []);
}

function evrOf(text: string): Evr {
  const [, epoch = '0', version = '', release] = /^(?:(\d+):)?([^-]*)(?:-(.*))?$/s.exec(text) ?? [];
  return { epoch, version, release: release ?? null };
}

/** Negative when `one` is older, positive when it is newer. */
function compareRanges(one: Evr, other: Evr): number {
  const byVersion = compareVersions(one.epoch, other.epoch) || compareVersions(one.version, other.version);
  if (byVersion !== 0 || one.release === null || other.release === null) return byVersion;
  return compareVersions(one.release, other.release);
}

/**
 * Whether what is provided meets what is required. `unsure` is the answer where programs differ: a version is asked for
 * and none is stated.
 */
export function meets(provided: Capability, required: Capability, unsure: boolean): boolean {
  if (provided.name !== required.name) return false;
  if (required.range === undefined) return true;
  if (provided.range === undefined || provided.range.flags !== 'EQ') return unsure;
  const order = compareRanges(provided.range.evr, required.range.evr);
  const { flags } = required.range;
  if (order === 0) return flags === 'EQ' || flags === 'LE' || flags === 'GE';
  return order < 0 ? flags === 'LT' || flags === 'LE' : flags === 'GT' || flags === 'GE';
}
