// Dist-git: where the known ones are, which branch is for which chroot, and where a file of the lookaside cache is.
import { type ChrootName, chrootOf } from './chroot.ts';
import type { DistgitInstance, Source } from './source.ts';

type DistgitSource = Extract<Source, { type: 'distgit' }>;

interface Instance {
  /** `{package}` stands for the name. */
  readonly url: string;
  readonly lookaside: string;
}

// As /etc/copr-distgit-client of https://github.com/fedora-copr/dist-git-client has them.
const instances: Readonly<Record<DistgitInstance, Instance>> = {
  fedora: {
    url: 'https://src.fedoraproject.org/rpms/{package}.git',
    lookaside: 'https://src.fedoraproject.org/repo/pkgs/rpms/{name}/{filename}/{hashtype}/{hash}/{filename}',
  },
  'centos-stream': {
    url: 'https://gitlab.com/redhat/centos-stream/rpms/{package}.git',
    lookaside: 'https://sources.stream.centos.org/sources/rpms/{name}/{filename}/{hashtype}/{hash}/{filename}',
  },
  copr: {
    url: 'https://copr-dist-git.fedorainfracloud.org/git/{package}.git',
    lookaside: 'https://copr-dist-git.fedorainfracloud.org/repo/pkgs/{name}/{filename}/{hashtype}/{hash}/{filename}',
  },
};

/** What a lookaside address may hold in braces: the same words as dist-git-client's `lookaside_uri_pattern`. */
export const lookasideWords = ['name', 'filename', 'hashtype', 'hash'] as const;

/**
 * The repository, the package's name in it, and its lookaside cache (undefined: it has none). `name` is the package's
 * own.
 */
export function locateDistgit(
  source: DistgitSource,
  name: string,
): { readonly url: string; readonly package: string; readonly lookaside: string | undefined } {
  if (source.url !== undefined) {
    const last = source.url.replace(/\/+$/, '').split('/').at(-1) ?? name;
    return { url: source.url, package: source.package ?? last.replace(/\.git$/, ''), lookaside: source.lookaside };
  }
  const known = instances[source.instance ?? 'fedora'];
  const wanted = source.package ?? name;
  return {
    url: known.url.replace('{package}', wanted),
    package: wanted,
    lookaside: source.lookaside ?? known.lookaside,
  };
}

/** The branch for a chroot: what `branches` says, else `branch`, else the known dist-git's own name for the release. */
export function branchFor(source: DistgitSource, chroot: ChrootName): string | undefined {
  for (const [pattern, branch] of Object.entries(source.branches ?? {})) if (fits(pattern, chroot)) return branch;
  if (source.branch !== undefined) return source.branch;
  return source.instance === undefined ? undefined : customaryBranch(source.instance, chroot);
}

/** Whether a chroot has the form of a pattern, in which `*` stands for any text. */
function fits(pattern: string, chroot: ChrootName): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(chroot);
}

function customaryBranch(instance: DistgitInstance, chroot: ChrootName): string | undefined {
  const { distribution, release } = chrootOf(chroot);
  const major = release.split('.')[0];
  if (instance === 'centos-stream') return /^(centos-stream|epel|rhel)$/.test(distribution) ? `c${major}s` : undefined;
  if (instance === 'copr') return 'master';
  if (distribution === 'fedora') return release === 'rawhide' ? 'rawhide' : `f${release}`;
  return distribution === 'epel' ? `epel${release}` : undefined;
}

/**
 * The address of one file of the lookaside cache. Every part is encoded: it may come from a file that anybody wrote.
 */
export function lookasideAddress(
  template: string,
  file: { readonly name: string; readonly filename: string; readonly hashtype: string; readonly hash: string },
): string {
  return template.replaceAll(/\{(\w+)\}/g, (all, word: string) => {
    const value = (file as Readonly<Record<string, string>>)[word];
    return value === undefined ? all : value.split('/').map(encodeURIComponent).join('/');
  });
}
