// Where a package of Copr comes from → `source:` of a package here. Pure.
import type { CoprPackage } from './copr-answers.ts';
import type { GitPlace } from './git-looks.ts';

/** A SHA-256, or one clause that says why there is none; by address. */
export type SrpmHashes = ReadonlyMap<string, { readonly sha256: string } | { readonly why: string }>;

/** The source as YAML states it, or why there is none. */
type ConvertedSource =
  | {
      readonly source: Readonly<Record<string, unknown>>;
      /** What of it does not come over, or is otherwise here: a thing and a clause each. */
      readonly notes?: readonly (readonly [what: string, text: string])[];
    }
  | { readonly why: string };

/**
 * Why the types of Copr that Coppice does not have stay behind (BuildSourceEnum of copr_common/enums.py names them
 * all).
 */
const foreignTypes: ReadonlyMap<string, string> = new Map([
  [
    'upload',
    'its SRPM was uploaded to Copr: put it at an https address (type srpm), or its spec and sources into the config repo (type dir)',
  ],
  ['unset', 'Copr knows no source of it: it was only ever built from one-time uploads'],
]);

/** The address of the SRPM of a package that Copr builds from a link. */
export function linkedSrpm(one: CoprPackage): string | undefined {
  const { url } = one.source_dict;
  if (one.source_type !== 'link' || typeof url !== 'string' || !URL.canParse(url)) return undefined;
  return new URL(url).pathname.endsWith('.src.rpm') ? url : undefined;
}

/** Where a package comes from that is built from plain Git. */
export function gitPlace(one: CoprPackage): GitPlace | undefined {
  const converted = convertSource(one, new Map());
  if (!('source' in converted) || converted.source.type !== 'git') return undefined;
  return { url: String(converted.source.url), ref: String(converted.source.ref) };
}

/**
 * What `source:` has to say so that the same is built. Its values are still the stranger's: they have to pass
 * validation.
 */
export function convertSource(one: CoprPackage, hashes: SrpmHashes): ConvertedSource {
  switch (one.source_type) {
    case 'scm':
      return convertScm(one.source_dict);
    case 'link':
      return convertLink(one, hashes);
    case 'pypi':
      return convertPypi(one.source_dict);
    case 'rubygems':
      return { source: { type: 'rubygems', gem: textOf(one.source_dict, 'gem_name') } };
    case 'custom':
      return convertScript(one.source_dict);
    case 'distgit':
      return convertDistgit(one.source_dict);
    default:
      return {
        why: foreignTypes.get(one.source_type || 'unset') ?? `Coppice has no sources of the type ${one.source_type}`,
      };
  }
}

function convertPypi(stated: CoprPackage['source_dict']): ConvertedSource {
  const [version, template, generator] = [
    textOf(stated, 'pypi_package_version'),
    textOf(stated, 'spec_template'),
    textOf(stated, 'spec_generator'),
  ];
  const versions: readonly unknown[] = Array.isArray(stated.python_versions) ? stated.python_versions : [];
  // Python 2 is packaged nowhere any more.
  const python = versions.map(String).filter((each) => each.startsWith('3'));
  const source = {
    type: 'pypi',
    package: textOf(stated, 'pypi_package_name'),
    ...(version === '' ? {} : { version }),
    ...(python.length === 0 ? {} : { python }),
    ...(template === '' ? {} : { template }),
    ...(generator === '' ? {} : { generator }),
  };
  const old = versions.map(String).filter((each) => !each.startsWith('3'));
  const notes = old.map((each) => [`python_versions: ${each}`, 'Python 2 is packaged nowhere any more'] as const);
  return { source, notes };
}

/**
 * Copr runs a script without a first line of its own by the shell. Its chroot is often one that only Copr has
 * (`fedora-latest-…`).
 */
function convertScript(stated: CoprPackage['source_dict']): ConvertedSource {
  const text = typeof stated.script === 'string' ? stated.script : '';
  const [builddeps, resultdir, chroot] = [
    textOf(stated, 'builddeps')
      .split(/[\s,]+/)
      .filter((each) => each !== ''),
    relative(textOf(stated, 'resultdir')),
    textOf(stated, 'chroot'),
  ];
  if (textOf(stated, 'repos') !== '') {
    return {
      why: 'its script needs repositories of its own: add them to `repos` of the project, and the script by hand',
    };
  }
  const source = {
    type: 'script',
    script: text.startsWith('#!') ? text : `#!/bin/sh\n${text}`,
    ...(builddeps.length === 0 ? {} : { builddeps }),
    ...(chroot === '' || chroot.includes('-latest-') ? {} : { chroot }),
    ...(resultdir === '' ? {} : { resultdir }),
  };
  const latest = chroot.includes('-latest-');
  return { source, notes: latest ? [[`chroot ${chroot}`, 'the script runs in the first chroot of each build']] : [] };
}

function convertDistgit(stated: CoprPackage['source_dict']): ConvertedSource {
  const url = textOf(stated, 'clone_url');
  const branch = textOf(stated, 'committish');
  const known = knownDistgit(url);
  if (known === undefined) {
    return {
      why: `${url || 'its dist-git'} is not one that is known: write \`url\` and \`lookaside\` of \`type: distgit\` by hand`,
    };
  }
  return { source: { type: 'distgit', ...known, ...(branch === '' ? {} : { branch }) } };
}

/** The dist-git and the name in it that an address leads to, in the forms that the sites give themselves. */
function knownDistgit(url: string): { readonly instance: Distgit; readonly package: string } | undefined {
  const places = [
    [/^(?:src|pkgs)\.fedoraproject\.org\/(?:c?git\/)?rpms\/([^/]+)$/, 'fedora'],
    [/^gitlab\.com\/redhat\/centos-stream\/rpms\/([^/]+)$/, 'centos-stream'],
    [/^copr-dist-git\.fedorainfracloud\.org\/(?:c?git\/)?([^/]+\/[^/]+\/[^/]+)$/, 'copr'],
  ] as const;
  const [, place = ''] = /^(?:https?|git|ssh):\/\/(?:[^@/]{1,100}@)?(.{1,500}?)(?:\.git)?\/*$/.exec(url) ?? [];
  for (const [form, instance] of places) {
    const name = form.exec(place)?.[1];
    if (name !== undefined) return { instance, package: name };
  }
  return undefined;
}

type Distgit = 'fedora' | 'centos-stream' | 'copr';

/** What Copr builds for every chroot where no branch is said. */
const defaultBranches: Readonly<Record<Distgit, string>> = {
  fedora: 'rawhide',
  'centos-stream': 'HEAD',
  copr: 'master',
};

/** A dist-git as plain Git would come without the sources in its lookaside cache. */
function scmDistgit(
  { instance, package: name }: { readonly instance: Distgit; readonly package: string },
  committish: string,
  spec: string,
): ConvertedSource {
  const branch = committish === '' || committish === 'HEAD' ? defaultBranches[instance] : committish;
  const usual = `${name.split('/').at(-1)}.spec`;
  const notes = spec === '' || spec === usual ? [] : [[`spec ${spec}`, `a dist-git has one spec, ${usual}`] as const];
  return { source: { type: 'distgit', instance, package: name, branch }, notes };
}

function convertScm(stated: CoprPackage['source_dict']): ConvertedSource {
  const system = textOf(stated, 'type') || 'git';
  if (system !== 'git') return { why: `its source is kept in ${system}: Coppice reads Git alone` };
  const method = textOf(stated, 'source_build_method') || textOf(stated, 'srpm_build_method') || 'rpkg';
  // With `--test` tito packs a commit without a tag; Coppice does so where the commit has none.
  const methods: Readonly<Record<string, string>> = { tito: 'tito', tito_test: 'tito', make_srpm: 'make_srpm' };
  if (method !== 'rpkg' && methods[method] === undefined) {
    return { why: `its SRPM is made by ${method}: Coppice has spec, rpkg, tito and make_srpm` };
  }
  const url = textOf(stated, 'clone_url');
  if (url === '') return { why: 'Copr states no clone_url' };
  const subdirectory = relative(textOf(stated, 'subdirectory'));
  const spec = relative(textOf(stated, 'spec'));
  const distgit = knownDistgit(url);
  const committish = textOf(stated, 'committish');
  if (distgit !== undefined && method === 'rpkg' && subdirectory === '') return scmDistgit(distgit, committish, spec);
  // rpkg, Copr's own default, packs the spec and the sources of the folder unless its macros are used.
  const source = {
    type: 'git',
    url,
    // Copr takes the default branch too when nothing is said.
    ref: committish || 'HEAD',
    ...(subdirectory === '' ? {} : { subdirectory }),
    ...(spec === '' ? {} : { spec }),
    ...(method === 'rpkg' ? {} : { method: methods[method] }),
  };
  const lookaside = distgit === undefined && !/\/forks?\//.test(url) ? [] : [lookasideNote];
  return { source, notes: lookaside };
}

const lookasideNote = [
  'its lookaside cache',
  'it looks like a dist-git: plain Git brings none of the sources that only the cache has (`type: distgit` with `url` and `lookaside` does)',
] as const;

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
