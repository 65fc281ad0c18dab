// What is known of the repositories that packages from Git come from.

export interface GitPlace {
  readonly url: string;
  readonly ref: string;
}

/** What a repository has, or one clause that says why nobody looked. */
export type GitLook = { readonly submodules: readonly string[]; readonly lfs: boolean } | { readonly why: string };

/** By `gitKey`. */
export type GitLooks = ReadonlyMap<string, GitLook>;

export function gitKey({ url, ref }: GitPlace): string {
  return `${url} ${ref}`;
}
