// The least static server that dnf can live with.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join, normalize } from 'node:path';

/** Serves the regular files below `root` on a free port of 127.0.0.1; the caller closes it. */
export async function serveFolder(root: string): Promise<Server> {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/'));
    const file = join(root, path);
    const status = await stat(file).catch(() => undefined);
    if (!status?.isFile()) return response.writeHead(404).end();
    response.writeHead(200, { 'content-length': status.size });
    if (request.method === 'HEAD') return response.end();
    return createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
