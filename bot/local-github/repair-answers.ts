// Makes the emulator's answers what GitHub answers: one table of what is done to which kind of thing.
// differences.ts says the same in words.
import { type ApiAnswer, type ApiRequest, type BridgeContext, type Json, matchPath } from './answers/api.ts';
import { appAnswer, permissionsOf } from './answers/app-answers.ts';
import { completeCheckRun } from './answers/checks.ts';
import { completePull, keptPull } from './answers/pulls.ts';
import { reactionSummary } from './answers/reactions.ts';
import { restoreTimes } from './replay.ts';
import type { KeptState } from './state/kept-state.ts';
import { CONFIG_REPOSITORY, type Identity, permissionIn } from './state/users.ts';

interface Ground {
  readonly context: BridgeContext;
  readonly state: KeptState;
  readonly request: ApiRequest;
  /** When this service was started: what is older comes from saved state. */
  readonly startedAt: string;
}

interface Repair {
  readonly what: string;
  readonly fits: (thing: Json, ground: Ground) => boolean;
  readonly mend: (thing: Json, ground: Ground) => void | Promise<void>;
}

/** Every object in an answer, at any depth, goes through these in order. */
const REPAIRS: readonly Repair[] = [
  {
    what: 'times survive a restart',
    fits: (thing) => typeof thing.url === 'string',
    mend: (thing, { state, startedAt }) => restoreTimes(thing, state.times, startedAt),
  },
  {
    what: 'pages for people are not below /api/v3',
    fits: (thing) => typeof thing.html_url === 'string' || typeof thing.avatar_url === 'string',
    mend: browserLinks,
  },
  { what: 'an organisation as an owner has all links', fits: isOwner, mend: ownerLinks },
  { what: 'slug[bot] is a bot, its brackets escaped in links', fits: isBot, mend: botLinks },
  {
    what: 'a repository shows the permissions of the one who asks',
    fits: (thing) => 'full_name' in thing && 'permissions' in thing && 'forks_count' in thing,
    mend: (thing, { request }) => repositoryPermissions(thing, request.identity),
  },
  {
    what: 'a whole repository has its counts',
    fits: (thing, { request }) =>
      'forks_count' in thing &&
      (matchPath('/repos/:o/:r', request.path) !== undefined ||
        (request.method === 'POST' && matchPath('/repos/:o/:r/forks', request.path) !== undefined)),
    mend: (thing) => void Object.assign(thing, { network_count: thing.forks_count, subscribers_count: 0 }),
  },
  {
    what: 'a check run has its annotations, its app and its times',
    fits: (thing) => 'check_suite' in thing && 'head_sha' in thing && 'output' in thing,
    mend: async (thing, { context, state }) => {
      completeCheckRun(context, state, thing);
      thing.app = appAnswer(context, (await context.read(`/repos/${repositoryIn(String(thing.url))}`)).owner);
      thing.check_suite = { id: (thing.check_suite as Json | null)?.id ?? 0 };
    },
  },
  { what: 'an issue that is a pull request says so', fits: isIssue, mend: issueExtras },
  {
    what: 'a comment that nobody edited was last changed when it was made',
    fits: (thing) => typeof thing.issue_url === 'string' && 'body' in thing && !('head' in thing),
    // The emulator reads its clock for each of the two times of a new comment: on a busy machine they may be far apart.
    mend: (thing, { state }) => {
      const path = String(thing.url).split('/api/v3')[1];
      const edited = state.calls.some((call) => call.method === 'PATCH' && call.path === path);
      if (!edited) thing.updated_at = thing.created_at;
    },
  },
  {
    what: 'a comment counts its reactions',
    fits: (thing) => typeof thing.issue_url === 'string' && 'body' in thing && !('head' in thing),
    mend: (thing, { state }) => {
      const url = String(thing.url);
      thing.reactions = {
        url: `${url}/reactions`,
        ...reactionSummary(state, repositoryIn(url), 'comment', Number(thing.id)),
      };
    },
  },
  {
    what: 'a pull request has the commits that Git has',
    fits: (thing) => 'head' in thing && 'base' in thing && typeof thing.number === 'number',
    mend: async (thing, { context, state }) => {
      const pull = keptPull(state, repositoryIn(String(thing.url)), Number(thing.number));
      if (pull) await completePull(context, state, pull, thing, 'mergeable_state' in thing);
    },
  },
  {
    what: 'an app has an owner, and asks for what it was registered with',
    fits: (thing) => 'installations_count' in thing,
    mend: async (thing, { context }) => {
      const { app, installation } = context.registry.current();
      const { owner } = await context.read(`/repos/${CONFIG_REPOSITORY}`);
      Object.assign(thing, { ...app, owner, installations_count: installation === null ? 0 : 1 });
    },
  },
  {
    what: 'an installation says whom it belongs to, and what it was given',
    fits: (thing) => 'access_tokens_url' in thing && 'account' in thing,
    mend: (thing, { context }) => {
      const account = thing.account as Json;
      const { permissions, events, suspendedAt } = context.registry.current().installation ?? {};
      Object.assign(thing, { permissions, events, suspended_at: suspendedAt ?? null });
      thing.target_id = account.id;
      thing.client_id = 'Iv1.local';
    },
  },
];

/** Mends an answer in place and gives it back; refusals stay as they are. */
export async function repairAnswer(ground: Ground, answer: ApiAnswer): Promise<ApiAnswer> {
  if (answer.status < 300) await walk(answer.body, ground);
  return answer;
}

async function walk(value: unknown, ground: Ground): Promise<void> {
  if (value === null || typeof value !== 'object') return;
  if (!Array.isArray(value)) {
    const thing = value as Json;
    for (const repair of REPAIRS) {
      const mended = repair.fits(thing, ground) ? repair.mend(thing, ground) : undefined;
      if (mended) await mended;
    }
  }
  for (const one of Object.values(value)) if (one !== null && typeof one === 'object') await walk(one, ground);
}

const BROWSER_LINKS = ['html_url', 'clone_url', 'svn_url', 'diff_url', 'patch_url', 'avatar_url', 'git_url', 'ssh_url'];

function browserLinks(thing: Json, { context }: Ground) {
  for (const key of BROWSER_LINKS) {
    const value = thing[key];
    if (typeof value !== 'string' || value.includes('/api/v3/repos/')) continue;
    thing[key] = value.replace(context.apiUrl, context.url).replace('/api/v3/', '/');
  }
}

function isOwner(thing: Json): boolean {
  return thing.type === 'Organization' && 'login' in thing && !('followers_url' in thing);
}

const USER_LINKS = {
  followers_url: 'followers',
  following_url: 'following{/other_user}',
  gists_url: 'gists{/gist_id}',
  starred_url: 'starred{/owner}{/repo}',
  subscriptions_url: 'subscriptions',
  organizations_url: 'orgs',
  repos_url: 'repos',
  events_url: 'events{/privacy}',
  received_events_url: 'received_events',
} as const;

function ownerLinks(thing: Json, { context }: Ground) {
  const user = `${context.apiUrl}/users/${String(thing.login)}`;
  for (const [key, rest] of Object.entries(USER_LINKS)) thing[key] = `${user}/${rest}`;
  thing.url = user;
  thing.html_url = `${context.url}/${String(thing.login)}`;
  thing.gravatar_id ??= '';
  thing.site_admin ??= false;
}

function isBot(thing: Json): boolean {
  return typeof thing.login === 'string' && thing.login.endsWith('[bot]');
}

function botLinks(thing: Json) {
  thing.type = 'Bot';
  const login = String(thing.login);
  for (const [key, value] of Object.entries(thing)) {
    if (/(^|_)url$/.test(key) && typeof value === 'string')
      thing[key] = value.replace(login, encodeURIComponent(login));
  }
}

function repositoryPermissions(thing: Json, identity: Identity) {
  if (identity.kind === 'user') thing.permissions = permissionsOf(permissionIn(identity, String(thing.full_name)));
  else if (identity.kind === 'installation') thing.permissions = permissionsOf('read');
  else delete thing.permissions;
}

const repositoryIn = (url: string) => /\/repos\/([^/]+\/[^/]+)/.exec(url)?.[1] ?? '';

function isIssue(thing: Json): boolean {
  return 'timeline_url' in thing && typeof thing.number === 'number';
}

function issueExtras(thing: Json, { context, state }: Ground) {
  const repository = repositoryIn(String(thing.url));
  const number = Number(thing.number);
  const url = `${context.apiUrl}/repos/${repository}/issues/${number}/reactions`;
  thing.reactions = { url, ...reactionSummary(state, repository, 'issue', number) };
  const pull = keptPull(state, repository, number);
  if (!pull) return;
  const html = `${context.url}/${repository}/pull/${number}`;
  thing.html_url = html;
  thing.pull_request = {
    url: `${context.apiUrl}/repos/${repository}/pulls/${number}`,
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    merged_at: pull.mergeSha === null ? null : thing.closed_at,
  };
}
