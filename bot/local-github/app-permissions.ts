// Which permission of an installation a REST request needs. Reading is refused, too, though the repositories here are
// public: what holds for a private repository holds for all.
// https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
import { type ApiRequest, matchPath } from './answers/api.ts';
import type { Access, Permissions } from './state/registration.ts';

type Need = `${'checks' | 'contents' | 'issues' | 'members' | 'metadata' | 'pull_requests' | 'statuses'}=${Access}`;

/**
 * One of these is enough; none: any token does. `thread`: Pull requests where the thing is one or belongs to one, else
 * Issues. The documentation takes either for both; GitHub does not:
 * https://github.com/github/rest-api-description/issues/6994
 */
type Needs = readonly Need[] | `thread=${Access}`;

export interface PermissionRule {
  readonly method: string;
  /** As in Route. */
  readonly pattern: string;
  readonly needs: Needs;
}

const R = '/repos/:owner/:repo';
const EITHER = ['issues', 'pull_requests'] as const;
const either = (access: Access): Need[] => EITHER.map((name) => `${name}=${access}` as const);

/** The first rule that fits decides; what no rule names is refused. */
export const PERMISSION_RULES: readonly PermissionRule[] = [
  rule('GET', '/installation/repositories', []),
  rule('GET', '/rate_limit', []),
  rule('GET', '/users/:username', []),
  rule('GET', '/users/:username/keys', []),
  rule('GET', '/orgs/:org/teams/:team_slug/members', ['members=read']),
  rule('GET', R, ['metadata=read']),
  rule('GET', `${R}/collaborators/:username/permission`, ['metadata=read']),
  rule('GET', `${R}/contributors`, ['metadata=read']),
  rule('GET', `${R}/tags`, ['metadata=read']),
  rule('GET', `${R}/comments`, ['metadata=read']),
  rule('GET', `${R}/comments/:comment_id`, ['metadata=read']),
  rule('GET', `${R}/commits/:commit_sha/comments`, ['metadata=read']),
  rule('POST', `${R}/commits/:commit_sha/comments`, ['contents=read']),
  rule('PATCH', `${R}/comments/:comment_id`, ['contents=write']),
  rule('DELETE', `${R}/comments/:comment_id`, ['contents=write']),

  rule('POST', `${R}/check-runs`, ['checks=write']),
  rule('GET', `${R}/check-runs/:check_run_id`, ['checks=read']),
  rule('PATCH', `${R}/check-runs/:check_run_id`, ['checks=write']),
  rule('GET', `${R}/check-runs/:check_run_id/annotations`, ['checks=read']),
  rule('POST', `${R}/check-runs/:check_run_id/rerequest`, ['checks=write']),
  rule('POST', `${R}/check-suites`, ['checks=write']),
  rule('GET', `${R}/check-suites/:check_suite_id`, ['checks=read']),
  rule('GET', `${R}/check-suites/:check_suite_id/check-runs`, ['checks=read']),
  rule('POST', `${R}/check-suites/:check_suite_id/rerequest`, ['checks=write']),
  rule('GET', `${R}/commits/:ref/check-runs`, ['checks=read']),
  rule('GET', `${R}/commits/:ref/check-suites`, ['checks=read']),

  rule('GET', `${R}/commits/:ref/status`, ['statuses=read']),
  rule('GET', `${R}/commits/:ref/statuses`, ['statuses=read']),
  rule('POST', `${R}/statuses/:sha`, ['statuses=write']),

  rule('GET', `${R}/commits/:commit_sha/pulls`, ['pull_requests=read']),
  rule('GET', `${R}/pulls`, ['pull_requests=read']),
  rule('POST', `${R}/pulls`, ['pull_requests=write']),
  rule('GET', `${R}/pulls/:pull_number`, ['pull_requests=read']),
  rule('PATCH', `${R}/pulls/:pull_number`, ['pull_requests=write']),
  rule('GET', `${R}/pulls/:pull_number/commits`, ['pull_requests=read']),
  rule('GET', `${R}/pulls/:pull_number/files`, ['pull_requests=read']),
  rule('PUT', `${R}/pulls/:pull_number/merge`, ['contents=write']),

  rule('GET', `${R}/issues`, ['issues=read']),
  rule('POST', `${R}/issues`, ['issues=write']),
  rule('GET', `${R}/issues/comments`, either('read')),
  rule('GET', `${R}/issues/comments/:comment_id`, either('read')),
  rule('PATCH', `${R}/issues/comments/:comment_id`, 'thread=write'),
  rule('DELETE', `${R}/issues/comments/:comment_id`, 'thread=write'),
  rule('GET', `${R}/issues/comments/:comment_id/reactions`, ['issues=read']),
  rule('POST', `${R}/issues/comments/:comment_id/reactions`, ['issues=write']),
  rule('DELETE', `${R}/issues/comments/:comment_id/reactions/:reaction_id`, ['issues=write']),
  rule('GET', `${R}/issues/:issue_number`, ['issues=read']),
  rule('PATCH', `${R}/issues/:issue_number`, 'thread=write'),
  rule('GET', `${R}/issues/:issue_number/comments`, either('read')),
  rule('POST', `${R}/issues/:issue_number/comments`, 'thread=write'),
  rule('GET', `${R}/issues/:issue_number/labels`, either('read')),
  rule('POST', `${R}/issues/:issue_number/labels`, 'thread=write'),
  rule('DELETE', `${R}/issues/:issue_number/labels/:name`, 'thread=write'),
  rule('GET', `${R}/issues/:issue_number/reactions`, ['issues=read']),
  rule('POST', `${R}/issues/:issue_number/reactions`, ['issues=write']),
  rule('DELETE', `${R}/issues/:issue_number/reactions/:reaction_id`, ['issues=write']),
  rule('GET', `${R}/labels`, either('read')),
  rule('POST', `${R}/labels`, either('write')),

  rule('GET', `${R}/branches`, ['contents=read']),
  rule('GET', `${R}/branches/:branch`, ['contents=read']),
  rule('GET', `${R}/commits`, ['contents=read']),
  rule('GET', `${R}/commits/*ref`, ['contents=read']),
  rule('GET', `${R}/compare/*basehead`, ['contents=read']),
  rule('GET', `${R}/contents/*path`, ['contents=read']),
  rule('PUT', `${R}/contents/*path`, ['contents=write']),
  rule('DELETE', `${R}/contents/*path`, ['contents=write']),
  rule('GET', `${R}/git/blobs/:file_sha`, ['contents=read']),
  rule('POST', `${R}/git/blobs`, ['contents=write']),
  rule('GET', `${R}/git/commits/:commit_sha`, ['contents=read']),
  rule('POST', `${R}/git/commits`, ['contents=write']),
  rule('GET', `${R}/git/matching-refs/*ref`, ['contents=read']),
  rule('GET', `${R}/git/ref/*ref`, ['contents=read']),
  rule('POST', `${R}/git/refs`, ['contents=write']),
  rule('PATCH', `${R}/git/refs/*ref`, ['contents=write']),
  rule('DELETE', `${R}/git/refs/*ref`, ['contents=write']),
  rule('GET', `${R}/git/tags/:tag_sha`, ['contents=read']),
  rule('POST', `${R}/git/tags`, ['contents=write']),
  rule('GET', `${R}/git/trees/:tree_sha`, ['contents=read']),
  rule('POST', `${R}/git/trees`, ['contents=write']),
  rule('POST', `${R}/merges`, ['contents=write']),
  rule('GET', `${R}/readme`, ['contents=read']),
];

function rule(method: string, pattern: string, needs: Needs): PermissionRule {
  return { method, pattern, needs };
}

/**
 * What an installation needs for a request: one of these, none of them when the list is empty; undefined when no
 * installation may make it. `isPull` tells whether the thing that it is about is, or belongs to, a pull request.
 */
export async function needsOf(
  request: Pick<ApiRequest, 'method' | 'path'>,
  isPull: () => Promise<boolean>,
): Promise<readonly string[] | undefined> {
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const found = PERMISSION_RULES.find((one) => one.method === method && matchPath(one.pattern, request.path));
  const needs = found?.needs;
  if (typeof needs !== 'string') return needs;
  return [needs.replace('thread', (await isPull()) ? 'pull_requests' : 'issues')];
}

/** True when a token with the permissions `held` has what `needsOf` says. */
export function suffices(held: Permissions, needs: readonly string[] | undefined): boolean {
  return needs !== undefined && (needs.length === 0 || needs.some((need) => holds(held, need)));
}

/**
 * The header by which GitHub tells what would do, apart by semicolons.
 * https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
 */
export function acceptedHeader(needs: readonly string[] | undefined): Record<string, string> {
  return needs === undefined || needs.length === 0 ? {} : { 'x-accepted-github-permissions': needs.join('; ') };
}

function holds(held: Permissions, need: string): boolean {
  const [name = '', access] = need.split('=');
  return held[name] === 'write' || (held[name] === 'read' && access === 'read');
}

/** Git over HTTP, by a token of these permissions. */
export function mayUseGit(held: Permissions, access: Access): boolean {
  return holds(held, `contents=${access}`);
}
