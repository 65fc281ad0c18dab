// For tests: something between the bot and GitHub's API that counts, and refuses as GitHub does when there is too much.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly message: string;
}

export interface ApiProxy {
  /** Octokit's baseUrl. */
  readonly apiUrl: string;
  /** What was answered, oldest first: `GET /repos/acme/packages 304`. */
  readonly answers: string[];
  /** Asked for each request; undefined lets it through. */
  refuse: (method: string, path: string) => Refusal | undefined;
  stop(): Promise<void>;
}

/** `target` is GitHub's own API, without a slash at the end. */
export async function startApiProxy(target: string): Promise<ApiProxy> {
  const answers: string[] = [];
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/' } = incoming;
    const refusal = proxy.refuse(method, url);
    if (refusal !== undefined) {
      answers.push(`${method} ${url} ${refusal.status}`);
      incoming.resume();
      outgoing.writeHead(refusal.status, { 'content-type': 'application/json', ...refusal.headers });
      outgoing.end(JSON.stringify({ message: refusal.message, documentation_url: 'https://docs.github.com/rest' }));
      return;
    }
    const { host: _host, ...headers } = incoming.headers;
    const onward = http.request(`${target}${url}`, { method, headers, agent }, (answer) => {
      answers.push(`${method} ${url} ${answer.statusCode}`);
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: ApiProxy = {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    refuse: () => undefined,
    async stop() {
      agent.destroy();
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
  return proxy;
}
