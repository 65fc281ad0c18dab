// The three lists of a repository's metadata as text: one element for each package, in the same order in all three.
// Texts are `latin1` strings, a character for each byte, so that lengths are sizes and nothing is lost. Pure.
// Source of the form: what createrepo_c writes, https://github.com/rpm-software-management/createrepo_c
// (src/xml_dump_*.c).
import { RunnerError } from '../base/errors.ts';

/** The lists, in the order in which `repomd.xml` names them. */
export const lists = ['primary', 'filelists', 'other'] as const;
export type List = (typeof lists)[number];
/** Something for each list. */
export type OfLists<T> = Readonly<Record<List, T>>;

/** One package in the three lists, each from `<package` to the line end behind `</package>`. */
export type PackageTexts = OfLists<string>;

/** What the lists say of one build: all of its packages. */
export interface BuildTexts {
  /** Its folder, `<00000042>-<package>`, which is where its packages lie. */
  readonly build: string;
  readonly packages: readonly PackageTexts[];
}

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
const namespace = 'http://linux.duke.edu/metadata';
const roots: OfLists<readonly [element: string, attributes: string]> = {
  primary: ['metadata', `xmlns="${namespace}/common" xmlns:rpm="${namespace}/rpm"`],
  filelists: ['filelists', `xmlns="${namespace}/filelists"`],
  other: ['otherdata', `xmlns="${namespace}/other"`],
};

/** What stands before the packages of a list of `packages` packages. */
export function listStart(list: List, packages: number): string {
  const [element, attributes] = roots[list];
  return `${declaration}<${element} ${attributes} packages="${packages}">\n`;
}

/** What stands behind them. */
export function listEnd(list: List): string {
  return `</${roots[list][0]}>`;
}

const elementEnd = '</package>\n';

/** The package elements of a list, or of a part of one without start and end. */
export function splitPackages(text: string): readonly string[] {
  const packages: string[] = [];
  for (let from = text.indexOf('<package '); from !== -1 && from < text.length; ) {
    const end = text.indexOf(elementEnd, from);
    if (end === -1) break; // the end of the list
    packages.push(text.slice(from, end + elementEnd.length));
    from = end + elementEnd.length;
    if (!text.startsWith('<package ', from)) break;
  }
  return packages;
}

/** The same packages of three lists. Throws RunnerError `metadata` when they do not belong together. */
export function joinLists(texts: OfLists<string>): readonly PackageTexts[] {
  const [primary, filelists, other] = lists.map((list) => splitPackages(texts[list])) as [
    readonly string[],
    readonly string[],
    readonly string[],
  ];
  const joined = primary.map((text, index) => ({
    primary: text,
    filelists: filelists[index] ?? '',
    other: other[index] ?? '',
  }));
  const fit = joined.every((each) => {
    const id = checksumOf(each.primary);
    return id !== '' && each.filelists.startsWith(`<package pkgid="${id}"`) && idOf(each.other) === id;
  });
  if (!fit || filelists.length !== primary.length || other.length !== primary.length)
    throw new RunnerError('metadata', 'the lists of packages, files and changelogs do not name the same packages');
  return joined;
}

function idOf(text: string): string {
  return /^<package pkgid="([^"]*)"/.exec(text)?.[1] ?? '';
}

/** The SHA-256 of a package, by its element of `primary`. */
function checksumOf(primary: string): string {
  return /<checksum type="sha256" pkgid="YES">([0-9a-f]{64})<\/checksum>/.exec(primary)?.[1] ?? '';
}

/** The path of a package inside its repository, as its element of `primary` says it. */
export function locationOf(primary: string): string {
  return decodeXml(/<location href="([^"]*)"/.exec(primary)?.[1] ?? '');
}

/** Packages by the folders that they lie in. Throws RunnerError `metadata` for one that lies in none. */
export function groupByBuild(packages: readonly PackageTexts[]): readonly BuildTexts[] {
  const builds = new Map<string, PackageTexts[]>();
  for (const texts of packages) {
    const [build = '', file, ...rest] = locationOf(texts.primary).split('/');
    if (file === undefined || rest.length > 0 || packageOfBuild(build) === undefined)
      throw new RunnerError('metadata', `a package lies in no folder of a build: ${locationOf(texts.primary)}`);
    const there = builds.get(build);
    if (there === undefined) builds.set(build, [texts]);
    else there.push(texts);
  }
  return [...builds].map(([build, texts]) => ({ build, packages: texts }));
}

/** `00000042-hello` → `hello`; undefined for what is no folder of a build. */
export function packageOfBuild(build: string): string | undefined {
  return /^\d{8,15}-(.+)$/s.exec(build)?.[1];
}

/** What people know a package by, from its element of `primary`. */
export interface PackageFacts {
  readonly name: string;
  readonly architecture: string;
  readonly epoch: string;
  readonly version: string;
  readonly release: string;
  /** Seconds since 1970: when its file was written last. */
  readonly fileSeconds: number;
}

export function factsOf(primary: string): PackageFacts {
  const one = (pattern: RegExp) => decodeXml(pattern.exec(primary)?.[1] ?? '');
  return {
    name: one(/<name>([^<]*)<\/name>/),
    architecture: one(/<arch>([^<]*)<\/arch>/),
    epoch: one(/<version epoch="([^"]*)"/),
    version: one(/<version [^>]*\bver="([^"]*)"/),
    release: one(/<version [^>]*\brel="([^"]*)"/),
    fileSeconds: Number(one(/<time file="(\d+)"/)),
  };
}

/**
 * `[epoch:]version-release` of a build: of its source package, or else of the first. From the elements of its packages
 * in `primary`.
 */
export function versionOf(packages: readonly string[]): string | null {
  const facts = packages.map(factsOf);
  const about = facts.find(({ architecture }) => architecture === 'src' || architecture === 'nosrc') ?? facts[0];
  if (about === undefined) return null;
  return `${about.epoch === '0' ? '' : `${about.epoch}:`}${about.version}-${about.release}`;
}

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Text of an element or attribute; `latin1` in, characters out. */
export function decodeXml(text: string): string {
  const characters = Buffer.from(text, 'latin1').toString('utf8');
  return characters.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{2,4}));/gi, (all, hex, decimal, name) => {
    if (name !== undefined) return named[name as string] ?? all;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}

/** Text for an element or attribute: characters in, `latin1` out. */
export function encodeXml(text: string): string {
  const escaped = text.replace(
    /[<>&"]/g,
    (one) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' })[one] ?? one,
  );
  return Buffer.from(escaped, 'utf8').toString('latin1');
}
