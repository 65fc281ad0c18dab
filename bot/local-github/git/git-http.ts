// Git over HTTP: `git http-backend` as a CGI program. https://git-scm.com/docs/git-http-backend
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gitEnvironment, streamLimitedGit } from '@coppice/builder-runner/remote';

export interface GitHttpRequest {
  /** The folder under which the repositories are. */
  readonly root: string;
  /** `/owner/name.git/info/refs` and so on. */
  readonly pathInfo: string;
  readonly query: string;
  /** Who pushes; undefined lets http-backend refuse pushes. */
  readonly login: string | undefined;
}

/** True when the request wants to push (or asks what it could push to). */
export function isPush(pathInfo: string, query: URLSearchParams): boolean {
  return pathInfo.endsWith('/git-receive-pack') || query.get('service') === 'git-receive-pack';
}

const limits = { fileBytes: 2 ** 30, seconds: 600 };

/** Serves one request; resolves when git has ended and the answer is written. */
export async function serveGit(
  request: GitHttpRequest,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const environment = { ...gitEnvironment([]), ...cgiEnvironment(request, incoming) };
  const child = streamLimitedGit(['http-backend'], { ...limits, environment });
  const complaints: Buffer[] = [];
  child.stderr.on('data', (part: Buffer) => complaints.push(part));
  // git may refuse before it has read the whole pack.
  child.stdin.on('error', () => undefined);
  incoming.pipe(child.stdin);
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) child.kill();
  });
  let head: Buffer | undefined = Buffer.alloc(0);
  child.stdout.on('data', (part: Buffer) => {
    if (!head) {
      if (!outgoing.write(part)) {
        child.stdout.pause();
        outgoing.once('drain', () => child.stdout.resume());
      }
      return;
    }
    head = Buffer.concat([head, part]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    writeCgiHead(head.subarray(0, end).toString('latin1'), outgoing);
    outgoing.write(head.subarray(end + 4));
    head = undefined;
  });
  const { exitCode } = await child;
  if (head && !outgoing.headersSent) {
    outgoing.writeHead(500, { 'content-type': 'text/plain' });
    outgoing.write(`git http-backend ended with ${exitCode}: ${Buffer.concat(complaints).toString()}`);
  }
}

function cgiEnvironment(request: GitHttpRequest, incoming: IncomingMessage): Record<string, string> {
  const header = (name: string) => {
    const value = incoming.headers[name];
    return typeof value === 'string' ? value : '';
  };
  return {
    GIT_PROJECT_ROOT: request.root,
    GIT_HTTP_EXPORT_ALL: '1',
    GATEWAY_INTERFACE: 'CGI/1.1',
    REQUEST_METHOD: incoming.method ?? 'GET',
    PATH_INFO: request.pathInfo,
    QUERY_STRING: request.query,
    CONTENT_TYPE: header('content-type'),
    HTTP_CONTENT_ENCODING: header('content-encoding'),
    REMOTE_ADDR: incoming.socket.remoteAddress ?? '',
    ...(header('content-length') ? { CONTENT_LENGTH: header('content-length') } : {}),
    ...(header('git-protocol') ? { GIT_PROTOCOL: header('git-protocol') } : {}),
    ...(request.login ? { REMOTE_USER: request.login } : {}),
  };
}

function writeCgiHead(text: string, outgoing: ServerResponse) {
  let status = 200;
  for (const line of text.split('\r\n')) {
    const [, name, value] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
    if (!name || value === undefined) continue;
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
    else outgoing.setHeader(name, value);
  }
  outgoing.statusCode = status;
}
