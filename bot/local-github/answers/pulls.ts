// Pull requests: the emulator holds the conversation, the bare repository the commits. This room joins the two.
// https://docs.github.com/en/rest/pulls/pulls
import { isZero, type RefChange } from '../git/bare-repositories.ts';
import { gitIn } from '../git/git-in.ts';
import { readCommits, resolveCommit } from '../git/read-commits.ts';
import type { KeptPull, KeptState } from '../state/kept-state.ts';
import { type BridgeContext, type Json, notFound, pageOf, type Route, refusal } from './api.ts';
import { diffFiles } from './diff-files.ts';
import { organizationOf } from './events.ts';
import { bringCommit, headOf, headRepositoryOf, lostItsFork } from './forks.ts';
import { commitAnswer } from './git-shapes.ts';
import type { Move } from './git-writes.ts';
import { mergePull, updateBranch } from './merge-pull.ts';

const PULLS = '/repos/:owner/:repo/pulls';

export function pullRoutes(context: BridgeContext, state: KeptState, move: Move): Route[] {
  const find = (params: Readonly<Record<string, string>>) =>
    keptPull(state, `${params.owner}/${params.repo}`, Number(params.number));
  return [
    {
      method: 'POST',
      pattern: PULLS,
      async answer(request, params) {
        const repository = `${params.owner}/${params.repo}`;
        const folder = context.repositories.folderOf(repository);
        if (!folder) return notFound();
        const head = headOf(state, repository, String(request.body.head));
        const from = head && context.repositories.folderOf(head.at);
        const baseRef = String(request.body.base);
        const [headSha, baseSha] = await Promise.all([from && branch(from, head.ref), branch(folder, baseRef)]);
        if (!from || !headSha || !baseSha) {
          return refusal(422, 'Validation Failed', { errors: [{ field: headSha ? 'base' : 'head', code: 'invalid' }] });
        }
        await bringCommit(from, headSha, folder);
        if ((await gitIn(folder).text(['rev-list', '--count', `${baseSha}..${headSha}`])) === '0') {
          return refusal(422, 'Validation Failed', {
            errors: [{ code: 'custom', message: `No commits between ${baseRef} and ${head.label}` }],
          });
        }
        if (state.pulls.some((one) => isOf(one, head.at, head.ref) && one.baseRef === baseRef && one.open)) {
          return refusal(422, 'Validation Failed', { errors: [{ code: 'custom', message: 'A pull request exists' }] });
        }
        const body = { ...request.body, head: head.label };
        const answer = await context.ask('POST', request.path, body, request.identity);
        if (answer.status !== 201) return answer;
        const number = Number((answer.body as Json).number);
        const place = head.fork === undefined ? {} : { headRepository: head.at, fork: head.fork };
        const commits = { headRef: head.ref, baseRef, headSha, baseSha };
        state.pulls.push({ repository, number, ...place, ...commits, open: true, mergeSha: null });
        context.changed();
        await gitIn(folder).text(['update-ref', `refs/pull/${number}/head`, headSha]);
        return answer;
      },
    },
    {
      method: 'GET',
      pattern: '/repos/:owner/:repo/issues/:number',
      async answer(request, params) {
        const pull = find(params);
        if (!pull) return context.ask('GET', request.path, undefined, request.identity);
        const shown = await context.ask(
          'GET',
          request.path.replace('/issues/', '/pulls/'),
          undefined,
          request.identity,
        );
        return shown.status === 200 ? { status: 200, body: issueOfPull(shown.body as Json) } : shown;
      },
    },
    {
      method: 'PATCH',
      pattern: `${PULLS}/:number`,
      async answer(request, params) {
        const answer = await context.ask('PATCH', request.path, request.body, request.identity);
        const pull = find(params);
        if (answer.status === 200 && pull) {
          const body = answer.body as Json;
          pull.open = body.state === 'open';
          pull.baseRef = String((body.base as Json).ref);
          context.changed();
        }
        return answer;
      },
    },
    {
      method: 'PUT',
      pattern: `${PULLS}/:number/merge`,
      async answer(request, params) {
        const pull = find(params);
        if (!pull) return notFound();
        return move(pull.repository, context.loginOf(request.identity), (folder) =>
          mergePull(context, folder, pull, request.body, request.identity),
        );
      },
    },
    {
      method: 'PUT',
      pattern: `${PULLS}/:number/update-branch`,
      async answer(request, params) {
        const pull = find(params);
        return pull ? await updateBranch(context, state, pull, request, move) : notFound();
      },
    },
    {
      method: 'GET',
      pattern: `${PULLS}/:number/merge`,
      async answer(_request, params) {
        return find(params)?.mergeSha ? { status: 204, body: undefined } : notFound();
      },
    },
    {
      method: 'GET',
      pattern: `${PULLS}/:number/files`,
      async answer(request, params) {
        const pull = find(params);
        const folder = pull && context.repositories.folderOf(pull.repository);
        if (!pull || !folder) return notFound();
        const from = await gitIn(folder)
          .text(['merge-base', pull.baseSha, pull.headSha])
          .catch(() => pull.baseSha);
        const files = await diffFiles(context, folder, pull.repository, from, pull.headSha);
        const page = pageOf(request, context.apiUrl + request.path, files);
        return { status: 200, body: page.items, headers: page.headers };
      },
    },
    {
      method: 'GET',
      pattern: `${PULLS}/:number/commits`,
      async answer(request, params) {
        const pull = find(params);
        const folder = pull && context.repositories.folderOf(pull.repository);
        if (!pull || !folder) return notFound();
        const all = await readCommits(folder, ['--reverse', `${pull.baseSha}..${pull.headSha}`]);
        const page = pageOf(request, context.apiUrl + request.path, all);
        const body = await Promise.all(
          page.items.map((one) => commitAnswer(context, folder, pull.repository, one.sha, false)),
        );
        return { status: 200, body, headers: page.headers };
      },
    },
  ];
}

export const keptPull = (state: KeptState, repository: string, number: number) =>
  state.pulls.find((one) => one.repository === repository && one.number === number);

const ISSUE_PARTS = [
  'id',
  'node_id',
  'number',
  'title',
  'user',
  'labels',
  'state',
  'locked',
  'assignee',
  'assignees',
  'milestone',
  'comments',
  'created_at',
  'updated_at',
  'closed_at',
  'body',
  'author_association',
  'html_url',
];

/** Every pull request is an issue, too; the emulator hides it there. */
function issueOfPull(pull: Json): Json {
  const url = String(pull.issue_url);
  const parts = Object.fromEntries(ISSUE_PARTS.map((key) => [key, pull[key] ?? null]));
  return {
    ...parts,
    url,
    repository_url: url.split('/issues/')[0],
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    timeline_url: `${url}/timeline`,
    state_reason: null,
    active_lock_reason: null,
    performed_via_github_app: null,
    author_association: pull.author_association ?? 'NONE',
    comments: pull.comments ?? 0,
  };
}

const headRepository = (pull: KeptPull) => pull.headRepository ?? pull.repository;

const isOf = (pull: KeptPull, repository: string, headRef: string) =>
  headRepository(pull) === repository && pull.headRef === headRef;

const branch = (folder: string, name: string) => resolveCommit(folder, `heads/${name}`);

/** Lets the open pull requests of a branch follow it, and those into it know their new base. */
export async function followBranch(
  context: BridgeContext,
  state: KeptState,
  repository: string,
  change: RefChange,
  sender: Json,
): Promise<void> {
  const [, name] = /^refs\/heads\/(.+)$/.exec(change.ref) ?? [];
  const folder = context.repositories.folderOf(repository);
  if (!name || !folder || isZero(change.after)) return;
  for (const pull of state.pulls) {
    if (!pull.open) continue;
    if (pull.repository === repository && pull.baseRef === name) pull.baseSha = change.after;
    if (!isOf(pull, repository, name) || lostItsFork(state, pull)) continue;
    const base = context.repositories.folderOf(pull.repository);
    if (!base) continue;
    await bringCommit(folder, change.after, base);
    await gitIn(base).text(['update-ref', `refs/pull/${pull.number}/head`, change.after]);
    pull.headSha = change.after;
    const [shown, shownRepository] = await Promise.all([
      context.read(`/repos/${pull.repository}/pulls/${pull.number}`),
      context.read(`/repos/${pull.repository}`),
    ]);
    context.emit('pull_request', {
      action: 'synchronize',
      number: pull.number,
      before: change.before,
      after: change.after,
      pull_request: shown,
      repository: shownRepository,
      organization: organizationOf(shownRepository),
      sender,
    });
  }
  context.changed();
}

/** Puts Git's side into a pull request that the emulator showed. `full` adds the counts that lists do not have. */
export async function completePull(
  context: BridgeContext,
  state: KeptState,
  pull: KeptPull,
  shown: Json,
  full: boolean,
): Promise<void> {
  const folder = context.repositories.folderOf(pull.repository);
  if (!folder) return;
  const [owner] = pull.repository.split('/');
  const [headOwner] = headRepository(pull).split('/');
  const head = { sha: pull.headSha, ref: pull.headRef, label: `${headOwner}:${pull.headRef}` };
  Object.assign(shown.head as Json, head);
  if (pull.headRepository !== undefined) {
    Object.assign(shown.head as Json, { repo: await headRepositoryOf(context, state, pull) });
  }
  Object.assign(shown.base as Json, { sha: pull.baseSha, ref: pull.baseRef, label: `${owner}:${pull.baseRef}` });
  shown.merge_commit_sha = pull.mergeSha;
  shown.statuses_url = `${context.apiUrl}/repos/${pull.repository}/statuses/${pull.headSha}`;
  if (!full) return;
  shown.active_lock_reason ??= null;
  const [files, commits, mergeable] = await Promise.all([
    gitIn(folder).text(['diff', '--numstat', `${pull.baseSha}...${pull.headSha}`]),
    gitIn(folder).text(['rev-list', '--count', `${pull.baseSha}..${pull.headSha}`]),
    gitIn(folder)
      .text(['merge-tree', '--write-tree', pull.baseSha, pull.headSha])
      .then(
        () => true,
        () => false,
      ),
  ]);
  const lines = files.split('\n').filter(Boolean);
  const sum = (at: number) => lines.reduce((total, line) => total + (Number(line.split('\t')[at]) || 0), 0);
  const merged = pull.mergeSha !== null;
  Object.assign(shown, {
    commits: Number(commits),
    changed_files: lines.length,
    additions: sum(0),
    deletions: sum(1),
    mergeable: merged ? null : mergeable,
    mergeable_state: merged ? 'unknown' : mergeable ? 'clean' : 'dirty',
  });
}
