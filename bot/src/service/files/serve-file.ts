// Static files whose names are given to new files while they are read. A file is opened first and measured, sent and
// tagged by that handle: servers that ask for the size by name send the new file cut to the old one's length when it is
// replaced in between.
import type { FileHandle } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { cachingOf, isCompressible, typeOf } from '@coppice/builder-runner/file-headers';
import fresh from 'fresh';
import parseRange from 'range-parser';
import { type Encoding, encoder, encodingFor, smallestEncoded } from './encode.ts';
import { openPublished } from './open-published.ts';
import { formOf, isBrowsable } from './path-form.ts';
import { findIndex } from './same-index.ts';

/**
 * Answers with the file below `root` that `path` (percent-encoded, with a slash at its start) names, a folder by its
 * `index.html`; other spellings of a path lead to the one. Regular files that really lie below it, and nothing else.
 * Honours Range (one), If-None-Match and If-Modified-Since, and sends whole texts as small as the client takes them.
 * Resolves to false, with nothing sent, when there is no such file.
 */
export async function serveFile(
  root: string,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const form = formOf(path);
  if (form === undefined) return false;
  const { name } = form;
  const place = (await findIndex(root, name, request)) ?? name;
  const file = await openPublished(root, place.endsWith('/') ? `${place}index.html` : place);
  if (file === undefined) return false;
  if (file === 'folder') {
    if (!(await hasPage(root, name))) return false;
    return redirect(response, `${form.path}/`, request);
  }
  try {
    if (form.path !== path) return redirect(response, form.path, request);
    const about = await file.stat();
    const type = typeOf(name.endsWith('/') ? 'index.html' : name);
    const varies = isCompressible(type);
    const encoding = varies && about.size >= smallestEncoded ? encodingFor(request) : undefined;
    const tag = [about.size, about.mtimeMs, about.ino].map((part) => part.toString(36)).join('-');
    const headers = {
      'Content-Type': type,
      ETag: `"${tag}${encoding === undefined ? '' : `-${encoding}`}"`,
      'Last-Modified': about.mtime.toUTCString(),
      'Cache-Control': cachingOf(name),
      'Accept-Ranges': 'bytes',
      ...(varies ? { Vary: 'Accept-Encoding' } : {}),
    };
    if (fresh(request.headers, { etag: headers.ETag, 'last-modified': headers['Last-Modified'] })) {
      response.writeHead(304, headers).end();
      return true;
    }
    if (encoding !== undefined) {
      response.writeHead(200, { ...headers, 'Content-Encoding': encoding });
      if (request.method === 'HEAD') response.end();
      else await send(file, 0, about.size - 1, response, encoding);
      return true;
    }
    const range = rangeOf(request, about.size);
    if (range === 'unsatisfiable') {
      response.writeHead(416, { 'Content-Range': `bytes */${about.size}` }).end();
      return true;
    }
    const { start, end } = range ?? { start: 0, end: about.size - 1 };
    response.writeHead(range === undefined ? 200 : 206, {
      ...headers,
      'Content-Length': end - start + 1,
      ...(range === undefined ? {} : { 'Content-Range': `bytes ${start}-${end}/${about.size}` }),
    });
    if (request.method === 'HEAD' || end < start) response.end();
    else await send(file, start, end, response);
    return true;
  } finally {
    await file.close();
  }
}

/** Whether there is anything at the folder's own address: a page, or its list where folders may be browsed. */
async function hasPage(root: string, folder: string): Promise<boolean> {
  if (isBrowsable(folder)) return true;
  const file = await openPublished(root, `${folder}/index.html`);
  if (file === undefined || file === 'folder') return false;
  await file.close();
  return true;
}

/** Leads to `path`, with the query of the request. */
export function redirect(response: ServerResponse, path: string, { url = '' }: IncomingMessage): true {
  const query = url.includes('?') ? url.slice(url.indexOf('?')) : '';
  response.writeHead(301, { Location: `${path}${query}`, 'Cache-Control': 'no-cache' }).end();
  return true;
}

/**
 * One satisfiable range of the file; undefined to send all of it: several ranges, or a copy that is not the client's
 * any more.
 */
function rangeOf(request: IncomingMessage, size: number): { start: number; end: number } | 'unsatisfiable' | undefined {
  const { range } = request.headers;
  if (range === undefined || request.headers['if-range'] !== undefined) return undefined;
  // The last bytes of a file that has fewer are all of it (RFC 9110, 14.1.2); the parser takes none.
  const bounded = range.replace(/([=,]\s*)-(\d+)/g, (all, before, last) =>
    Number(last) > size ? `${before}-${size}` : all,
  );
  const ranges = parseRange(size, bounded);
  if (ranges === -1) return 'unsatisfiable';
  if (ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return undefined;
  return ranges[0];
}

async function send(
  file: FileHandle,
  start: number,
  end: number,
  response: ServerResponse,
  encoding?: Encoding,
): Promise<void> {
  try {
    const content = file.createReadStream({ start, end, autoClose: false });
    await (encoding === undefined ? pipeline(content, response) : pipeline(content, encoder(encoding), response));
  } catch {
    // The reader went away, or the disk failed after the head was sent: the connection is cut, which the client
    // notices.
    response.destroy();
  }
}
