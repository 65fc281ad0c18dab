// The words of the REST side: a request, an answer, a route, and what every handler may reach.
import type { BareRepositories } from '../git/bare-repositories.ts';
import type { Registry } from '../state/registration.ts';
import type { Identity } from '../state/users.ts';

export interface ApiRequest {
  readonly method: string;
  /** Below `/api/v3`, still percent-encoded: `/repos/acme/packages/issues/1`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; an empty object where nothing was sent. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly identity: Identity;
}

export interface ApiAnswer {
  readonly status: number;
  /** undefined: nothing is written. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Json = Record<string, unknown>;

/** Asks the emulated GitHub, as the one who asked (`as`) or, without it, as the admin. */
export type AskEmulator = (method: string, path: string, body?: unknown, as?: Identity) => Promise<ApiAnswer>;

/** What handlers of the bridge work with. */
export interface BridgeContext {
  /** Where people's browsers and git go: `http://127.0.0.1:4100`. */
  readonly url: string;
  readonly apiUrl: string;
  readonly slug: string;
  readonly appId: number;
  /** What the app asks for, and what it was given. */
  readonly registry: Registry;
  /** Users by login, as answers name them. */
  readonly people: Map<string, Json>;
  readonly repositories: BareRepositories;
  readonly ask: AskEmulator;
  /** Answers like the REST side does, repaired; for the bridge's own questions. Throws when it is not there. */
  readonly read: (path: string) => Promise<Json>;
  /** The name under which somebody writes: a person's login, or `slug[bot]`. */
  readonly loginOf: (identity: Identity) => string;
  readonly emit: (event: string, payload: Json) => void;
  /** Says that the kept state changed, so that it is saved. */
  readonly changed: () => void;
}

export interface Route {
  readonly method: string;
  /** `/repos/:owner/:repo/git/ref/*ref`: `:name` is one segment, `*name` the rest. */
  readonly pattern: string;
  readonly answer: (request: ApiRequest, params: Readonly<Record<string, string>>) => Promise<ApiAnswer>;
}

/** `path` against a pattern of Route: the decoded parts, or undefined when it does not fit. */
export function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  const params: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    if (part.startsWith('*')) {
      params[part.slice(1)] = given.slice(at).map(decode).join('/');
      return params;
    }
    const value = given[at];
    if (value === undefined || (part.startsWith(':') ? value === '' : value !== part)) return undefined;
    if (part.startsWith(':')) params[part.slice(1)] = decode(value);
  }
  return given.length === wanted.length ? params : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign stands for itself.
    return text;
  }
}

const DOCUMENTATION = 'https://docs.github.com/rest';

/** An error in GitHub's shape. */
export function refusal(status: number, message: string, more: Json = {}): ApiAnswer {
  return { status, body: { message, documentation_url: DOCUMENTATION, status: String(status), ...more } };
}

export const notFound = () => refusal(404, 'Not Found');

/** `items` cut to the page that the query asks for, with GitHub's `Link` header. */
export function pageOf<T>(
  request: ApiRequest,
  url: string,
  items: readonly T[],
): { items: T[]; headers: Record<string, string> } {
  const size = clamp(request.query.get('per_page'), 30, 100);
  const page = clamp(request.query.get('page'), 1, Number.MAX_SAFE_INTEGER);
  const last = Math.max(1, Math.ceil(items.length / size));
  const link = (to: number, rel: string) => {
    const query = new URLSearchParams(request.query);
    query.set('page', String(to));
    return `<${url}?${query}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev'), link(1, 'first')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
  ];
  return {
    items: items.slice((page - 1) * size, page * size),
    headers: links.length > 0 ? { link: links.join(', ') } : {},
  };
}

function clamp(text: string | null, fallback: number, most: number): number {
  const value = Number.parseInt(text ?? '', 10);
  return value >= 1 ? Math.min(value, most) : fallback;
}
