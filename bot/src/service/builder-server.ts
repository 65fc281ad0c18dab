// What builders see of the control host, through the port that is lent to them by SSH: repositories, and nothing else.
// A build is somebody else's program; it has no business with the site, its API, webhooks, health or metrics.
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { takePreface, type View } from '@coppice/builder-runner/runner';
import { readSandbox } from '@coppice/config';
import { serveFile } from './files/serve-file.ts';
import { readFrozenNote } from './frozen-note.ts';

export interface BuilderServer {
  /** On 127.0.0.1. */
  readonly port: number;
  close(): Promise<void>;
}

/** What each connection sees, as its first line says. */
const views = new WeakMap<Socket, View>();

/** Serves what `mayBuildersSee` of the folder `published`, on a free port that only this machine can reach. */
export async function startBuilderServer(published: string): Promise<BuilderServer> {
  const http = createHttpServer({ headersTimeout: 20_000, requestTimeout: 60_000 }, (request, response) => {
    answer(published, request, response).catch(() => plain(response, 500, 'Cannot read it.'));
  });
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    // Whoever goes away in the middle of something is no fault of anybody.
    socket.on('error', () => socket.destroy());
    takePreface(socket, (view) => {
      // Only the control host itself connects here, and it never forgets.
      if (view === undefined) return void socket.destroy();
      views.set(socket, view);
      http.emit('connection', socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      http.close();
      await closed;
    },
  };
}

async function answer(published: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(response, 405, 'Only GET and HEAD.');
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const { sandbox, generations = {} } = views.get(request.socket) ?? {};
  const sees = mayBuildersSee(path, sandbox);
  const note = sees ? await readFrozenNote(published, path) : undefined;
  if (note !== undefined) return plain(response, 451, note.trimEnd());
  if (sees)
    for (const each of asBuildSees(path, generations)) if (await serveFile(published, each, request, response)) return;
  plain(response, 404, 'Not found.');
}

/**
 * Where to look for what `path` (percent-encoded) names: an index and its signature in the generation that the build is
 * bound to, or else first among what builds see before readers do. What indexes name is the same for all. Pure.
 */
function asBuildSees(path: string, generations: View['generations']): readonly string[] {
  const [, repository, file] =
    /^\/results\/(.+)\/repodata\/(repomd\.xml(?:\.asc)?)$/.exec(decodeURIComponent(path)) ?? [];
  if (repository === undefined) return [path];
  const all = `/results/${encodeURI(repository)}/generations`;
  const bound = Object.hasOwn(generations, repository) ? generations[repository] : undefined;
  return bound === undefined ? [`${all}/newest/${file}`, path] : [`${all}/${bound}/${file}`];
}

/**
 * Whether builders may have what `path` (percent-encoded) names: packages, metadata and keys of repositories, and
 * distributions. Of sandboxes of pull requests only `sandbox`, `owner/project:pr:N`, the one that the build is for.
 * Pure.
 */
function mayBuildersSee(path: string, sandbox: string | undefined): boolean {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return false;
  }
  const parts = decoded.split('/').slice(1);
  if (parts.some((part) => part === '' || part.startsWith('.'))) return false;
  const [top, owner, project = '', ...rest] = parts;
  if (top === 'distributions') return parts.length > 2;
  if (top !== 'results' || owner === undefined) return false;
  if (readSandbox(project) !== undefined && sandbox !== `${owner}/${project}`) return false;
  if (rest.length === 1) return rest[0] === 'pubkey.gpg';
  const [, inner = '', file = ''] = rest;
  return rest.length === 3 && (inner === 'repodata' || file.endsWith('.rpm'));
}

function plain(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) return void response.destroy();
  const body = `${text}\n`;
  const type = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(body) };
  // Nobody reads a body here.
  response.writeHead(status, { ...type, ...(response.req.method === 'GET' ? {} : { Connection: 'close' }) });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
