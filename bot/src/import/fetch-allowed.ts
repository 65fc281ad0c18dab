// Fetches addresses that a person or a stranger's data named: https only (http from this machine itself), redirects
// included.
import { oneLine } from './fate.ts';
import { ImportError } from './import-error.ts';

const maximumRedirects = 5;

/** Whether an import asks this address at all: https, or http on this machine. */
export function isAllowedAddress(url: URL): boolean {
  if (url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
}

function isLoopback(url: URL): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
}

/**
 * Gives the answer to `use`, within `seconds` for all of it. An address elsewhere never leads to this machine.
 * Throws ImportError `address` when there is no answer, or what `use` throws.
 */
export async function fetchAllowed<T>(url: URL, seconds: number, use: (response: Response) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(seconds * 1000);
  let answers = false;
  try {
    const response = await follow(url, signal);
    answers = true;
    return await use(response);
  } catch (error) {
    if (error instanceof ImportError) throw error;
    const cause = innermost(error);
    const failed = answers
      ? `broke off in the middle of its answer (${cause}): try again`
      : `cannot be asked (${cause})`;
    const why = signal.aborted ? `did not answer within ${seconds} s` : failed;
    throw new ImportError('address', `${oneLine(url.href)} ${why}.`, { cause: error });
  }
}

async function follow(start: URL, signal: AbortSignal): Promise<Response> {
  let url = start;
  for (let hops = 0; hops <= maximumRedirects; hops += 1) {
    if (!isAllowedAddress(url) || (isLoopback(url) && !isLoopback(start))) {
      throw new ImportError(
        'address',
        `${oneLine(url.href)} is not asked: only https addresses without a password are.`,
      );
    }
    const response = await fetch(url, { redirect: 'manual', signal, headers: { 'user-agent': 'coppice' } });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) return response;
    await response.body?.cancel();
    if (!URL.canParse(location, url)) throw new ImportError('address', `${oneLine(url.href)} redirects to no address.`);
    url = new URL(location, url);
  }
  throw new ImportError('address', `${oneLine(start.href)} redirects too often.`);
}

/** The whole body. Throws ImportError `answer` when it is larger than `limit` bytes. */
export async function readBounded(response: Response, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  await eachChunk(response, limit, (chunk) => chunks.push(chunk));
  return Buffer.concat(chunks);
}

/** Gives the body to `take` piece by piece. Throws ImportError `answer` when it is larger than `limit` bytes. */
export async function eachChunk(response: Response, limit: number, take: (chunk: Uint8Array) => void): Promise<void> {
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > limit) throw new ImportError('answer', `${oneLine(response.url)} answered more than ${limit} bytes.`);
    take(chunk);
  }
}

/** fetch hides what happened (`ECONNREFUSED`) below `fetch failed`. */
function innermost(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error));
  return error.cause instanceof Error ? innermost(error.cause) : oneLine(error.message);
}
