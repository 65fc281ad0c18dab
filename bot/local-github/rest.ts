// One REST request from the door to the answer: rights, the bridge's own routes or the emulator, repair, webhook.
import {
  type ApiAnswer,
  type ApiRequest,
  type BridgeContext,
  type Json,
  matchPath,
  notFound,
  type Route,
} from './answers/api.ts';
import { needsBefore, tellOfWrite } from './answers/events.ts';
import { acceptedHeader, needsOf } from './app-permissions.ts';
import { refuse, repositoryIn } from './rights.ts';
import { type Identity, tokenOf } from './state/users.ts';

/** The context itself asks as its admin. */
export const ADMIN_IDENTITY: Identity = {
  kind: 'user',
  login: 'maintainer',
  permission: 'admin',
  token: tokenOf('maintainer'),
};

const GIT_PLACES =
  /^\/repos\/[^/]+\/[^/]+\/(git|contents|branches|commits|compare|readme|tags|contributors|merges|statuses|tarball|zipball)\b/;

export interface RestParts {
  readonly context: BridgeContext;
  readonly routes: readonly Route[];
  readonly repair: (request: ApiRequest, answer: ApiAnswer) => Promise<ApiAnswer>;
  /** True where somebody is not to know of a repository. */
  readonly hides: (fullName: string, identity: Identity) => boolean;
  /** Called after a write that succeeded; not waited for by who wrote. */
  readonly wrote: (request: ApiRequest) => Promise<void>;
  /** Told of each webhook that is being made, so that stopping can wait for it. */
  readonly track: (work: Promise<void>) => void;
}

/** Serves one request whose sender is known. */
export async function serveRest(parts: RestParts, request: ApiRequest): Promise<ApiAnswer> {
  const fullName = repositoryIn(request.path);
  if (fullName !== undefined && parts.hides(fullName, request.identity)) return notFound();
  const ofApp = request.identity.kind === 'installation';
  const needs = ofApp ? await needsOf(request, () => isPull(parts, request.path)) : undefined;
  const refused = await refuse(request, needs, () => authorOf(parts, request.path));
  if (refused) return refused;
  const before = needsBefore(request) ? await serveGet(parts, request.path) : undefined;
  const answer = await parts.repair(request, await answerTo(parts, request));
  if (request.method !== 'GET' && answer.status < 300) {
    const told = tellOfWrite(parts.context, request, (before?.body ?? {}) as Json, answer);
    parts.track(told.then(() => parts.wrote(request)));
  }
  return { ...answer, headers: { ...answer.headers, ...acceptedHeader(needs) } };
}

/** What a GET of the context's admin is answered. */
export async function serveGet(parts: Omit<RestParts, 'track'>, path: string): Promise<ApiAnswer> {
  const [plain = '', query] = path.split('?');
  const request = {
    method: 'GET',
    path: plain,
    query: new URLSearchParams(query),
    body: {},
    identity: ADMIN_IDENTITY,
  };
  return parts.repair(request, await answerTo(parts, request));
}

async function answerTo(parts: Omit<RestParts, 'track'>, request: ApiRequest): Promise<ApiAnswer> {
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  for (const route of parts.routes) {
    if (route.method !== method) continue;
    const params = matchPath(route.pattern, request.path);
    if (params) return route.answer(request, params);
  }
  // The emulator's own pages and switches are no part of GitHub.
  if (/^\/(_emulate|login|settings)\b/.test(request.path)) return notFound();
  // Neither is what it believes of Git: the bare repositories know better.
  if (GIT_PLACES.test(request.path)) return notFound();
  const query = request.query.size > 0 ? `?${request.query}` : '';
  return parts.context.ask(method, request.path + query, request.body, request.identity);
}

async function authorOf(parts: RestParts, path: string): Promise<string | undefined> {
  const { body, status } = await serveGet(parts, path);
  return status === 200 ? String(((body as Json).user as Json | null)?.login) : undefined;
}

/** Whether a path below `/issues` is about a pull request, or about a comment on one. */
async function isPull(parts: RestParts, path: string): Promise<boolean> {
  const [, repository = '', comment, number] =
    /^(\/repos\/[^/]+\/[^/]+)\/issues\/(?:comments\/(\d+)|(\d+))/.exec(path) ?? [];
  const issueOf = async (place: string) => {
    const { body, status } = await serveGet(parts, place);
    return status === 200 ? (body as Json) : {};
  };
  const at =
    comment === undefined
      ? number
      : String((await issueOf(`${repository}/issues/comments/${comment}`)).issue_url)
          .split('/')
          .at(-1);
  return 'pull_request' in (await issueOf(`${repository}/issues/${at}`));
}
