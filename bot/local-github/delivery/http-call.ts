// One small HTTP client with an agent of its own, so that stopping the local GitHub closes every socket it opened.
import http from 'node:http';
import https from 'node:https';

interface CallAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

interface CallRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Milliseconds until the call is given up; none by default. */
  readonly timeout?: number;
}

export interface HttpCaller {
  /** Rejects when no answer came (refused, timed out, closed). */
  call(request: CallRequest): Promise<CallAnswer>;
  /** Ends calls under way and closes all sockets. */
  close(): void;
}

export function createHttpCaller(): HttpCaller {
  const agents = { 'http:': new http.Agent({ keepAlive: true }), 'https:': new https.Agent({ keepAlive: true }) };
  const stopping = new AbortController();
  const call = (request: CallRequest): Promise<CallAnswer> =>
    new Promise<CallAnswer>((resolve, reject) => {
      const url = new URL(request.url);
      const secure = url.protocol === 'https:';
      const body = request.body === undefined ? undefined : Buffer.from(request.body);
      const signal =
        request.timeout === undefined
          ? stopping.signal
          : AbortSignal.any([stopping.signal, AbortSignal.timeout(request.timeout)]);
      const outgoing = (secure ? https : http).request(
        url,
        {
          method: request.method,
          agent: secure ? agents['https:'] : agents['http:'],
          headers: { ...request.headers, ...(body ? { 'content-length': body.length } : {}) },
          signal,
        },
        (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('error', reject);
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) }),
          );
        },
      );
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        // A connection that was kept was closed at the very moment: nobody has read the request, so it is made again.
        if (outgoing.reusedSocket && error.code === 'ECONNRESET') resolve(call(request));
        else reject(error);
      });
      outgoing.end(body);
    });
  return {
    call,
    close() {
      stopping.abort();
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
  };
}
