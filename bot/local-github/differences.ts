// Every difference of the emulator (emulate 0.12.2) from GitHub that we know, and which file closes it.
// The documentation shows this table; what stays open says so.

export interface Difference {
  readonly where: string;
  readonly emulate: string;
  readonly github: string;
  /** A file of this folder; null where the difference stays. */
  readonly closedBy: string | null;
}

export const DIFFERENCES: readonly Difference[] = [
  row('tokens', 'an unknown token is a real user', 'answers 401', 'answers/tokens.ts'),
  row('tokens', 'installation tokens never expire', 'they expire after an hour', 'answers/tokens.ts'),
  row('rights', 'anybody may write to a public repository', 'writing needs a permission: 403', 'rights.ts'),
  row('app permissions', 'an app may read all that is public', 'refused where it is private', 'app-permissions.ts'),
  row('app permissions', 'comments need Issues or Pull requests', 'on a pull request the latter', 'app-permissions.ts'),
  row(
    'installations',
    'have what the app asks for',
    'may hold less, be suspended, or be none',
    'state/registration.ts',
  ),
  row('webhooks', 'all events are sent', 'those that the app subscribes to', 'state/registration.ts'),
  row('GET /app/hook/…', 'none', 'the address, and how deliveries were taken', 'answers/hook-answers.ts'),
  row('Git over HTTP', 'none', 'smart HTTP, the token as the password', 'git/git-http.ts'),
  row('Git objects', 'kept apart from any repository', 'one truth for REST and git', 'answers/git-answers.ts'),
  row('contents, refs, merge', 'change only the emulation', 'git sees them', 'answers/git-writes.ts'),
  row('signed commits and other headers', 'cannot be held: other ids', 'any commit', 'answers/git-answers.ts'),
  row(
    'push',
    'no pusher, head_commit, forced, commits; none for a new branch or a merge',
    'all of them',
    'git/push-event.ts',
  ),
  row('create, delete', 'sent only for REST refs', 'sent for every new or deleted ref', 'answers/moved-refs.ts'),
  row('webhooks', 'delivery ids can repeat', 'a UUID each', 'delivery/webhooks.ts'),
  row('pull requests', 'the head does not follow its branch, no synchronize', 'it follows', 'answers/pulls.ts'),
  row('pull requests', 'files are always empty, counts are 0', 'from the merge base to the head', 'answers/pulls.ts'),
  row('pull requests', 'a missing branch is made up, equal branches are taken', 'answers 422', 'answers/pulls.ts'),
  row('pull requests', "a merge takes the head's tree, conflicts or not", 'merges, or answers 405', 'answers/pulls.ts'),
  row('refs/pull/N/head', 'none', 'can be fetched', 'answers/pulls.ts'),
  row('new repositories', 'without Git', 'a bare repository each', 'answers/new-repositories.ts'),
  row('forks', 'without commits', 'a repository of its own, gone or private while it is used', 'answers/forks.ts'),
  row('forks', 'made private at once', 'have to leave their network first', null),
  row('GET issues/N of a pull request', '404', 'every pull request is an issue', 'answers/pulls.ts'),
  row('GET issues', 'hides pull requests', 'lists them, too', null),
  row(
    'GET issues/comments',
    '404: takes "comments" for a number',
    'all comments of a repository',
    'answers/issue-comments.ts',
  ),
  row('reactions', 'none', 'on issues and comments', 'answers/reactions.ts'),
  row('commit statuses, commit comments', 'none without the emulated commit', 'on any commit', 'answers/statuses.ts'),
  row('check runs', 'found only on commits it holds', 'found on any commit', 'answers/checks.ts'),
  row('check runs', 'annotations are replaced and listed in a wrapper', 'added to, a plain list', 'answers/checks.ts'),
  row('check runs', 'actions are dropped, no requested_action', 'kept, and sent when pressed', 'answers/checks.ts'),
  row('check runs', 'a conclusion without a status is dropped', 'it means completed', 'answers/checks.ts'),
  row('check runs', 'any number of annotations and actions', '50 and 3 in one request', 'answers/checks.ts'),
  row('check runs', 'no app, started_at, annotations_url', 'all there', 'repair-answers.ts'),
  row('collaborator permission', '`push`; 404 for an outsider', '`write`; `read`', 'answers/app-answers.ts'),
  row('SSH keys of people', 'none', 'kept and listed', 'answers/user-keys.ts'),
  row('/installation/repositories', 'none', 'the repositories of the app', 'answers/app-answers.ts'),
  row('GET /app, installations', 'no owner, target_id, half an account', 'all there', 'repair-answers.ts'),
  row('organisation as an owner', 'lacks links', 'all links of a user', 'repair-answers.ts'),
  row(
    'links',
    'pages for people below the API; brackets of slug[bot] bare',
    'at the root; escaped',
    'repair-answers.ts',
  ),
  row('repository permissions', 'always everything', 'those of the one who asks', 'repair-answers.ts'),
  row('POST and PUT without a body', 'refused', 'taken', 'emulator.ts'),
  row('conditional requests', 'none', 'ETag and 304', 'bridge.ts'),
  row('state', 'in memory', 'kept', 'replay.ts'),
  row('installation events', 'never sent', 'sent when an app is installed', null),
  row('rebase merge', 'one squashed commit', 'each commit once more', 'answers/merge-pull.ts'),
  row('update-branch', 'changes only the emulation', 'merges the base into the head', 'answers/merge-pull.ts'),
  row('merge queues, auto-merge', 'none', 'merge what was checked, when it is green', 'answers/merge-queue.ts'),
  row(
    'pull requests',
    'stay open when their head branch is deleted or pushed into the base',
    'are closed or merged',
    null,
  ),
  row('rate limits', 'none are enforced', 'primary and secondary limits', null),
];

function row(where: string, emulate: string, github: string, closedBy: string | null): Difference {
  return { where, emulate, github, closedBy };
}
