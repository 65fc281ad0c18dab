// Where a package of Copr comes from → `source:` of a package here. Pure.
import type { CoprPackage } from './copr-answers.ts';

/** A SHA-256, or one clause that says why there is none; by address. */
export type SrpmHashes = ReadonlyMap<string, { readonly sha256: string } | { readonly why: string }>;

/** The source as YAML states it, or why there is none. */
type ConvertedSource = { readonly source: Readonly<Record<string, string>> } | { readonly why: string };

/** Why the types of Copr that Coppice does not have stay behind (BuildSourceEnum of copr_common/enums.py names them all). */
const foreignTypes: ReadonlyMap<string, string> = new Map([
  [
    'upload',
    'its SRPM was uploaded to Copr: put it at an https address (type srpm), or its spec and sources into the config repo (type dir)',
  ],
  ['pypi', 'Coppice makes no spec from PyPI: keep a spec in Git (pyp2spec writes one) and use type git or dir'],
  ['rubygems', 'Coppice makes no spec from RubyGems: keep a spec in Git (gem2rpm writes one) and use type git or dir'],
  ['custom', 'Coppice runs no script that makes sources: run it elsewhere and keep what it makes in Git'],
  [
    'distgit',
    'Coppice does not read the lookaside cache of a DistGit: keep spec and sources in the config repo (type dir)',
  ],
  ['unset', 'Copr knows no source of it: it was only ever built from one-time uploads'],
]);

/** The address of the SRPM of a package that Copr builds from a link. */
export function linkedSrpm(one: CoprPackage): string | undefined {
  const { url } = one.source_dict;
  if (one.source_type !== 'link' || typeof url !== 'string' || !URL.canParse(url)) return undefined;
  return new URL(url).pathname.endsWith('.src.rpm') ? url : undefined;
}

/** What `source:` has to say so that the same is built. Its values are still the stranger's: they have to pass validation. */
export function convertSource(one: CoprPackage, hashes: SrpmHashes): ConvertedSource {
  if (one.source_type === 'scm') return convertScm(one.source_dict);
  if (one.source_type === 'link') return convertLink(one, hashes);
  return {
    why: foreignTypes.get(one.source_type || 'unset') ?? `Coppice has no sources of the type ${one.source_type}`,
  };
}

function convertScm(stated: CoprPackage['source_dict']): ConvertedSource {
  const system = textOf(stated, 'type') || 'git';
  if (system !== 'git') return { why: `its source is kept in ${system}: Coppice reads Git alone` };
  const method = textOf(stated, 'source_build_method') || textOf(stated, 'srpm_build_method') || 'rpkg';
  if (method !== 'rpkg') {
    return {
      why: `its SRPM is made by ${method}: Coppice reads the spec and the sources that stand in the repository`,
    };
  }
  const url = textOf(stated, 'clone_url');
  if (url === '') return { why: 'Copr states no clone_url' };
  const subdirectory = relative(textOf(stated, 'subdirectory'));
  const spec = relative(textOf(stated, 'spec'));
  // rpkg, Copr's own default, packs the spec and the sources of the folder unless its macros are used.
  const source = {
    type: 'git',
    url,
    // Copr takes the default branch too when nothing is said.
    ref: textOf(stated, 'committish') || 'HEAD',
    ...(subdirectory === '' ? {} : { subdirectory }),
    ...(spec === '' ? {} : { spec }),
  };
  return { source };
}

function convertLink(one: CoprPackage, hashes: SrpmHashes): ConvertedSource {
  const url = linkedSrpm(one);
  if (url === undefined) {
    return {
      why: `${textOf(one.source_dict, 'url') || 'its link'} is no address of an SRPM: keep the spec in Git or in the config repo`,
    };
  }
  const hash = hashes.get(url);
  if (hash === undefined) {
    return { why: `${url} needs its sha256: import with --hash, or add it by hand (curl -L ADDRESS | sha256sum)` };
  }
  return 'sha256' in hash ? { source: { type: 'srpm', url, sha256: hash.sha256 } } : { why: hash.why };
}

function textOf(stated: CoprPackage['source_dict'], key: string): string {
  const value = stated[key];
  return typeof value === 'string' ? value.trim() : '';
}

/** `./a/b/` and `/a/b` mean `a/b` to Copr. */
function relative(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
