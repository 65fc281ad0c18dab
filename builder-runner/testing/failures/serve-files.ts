// The least static server that dnf can live with, for builds of recipes.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join, normalize } from 'node:path';

/** Serves `root` on loopback. */
export async function serveFiles(root: string, port: number): Promise<Server> {
  const server = createServer(async (request, response) => {
    const file = join(root, normalize(decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/')));
    const status = await stat(file).catch(() => undefined);
    if (!status?.isFile()) return response.writeHead(404).end();
    response.writeHead(200, { 'content-length': status.size });
    return createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}
