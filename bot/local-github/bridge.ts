// The one HTTP server of the local GitHub: REST below /api/v3, Git below /<owner>/<repository>.git.
import { createHash } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { type ApiAnswer, type ApiRequest, refusal } from './answers/api.ts';
import type { Tokens } from './answers/tokens.ts';
import { mayUseGit } from './app-permissions.ts';
import type { Door } from './door.ts';
import { isPush, serveGit } from './git/git-http.ts';
import { allows, type Identity, isOrganizations, permissionIn } from './state/users.ts';

const API = '/api/v3';
const MOST_BODY_BYTES = 50 * 1024 * 1024;

/** One REST request with its answer, for tests that check both against GitHub's own description. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly requestBody: unknown;
  readonly status: number;
  readonly responseBody: unknown;
  readonly identity: Identity['kind'];
  /** For an installation: the permissions of which it needed one, as `issues=read; pull_requests=read`. */
  readonly accepted: string | undefined;
  readonly userAgent: string;
}

/** One request of Git over HTTP that was let in. */
export interface RecordedGit {
  /** owner/name. */
  readonly repository: string;
  readonly service: 'fetch' | 'push';
  readonly identity: Identity['kind'];
}

export interface BridgeParts {
  readonly tokens: Tokens;
  readonly repositoriesFolder: string;
  readonly door: Door;
  /** False until all its parts are there; the port is taken before. */
  readonly ready: () => boolean;
  readonly rest: (request: ApiRequest) => Promise<ApiAnswer>;
  readonly loginOf: (identity: Identity) => string;
  /** Whether there is such a repository, as far as somebody is to know. */
  readonly exists: (fullName: string, identity: Identity) => boolean;
  /** Runs a push alone and tells of what it moved. */
  readonly push: (fullName: string, login: string, receive: () => Promise<void>) => Promise<void>;
  readonly page: (path: string) => Promise<string | undefined>;
  readonly record: (request: RecordedRequest) => void;
  /** Told of each request of Git that is let in. */
  readonly recordGit: (request: RecordedGit) => void;
  readonly log: (message: string) => void;
}

export function createBridge(parts: BridgeParts): http.Server {
  return http.createServer((incoming, outgoing) => {
    serve(parts, incoming, outgoing).catch((error: Error) => {
      parts.log(`${incoming.method} ${incoming.url} failed: ${error.stack}`);
      if (!outgoing.headersSent) writeJson(parts, outgoing, refusal(500, 'Server Error'));
      else outgoing.destroy();
    });
  });
}

async function serve(parts: BridgeParts, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  if (!parts.ready()) return writeJson(parts, outgoing, refusal(503, 'Starting'));
  const url = new URL(incoming.url ?? '/', 'http://local');
  const prefix = url.pathname.startsWith(`${API}/`) ? API : '';
  const way = parts.door.enter(url.pathname.slice(prefix.length));
  if ('onTo' in way) {
    const reads = incoming.method === 'GET' || incoming.method === 'HEAD';
    outgoing.writeHead(reads ? 301 : 307, { location: `${prefix}${way.onTo}${url.search}` });
    return void outgoing.end();
  }
  url.pathname = prefix + way.inside;
  if (url.pathname === API || url.pathname.startsWith(`${API}/`)) return serveApi(parts, url, incoming, outgoing);
  const [, fullName] =
    /^\/([^/]+\/[^/]+?)(?:\.git)?\/(?:info\/refs|git-(?:upload|receive)-pack)$/.exec(url.pathname) ?? [];
  if (fullName) return serveRepository(parts, fullName, url, incoming, outgoing);
  const html = incoming.method === 'GET' ? await parts.page(url.pathname) : undefined;
  outgoing.writeHead(html === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' });
  outgoing.end(html ?? 'Not Found');
}

async function serveApi(parts: BridgeParts, url: URL, incoming: IncomingMessage, outgoing: ServerResponse) {
  const text = await readBody(incoming);
  if (text === undefined) return writeJson(parts, outgoing, refusal(413, 'Payload too large'));
  const identity = parts.tokens.identify(incoming.headers.authorization);
  if (!identity) return writeJson(parts, outgoing, parts.tokens.refuse(incoming.headers.authorization));
  const body = parseBody(text);
  if (body === undefined) return writeJson(parts, outgoing, refusal(400, 'Problems parsing JSON'));
  const method = incoming.method ?? 'GET';
  const path = url.pathname.slice(API.length) || '/';
  const unseen = identity.kind === 'anonymous' && parts.door.hides(path);
  const asked = { method, path, query: url.searchParams, body, identity };
  const answer = unseen ? refusal(404, 'Not Found') : await parts.rest(asked);
  parts.record({
    method,
    path,
    query: url.search,
    requestBody: text === '' ? undefined : body,
    status: answer.status,
    responseBody: answer.body,
    identity: identity.kind,
    accepted: answer.headers?.['x-accepted-github-permissions'],
    userAgent: incoming.headers['user-agent'] ?? '',
  });
  writeJson(parts, outgoing, answer, incoming);
}

async function serveRepository(
  parts: BridgeParts,
  fullName: string,
  url: URL,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
) {
  const identity = parts.tokens.identify(incoming.headers.authorization);
  const pushing = isPush(url.pathname, url.searchParams);
  const needsToken = pushing || parts.door.hides(`/${fullName}`);
  if (!identity || (needsToken && identity.kind === 'anonymous')) {
    outgoing.setHeader('www-authenticate', 'Basic realm="GitHub"');
    return writeText(outgoing, 401, 'Authentication failed: use your token as the password.\n');
  }
  if (!parts.exists(fullName, identity)) return writeText(outgoing, 404, 'Repository not found.\n');
  const installed = isOrganizations(fullName);
  if (!pushing && identity.kind === 'installation' && !(installed && mayUseGit(identity.permissions, 'read'))) {
    return writeText(outgoing, 403, 'Write access to repository not granted.\n');
  }
  if (pushing && !mayPush(identity, fullName)) {
    return writeText(outgoing, 403, `Permission to ${fullName}.git denied to ${parts.loginOf(identity)}.\n`);
  }
  const request = {
    root: parts.repositoriesFolder,
    pathInfo: url.pathname.replace(/^\/([^/]+\/[^/]+?)(?:\.git)?\//, '/$1.git/'),
    query: url.search.slice(1),
    login: pushing ? parts.loginOf(identity) : undefined,
  };
  parts.recordGit({ repository: fullName, service: pushing ? 'push' : 'fetch', identity: identity.kind });
  const receive = () => serveGit(request, incoming, outgoing);
  if (pushing && incoming.method === 'POST') await parts.push(fullName, parts.loginOf(identity), receive);
  else await receive();
  outgoing.end();
}

const mayPush = (identity: Identity, fullName: string) =>
  (identity.kind === 'installation' && isOrganizations(fullName) && mayUseGit(identity.permissions, 'write')) ||
  (identity.kind === 'user' && allows(permissionIn(identity, fullName), 'write'));

/** The whole body as text; undefined when it is too large. */
async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes <= MOST_BODY_BYTES) parts.push(part);
  }
  return bytes > MOST_BODY_BYTES ? undefined : Buffer.concat(parts).toString('utf8');
}

/** A JSON object; `{}` for an empty body, undefined for what is not JSON. Lists become their `items`. */
function parseBody(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
  } catch {
    return undefined;
  }
}

function writeText(outgoing: ServerResponse, status: number, text: string) {
  outgoing.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  outgoing.end(text);
}

function writeJson(
  { door }: Pick<BridgeParts, 'door'>,
  outgoing: ServerResponse,
  answer: ApiAnswer,
  incoming?: IncomingMessage,
) {
  const text = answer.body === undefined || answer.status === 204 ? '' : door.leave(JSON.stringify(answer.body));
  if (incoming?.method === 'GET' && answer.status === 200) {
    // Conditional requests: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
    const etag = `"${createHash('sha256').update(text).digest('hex')}"`;
    outgoing.setHeader('etag', etag);
    if (incoming.headers['if-none-match']?.replace(/^W\//, '') === etag) {
      outgoing.writeHead(304);
      outgoing.end();
      return;
    }
  }
  outgoing.writeHead(answer.status, {
    ...(text === '' ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    'content-length': Buffer.byteLength(text),
    'x-github-media-type': 'github.v3; format=json',
    ...answer.headers,
  });
  outgoing.end(text);
}
