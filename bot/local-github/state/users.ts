// Who exists on the local GitHub. The names and tokens are documented: people try the service with them.
import type { Permissions } from './registration.ts';

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

/**
 * What somebody may do in `owner/name`, undefined where no repository is meant: members of the organisation have their
 * permission in all of its repositories, and everybody else's repositories are their own.
 */
export function permissionIn(identity: Extract<Identity, { kind: 'user' }>, fullName: string | undefined): Permission {
  const owner = fullName?.split('/')[0]?.toLowerCase();
  if (owner === undefined || owner === ORGANIZATION) return identity.permission;
  return owner === identity.login.toLowerCase() ? 'admin' : 'read';
}

/** True for the repositories that the app is installed on. */
export function isOrganizations(fullName: string | undefined): boolean {
  return fullName?.split('/')[0]?.toLowerCase() === ORGANIZATION;
}
