// A real HTTP server on loopback that counts what is asked of it: files, and repositories by git's own http-backend.
import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SourceServer {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** `GET /path` of every request so far. */
  readonly requests: string[];
  close(): Promise<void>;
}

/**
 * Answers with `listener`; paths below `/git/`, but those of LFS, are repositories below `repositories`. `asked` is
 * called first.
 */
export async function serveSources(
  listener: RequestListener,
  repositories?: string,
  asked: () => void = () => undefined,
): Promise<SourceServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    asked();
    requests.push(`${request.method} ${request.url}`);
    if (repositories !== undefined && /^\/git\/(?!.*\/info\/lfs\/)/.test(request.url ?? ''))
      serveGit(repositories, request, response);
    else listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** https://git-scm.com/docs/git-http-backend */
function serveGit(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const child = spawn('git', ['-c', 'safe.directory=*', 'http-backend'], {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: '/nonexistent',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: url.pathname.slice('/git'.length),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => undefined);
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf('\r\n\r\n');
    const headers = answer.subarray(0, end).toString('latin1').split('\r\n');
    for (const line of headers) {
      const [name = '', value = ''] = line.split(/: (.*)/s);
      if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
      else if (name !== '') response.setHeader(name, value);
    }
    response.end(answer.subarray(end + 4));
  });
}
