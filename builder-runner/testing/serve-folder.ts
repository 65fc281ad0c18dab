// The least static server that dnf can live with, for builders and for tests themselves.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { join, normalize } from 'node:path';
import type { View } from '../src/builder/preface.ts';
import { takePreface } from '../src/builder/take-preface.ts';

/**
 * Serves the regular files below `root` on a free port of 127.0.0.1; the caller closes it. To a connection that begins
 * with a builder's preface it shows the generations that this names.
 */
export async function serveFolder(root: string): Promise<Server> {
  const views = new WeakMap<Socket, View>();
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/'));
    const [, repository = '', index] = /^\/results\/(.+)\/repodata\/(repomd\.xml(?:\.asc)?)$/.exec(path) ?? [];
    const bound = views.get(request.socket)?.generations[repository];
    const file = join(root, bound === undefined ? path : `/results/${repository}/generations/${bound}/${index}`);
    const status = await stat(file).catch(() => undefined);
    if (!status?.isFile()) return response.writeHead(404).end();
    response.writeHead(200, { 'content-length': status.size });
    if (request.method === 'HEAD') return response.end();
    return createReadStream(file).pipe(response);
  });
  const [serve] = server.listeners('connection');
  server.removeAllListeners('connection').on('connection', (socket) => {
    socket.on('error', () => socket.destroy());
    takePreface(socket, (view) => {
      if (view !== undefined) views.set(socket, view);
      serve?.call(server, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
