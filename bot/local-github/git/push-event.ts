// Makes the `push` payload of a moved branch or tag.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
import { isZero, type RefChange, type Refs } from './bare-repositories.ts';
import { gitIn } from './git-in.ts';
import { type ChangedNames, type Commit, readChangedNames, readCommits } from './read-commits.ts';

/** GitHub lists at most so many commits in one push. */
const MOST_COMMITS = 2048;

export interface Pusher {
  readonly login: string;
  readonly email: string;
}

export async function pushPayload(
  folder: string,
  htmlUrl: string,
  change: RefChange,
  refsBefore: Refs,
  pusher: Pusher,
): Promise<Record<string, unknown>> {
  const created = isZero(change.before);
  const deleted = isZero(change.after);
  const commits = deleted ? [] : await newCommits(folder, change, refsBefore, htmlUrl);
  const head = deleted ? undefined : await describe(folder, ['-1', change.after], htmlUrl);
  return {
    ref: change.ref,
    before: change.before,
    after: change.after,
    base_ref: null,
    created,
    deleted,
    forced: !created && !deleted && !(await isAncestor(folder, change.before, change.after)),
    compare: created
      ? `${htmlUrl}/commit/${change.after.slice(0, 12)}`
      : `${htmlUrl}/compare/${change.before.slice(0, 12)}...${change.after.slice(0, 12)}`,
    commits,
    head_commit: head?.[0] ?? null,
    pusher: { name: pusher.login, email: pusher.email },
  };
}

/** The commits that the push brought, oldest first: not those that another ref had before. */
async function newCommits(folder: string, change: RefChange, refsBefore: Refs, htmlUrl: string) {
  const known = [...new Set(refsBefore.values())];
  const not = known.length > 0 ? ['--not', ...known] : [];
  return (await describe(folder, [`--max-count=${MOST_COMMITS}`, change.after, ...not], htmlUrl)).reverse();
}

async function describe(folder: string, selection: readonly string[], htmlUrl: string) {
  const [commits, names] = await Promise.all([readCommits(folder, selection), readChangedNames(folder, selection)]);
  return commits.map((commit) => pushedCommit(commit, names.get(commit.sha), htmlUrl));
}

function pushedCommit(commit: Commit, names: ChangedNames | undefined, htmlUrl: string) {
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: commit.committer.date,
    url: `${htmlUrl}/commit/${commit.sha}`,
    author: commit.author,
    committer: commit.committer,
    added: names?.added ?? [],
    removed: names?.removed ?? [],
    modified: names?.modified ?? [],
  };
}

/** True when `after` contains `before`. */
export async function isAncestor(folder: string, before: string, after: string): Promise<boolean> {
  return gitIn(folder)
    .text(['merge-base', '--is-ancestor', before, after])
    .then(
      () => true,
      () => false,
    );
}
