// The input digest: one hash over everything that decides what a build gives. Equal digests mean: no need to build
// again.
import { hash } from 'node:crypto';
import { type Buildroot, plainBuildroot } from '../words/buildroot.ts';
import type { PinnedSource } from '../words/source.ts';

export interface BuildInputs {
  readonly source: PinnedSource;
  readonly chroot: string;
  /** The content hash of the site's own `chroots/<chroot>.cfg`, '' when there is none. */
  readonly chrootConfigDigest: string;
  /** In the project's order: dnf asks them in it. */
  readonly repos: readonly string[];
  readonly buildroot: Buildroot;
  /** What a package with `rebuildOnNeeds` needs, by name, each with its `chainDigest`; empty for others. */
  readonly needs: ReadonlyMap<string, string>;
}

/** Raise it when the meaning of an input changes; every package is then built again. */
const digestVersion = 1;

/**
 * SHA-256, 64 hexadecimal digits. Names that move (branches, the config repo's own commit) are not inputs: what they
 * stand for is. Nor is where it is built and within which bounds (labels of builders, timeout, memory).
 */
export function inputDigest({ source, chroot, chrootConfigDigest, repos, buildroot, needs }: BuildInputs): string {
  // What nobody asked for is left out: a key that Coppice learns later changes no digest of a package that does not use
  // it.
  const options = canonicalOptions(buildroot);
  // The canonical JSON of all of it, its keys sorted. Parts that many packages or chroots share are made once.
  const text = [
    options === '{}' ? '{' : `{"buildroot":${options},`,
    `"chroot":${JSON.stringify(chroot)},"chrootConfigDigest":${JSON.stringify(chrootConfigDigest)},`,
    needs.size === 0 ? '' : `"needs":${canonicalMap(needs)},`,
    `"repos":${canonicalRepos(repos)},"source":${canonicalSource(source)},"version":${digestVersion}}`,
  ];
  return sha256(text.join(''));
}

const canonicalOptions = rememberEach((buildroot: Buildroot) => canonicalJson(optionsOf(buildroot)));
const canonicalRepos = rememberEach((repos: readonly string[]) => canonicalJson(repos));
/** Equal texts: the same source package comes of both. */
export const canonicalSource = rememberEach((source: PinnedSource) => canonicalJson(sourceContent(source)));

/** The function's answer for each object, asked once: these values never change. */
function rememberEach<T extends object>(answer: (value: T) => string): (value: T) => string {
  const answers = new WeakMap<T, string>();
  return (value) => {
    const known = answers.get(value) ?? answer(value);
    answers.set(value, known);
    return known;
  };
}

/**
 * What a need stands for in the digests of those that are built again with it: its own digest, and the same of all that
 * it needs.
 */
export function chainDigest(own: string, needs: ReadonlyMap<string, string>): string {
  return needs.size === 0 ? own : sha256(`{"needs":${canonicalMap(needs)},"own":${JSON.stringify(own)}}`);
}

function canonicalMap(map: ReadonlyMap<string, string>): string {
  return canonicalJson(Object.fromEntries(map));
}

function sha256(text: string): string {
  return hash('sha256', text);
}

/** The options that say something; sets of names in one order, repositories in dnf's. */
function optionsOf(buildroot: Buildroot): Record<string, unknown> {
  const stated: Record<string, unknown> = {};
  for (const key of ['packages', 'with', 'without', 'modules'] as const) {
    if (buildroot[key].length > 0) stated[key] = buildroot[key].toSorted();
  }
  if (buildroot.repos.length > 0) stated.repos = buildroot.repos;
  if (Object.keys(buildroot.macros).length > 0) stated.macros = buildroot.macros;
  for (const key of ['isolation', 'forcearch', 'network'] as const) {
    if (buildroot[key] !== plainBuildroot[key]) stated[key] = buildroot[key];
  }
  return stated;
}

/**
 * What makes a difference: of a `dir` its tree, of a dist-git the commit and not the branch that led to it. Keys that
 * nobody stated are left out, but for the two that always were there.
 */
function sourceContent(source: PinnedSource): Record<string, unknown> {
  switch (source.type) {
    case 'dir': {
      const { tree, spec, sources } = source;
      return stated({ type: 'dir', tree, spec: spec ?? null, sources });
    }
    case 'git': {
      const { url, commit, subdirectory, spec, sources } = source;
      const method = source.method === 'spec' ? undefined : source.method;
      return stated({
        type: 'git',
        url,
        commit,
        subdirectory: subdirectory ?? null,
        spec: spec ?? null,
        method,
        sources,
      });
    }
    case 'distgit': {
      const { branch: _moves, ...content } = source;
      return stated(content);
    }
    case 'srpm':
      return { type: 'srpm', sha256: source.sha256 };
    case 'pypi': {
      const { url: _place, generator, ...content } = source;
      return stated({ ...content, generator: generator === 'pyp2rpm' ? undefined : generator });
    }
    case 'rubygems': {
      const { url: _place, ...content } = source;
      return content;
    }
    case 'script': {
      const { commit: _moves, path: _place, ...content } = source;
      return stated(content);
    }
  }
}

/** Without the keys that say nothing. */
function stated(content: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(content).filter(([, value]) => value !== undefined));
}

/** JSON with sorted keys and no spaces, for hashing: equal values give equal texts. For plain JSON values only. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`).join(',')}}`;
}
