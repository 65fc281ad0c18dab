// Files as any static web server gives them, byte ranges included; and what was asked for.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

/** One request, and how it was answered. */
export interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  readonly status: number;
  /** The first and the last byte of the file that were sent; absent where none was. */
  readonly bytes?: readonly [number, number];
}

/** Serves a folder on this machine; `base` has no slash at the end. */
export async function serveFiles(folder: string) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site.invalid');
    const path = decodeURIComponent(pathname).replace(/\/$/, '/index.html');
    const { range } = request.headers;
    const note = (status: number, bytes?: readonly [number, number]) =>
      asked.push({ path, range, status, ...(bytes === undefined ? {} : { bytes }) });
    const size = await stat(join(folder, path)).then(
      (about) => (about.isFile() ? about.size : undefined),
      () => undefined,
    );
    if (size === undefined) {
      note(404);
      response.writeHead(404).end('not found');
      return;
    }
    const type = { 'content-type': types[extname(path)] ?? 'text/plain; charset=utf-8', 'cache-control': 'no-cache' };
    const [, from = '', until = ''] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? [];
    const start = from === '' ? Math.max(0, size - Number(until)) : Number(from);
    const end = from === '' || until === '' ? size - 1 : Math.min(size - 1, Number(until));
    if (range === undefined) {
      note(200);
      response.writeHead(200, { ...type, 'content-length': size });
      if (size === 0) response.end();
      else await pipeline(createReadStream(join(folder, path), { end: size - 1 }), response).catch(() => undefined);
    } else if (start > end) {
      note(416);
      response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
    } else {
      note(206, [start, end]);
      const headers = { 'content-range': `bytes ${start}-${end}/${size}`, 'content-length': end - start + 1 };
      response.writeHead(206, { ...type, ...headers });
      await pipeline(createReadStream(join(folder, path), { start, end }), response).catch(() => undefined);
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}
