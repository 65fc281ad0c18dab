// Merge queues and auto-merge. GitHub offers both to people by its pages and GraphQL alone, so this is for tests: what
// they bring about is what GitHub does. The only check that has to be green is the one that the repository requires.
// https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue
import { gitIn } from '../git/git-in.ts';
import { readCommits, resolveCommit } from '../git/read-commits.ts';
import type { KeptPull, KeptState } from '../state/kept-state.ts';
import { type Identity, PERMISSIONS, tokenOf, USERS } from '../state/users.ts';
import type { ApiAnswer, BridgeContext, Json } from './api.ts';
import { organizationOf, userOf } from './events.ts';
import type { Move } from './git-writes.ts';
import { closeMerged, type MergeMethod, mergedCommit, mergePull } from './merge-pull.ts';

/** In whose name the queue moves branches. */
export const MERGE_QUEUE_LOGIN = 'github-merge-queue[bot]';
const REQUIRED_CHECK = 'coppice / config';
const GREEN = ['success', 'neutral', 'skipped'];

/** What the queue would merge: a commit on a branch of its own. */
interface Group {
  readonly pull: KeptPull;
  readonly login: string;
  readonly ref: string;
  readonly sha: string;
  readonly baseSha: string;
  readonly method: MergeMethod;
}

export interface MergeQueue {
  /** Somebody presses "Merge when ready" of a repository with a merge queue. Throws when it cannot be merged. */
  enqueue(pull: KeptPull, login: string, method?: MergeMethod): Promise<{ readonly ref: string; readonly sha: string }>;
  /** Somebody takes a pull request out of the queue. */
  dequeue(pull: KeptPull, login: string): Promise<void>;
  /** Somebody presses "Enable auto-merge". */
  mergeWhenGreen(pull: KeptPull, login: string, method: MergeMethod): Promise<void>;
  /** Looks which checks have ended. */
  look(): Promise<void>;
}

export function createMergeQueue(context: BridgeContext, state: KeptState, move: Move): MergeQueue {
  let groups: readonly Group[] = [];
  let waiting: readonly { readonly pull: KeptPull; readonly login: string; readonly method: MergeMethod }[] = [];
  let looking: Promise<void> = Promise.resolve();

  async function conclusionOf(repository: string, sha: string): Promise<string | undefined> {
    const ids = state.checkRuns.filter((one) => one.repository === repository && one.sha === sha).map(({ id }) => id);
    for (const id of ids.reverse()) {
      const run = await context.read(`/repos/${repository}/check-runs/${id}`);
      if (run.name === REQUIRED_CHECK) return run.status === 'completed' ? String(run.conclusion) : undefined;
    }
    return undefined;
  }

  async function tell(event: string, payload: Json, repository: string, login: string): Promise<void> {
    const [shown, sender] = await Promise.all([context.read(`/repos/${repository}`), userOf(context, login)]);
    context.emit(event, { ...payload, repository: shown, organization: organizationOf(shown), sender });
  }

  async function tellOfPull(action: string, { repository, number }: KeptPull, login: string, more: Json = {}) {
    const pull_request = await context.read(`/repos/${repository}/pulls/${number}`);
    await tell('pull_request', { action, number, pull_request, ...more }, repository, login);
  }

  async function tellOfGroup(action: string, { pull, ref, sha, baseSha }: Group, more: Json = {}): Promise<void> {
    const folder = folderOf(pull);
    const [commit] = await readCommits(folder, ['-1', sha]);
    if (!commit) throw new Error(`there is no commit ${sha}`);
    const person = ({ name, email }: { name: string; email: string }) => ({ name, email });
    const head_commit = {
      ...{ id: sha, tree_id: commit.tree, message: commit.message, timestamp: commit.committer.date },
      ...{ author: person(commit.author), committer: person(commit.committer) },
    };
    const base = { base_sha: baseSha, base_ref: `refs/heads/${pull.baseRef}` };
    const merge_group = { head_sha: sha, head_ref: ref, ...base, head_commit };
    await tell('merge_group', { action, merge_group, ...more }, pull.repository, MERGE_QUEUE_LOGIN);
  }

  function folderOf({ repository }: KeptPull): string {
    const folder = context.repositories.folderOf(repository);
    if (!folder) throw new Error(`there is no repository ${repository}`);
    return folder;
  }

  async function add(pull: KeptPull, login: string, method: MergeMethod): Promise<Group> {
    const folder = folderOf(pull);
    const before = groups.findLast((one) => one.pull.repository === pull.repository)?.sha;
    const baseSha = before ?? (await resolveCommit(folder, `heads/${pull.baseRef}`)) ?? '';
    const sha = await mergedCommit(folder, baseSha, pull, { merge_method: method }, login);
    if (sha === undefined) throw new Error(`pull request ${pull.number} does not fit onto ${baseSha}`);
    const ref = `refs/heads/gh-readonly-queue/${pull.baseRef}/pr-${pull.number}-${baseSha}`;
    const group = { pull, login, ref, sha, baseSha, method };
    groups = [...groups, group];
    await move(pull.repository, MERGE_QUEUE_LOGIN, () => gitIn(folder).text(['update-ref', ref, sha]));
    await tellOfGroup('checks_requested', group);
    return group;
  }

  async function drop(group: Group, reason: 'merged' | 'invalidated' | 'dequeued'): Promise<void> {
    groups = groups.filter((one) => one !== group);
    await move(group.pull.repository, MERGE_QUEUE_LOGIN, (folder) =>
      gitIn(folder).text(['update-ref', '-d', group.ref]),
    );
    await tellOfGroup('destroyed', group, { reason });
  }

  /** Those behind one that is taken out were made on top of it: they are made anew. */
  async function takeOut(group: Group, why: string, login: string): Promise<void> {
    const behind = groups.slice(groups.indexOf(group) + 1);
    await drop(group, 'dequeued');
    await tellOfPull('dequeued', group.pull, login, { reason: why });
    for (const one of behind) await drop(one, 'invalidated');
    for (const one of behind) await add(one.pull, one.login, one.method);
  }

  /** The base branch becomes the very commit that was checked. */
  async function merge(group: Group): Promise<void> {
    const { pull, sha, login } = group;
    must(
      await move(pull.repository, MERGE_QUEUE_LOGIN, (folder) =>
        closeMerged(context, folder, pull, sha, identityOf(login)),
      ),
    );
    await tellOfPull('closed', pull, login);
    await drop(group, 'merged');
  }

  async function lookNow(): Promise<void> {
    for (const one of waiting) {
      const { pull, login, method } = one;
      if (!GREEN.includes((await conclusionOf(pull.repository, pull.headSha)) ?? '')) continue;
      waiting = waiting.filter((other) => other !== one);
      const identity = identityOf(login);
      const body = { merge_method: method };
      must(await move(pull.repository, login, (folder) => mergePull(context, folder, pull, body, identity)));
      await tellOfPull('closed', pull, login);
    }
    for (;;) {
      const [first] = groups;
      const conclusion = first && (await conclusionOf(first.pull.repository, first.sha));
      if (!first || conclusion === undefined) return;
      if (GREEN.includes(conclusion)) await merge(first);
      else await takeOut(first, 'CI_FAILURE', MERGE_QUEUE_LOGIN);
    }
  }

  /** One after the other; a failure is its caller's alone. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = looking.then(work);
    looking = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }

  return {
    enqueue: (pull, login, method = 'merge') =>
      inTurn(async () => {
        await tellOfPull('enqueued', pull, login);
        return await add(pull, login, method);
      }),
    dequeue: (pull, login) =>
      inTurn(async () => {
        const group = groups.find((one) => one.pull === pull);
        if (group) await takeOut(group, 'MANUAL', login);
      }),
    async mergeWhenGreen(pull, login, method) {
      waiting = [...waiting, { pull, login, method }];
      await tellOfPull('auto_merge_enabled', pull, login);
      await inTurn(lookNow);
    },
    look: () => inTurn(lookNow),
  };
}

function identityOf(login: string): Identity {
  return { kind: 'user', login, permission: USERS[login] ?? PERMISSIONS[0], token: tokenOf(login) };
}

function must({ status, body }: ApiAnswer): void {
  if (status >= 300) throw new Error(`a pull request could not be merged: ${JSON.stringify(body)}`);
}
