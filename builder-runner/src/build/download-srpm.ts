// Downloads a ready source package: bounded in size and time, checked against the pinned hash.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type PinnedSource, rpmFileName } from '@coppice/config';
import { describeError } from '../errors.ts';
import { RpmHeaderError, readRpmHeader } from '../rpm-header.ts';
import type { FetchedSource, FetchOrder } from './fetch-source.ts';
import { duration } from './mock-exit.ts';
import { fail, type Outcome, succeed } from './outcome.ts';

type SrpmSource = Extract<PinnedSource, { type: 'srpm' }>;

class TooLarge extends Error {}

/** The package at `source.url`, renamed to what its header says. */
export async function downloadSrpm(order: FetchOrder, source: SrpmSource): Promise<Outcome<FetchedSource>> {
  const address = allowedAddress(mirrored(source.url, order.git.mirrors), order.git.protocols);
  if (address === undefined) return fail('source', `${source.url} is not an address that sources may come from.`);
  const limit = AbortSignal.timeout(order.seconds * 1000);
  const partial = join(order.folder, 'download');
  try {
    const response = await follow(address, order, AbortSignal.any([order.signal, limit]));
    const refusal = judgeResponse(response);
    if (refusal !== undefined) {
      await response.body?.cancel();
      return fail('source', `${source.url} ${refusal}.`);
    }
    const sha256 = await save(response, partial, order.sourceBytes, AbortSignal.any([order.signal, limit]));
    if (sha256 !== source.sha256) {
      return fail('source', `${source.url} has the SHA-256 ${sha256}, not ${source.sha256} as the package says.`);
    }
  } catch (error) {
    order.signal.throwIfAborted();
    if (error instanceof TooLarge)
      return fail('source', `${source.url} is larger than the limit of ${order.sourceBytes} bytes.`);
    if (limit.aborted) return fail('source', `${source.url} did not arrive within ${duration(order.seconds)}.`);
    return fail('source', `${source.url} cannot be fetched: ${describeError(innermost(error))}.`);
  }
  return nameByHeader(order.folder, partial, source.url);
}

/** Redirects are followed by hand: each of them has to be an allowed address too. */
async function follow(address: URL, order: FetchOrder, signal: AbortSignal): Promise<Response> {
  let next = address;
  for (let hops = 0; hops < 6; hops += 1) {
    const response = await fetch(next, { redirect: 'manual', signal, headers: { 'user-agent': 'coppice' } });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) return response;
    await response.body?.cancel();
    const allowed = URL.canParse(location, next)
      ? allowedAddress(new URL(location, next).href, order.git.protocols)
      : undefined;
    if (allowed === undefined) throw new Error(`it redirects to ${location.slice(0, 200)}, which is not allowed`);
    next = allowed;
  }
  throw new Error('it redirects too often');
}

/** The address at the mirror with the longest fitting prefix, as Git's url.<base>.insteadOf does. */
function mirrored(url: string, mirrors: Readonly<Record<string, string>>): string {
  const [best] = Object.entries(mirrors)
    .filter(([from]) => url.startsWith(from))
    .sort(([a], [b]) => b.length - a.length);
  return best === undefined ? url : best[1] + url.slice(best[0].length);
}

function allowedAddress(text: string, protocols: readonly string[]): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const protocol = url.protocol.slice(0, -1);
  const allowed = protocol === 'https' || (protocol === 'http' && protocols.includes('http'));
  return allowed && url.username === '' && url.password === '' ? url : undefined;
}

function judgeResponse(response: Response): string | undefined {
  if (!response.ok) return `answers ${response.status}${response.statusText === '' ? '' : ` ${response.statusText}`}`;
  const type = response.headers.get('content-type') ?? '';
  if (/^text\/(html|plain)|xhtml|json/i.test(type)) return `is not a source package but ${type.split(';')[0]}`;
  return response.body === null ? 'is empty' : undefined;
}

async function save(response: Response, path: string, limit: number, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* bounded(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      bytes += chunk.byteLength;
      if (bytes > limit) throw new TooLarge();
      hash.update(chunk);
      yield chunk;
    }
  }
  const body = Readable.fromWeb(response.body as import('node:stream/web').ReadableStream<Uint8Array>);
  await pipeline(body, bounded, createWriteStream(path), { signal });
  return hash.digest('hex');
}

async function nameByHeader(folder: string, partial: string, url: string): Promise<Outcome<FetchedSource>> {
  try {
    const { nevra } = await readRpmHeader(partial);
    if (nevra.architecture !== 'src') return fail('source', `${url} is a binary package, not a source package.`);
    const file = rpmFileName(nevra);
    if (!/^[A-Za-z0-9_][A-Za-z0-9._+~^-]*$/.test(file))
      return fail('source', `${url} has an impossible name in its header.`);
    await rename(partial, join(folder, file));
    return succeed({ kind: 'srpm', file });
  } catch (error) {
    if (error instanceof RpmHeaderError) return fail('source', `${url} is not a source package: ${error.message}.`);
    throw error;
  }
}

/** fetch hides what happened (`ECONNREFUSED`) below `fetch failed`. */
function innermost(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? innermost(error.cause) : error;
}
