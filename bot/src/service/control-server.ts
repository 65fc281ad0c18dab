// Where commands on this machine ask the running service for something that only it may do. On 127.0.0.1, for whoever
// can read the token, which lies in `state/`.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseJsonAs } from '@coppice/config';
import type { z } from 'zod';

export interface ControlServer {
  readonly port: number;
  readonly token: string;
  close(): Promise<void>;
}

/** What is asked for: reads the body, which may be wrong, and then does it. */
export type ControlAction = (body: string) => ControlWork | { readonly wrong: string };
/** Resolves with what is answered as JSON; undefined: not now. */
type ControlWork = () => Promise<unknown>;

/** By path, such as `/prune`. */
export type ControlActions = Readonly<Record<string, ControlAction>>;

/** One whose body is JSON as `schema` says. */
export function controlAction<T>(schema: z.ZodType<T>, run: (wish: T) => Promise<unknown>): ControlAction {
  return (body) => {
    const read = parseJsonAs(body, schema);
    return read.kind === 'value' ? () => run(read.value) : { wrong: `The body cannot be used: ${read.why}.` };
  };
}

const maximumBodyBytes = 100_000;

export async function startControlServer(actions: ControlActions): Promise<ControlServer> {
  const token = randomBytes(32).toString('hex');
  const server = createServer({ headersTimeout: 20_000, requestTimeout: 60_000 }, (request, response) => {
    answer(actions, token, request, response).catch((error: unknown) =>
      reply(response, 500, { error: error instanceof Error ? error.message : String(error) }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    token,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  actions: ControlActions,
  token: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  const path = request.url ?? '/';
  const action = Object.hasOwn(actions, path) ? actions[path] : undefined;
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return reply(response, 403, { error: 'No.' });
  if (request.method !== 'POST' || action === undefined) return reply(response, 404, { error: 'Not found.' });
  let body = '';
  for await (const piece of request.setEncoding('utf8')) {
    body += String(piece);
    if (body.length > maximumBodyBytes) return reply(response, 413, { error: 'Too long.' });
  }
  const work = action(body);
  if (typeof work === 'object') return reply(response, 400, { error: work.wrong });
  const result = await work();
  if (result === undefined) reply(response, 503, { error: 'Starting: try again soon.' });
  else reply(response, 200, result);
}

function reply(response: ServerResponse, status: number, value: unknown): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close' });
  response.end(`${JSON.stringify(value)}\n`);
}
