// Additional repositories of Copr (`copr://owner/project`, addresses with $chroot and $distname) → repositories here.
// Pure.
import type { CoprProject } from './copr-answers.ts';

/** What a repository of Copr is here: for every chroot the same, or one for each chroot; or why it is none. */
export type ConvertedRepo =
  | { readonly repo: (chroot: string) => string; readonly same: boolean; readonly remark?: string }
  | { readonly why: string };

/** `@group` of Copr is `group` here: a name of ours is also a path and a part of an address. */
export function ownerHere(owner: string): string {
  return owner.replace(/^@/, '');
}

/**
 * Where Copr serves its results, without a slash at the end, as the project's own repositories show
 * (`https://download…/results` of `https://download…/results/@copr/tools/fedora-42-x86_64/`).
 */
function resultsBase(project: CoprProject): string | undefined {
  for (const [chroot, url] of Object.entries(project.chroot_repos)) {
    const tail = `/${project.ownername}/${project.name}/${chroot}`;
    const bare = url.replace(/%40/i, '@').replace(/\/+$/, '');
    if (bare.endsWith(tail)) return bare.slice(0, -tail.length);
  }
  return undefined;
}

/**
 * The repository `stated`, as Copr reads it (frontend/coprs_frontend/coprs/repos.py). `imported` holds the
 * `owner/project` that the config repo has already; those are named by `coppice://`.
 */
export function convertRepo(stated: string, project: CoprProject, imported: ReadonlySet<string>): ConvertedRepo {
  const [address = '', query = ''] = stated.split('?', 2);
  const priority = new URLSearchParams(query).has('priority') ? { remark: 'its priority is not kept' } : {};
  const copr = /^copr:\/\/([^/]+)\/([^/]+)\/?$/.exec(address);
  if (copr !== null) {
    const [, owner = '', name = ''] = copr;
    const here = `${ownerHere(owner)}/${name}`;
    if (here === `${ownerHere(project.ownername)}/${project.name}`)
      return { why: 'builds read their own project always' };
    if (imported.has(here)) return { repo: () => `coppice://${here}`, same: true, ...priority };
    const base = resultsBase(project);
    if (base === undefined) return { why: 'the address of its results is not known: name it as an https address' };
    return { repo: (chroot) => `${base}/${owner}/${name}/${chroot}/`, same: false, ...priority };
  }
  if (/^copr:/.test(address)) return { why: 'it is no copr://owner/project' };
  const rest = withoutPriority(query);
  const url = rest === '' ? address : `${address}?${rest}`;
  return {
    repo: (chroot) =>
      url.replaceAll('$chroot', chroot).replaceAll('$distname', chroot.split('-').slice(0, -2).join('-')),
    same: !/\$(?:chroot|distname)/.test(url),
    ...priority,
  };
}

function withoutPriority(query: string): string {
  return query
    .split('&')
    .filter((pair) => pair !== '' && !pair.startsWith('priority='))
    .join('&');
}
