// Who may do what over REST. The emulator lets anybody write to a public repository; GitHub does not.
import type { ApiAnswer } from './answers/api.ts';
import { type ApiRequest, matchPath, refusal } from './answers/api.ts';
import { acceptedHeader, suffices } from './app-permissions.ts';
import { allows, isOrganizations, type Permission, permissionIn } from './state/users.ts';

/** What a request needs: a permission, to be the author of the thing (or have write), or to be an app. */
type Need = Permission | 'anybody' | 'author' | 'app' | 'installation';

interface Rule {
  readonly method: string;
  readonly pattern: string;
  readonly need: Need;
}

const R = '/repos/:owner/:repo';

/** The first rule that fits decides; what no rule names needs `write`, or nothing when it only reads. */
const RULES: readonly Rule[] = [
  { method: 'GET', pattern: '/app/*rest', need: 'app' },
  { method: 'GET', pattern: '/app', need: 'app' },
  { method: 'POST', pattern: '/app/*rest', need: 'app' },
  { method: 'GET', pattern: `${R}/installation`, need: 'app' },
  { method: 'GET', pattern: '/orgs/:org/installation', need: 'app' },
  { method: 'GET', pattern: '/installation/*rest', need: 'installation' },
  { method: 'GET', pattern: '/user', need: 'read' },
  { method: 'GET', pattern: '/user/keys', need: 'read' },
  { method: 'POST', pattern: '/user/keys', need: 'read' },
  { method: 'DELETE', pattern: '/user/keys/:id', need: 'read' },
  { method: 'GET', pattern: `${R}/collaborators/:login/permission`, need: 'read' },
  { method: 'GET', pattern: `${R}/hooks/*rest`, need: 'admin' },
  { method: 'GET', pattern: '*rest', need: 'anybody' },
  { method: 'POST', pattern: `${R}/issues`, need: 'read' },
  { method: 'POST', pattern: `${R}/issues/:number/comments`, need: 'read' },
  { method: 'POST', pattern: `${R}/issues/:number/reactions`, need: 'read' },
  { method: 'POST', pattern: `${R}/issues/comments/:id/reactions`, need: 'read' },
  { method: 'DELETE', pattern: `${R}/issues/:number/reactions/:id`, need: 'read' },
  { method: 'DELETE', pattern: `${R}/issues/comments/:id/reactions/:reaction`, need: 'read' },
  { method: 'POST', pattern: `${R}/commits/:sha/comments`, need: 'read' },
  { method: 'POST', pattern: `${R}/pulls/:number/reviews`, need: 'read' },
  { method: 'POST', pattern: `${R}/pulls/:number/comments`, need: 'read' },
  { method: 'POST', pattern: `${R}/pulls`, need: 'read' },
  { method: 'POST', pattern: `${R}/forks`, need: 'read' },
  // What it needs is write access to where the head is.
  { method: 'PUT', pattern: `${R}/pulls/:number/update-branch`, need: 'read' },
  { method: 'PATCH', pattern: `${R}/issues/comments/:id`, need: 'author' },
  { method: 'DELETE', pattern: `${R}/issues/comments/:id`, need: 'author' },
  { method: 'PATCH', pattern: `${R}/issues/:number`, need: 'author' },
  { method: 'PATCH', pattern: `${R}/pulls/:number`, need: 'author' },
  { method: 'POST', pattern: `${R}/check-runs`, need: 'installation' },
  { method: 'PATCH', pattern: `${R}/check-runs/:id`, need: 'installation' },
  { method: 'POST', pattern: `${R}/check-suites`, need: 'installation' },
  { method: 'PATCH', pattern: R, need: 'admin' },
  { method: 'DELETE', pattern: R, need: 'admin' },
  { method: 'POST', pattern: '/orgs/:org/repos', need: 'admin' },
  { method: 'POST', pattern: '/user/repos', need: 'read' },
  { method: 'POST', pattern: '/orgs/:org/teams', need: 'admin' },
  { method: 'PUT', pattern: '/orgs/:org/teams/*rest', need: 'admin' },
  { method: 'DELETE', pattern: '/orgs/:org/teams/*rest', need: 'admin' },
  { method: 'PUT', pattern: `${R}/collaborators/:login`, need: 'admin' },
  { method: 'DELETE', pattern: `${R}/collaborators/:login`, need: 'admin' },
  { method: 'POST', pattern: `${R}/hooks`, need: 'admin' },
  { method: 'PUT', pattern: `${R}/branches/:branch/protection`, need: 'admin' },
];

/** owner/name of the repository that a request is about; undefined for others. */
export function repositoryIn(path: string): string | undefined {
  return /^\/repos\/([^/]+\/[^/]+)/.exec(path)?.[1];
}

/** What GitHub says to an app that may not do something. */
const NOT_ACCESSIBLE = 'Resource not accessible by integration';

/**
 * The refusal that GitHub would answer; undefined when the request may go on. `needs`: what an
 * installation needs for it. `author` tells who wrote a thing.
 */
export async function refuse(
  request: ApiRequest,
  needs: readonly string[] | undefined,
  author: () => Promise<string | undefined>,
): Promise<ApiAnswer | undefined> {
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const rule = RULES.find((one) => one.method === method && matchPath(one.pattern, request.path));
  const need = rule?.need ?? 'write';
  const { identity } = request;
  if (need === 'app') {
    return identity.kind === 'app' ? undefined : refusal(401, 'A JSON web token could not be decoded');
  }
  const fullName = repositoryIn(request.path);
  if (identity.kind === 'installation') {
    const installed = fullName === undefined || isOrganizations(fullName);
    return installed && suffices(identity.permissions, needs)
      ? undefined
      : { ...refusal(403, NOT_ACCESSIBLE), headers: acceptedHeader(needs) };
  }
  if (need === 'anybody') return undefined;
  if (identity.kind === 'anonymous') return refusal(401, 'Requires authentication');
  if (identity.kind === 'app') return refusal(403, NOT_ACCESSIBLE);
  if (need === 'installation') return refusal(403, 'You must authenticate via a GitHub App.');
  if (need === 'author' && (await author()) === identity.login) return undefined;
  return allows(permissionIn(identity, fullName), need === 'author' ? 'write' : need)
    ? undefined
    : refusal(403, `Must have ${need === 'admin' ? 'admin' : 'write'} rights to Repository.`);
}
