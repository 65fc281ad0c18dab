// Commit statuses and commit comments, kept by the bridge because the emulator does not hold our commits.
import { resolveCommit } from '../git/read-commits.ts';
import type { CommitComment, CommitStatus, KeptState } from '../state/kept-state.ts';
import { type ApiRequest, type BridgeContext, type Json, pageOf, type Route, refusal } from './api.ts';
import { userOf } from './events.ts';

const STATES = ['error', 'failure', 'pending', 'success'];

export function statusRoutes(context: BridgeContext, state: KeptState): Route[] {
  const commitOf = async (repository: string, ref: string | undefined) => {
    const folder = context.repositories.folderOf(repository);
    return folder && ref ? resolveCommit(folder, ref) : undefined;
  };
  return [
    {
      method: 'POST',
      pattern: '/repos/:owner/:repo/statuses/:sha',
      async answer(request, params) {
        const repository = `${params.owner}/${params.repo}`;
        const { body } = request;
        const sha = await commitOf(repository, params.sha);
        if (!sha) return refusal(422, `No commit found for SHA: ${params.sha}`);
        if (!STATES.includes(String(body.state))) return refusal(422, 'Validation Failed');
        const status: CommitStatus = {
          id: state.nextId++,
          repository,
          sha,
          state: String(body.state),
          context: typeof body.context === 'string' ? body.context : 'default',
          description: typeof body.description === 'string' ? body.description : null,
          targetUrl: typeof body.target_url === 'string' ? body.target_url : null,
          login: context.loginOf(request.identity),
          createdAt: new Date().toISOString(),
        };
        state.statuses.push(status);
        context.changed();
        return { status: 201, body: await formatStatus(context, status) };
      },
    },
    {
      method: 'POST',
      pattern: '/repos/:owner/:repo/commits/:sha/comments',
      async answer(request, params) {
        const repository = `${params.owner}/${params.repo}`;
        const sha = await commitOf(repository, params.sha);
        if (!sha) return refusal(422, `No commit found for SHA: ${params.sha}`);
        if (typeof request.body.body !== 'string' || request.body.body.trim() === '') {
          return refusal(422, 'Validation Failed');
        }
        const comment: CommitComment = {
          id: state.nextId++,
          repository,
          sha,
          body: request.body.body,
          login: context.loginOf(request.identity),
          createdAt: new Date().toISOString(),
        };
        state.commitComments.push(comment);
        context.changed();
        return { status: 201, body: await formatCommitComment(context, comment) };
      },
    },
  ];
}

/** `GET …/commits/REF/statuses`: newest first. */
export async function listStatuses(
  context: BridgeContext,
  state: KeptState,
  request: ApiRequest,
  repository: string,
  sha: string,
) {
  const all = state.statuses.filter((one) => one.repository === repository && one.sha === sha).reverse();
  const page = pageOf(request, context.apiUrl + request.path, all);
  const body = await Promise.all(page.items.map((one) => formatStatus(context, one)));
  return { status: 200, body, headers: page.headers };
}

/** `GET …/commits/REF/comments`. */
export async function listCommitComments(
  context: BridgeContext,
  state: KeptState,
  request: ApiRequest,
  repository: string,
  sha: string,
) {
  const all = state.commitComments.filter((one) => one.repository === repository && one.sha === sha);
  const page = pageOf(request, context.apiUrl + request.path, all);
  const body = await Promise.all(page.items.map((one) => formatCommitComment(context, one)));
  return { status: 200, body, headers: page.headers };
}

/** `GET …/commits/REF/status`: the newest of each context, and what they come to. */
export async function combinedStatus(context: BridgeContext, state: KeptState, repository: string, sha: string) {
  const newest = new Map<string, CommitStatus>();
  for (const one of state.statuses) if (one.repository === repository && one.sha === sha) newest.set(one.context, one);
  const states = [...newest.values()].map((one) => one.state);
  const bad = states.some((one) => one === 'failure' || one === 'error');
  const pending = states.length === 0 || states.includes('pending');
  const url = `${context.apiUrl}/repos/${repository}/commits/${sha}`;
  const statuses = await Promise.all([...newest.values()].map((one) => formatStatus(context, one)));
  return {
    status: 200,
    body: {
      state: bad ? 'failure' : pending ? 'pending' : 'success',
      statuses,
      sha,
      total_count: statuses.length,
      repository: await context.read(`/repos/${repository}`),
      commit_url: url,
      url: `${url}/status`,
    },
  };
}

async function formatStatus(context: BridgeContext, status: CommitStatus): Promise<Json> {
  const creator = await userOf(context, status.login);
  return {
    url: `${context.apiUrl}/repos/${status.repository}/statuses/${status.sha}`,
    avatar_url: creator.avatar_url,
    id: status.id,
    node_id: Buffer.from(`Status:${status.id}`).toString('base64'),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: status.createdAt,
    updated_at: status.createdAt,
    creator,
  };
}

async function formatCommitComment(context: BridgeContext, comment: CommitComment): Promise<Json> {
  return {
    html_url: `${context.url}/${comment.repository}/commit/${comment.sha}#commitcomment-${comment.id}`,
    url: `${context.apiUrl}/repos/${comment.repository}/comments/${comment.id}`,
    id: comment.id,
    node_id: Buffer.from(`CommitComment:${comment.id}`).toString('base64'),
    body: comment.body,
    path: null,
    position: null,
    line: null,
    commit_id: comment.sha,
    user: await userOf(context, comment.login),
    created_at: comment.createdAt,
    updated_at: comment.createdAt,
    author_association: 'NONE',
  };
}
