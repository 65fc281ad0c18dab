// Static files whose names are given to new files while they are read. A file is opened first and measured, sent and
// tagged by that handle: servers that ask for the size by name send the new file cut to the old one's length when it is
// replaced in between.
import type { FileHandle } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { cachingOf, typeOf } from '@coppice/builder-runner/file-headers';
import fresh from 'fresh';
import parseRange from 'range-parser';
import { openPublished } from './open-published.ts';
import { findIndex } from './same-index.ts';

/**
 * Answers with the file below `root` that `path` (percent-encoded, with a slash at its start) names, a folder by its
 * `index.html`. Regular files that really lie below it, and nothing else. Honours Range (one), If-None-Match and
 * If-Modified-Since. Resolves to false, with nothing sent, when there is no such file.
 */
export async function serveFile(
  root: string,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const name = decodePath(path);
  if (name === undefined) return false;
  const place = (await findIndex(root, name, request)) ?? name;
  const file = await openPublished(root, place.endsWith('/') ? `${place}index.html` : place);
  if (file === undefined) return false;
  if (file === 'folder') {
    response.writeHead(301, { Location: `${path}/`.replace(/^\/+/, '/'), 'Cache-Control': 'no-cache' }).end();
    return true;
  }
  try {
    const about = await file.stat();
    const headers = {
      'Content-Type': typeOf(name.endsWith('/') ? 'index.html' : name),
      ETag: `"${about.size.toString(36)}-${about.mtimeMs.toString(36)}-${about.ino.toString(36)}"`,
      'Last-Modified': about.mtime.toUTCString(),
      'Cache-Control': cachingOf(name),
      'Accept-Ranges': 'bytes',
    };
    if (fresh(request.headers, { etag: headers.ETag, 'last-modified': headers['Last-Modified'] })) {
      response.writeHead(304, headers).end();
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

/** The path below the root; undefined for what climbs, hides or cannot be a name. */
function decodePath(path: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  if (decoded.includes('\0') || decoded.split('/').some((part) => part.startsWith('.'))) return undefined;
  return decoded;
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

async function send(file: FileHandle, start: number, end: number, response: ServerResponse): Promise<void> {
  try {
    await pipeline(file.createReadStream({ start, end, autoClose: false }), response);
  } catch {
    // The reader went away, or the disk failed after the head was sent: the connection is cut, which the client
    // notices.
    response.destroy();
  }
}
