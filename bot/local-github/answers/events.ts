// Which webhook a successful REST write sends, and what is in it.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads
import { isOrganizations } from '../state/users.ts';
import { type ApiAnswer, type ApiRequest, type BridgeContext, type Json, matchPath } from './api.ts';

interface Write {
  readonly context: BridgeContext;
  readonly request: ApiRequest;
  readonly params: Readonly<Record<string, string>>;
  /** The thing before the write (PATCH, DELETE); empty when there was none. */
  readonly before: Json;
  /** The repaired answer. */
  readonly after: Json;
}

interface EventRule {
  readonly method: string;
  readonly pattern: string;
  readonly event: string;
  /** The action and the parts of the payload; undefined when the write is none to tell of. */
  readonly tell: (write: Write) => Promise<Json | undefined>;
}

const R = '/repos/:owner/:repo';

const RULES: readonly EventRule[] = [
  {
    method: 'POST',
    pattern: `${R}/issues`,
    event: 'issues',
    tell: async ({ after }) => ({ action: 'opened', issue: after }),
  },
  { method: 'PATCH', pattern: `${R}/issues/:number`, event: 'issues', tell: async (write) => changed('issue', write) },
  {
    method: 'POST',
    pattern: `${R}/issues/:number/labels`,
    event: 'issues',
    tell: async (write) => ({ action: 'labeled', issue: await issueOf(write, write.params.number) }),
  },
  {
    method: 'POST',
    pattern: `${R}/issues/:number/comments`,
    event: 'issue_comment',
    tell: async (write) => ({
      action: 'created',
      issue: await issueOf(write, write.params.number),
      comment: write.after,
    }),
  },
  {
    method: 'PATCH',
    pattern: `${R}/issues/comments/:id`,
    event: 'issue_comment',
    tell: async (write) => ({
      action: 'edited',
      changes: { body: { from: write.before.body } },
      issue: await issueOf(write, numberIn(write.after.issue_url)),
      comment: write.after,
    }),
  },
  {
    method: 'DELETE',
    pattern: `${R}/issues/comments/:id`,
    event: 'issue_comment',
    tell: async (write) => ({
      action: 'deleted',
      issue: await issueOf(write, numberIn(write.before.issue_url)),
      comment: write.before,
    }),
  },
  {
    method: 'POST',
    pattern: `${R}/pulls/:number/reviews`,
    event: 'pull_request_review',
    tell: async (write) => ({ action: 'submitted', review: write.after, pull_request: await pullOf(write) }),
  },
  {
    method: 'POST',
    pattern: `${R}/pulls/:number/comments`,
    event: 'pull_request_review_comment',
    tell: async (write) => ({ action: 'created', comment: write.after, pull_request: await pullOf(write) }),
  },
  {
    method: 'POST',
    pattern: `${R}/commits/:sha/comments`,
    event: 'commit_comment',
    tell: async ({ after }) => ({ action: 'created', comment: after }),
  },
  {
    method: 'POST',
    pattern: `${R}/pulls`,
    event: 'pull_request',
    tell: async ({ after }) => ({ action: 'opened', number: after.number, pull_request: after }),
  },
  {
    method: 'PATCH',
    pattern: `${R}/pulls/:number`,
    event: 'pull_request',
    tell: async (write) => changed('pull_request', write),
  },
  {
    method: 'PUT',
    pattern: `${R}/pulls/:number/merge`,
    event: 'pull_request',
    tell: async ({ context, params }) => {
      const pull = await context.read(`/repos/${params.owner}/${params.repo}/pulls/${params.number}`);
      return { action: 'closed', number: pull.number, pull_request: pull };
    },
  },
  {
    method: 'POST',
    pattern: `${R}/check-runs`,
    event: 'check_run',
    tell: async ({ after }) => ({ action: 'created', check_run: after }),
  },
  {
    method: 'PATCH',
    pattern: `${R}/check-runs/:id`,
    event: 'check_run',
    tell: async ({ before, after }) =>
      after.status === 'completed' && before.status !== 'completed'
        ? { action: 'completed', check_run: after }
        : undefined,
  },
  {
    method: 'POST',
    pattern: `${R}/check-runs/:id/rerequest`,
    event: 'check_run',
    tell: async ({ context, params }) => ({
      action: 'rerequested',
      check_run: await context.read(`/repos/${params.owner}/${params.repo}/check-runs/${params.id}`),
    }),
  },
];

async function pullOf({ context, params }: Write): Promise<Json> {
  return await context.read(`/repos/${params.owner}/${params.repo}/pulls/${params.number}`);
}

/** True when a write needs to be compared with what was there. */
export function needsBefore(request: ApiRequest): boolean {
  return (
    (request.method === 'PATCH' || request.method === 'DELETE') &&
    RULES.some((rule) => rule.method === request.method && matchPath(rule.pattern, request.path))
  );
}

/** Sends the webhook of a write that succeeded, if it has one. */
export async function tellOfWrite(
  context: BridgeContext,
  request: ApiRequest,
  before: Json,
  answer: ApiAnswer,
): Promise<void> {
  for (const rule of RULES) {
    if (rule.method !== request.method) continue;
    const params = matchPath(rule.pattern, request.path);
    if (!params) continue;
    // What the app is told is settled when the thing happens, not when the payload is ready.
    if (!context.registry.isTold(rule.event) || !isOrganizations(`${params.owner}/${params.repo}`)) return;
    const told = await rule.tell({ context, request, params, before, after: (answer.body ?? {}) as Json });
    if (!told) return;
    const [repository, sender] = await Promise.all([
      context.read(`/repos/${params.owner}/${params.repo}`),
      senderOf(context, request),
    ]);
    context.emit(rule.event, { ...told, repository, organization: organizationOf(repository), sender });
    return;
  }
}

/** The one who did it, as payloads name them. */
async function senderOf(context: BridgeContext, request: Pick<ApiRequest, 'identity'>): Promise<Json> {
  return userOf(context, context.loginOf(request.identity));
}

const SIMPLE_USER = /^(login|id|node_id|avatar_url|gravatar_id|url|type|site_admin|.*_url)$/;

/** Somebody as payloads name them. People do not change here, so each is asked for once. */
export async function userOf(context: BridgeContext, login: string): Promise<Json> {
  const known = context.people.get(login);
  if (known) return known;
  const user = await context.read(`/users/${encodeURIComponent(login)}`);
  const simple = Object.fromEntries(Object.entries(user).filter(([key]) => SIMPLE_USER.test(key)));
  context.people.set(login, simple);
  return simple;
}

/** The organisation of a repository as payloads name it. */
export function organizationOf(repository: Json): Json {
  const owner = repository.owner as Json;
  const url = String(owner.url).replace('/users/', '/orgs/');
  return {
    login: owner.login,
    id: owner.id,
    node_id: owner.node_id,
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: owner.avatar_url,
    description: null,
  };
}

const numberIn = (url: unknown) => String(url).split('/').at(-1);

function issueOf({ context, params }: Write, number: string | undefined): Promise<Json> {
  return context.read(`/repos/${params.owner}/${params.repo}/issues/${number}`);
}

function changed(name: 'issue' | 'pull_request', { before, after }: Write): Json | undefined {
  const thing = { ...(name === 'issue' ? {} : { number: after.number }), [name]: after };
  if (before.state !== after.state) return { action: after.state === 'closed' ? 'closed' : 'reopened', ...thing };
  const edited = ['title', 'body'].filter((key) => before[key] !== after[key]);
  const changes: Json = Object.fromEntries(edited.map((key) => [key, { from: before[key] ?? '' }]));
  const [oldBase, base] = [before, after].map((one) => one.base as Json | undefined);
  if (oldBase?.ref !== base?.ref) changes.base = { ref: { from: oldBase?.ref }, sha: { from: oldBase?.sha } };
  return Object.keys(changes).length === 0 ? undefined : { action: 'edited', changes, ...thing };
}
