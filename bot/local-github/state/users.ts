import type { Permissions } from './registration.ts';

// Who exists on the local GitHub. The names and tokens are documented: people try the service with them.
export const ORGANIZATION = 'acme';
export const CONFIG_REPOSITORY = `${ORGANIZATION}/packages`;

/** What a person may do in a repository, in GitHub's words, least first. */
export const PERMISSIONS = ['read', 'write', 'admin'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** Everybody's permission in every repository of the organisation. */
export const USERS: Readonly<Record<string, Permission>> = {
  maintainer: 'admin',
  builder: 'write',
  outsider: 'read',
};

/** The only tokens that people have here; the organisation is local, so they are no secrets. */
export const tokenOf = (login: string) => `token-${login}`;

/** True when `held` allows all that `wanted` does. */
export function allows(held: Permission, wanted: Permission): boolean {
  return PERMISSIONS.indexOf(held) >= PERMISSIONS.indexOf(wanted);
}

export type Identity =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'user'; readonly login: string; readonly permission: Permission; readonly token: string }
  | { readonly kind: 'app'; readonly token: string }
  | { readonly kind: 'installation'; readonly token: string; readonly permissions: Permissions };
