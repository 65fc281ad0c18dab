// The one port: site and results at `/`, webhooks, health and metrics. Everything under `published/` is public; nothing
// else is served.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isReadAnywhere } from '@coppice/builder-runner/file-headers';
import { lacksAnswer } from '@coppice/config';
import { errorDataHeader, errorDataOf } from './available-chroots.ts';
import { cannotListen } from './cannot-listen.ts';
import { answerCoprApi } from './copr-api.ts';
import { listDirectory } from './files/directory-listing.ts';
import { openPublished } from './files/open-published.ts';
import { formOf, isBrowsable } from './files/path-form.ts';
import { redirect, serveFile } from './files/serve-file.ts';
import { createBuildNotes, readFrozenNote } from './frozen-note.ts';

/** What `/healthz` answers, always with 200; `ready` once the service can take builds. */
export type Health =
  | { readonly status: 'ok'; readonly ready: boolean }
  /** It takes builds, but a disk is full, these pools make no builders, or GitHub cannot be asked, which says why. */
  | {
      readonly status: 'degraded';
      readonly ready: boolean;
      readonly brokenPools: readonly string[];
      readonly github?: string;
      /** The mirror does not have what was published at that time, and goes on failing. */
      readonly mirror?: MirrorHealth;
      /** Folders of the home, as `published`, on whose disk is too little room. */
      readonly disk?: readonly string[];
    };

/**
 * Since when, and with how many changes, the mirror is behind. Anybody may read it: why is for the log, the operations
 * issue and `coppice doctor`, since it names machines and folders.
 */
export interface MirrorHealth {
  readonly behindSince: string;
  readonly files: number;
}

/**
 * The answer for a service whose pools `broken` cannot make builders, where `github` says what is wrong there, with a
 * `mirror` that is behind, and with folders of the home whose disk is full (`disk`).
 */
export function healthOf(
  ready: boolean,
  broken: readonly { readonly name: string }[],
  github?: string,
  mirror?: MirrorHealth,
  disk: readonly string[] = [],
): Health {
  if (broken.length + disk.length === 0 && github === undefined && mirror === undefined) return { status: 'ok', ready };
  const brokenPools = broken.map(({ name }) => name);
  return {
    status: 'degraded',
    ready,
    brokenPools,
    ...(github === undefined ? {} : { github }),
    ...(mirror && { mirror }),
    ...(disk.length === 0 ? {} : { disk }),
  };
}

export interface HttpServer {
  readonly port: number;
  /**
   * Where webhooks go once the bot exists; until then they are answered with 503, which GitHub shows as a failed
   * delivery.
   */
  setWebhooks(handler: RequestHandler): void;
  /** There are none: they are answered with 404. */
  refuseWebhooks(): void;
  close(): Promise<void>;
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** The path that GitHub's deliveries are posted to. */
export const webhooksPath = '/api/github/webhooks';

const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** How long a request may take to come: whoever dribbles one holds a connection. Answers have no limit. */
const slowness = { headersTimeout: 20_000, requestTimeout: 60_000, connectionsCheckingInterval: 5000 } as const;

/**
 * Listens on `host`:`port` (0 picks a free one) and serves the folder `published`.
 * Throws ServiceError `address` when the port cannot be had.
 */
export async function startHttpServer(options: {
  readonly host: string;
  readonly port: number;
  readonly published: string;
  /** Where frozen projects have what they published, laid out as in `published`. Default: nowhere. */
  readonly withheld?: string;
  readonly health: () => Health;
  readonly metrics: () => Promise<string>;
}): Promise<HttpServer> {
  let webhooks: RequestHandler = (_request, response) => answer(response, 503, 'Starting: try again soon.\n');
  const { published, withheld } = options;
  const buildNote = withheld === undefined ? async () => undefined : createBuildNotes(published, withheld);
  const server = createServer(slowness, (request, response) => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Content-Security-Policy', pagePolicy);
    response.setHeader('Referrer-Policy', 'no-referrer');
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (path !== webhooksPath && isReadAnywhere(path)) response.setHeader('Access-Control-Allow-Origin', '*');
    // Nobody reads a body here but those of webhooks: the connection ends with the answer, whatever still comes.
    if (path !== webhooksPath && hasBody(request)) response.setHeader('Connection', 'close');
    if (path === webhooksPath) {
      webhooks(request, response);
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      answer(response, 405, 'Only GET and HEAD.\n');
    } else if (path === '/healthz') {
      answer(response, 200, `${JSON.stringify(options.health())}\n`, 'application/json; charset=utf-8');
    } else if (path === '/metrics') {
      answerMetrics(options.metrics, response);
    } else {
      answerFile(published, path, request, response, buildNote).catch(() => answer(response, 500, 'Cannot read it.\n'));
    }
  });
  await listen(server, options.host, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    setWebhooks(handler) {
      webhooks = handler;
    },
    refuseWebhooks() {
      webhooks = (_request, response) =>
        answer(response, 404, 'Webhooks are switched off here: the settings say github.webhooks: false.\n');
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A file, a folder that may be browsed, why there is none of a frozen project, or nothing. */
async function answerFile(
  published: string,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  buildNote: (build: number) => Promise<string | undefined>,
): Promise<void> {
  if (path.startsWith('/api_3/')) return await answerCoprApi(published, path, request, response, buildNote);
  const note = await readFrozenNote(published, path);
  if (note !== undefined) return answer(response, 451, note);
  const errorData = await errorDataOf(published, path, architectureAsked(request));
  if (errorData !== undefined) {
    response.setHeader(errorDataHeader, errorData);
    return answer(response, 404, 'This project has no repository for that chroot.\n');
  }
  if (await serveFile(published, path, request, response)) return;
  const form = formOf(path);
  const page = isBrowsable(form?.path ?? '') ? await listDirectory(published, path) : undefined;
  if (page === undefined && path.startsWith('/api/'))
    answer(response, 404, `${JSON.stringify(lacksAnswer)}\n`, 'application/json; charset=utf-8');
  else if (page === undefined) await notFound(published, request, response);
  else if (form !== undefined && form.path !== path) redirect(response, form.path, request);
  else answer(response, 200, page, 'text/html; charset=utf-8');
}

/** What `dnf copr enable` says of the machine that it runs on. */
function architectureAsked({ url = '' }: IncomingMessage): string | null {
  const at = url.indexOf('?');
  return at < 0 ? null : new URLSearchParams(url.slice(at)).get('arch');
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

async function listen(server: ReturnType<typeof createServer>, host: string, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw cannotListen({ cause, host, port }, { host: '`listen.host` of the settings', port: 'COPPICE_PORT' });
  }
}

/** The site's own page for what does not exist; plain words for programs, and before the site was written. */
async function notFound(published: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const wantsPage = (request.headers.accept ?? '').includes('text/html');
  const page = wantsPage ? await readPage(published, '404.html').catch(() => undefined) : undefined;
  if (page === undefined) answer(response, 404, 'Not found.\n');
  else answer(response, 404, page, 'text/html; charset=utf-8');
}

async function readPage(published: string, name: string): Promise<string | undefined> {
  const file = await openPublished(published, name);
  if (file === undefined || file === 'folder') return undefined;
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function answerMetrics(metrics: () => Promise<string>, response: ServerResponse): void {
  metrics().then(
    (text) => answer(response, 200, text, 'text/plain; version=0.0.4; charset=utf-8'),
    (error: unknown) => answer(response, 500, `${String(error)}\n`),
  );
}

function answer(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  if (hasBody(response.req)) response.setHeader('Connection', 'close');
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
