// What the GitHub App is allowed and told, and why: the one table that the documentation, `coppice doctor` and the
// app of the local GitHub are made from.

export type AccessLevel = 'read' | 'write';

export interface AppPermission {
  /** As GitHub's API spells it. */
  readonly name: 'checks' | 'contents' | 'issues' | 'merge_queues' | 'metadata' | 'pull_requests';
  /** As the settings page of a GitHub App spells it. */
  readonly title: string;
  readonly level: AccessLevel;
  /** What the bot does with it, and cannot do without it. */
  readonly why: string;
}

/**
 * Repository permissions, all of them needed. Which request wants which:
 * https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
 */
export const appPermissions: readonly AppPermission[] = [
  {
    name: 'checks',
    title: 'Checks',
    level: 'write',
    why: 'a check run for each build, the verdict on pull requests, and the buttons of both',
  },
  {
    name: 'contents',
    title: 'Contents',
    level: 'write',
    why: 'fetching the config repo; pushing the commits of `/approve`, `/fork`, `/freeze`, `/delete` and `deleteAfter`',
  },
  {
    name: 'issues',
    title: 'Issues',
    level: 'write',
    why: 'reading comments, answers and reactions to them, and issues that tell of faults of the service',
  },
  {
    name: 'merge_queues',
    title: 'Merge queues',
    level: 'read',
    // GitHub shows the event *Merge group*, and sends it, only where this is given:
    // https://docs.github.com/en/webhooks/webhook-events-and-payloads#merge_group
    why: 'being told what a merge queue would merge: its event cannot be chosen without it',
  },
  { name: 'metadata', title: 'Metadata', level: 'read', why: 'the default branch; GitHub gives it to every app' },
  {
    name: 'pull_requests',
    title: 'Pull requests',
    level: 'write',
    // The documentation says that Issues would do for a comment on a pull request; GitHub itself refuses it:
    // https://github.com/github/rest-api-description/issues/6994
    why: 'reading pull requests, and answers on them: *Issues* alone does not allow those',
  },
];

export interface AppEvent {
  /** As GitHub's API spells it. */
  readonly name:
    | 'check_run'
    | 'check_suite'
    | 'commit_comment'
    | 'issue_comment'
    | 'issues'
    | 'merge_group'
    | 'pull_request'
    | 'pull_request_review'
    | 'pull_request_review_comment'
    | 'push';
  readonly title: string;
  readonly why: string;
  /** The permission that GitHub wants for it. With write access to Checks both of its events come by themselves. */
  readonly permission: AppPermission['name'];
}

const misplaced = 'who writes a command there is told that commands are read in comments only';

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads */
export const appEvents: readonly AppEvent[] = [
  { name: 'push', title: 'Push', why: 'commits are planned and built', permission: 'contents' },
  { name: 'issue_comment', title: 'Issue comment', why: 'commands are read', permission: 'issues' },
  { name: 'pull_request', title: 'Pull request', why: 'pull requests are judged', permission: 'pull_requests' },
  {
    name: 'merge_group',
    title: 'Merge group',
    why: 'what a merge queue would merge gets its check; *Merge queue entry* is another event',
    permission: 'merge_queues',
  },
  { name: 'issues', title: 'Issues', why: misplaced, permission: 'issues' },
  { name: 'pull_request_review', title: 'Pull request review', why: misplaced, permission: 'pull_requests' },
  {
    ...{ name: 'pull_request_review_comment', title: 'Pull request review comment', why: misplaced },
    permission: 'pull_requests',
  },
  { name: 'commit_comment', title: 'Commit comment', why: misplaced, permission: 'contents' },
  { name: 'check_run', title: 'Check run', why: '*Re-run* and the buttons of one check', permission: 'checks' },
  { name: 'check_suite', title: 'Check suite', why: '*Re-run all checks*', permission: 'checks' },
];

/** What only some need: the app works without it. */
export const teamPermission = {
  name: 'members',
  title: 'Members',
  level: 'read',
  why: 'who is in a team that the config names; without it the rights of teams do not count',
} as const;

/** Both as GitHub's API spells them, for an app that has exactly what is needed. */
export const appRegistration: {
  readonly permissions: Readonly<Record<string, AccessLevel>>;
  readonly events: readonly string[];
} = {
  permissions: Object.fromEntries([...appPermissions, teamPermission].map(({ name, level }) => [name, level])),
  events: appEvents.map(({ name }) => name),
};

/** `read` is part of `write`. */
export function covers(held: string | undefined, wanted: AccessLevel): boolean {
  return held === 'write' || held === 'admin' || held === wanted;
}

/** How the settings page of an app words a level. */
export function accessTitle(level: AccessLevel): string {
  return level === 'write' ? 'Read and write' : 'Read-only';
}
