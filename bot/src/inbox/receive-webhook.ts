// Stands before Probot, which would take a body of any length from anybody, and say 202 to what comes slowly before it
// knows the signature: a webhook is read once, within bounds, and only what GitHub signed, and is as it should be, is
// handed on.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '@coppice/builder-runner/runner';
import { type BodyLimits, bodyLimits, createBodyReader, maximumBodyBytes, type NoBody } from './webhook-body.ts';
import { judgePayload } from './webhook-shape.ts';

/** What answers a request; `next` is called for one of another path. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next?: () => void) => unknown;

interface ReceiverOptions {
  readonly path: string;
  readonly secret: string;
  /** Is given what is signed, with the text in `body`. */
  readonly handle: Middleware;
  readonly log: Log;
  readonly now: () => Date;
  /** Default: 25 MiB each, three times that in all, 10 s. */
  readonly limits?: BodyLimits;
}

interface Refusal {
  readonly status: number;
  readonly why: string;
}

export function createWebhookReceiver(options: ReceiverOptions): Middleware {
  const { path, secret, handle } = options;
  const limits = options.limits ?? bodyLimits;
  const bodies = createBodyReader(limits);
  const tell = tellOfRefusals(options);
  const refuse = (response: ServerResponse, { status, why }: Refusal) => {
    if (isFromGithub(response.req)) tell(why);
    // The rest of the body is not waited for: the connection ends with the answer.
    response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', Connection: 'close' });
    response.end(`${JSON.stringify({ error: why })}\n`);
  };
  return async (request, response, next) => {
    if ((request.url ?? '/').split('?', 1)[0] !== path) return await handle(request, response, next);
    const head = judgeHead(request, limits.bytes);
    if (head !== undefined) return refuse(response, head);
    const hmac = createHmac('sha256', secret);
    const body = await bodies.read(request, (piece) => hmac.update(piece));
    if (typeof body === 'string') return refuse(response, noBody(body, limits));
    if (!isSignature(request.headers[signatureHeader], hmac.digest())) return refuse(response, forged);
    const text = body.toString('utf8');
    const why = judgePayload(String(request.headers['x-github-event']), text);
    if (why !== undefined) return refuse(response, { status: 400, why });
    return await handle(Object.assign(request, { body: text }), response, next);
  };
}

const signatureHeader = 'x-hub-signature-256';
const neededHeaders = ['x-github-event', 'x-github-delivery', signatureHeader] as const;
const signaturePattern = /^sha256=[0-9a-f]{64}$/;
const forged: Refusal = {
  status: 400,
  why: 'the signature does not match the payload and the secret of this service',
};

/** What has nothing of GitHub's is no delivery that anybody misses, but a stray request or a look of the doctor. */
function isFromGithub({ headers }: IncomingMessage): boolean {
  return neededHeaders.some((name) => headers[name] !== undefined);
}

/** What is wrong with a delivery before its body is read. Pure. */
function judgeHead({ method, headers }: IncomingMessage, bytes: number): Refusal | undefined {
  if (method !== 'POST') return { status: 405, why: `webhooks are sent with POST, not with ${method}` };
  const type = headers['content-type'] ?? '';
  if (!/^application\/json\s*(?:;|$)/i.test(type)) {
    return {
      status: 415,
      why: 'the content type of webhooks is application/json: choose it in the settings of the app',
    };
  }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    return { status: 415, why: 'webhooks are not compressed' };
  }
  const missing = neededHeaders.filter((name) => headers[name] === undefined);
  if (missing.length > 0) return { status: 400, why: `headers of webhooks are missing: ${missing.join(', ')}` };
  if (!signaturePattern.test(String(headers[signatureHeader]))) return forged;
  if (Number(headers['content-length'] ?? 0) > bytes) return tooLarge(bytes);
  return undefined;
}

function isSignature(header: string | string[] | undefined, digest: Buffer): boolean {
  const said = Buffer.from(String(header).slice('sha256='.length), 'hex');
  return said.length === digest.length && timingSafeEqual(said, digest);
}

function tooLarge(bytes: number): Refusal {
  const bound = bytes === maximumBodyBytes ? '25 MiB, as GitHub has it' : `${bytes} bytes`;
  return { status: 413, why: `the payload of a webhook holds at most ${bound}` };
}

function noBody(why: NoBody, { bytes, seconds }: BodyLimits): Refusal {
  switch (why) {
    case 'too large':
      return tooLarge(bytes);
    case 'too many':
      return { status: 503, why: 'too much is being sent at once: deliver it again later' };
    case 'too slow':
      return { status: 408, why: `the payload did not come within ${seconds} s` };
    case 'broken off':
      return { status: 400, why: 'the connection ended before the payload did' };
  }
}

/** Anybody may send what is refused: a line a minute, and how many there were. */
function tellOfRefusals({ log, now }: Pick<ReceiverOptions, 'log' | 'now'>): (why: string) => void {
  const quietMilliseconds = 60_000;
  let toldAt = Number.NEGATIVE_INFINITY;
  let untold = 0;
  return (why) => {
    if (now().getTime() - toldAt < quietMilliseconds) {
      untold += 1;
      return;
    }
    const others = untold === 0 ? '' : `; ${untold} others since the last one that was told`;
    log('warn', `A webhook was refused: ${why}${others}`);
    toldAt = now().getTime();
    untold = 0;
  };
}
