// Under which terms projects and packages are found, and in which files of `search/terms/` a term stands. Pure.
import { type PackageHeaders, parseNevra } from '@coppice/config';

/** What is found: a project, a package, a built package by its NEVRA, a file, a word of a description. */
export type TermKind = 'project' | 'package' | 'nevra' | 'file' | 'word';

/** One way to find a package, or a project. */
export interface Term {
  readonly term: string;
  readonly kind: TermKind;
  /** What is shown of it: a description, a summary, the NEVRA, the path. */
  readonly text: string;
}

/** A term stands under its first letters; keys have these lengths. */
export const keyLengths = { least: 2, most: 16 } as const;

const shown = 140;
const mostFiles = 200;
const mostNevras = 100;
const mostWords = 60;
const longestPath = 200;
const longestTerm = 80;
const separator = /[-_.+:/ ]+/g;
const debug = /-debug(?:info|source)(?:-|$)/;
const folderMode = /^04/;
/** Words that are in any text. */
const common = new Set(
  'the and for with that this from are you can not has have its into which when will your all any use used using'.split(
    ' ',
  ),
);

/** The name under which a term stands: small letters and digits, all else as `_`; not shorter than two. */
export function keyOf(term: string): string {
  const key = term.slice(0, keyLengths.most).replace(/[^a-z0-9]/g, '_');
  return key.padEnd(keyLengths.least, '_');
}

/** `python3-requests` is found by its beginning and by that of its parts. */
function termsOfName(name: string): readonly string[] {
  const whole = name.toLowerCase().slice(0, longestTerm);
  const ends = [...whole.matchAll(separator)].map(({ index, 0: { length } }) => whole.slice(index + length));
  return [...new Set([whole, ...ends])].filter((term) => term.length > 1 || term === whole).slice(0, 6);
}

function wordsOf(text: string): readonly string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]{3,24}/gu) ?? [];
  return [...new Set(words)].filter((word) => !common.has(word)).slice(0, mostWords);
}

/** Of a project: `key` is `owner/name`. */
export function projectTerms(key: string, description: string): readonly Term[] {
  const text = description.slice(0, shown).toWellFormed();
  return unique([
    ...termsOfName(key).map((term): Term => ({ term, kind: 'project', text })),
    ...wordsOf(description).map((term): Term => ({ term, kind: 'word', text: '' })),
  ]);
}

/** What is known of a package that is listed. */
export interface Described {
  readonly name: string;
  /** Of all chroots. */
  readonly nevras: readonly string[];
  /** Of one chroot. */
  readonly headers: PackageHeaders | undefined;
}

/** The summary of what people come for. */
export function summaryOf(headers: PackageHeaders | undefined): string {
  return (headers?.packages[0]?.summary ?? '').slice(0, shown).toWellFormed();
}

export function packageTerms({ name, nevras, headers }: Described): readonly Term[] {
  const packages = (headers?.packages ?? []).filter((one) => !debug.test(one.name));
  const isShown = (nevra: string) => {
    const parsed = parseNevra(nevra);
    return parsed !== undefined && !/^(?:no)?src$/.test(parsed.architecture) && !debug.test(parsed.name);
  };
  const paths = packages
    .flatMap(({ files }) => files)
    .filter(({ path, mode }) => !folderMode.test(mode) && path.length <= longestPath)
    .map(({ path }) => path);
  const words = wordsOf(packages.map(({ summary, description }) => `${summary ?? ''} ${description ?? ''}`).join(' '));
  const text = summaryOf(headers);
  return unique([
    ...termsOfName(name).map((term): Term => ({ term, kind: 'package', text })),
    ...[...new Set(nevras)]
      .filter(isShown)
      .slice(0, mostNevras)
      .map((nevra): Term => ({ term: nevra.toLowerCase(), kind: 'nevra', text: nevra })),
    ...[...new Set(paths)].slice(0, mostFiles).map((path): Term => {
      const last = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
      return { term: last.slice(0, longestTerm), kind: 'file', text: path };
    }),
    ...words.map((term): Term => ({ term, kind: 'word', text: '' })),
  ]);
}

function unique(terms: readonly Term[]): readonly Term[] {
  const wellFormed = terms.map((each) => ({ ...each, term: each.term.toWellFormed(), text: each.text.toWellFormed() }));
  return [...new Map(wellFormed.map((each) => [JSON.stringify(each), each])).values()].filter(
    ({ term }) => term !== '',
  );
}
