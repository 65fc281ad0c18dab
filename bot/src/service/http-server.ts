// The one port: site and results at `/`, webhooks, health and metrics. Everything under `published/` is public; nothing else is served.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import serveStatic from 'serve-static';
import { listDirectory } from './directory-listing.ts';
import { ServiceError } from './errors.ts';

/** What `/healthz` answers; `ready` once the service can take builds. */
export interface Health {
  readonly status: 'ok';
  readonly ready: boolean;
}

export interface HttpServer {
  readonly port: number;
  /** Where webhooks go once the bot exists; until then they are answered with 503, which GitHub shows as a failed delivery. */
  setWebhooks(handler: RequestHandler): void;
  close(): Promise<void>;
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** The path that GitHub's deliveries are posted to. */
export const webhooksPath = '/api/github/webhooks';

const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Folders whose content people may browse as directories, as the web servers of RPM repositories do. */
const browsable = /^\/(?:results|coprs|distributions)(?:\/|$)/;

/**
 * Listens on `host`:`port` (0 picks a free one) and serves the folder `published`.
 * Throws ServiceError `address` when the port cannot be had.
 */
export async function startHttpServer(options: {
  readonly host: string;
  readonly port: number;
  readonly published: string;
  readonly health: () => Health;
  readonly metrics: () => Promise<string>;
}): Promise<HttpServer> {
  let webhooks: RequestHandler = (_request, response) => answer(response, 503, 'Starting: try again soon.\n');
  const files = serveStatic(options.published, {
    dotfiles: 'ignore',
    fallthrough: true,
    setHeaders: (response, path) => {
      // Logs grow and metadata is replaced: clients ask again, and a cheap 304 answers them.
      response.setHeader('Cache-Control', path.endsWith('.rpm') ? 'public, max-age=86400' : 'no-cache');
      if (path.endsWith('.log')) response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    },
  });

  const server = createServer((request, response) => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Content-Security-Policy', pagePolicy);
    response.setHeader('Referrer-Policy', 'no-referrer');
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (path === webhooksPath) return void webhooks(request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'Only GET and HEAD.\n');
    if (path === '/healthz') return answerJson(response, options.health());
    if (path === '/metrics') {
      return void options.metrics().then(
        (text) => answer(response, 200, text, 'text/plain; version=0.0.4; charset=utf-8'),
        (error: unknown) => answer(response, 500, `${String(error)}\n`),
      );
    }
    files(request, response, () => {
      const missing = () => notFound(files, request, response);
      if (!browsable.test(path)) return missing();
      void listDirectory(options.published, path).then(
        (page) => (page === undefined ? missing() : answer(response, 200, page, 'text/html; charset=utf-8')),
        () => missing(),
      );
    });
  });
  await listen(server, options.host, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    setWebhooks(handler) {
      webhooks = handler;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: ReturnType<typeof createServer>, host: string, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new ServiceError(
      'address',
      `Cannot listen on ${host}:${port}: ${(cause as Error).message}. Is another service there? COPPICE_PORT names another port.`,
      { cause },
    );
  }
}

/** The site's own page for what does not exist, plain words before the site was written. */
function notFound(files: ReturnType<typeof serveStatic>, request: IncomingMessage, response: ServerResponse): void {
  response.statusCode = 404;
  const wantsPage = (request.headers.accept ?? '').includes('text/html');
  if (!wantsPage || request.url === '/404.html') return answer(response, 404, 'Not found.\n');
  // `send` would turn the status back to 200 and honour a Range: the answer is made from a plain request for the page.
  const { range: _range, ...headers } = request.headers;
  request.headers = headers;
  request.url = '/404.html';
  const writeHead = response.writeHead.bind(response);
  response.writeHead = ((_status: number, ...rest: never[]) => writeHead(404, ...rest)) as typeof response.writeHead;
  files(request, response, () => answer(response, 404, 'Not found.\n'));
}

function answerJson(response: ServerResponse, value: unknown): void {
  answer(response, 200, `${JSON.stringify(value)}\n`, 'application/json; charset=utf-8');
}

function answer(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  if (response.headersSent) return void response.end();
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
