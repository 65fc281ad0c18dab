// Files over HTTP: redirects followed by hand, each address checked, connected to where it was looked up, bounded in
// size and time.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { describeError } from '../base/errors.ts';
import { duration } from '../base/sentence-parts.ts';
import { allowedAddress, type FetchRules, mirrored, Refused, resolveHost } from './addresses.ts';

const maximumRedirects = 5;

export interface HttpBounds {
  readonly rules: FetchRules;
  readonly maximumBytes: number;
  /** For all of it, redirects included. */
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/**
 * Writes what `url` answers to the new file `path`. Throws Refused for all that the other side does wrong, and the
 * signal's reason.
 */
export async function saveUrl(
  url: string,
  path: string,
  bounds: HttpBounds,
  sent: Pick<HttpSent, 'headers'> = {},
): Promise<{ readonly sha256: string; readonly bytes: number; readonly type: string }> {
  return withResponse(url, bounds, sent, async (response, signal) => {
    const hash = createHash('sha256');
    let bytes = 0;
    const counted = bounded(response, bounds.maximumBytes, (chunk) => {
      bytes += chunk.byteLength;
      hash.update(chunk);
    });
    await pipeline(counted, createWriteStream(path, { flags: 'wx' }), { signal });
    return { sha256: hash.digest('hex'), bytes, type: typeOf(response) };
  });
}

/** What is sent besides the address; not to where a redirect leads. */
export interface HttpSent {
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, which makes it a POST. */
  readonly body?: unknown;
}

/** The JSON at `url`. Throws as `saveUrl` does. */
export async function readJson(url: string, bounds: HttpBounds, sent: HttpSent = {}): Promise<unknown> {
  const text = await withResponse(url, bounds, sent, async (response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of bounded(response, bounds.maximumBytes, () => undefined)) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refused('does not answer with JSON', { cause: error });
  }
}

async function withResponse<T>(
  url: string,
  { rules, seconds, signal }: HttpBounds,
  sent: HttpSent,
  use: (response: IncomingMessage, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(seconds * 1000);
  const either = AbortSignal.any([signal, limit]);
  let response: IncomingMessage | undefined;
  try {
    response = await follow(mirrored(url, rules.git.mirrors), rules, sent, either);
    const status = response.statusCode ?? 0;
    if (status !== 200) throw new Refused(`answers ${status} ${response.statusMessage ?? ''}`.trim());
    return await use(response, either);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Refused) throw error;
    if (limit.aborted) throw new Refused(`did not arrive within ${duration(seconds)}`);
    throw new Refused(`cannot be fetched: ${describeError(error)}`, { cause: error });
  } finally {
    response?.destroy();
  }
}

async function follow(
  address: string,
  rules: FetchRules,
  sent: HttpSent,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let next = allowedAddress(address, rules);
  if (next === undefined) throw new Refused('is not an address that sources may come from');
  for (let hops = 0; hops <= maximumRedirects; hops += 1) {
    const response: IncomingMessage = await ask(next, rules, hops === 0 ? sent : {}, signal);
    const target = redirection(response, next);
    if (target === undefined) return response;
    response.destroy();
    if (sent.body !== undefined) throw new Refused(`redirects what is sent to it to ${target.slice(0, 200)}`);
    next = allowedAddress(target, rules);
    if (next === undefined) throw new Refused(`redirects to ${target.slice(0, 200)}, which is not allowed`);
  }
  throw new Refused('redirects too often');
}

/** Where an answer sends its reader. */
function redirection({ statusCode = 0, headers: { location } }: IncomingMessage, from: URL): string | undefined {
  if (statusCode < 300 || statusCode > 399 || location === undefined) return undefined;
  return URL.canParse(location, from.href) ? new URL(location, from.href).href : location;
}

/** One request; the connection goes where the host was looked up, and to no other place. */
async function ask(
  url: URL,
  rules: FetchRules,
  { headers = {}, body }: HttpSent,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { address, family } = await resolveHost(url, rules);
  signal.throwIfAborted();
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return await new Promise((resolve, reject) => {
    const request = send(url, {
      method: body === undefined ? 'GET' : 'POST',
      signal,
      agent: false,
      headers: { accept: '*/*', ...headers, 'user-agent': 'coppice' },
      lookup: (_host, options, done) => {
        if (options.all === true) done(null, [{ address, family }]);
        else done(null, address, family);
      },
    });
    request.on('response', resolve);
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function* bounded(response: IncomingMessage, maximum: number, see: (chunk: Uint8Array) => void) {
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > maximum) throw new Refused(`is larger than the limit of ${maximum} bytes`);
    see(chunk);
    yield chunk;
  }
  if (!response.complete) throw new Refused('broke off in the middle');
}

function typeOf(response: IncomingMessage): string {
  return (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}
