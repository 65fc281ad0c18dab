// How a pull request comes into its base: by a merge commit, squashed or rebased; and how its base comes into it.
// https://docs.github.com/en/rest/pulls/pulls#merge-a-pull-request
import { gitIn } from '../git/git-in.ts';
import { readCommits, resolveCommit } from '../git/read-commits.ts';
import type { KeptPull, KeptState } from '../state/kept-state.ts';
import { allows, type Identity, permissionIn } from '../state/users.ts';
import { type ApiAnswer, type ApiRequest, type BridgeContext, type Json, refusal } from './api.ts';
import { bringCommit, isHidden } from './forks.ts';
import { commitTree, type Move } from './git-writes.ts';

export type MergeMethod = 'merge' | 'squash' | 'rebase';

/** Merges in the bare repository, then lets the emulator close the conversation. `folder` is that of the base. */
export async function mergePull(
  context: BridgeContext,
  folder: string,
  pull: KeptPull,
  body: Json,
  identity: Identity,
): Promise<ApiAnswer> {
  if (!pull.open) return refusal(405, 'Pull Request is not mergeable');
  if (body.sha !== undefined && body.sha !== pull.headSha) {
    return refusal(409, 'Head branch was modified. Review and try the merge again.');
  }
  const base = await resolveCommit(folder, `heads/${pull.baseRef}`);
  if (!base) return refusal(405, 'Base branch does not exist');
  const sha = await mergedCommit(folder, base, pull, body, context.loginOf(identity));
  if (sha === undefined) return refusal(405, 'Pull Request has merge conflicts');
  return await closeMerged(context, folder, pull, sha, identity);
}

/** Puts the base branch to a commit that holds the pull request, which is merged by that. */
export async function closeMerged(
  context: BridgeContext,
  folder: string,
  pull: KeptPull,
  sha: string,
  identity: Identity,
): Promise<ApiAnswer> {
  const path = `/repos/${pull.repository}/pulls/${pull.number}/merge`;
  const closed = await context.ask('PUT', path, {}, identity);
  if (closed.status !== 200) return closed;
  await gitIn(folder).text(['update-ref', `refs/heads/${pull.baseRef}`, sha]);
  pull.open = false;
  pull.mergeSha = sha;
  context.changed();
  return { status: 200, body: { sha, merged: true, message: 'Pull Request successfully merged' } };
}

/** The commit that `base` becomes; undefined when they do not fit together. No ref names it yet. */
export async function mergedCommit(
  folder: string,
  base: string,
  pull: KeptPull,
  body: Json,
  login: string,
): Promise<string | undefined> {
  const method = (body.merge_method ?? 'merge') as MergeMethod;
  if (method === 'rebase') return await rebased(folder, base, pull.headSha, login);
  const tree = await mergedTree(folder, base, pull.headSha);
  if (tree === undefined) return undefined;
  const from = `${(pull.headRepository ?? pull.repository).split('/')[0]}/${pull.headRef}`;
  const title = textOf(body.commit_title) ?? `Merge pull request #${pull.number} from ${from}`;
  const text = textOf(body.commit_message);
  const parents = method === 'squash' ? [base] : [base, pull.headSha];
  return await commitTree(folder, { tree, parents, message: text ? `${title}\n\n${text}` : title, login });
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

async function mergedTree(folder: string, one: string, other: string): Promise<string | undefined> {
  const text = await gitIn(folder)
    .text(['merge-tree', '--write-tree', one, other])
    .catch(() => undefined);
  return text?.split('\n')[0];
}

/** Each commit of the head once more on top of the base, in its author's name; merges are left out, as GitHub does. */
async function rebased(folder: string, base: string, head: string, login: string): Promise<string | undefined> {
  let top = base;
  for (const commit of await readCommits(folder, ['--reverse', '--no-merges', `${base}..${head}`])) {
    const { tree: before } = (await readCommits(folder, ['-1', top]))[0] ?? {};
    if (before === undefined) return undefined;
    // A commit with what there is, as if it had come after the one before this: so that one is where both come from.
    const stand = await commitTree(folder, { tree: before, parents: commit.parents, message: 'x', login });
    const tree = await mergedTree(folder, stand, commit.sha);
    if (tree === undefined) return undefined;
    const { message, author } = commit;
    top = await commitTree(folder, { tree, parents: [top], message, login, author });
  }
  return top;
}

/** "Update branch": merges the base into the head, where the head is. */
export async function updateBranch(
  context: BridgeContext,
  state: KeptState,
  pull: KeptPull,
  { body, identity }: ApiRequest,
  move: Move,
): Promise<ApiAnswer> {
  const at = pull.headRepository ?? pull.repository;
  const base = context.repositories.folderOf(pull.repository);
  const tip = base && (await resolveCommit(base, `heads/${pull.baseRef}`));
  if (!base || !tip || !pull.open || isHidden(state, at, identity))
    return refusal(422, 'The branch cannot be updated.');
  if (identity.kind !== 'user' || !allows(permissionIn(identity, at), 'write')) {
    return refusal(403, `Must have write rights to ${at}.`);
  }
  if (body.expected_head_sha !== undefined && body.expected_head_sha !== pull.headSha) {
    return refusal(422, `expected head sha didn't match current head ref.`);
  }
  const tree = await mergedTree(base, pull.headSha, tip);
  if (tree === undefined) return refusal(422, 'merge conflict between base and head');
  const message = `Merge branch '${pull.baseRef}' into ${pull.headRef}`;
  const sha = await commitTree(base, { tree, parents: [pull.headSha, tip], message, login: identity.login });
  await move(at, identity.login, async (folder) => {
    await bringCommit(base, sha, folder);
    await gitIn(folder).text(['update-ref', `refs/heads/${pull.headRef}`, sha]);
  });
  const url = `${context.apiUrl}/repos/${pull.repository}/pulls/${pull.number}`;
  return { status: 202, body: { message: 'Updating pull request branch.', url } };
}
