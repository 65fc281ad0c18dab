// Who lets a pull request be built: its author by their own rights, or somebody by approving one head of it. Rights are
// always those of the config in force, never those that the pull request states. Pure.
import { type ConfigRepo, isAdmin, mayBuild, type Project, projectKey } from '@coppice/config';
import type { Approval, KnownPull } from '../vocabulary/known-pull.ts';

/** What the rule looks at. */
export type Claim = Pick<KnownPull, 'author' | 'head' | 'touched' | 'needsAdmin' | 'approvals'>;

/** `author`: by their own rights; `approved`: somebody approved this head; `waiting`: `who` could approve it. */
export type Standing =
  | { readonly kind: 'author' }
  | { readonly kind: 'approved'; readonly by: string }
  | { readonly kind: 'waiting'; readonly who: readonly string[] };

/** Whether its builds may start, and who allowed it. */
export function standingOf(claim: Claim, base: ConfigRepo): Standing {
  if (mayBuildAll(claim, base, claim.author)) return { kind: 'author' };
  const approval = claim.approvals.find(({ sha, by }) => sha === claim.head && mayApprove(claim, base, by));
  return approval === undefined
    ? { kind: 'waiting', who: whoMayApprove(claim, base) }
    : { kind: 'approved', by: approval.by };
}

/** True for those who may build every project that it touches; what needs an admin only admins may build. */
export function mayBuildAll({ touched, needsAdmin }: Claim, base: ConfigRepo, login: string): boolean {
  if (isAdmin(base.policy, login)) return true;
  return (
    !needsAdmin && projectsOf(touched, base).every((one) => one !== undefined && mayBuild(base.policy, one, login))
  );
}

/** True for the maintainers of every project that it touches, and for admins. */
function mayApprove({ touched, needsAdmin }: Claim, base: ConfigRepo, login: string): boolean {
  if (isAdmin(base.policy, login)) return true;
  return !needsAdmin && projectsOf(touched, base).every((one) => one !== undefined && has(one.maintainers, login));
}

/** Logins in lower case, each once: maintainers of all that it touches, then the admins. */
export function whoMayApprove(claim: Claim, base: ConfigRepo): readonly string[] {
  // Whoever may approve is a maintainer of each of them, so also of the first: there may be thousands.
  const [first] = projectsOf(claim.touched.slice(0, 1), base);
  const everybody = [...(first?.maintainers ?? []), ...base.policy.admins].map((name) => name.toLowerCase());
  return [...new Set(everybody)].filter((name) => mayApprove(claim, base, name));
}

export type ApprovalRefusal = 'not a full SHA' | 'another SHA' | 'head moved' | 'not allowed';

/** What somebody asked for with `/approve`. */
export interface ApprovalWish {
  readonly actor: string;
  /** As written; undefined: the head that everybody sees. */
  readonly sha: string | undefined;
  /** ISO 8601; undefined when nobody knows. */
  readonly writtenAt: string | undefined;
}

/**
 * The approval, or why there is none. `seen` is the head that the bot noted last, that of `claim` what GitHub says now.
 * A comment without a SHA means the head that its writer saw: one that the bot had noted before it was written (GitHub
 * tells times in whole seconds).
 */
export function decideApproval(
  wish: ApprovalWish,
  claim: Claim,
  seen: Pick<KnownPull, 'head' | 'headSeenAt'> | undefined,
  base: ConfigRepo,
): Approval | ApprovalRefusal {
  const { head } = claim;
  if (!mayApprove(claim, base, wish.actor)) return 'not allowed';
  const approval = { sha: head, by: wish.actor };
  if (wish.sha !== undefined) {
    // Short ones can be made to fit two commits.
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(wish.sha)) return 'not a full SHA';
    return wish.sha.toLowerCase() === head ? approval : 'another SHA';
  }
  return seen?.head === head && wasSeen(wish.writtenAt, seen.headSeenAt) ? approval : 'head moved';
}

function wasSeen(writtenAt: string | undefined, seenAt: string): boolean {
  if (writtenAt === undefined) return false;
  return Math.floor(Date.parse(writtenAt) / 1000) >= Math.floor(Date.parse(seenAt) / 1000);
}

/**
 * Undefined for each that the config in force does not have. Names are compared exactly: another case is another
 * project.
 */
function projectsOf(keys: readonly string[], base: ConfigRepo): readonly (Project | undefined)[] {
  const byKey = indexes.get(base) ?? new Map(base.projects.map((project) => [projectKey(project), project]));
  indexes.set(base, byKey);
  return keys.map((key) => byKey.get(key));
}

/** A pull request may touch thousands of projects. */
const indexes = new WeakMap<ConfigRepo, ReadonlyMap<string, Project>>();

function has(names: readonly string[], login: string): boolean {
  return names.some((name) => name.toLowerCase() === login.toLowerCase());
}
